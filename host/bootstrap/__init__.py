"""What a bare host needs before the suite can run: engine, tools, node image, sealed networks.

Standard library only, because it runs before any virtual environment exists.
"""

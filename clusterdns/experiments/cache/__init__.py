"""The cache plugin: what it keeps, and for how long."""

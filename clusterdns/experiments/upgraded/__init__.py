"""The version that runs and the one that an upgrade leads to, asked the same side by side."""

"""Objects change, and DNS must follow."""

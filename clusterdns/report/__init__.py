"""The verdict of a run: values, files and exit codes."""

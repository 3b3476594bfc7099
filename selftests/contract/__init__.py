"""The outer contract: options, exit codes, ids of checks, what a plan and the README promise."""

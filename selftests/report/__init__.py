"""Self-tests of the verdict: outcomes, exit codes, the four files, the terminal."""

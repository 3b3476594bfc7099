"""kind clusters of our own: what the machine can make, and what a run must write down of it."""

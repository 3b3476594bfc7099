"""Self-tests of the search path: what is read, what is expected, what is judged wrong."""

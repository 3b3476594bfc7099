"""Questions to every node, server and transport, and what is made of the answers."""

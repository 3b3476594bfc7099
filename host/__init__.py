"""What a host needs: the bootstrap of a bare machine, kind images, kind clusters of our own."""

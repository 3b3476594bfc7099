"""A replica leaves while it is asked: what lameduck is for."""

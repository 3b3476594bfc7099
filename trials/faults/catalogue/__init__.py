"""The catalogue: one file per layer, one small definition per fault."""

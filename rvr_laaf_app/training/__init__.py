"""Scripts that train the networks. Imported by nobody at run time."""

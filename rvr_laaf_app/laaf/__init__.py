"""Look-ahead autofocus: from targets, tracks and disparities to the focal plane of every frame. NumPy only."""

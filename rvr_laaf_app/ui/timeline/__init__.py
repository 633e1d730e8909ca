"""Time from left to right: ruler, cuts, targets with their pulls and tracks, and the focal plane over time."""

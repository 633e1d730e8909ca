"""Targets and focus curve to and from other programs: one file per format. No Qt, no media, nothing heavy."""

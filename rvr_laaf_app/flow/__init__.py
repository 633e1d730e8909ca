"""Optical flow between frames, where it can be trusted, and the temporal filter that rests on it."""

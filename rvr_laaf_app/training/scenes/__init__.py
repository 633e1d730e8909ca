"""Scenes with exact truth, by a ray caster of our own: light, distance, motion and subjects of any frame."""

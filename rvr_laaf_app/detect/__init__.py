"""Detectors: faces, action, saliency and sound, each a stream of findings. They decide nothing."""

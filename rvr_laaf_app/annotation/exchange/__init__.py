"""Annotations to and from files of other programs; each format in a file of its own."""

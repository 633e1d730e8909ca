"""The vocabulary of the program: frames, time, geometry, optics, colour, errors. NumPy and the stdlib only."""

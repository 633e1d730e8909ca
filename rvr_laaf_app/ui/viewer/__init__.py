"""The picture: letterboxed, with the boxes of tracked subjects, and the mouse that sets targets."""

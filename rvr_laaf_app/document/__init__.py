"""The edited thing: immutable project values, pure edits, history, and the file they are kept in."""

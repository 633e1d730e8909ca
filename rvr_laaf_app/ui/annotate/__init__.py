"""The window in which focus targets are set on a folder of clips, for the VAF data set."""

"""Playing a clip with its sound: a clock, the sound device, and frames decoded ahead of time."""

"""From a frame to its disparity, light and confidence. Knows nets and core; knows nothing of projects or files."""

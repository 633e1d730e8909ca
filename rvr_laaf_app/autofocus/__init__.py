"""Finding and judging focus with a lens drive: sharpness measures, searches, learned step estimation, strategies."""

"""From a focus sweep to one sharp picture and its depth: alignment, fusion, depth from focus. Arrays in, arrays out."""

"""The one way of a frame: analyse once, resolve the focus, render, preview or export."""

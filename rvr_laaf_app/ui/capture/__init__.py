"""The capture window: a connected camera's live view, its focus, brackets and what becomes of them."""

"""The quiet parts around the picture: lens and target controls, transport, start page, error bar, export."""

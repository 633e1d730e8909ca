"""Connected, recorded and simulated cameras behind one protocol, and the session that owns one of them."""

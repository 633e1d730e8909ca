"""Focus targets set by people: the contract, the journalled store, agreement, exchange and the train/test split."""

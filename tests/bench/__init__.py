"""What a hall costs, measured beside the bare component in the same run. `make bench`."""

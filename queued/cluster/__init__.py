"""More than one process or hall: what they share and how it gets there."""

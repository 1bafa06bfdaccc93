"""The rulebook of a hall: pure functions over frozen values, standard library only.

`decide(hall, command, at)` says what would happen or refuses; `evolve(hall, event)` folds what
happened. No I/O, no clock, no randomness, no floats: the same input gives the same bytes.
"""

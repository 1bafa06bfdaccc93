"""Real days through the real engine on a simulated clock: `queued replay`.

`log` reads what a hall recorded, `drive` runs it through a `HallActor`, `score` counts, and
`command` is what a person types and sees.
"""

from queued.replay.command import add_arguments, main, run

__all__ = ["add_arguments", "main", "run"]

"""A hall as one line among others: in the list of halls, on the page of a city."""

from __future__ import annotations

from queued.server import wire


def line_of(
    content: wire.Snapshot,
    *,
    observed_at: str,
    opens: str | None = None,
    address: str = "",
    position: tuple[float | None, float | None] = (None, None),
    stale: bool = False,
) -> wire.HallLine:
    """The line of a hall whose snapshot is `content`."""
    least_s, most_s = expected_s(content)
    return wire.HallLine(
        id=content.hall,
        name=content.name,
        open=content.open,
        waiting=sum(queue.waiting for queue in content.queues),
        observed_at=observed_at,
        wait_from_s=least_s,
        wait_to_s=most_s,
        name_en=content.name_en,
        address=address,
        latitude=position[0],
        longitude=position[1],
        opens=None if content.open else opens,
        stale=stale,
    )


def expected_s(content: wire.Snapshot) -> tuple[int | None, int | None]:
    """From the 50 % bound of the quickest open queue to the 80 % bound of the slowest.

    Somebody who comes to a queue in which nobody waits does not wait. (None, None) for a hall
    that is closed, or of which no queue can say.
    """
    bounds = []
    for queue in content.queues:
        if queue.status == "open" and not queue.waiting:
            bounds.append((0, 0))
        elif queue.status == "open" and queue.wait is not None:
            bounds.append((queue.wait.p50_s, queue.wait.p80_s))
    if not content.open or not bounds:
        return None, None
    return min(least for least, _ in bounds), max(most for _, most in bounds)

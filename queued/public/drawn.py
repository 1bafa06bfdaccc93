"""Pages that many want in the same moment are drawn once.

A page is kept as long as what it was drawn from is the newest: by hall, language and state.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

from queued.server.packed import packed
from queued.server.rendered import Drawn

PAGES_MAX: Final = 1000
"""Three languages of three hundred halls; 30 kB each."""


class DrawnPages:
    """The pages drawn last, least recently asked for forgotten first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[Hashable, Drawn]] = OrderedDict()

    def get(self, name: Hashable, state: Hashable, draw: Callable[[], Drawn]) -> Drawn:
        """The page `name` in this state."""
        kept = self._kept.get(name)
        if kept is not None and kept[0] == state:
            self._kept.move_to_end(name)
            return kept[1]
        page = draw()
        page = Drawn(page.language, page.body, packed(page.body))
        self._kept[name] = (state, page)
        self._kept.move_to_end(name)
        if len(self._kept) > PAGES_MAX:
            self._kept.popitem(last=False)
        return page

"""What WeChat says no with, and what follows from it.

    * CallFailed
      + Unreachable    no answer; `maybe_done` unless the connection never came about
      + Busy           WeChat's own trouble: nothing happened, try again
      + TokenRefused   the access token is old: get another, try once more
      + Misconfigured  a person must change something in WeChat's console or in our settings
      + NotReachable   this person cannot be written to (no follower, blocked us, unknown)
      + ConsentSpent   this person has not agreed (any more): never try again
      + TooMany        a quota is used up, for a minute or for the day
      + Refused        anything else
"""

from __future__ import annotations

from collections.abc import Mapping


class CallFailed(Exception):
    """A call did not do what it should. `code` is WeChat's errcode, `rid` its name of the call.

    The texts WeChat sends along may hold what we sent: they are neither kept nor logged.
    """

    def __init__(self, code: int = 0, rid: str = "") -> None:
        super().__init__(f"errcode {code} {rid}".strip())
        self.code = code
        self.rid = rid


class Unreachable(CallFailed):
    """No answer came."""

    def __init__(self, why: str, *, maybe_done: bool) -> None:
        super().__init__()
        self.args = (why,)
        self.maybe_done = maybe_done


class Busy(CallFailed):
    """WeChat is busy; nothing happened."""


class TokenRefused(CallFailed):
    """The access token is wrong or old."""


class Misconfigured(CallFailed):
    """Somebody must change a setting, ours or WeChat's."""


class NotReachable(CallFailed):
    """This person cannot be written to."""


class ConsentSpent(CallFailed):
    """No consent (any more)."""


class TooMany(CallFailed):
    """A quota is used up; `daily` until midnight in Beijing, else for about a minute."""

    @property
    def daily(self) -> bool:
        """Whether trying again today is useless."""
        return self.code == 45009


class Refused(CallFailed):
    """Refused for a reason we have no name for."""


BY_CODE: Mapping[int, type[CallFailed]] = {
    -1: Busy,
    40001: TokenRefused, 40014: TokenRefused, 42001: TokenRefused,
    40013: Misconfigured, 40037: Misconfigured, 40125: Misconfigured, 40164: Misconfigured,
    61004: Misconfigured, 41001: Misconfigured, 47001: Misconfigured, 47003: Misconfigured,
    48001: Misconfigured, 48004: Misconfigured, 89503: Misconfigured, 40243: Misconfigured,
    40003: NotReachable, 43004: NotReachable, 48002: NotReachable, 50002: NotReachable,
    50005: NotReachable, 42007: NotReachable, 45015: NotReachable,
    43101: ConsentSpent,
    45009: TooMany, 45011: TooMany, 45047: TooMany,
}  # fmt: skip
"""WeChat's 全局返回码, as far as we do something about them."""


def error_of(code: int, rid: str) -> CallFailed:
    """The exception for an errcode other than 0."""
    return BY_CODE.get(code, Refused)(code, rid)

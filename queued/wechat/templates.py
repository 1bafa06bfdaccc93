"""The fields of a reminder, made to fit: WeChat refuses a whole message for one character. Pure.

Source of the limits: 订阅消息参数值内容限制说明.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from queued.settings_wechat_values import FIELD

THING_CHARS_MAX = 20
STRING_CHARS_MAX = 32
PHRASE_CHARS_MAX = 5

ELLIPSIS = "…"
NOTHING = "无"
"""WeChat takes no empty field."""

_NOT_STRING = re.compile(r"[^!-~]")
_NOT_CHINESE = re.compile(r"[^\u4e00-\u9fff]")


def data(fields: Sequence[str], facts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The `data` of a message: `fields` such as "thing2=queue" with their facts, fitted."""
    filled = {}
    for one in fields:
        found = FIELD.fullmatch(one)
        assert found is not None, "checked by the settings"
        filled[found["name"]] = {"value": fitted(found["type"], facts[found["fact"]])}
    return filled


def fitted(type_: str, text: str) -> str:
    """`text` as a field of `type_` takes it; cut or replaced where it does not fit."""
    flat = " ".join(text.split())
    return _FIT[type_](flat)


def _thing(text: str) -> str:
    text = "".join(character for character in text if character.isprintable())
    if len(text) > THING_CHARS_MAX:
        text = text[: THING_CHARS_MAX - 1] + ELLIPSIS
    return text or NOTHING


def _string(text: str) -> str:
    return _NOT_STRING.sub("", text)[:STRING_CHARS_MAX] or "-"


def _number(text: str) -> str:
    return re.sub("[^0-9]", "", text)[:STRING_CHARS_MAX] or "0"


def _time(text: str) -> str:
    return text if re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text) else "00:00"


def _phrase(text: str) -> str:
    return _NOT_CHINESE.sub("", text)[:PHRASE_CHARS_MAX] or NOTHING


_FIT: Mapping[str, Callable[[str], str]] = {
    "thing": _thing,
    "character_string": _string,
    "number": _number,
    "time": _time,
    "phrase": _phrase,
}

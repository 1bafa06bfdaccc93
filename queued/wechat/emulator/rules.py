"""What WeChat checks in every call, as tables: fields, lengths, values, quotas. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

OK = 0
BUSY = -1
BAD_CREDENTIAL = 40001
BAD_OPENID = 40003
BAD_BUTTONS = 40016
BAD_SUB_BUTTONS = 40017
BAD_BUTTON_NAME = 40018
BAD_BUTTON_KEY = 40019
BAD_BUTTON_URL = 40020
BAD_CODE = 40029
BAD_TEMPLATE = 40037
BAD_SECRET = 40125
BAD_APPID = 40013
USED_CODE = 40163
OLD_TOKEN = 42001
NO_TOKEN = 41001
NOT_FOLLOWING = 43004
NO_CONSENT = 43101
DAY_QUOTA = 45009
MINUTE_QUOTA = 45011
NO_WINDOW = 45015
BAD_JSON = 47001
BAD_ARGUMENT = 47003
NO_MENU = 46003

DAY_QUOTAS: Mapping[str, int] = {
    "/cgi-bin/message/template/send": 100_000,
    "/cgi-bin/menu/create": 1000,
    "/cgi-bin/menu/get": 10_000,
    "/cgi-bin/menu/delete": 1000,
    "/cgi-bin/qrcode/create": 100_000,
    "/cgi-bin/stable_token": 500_000,
}

FORCED_TOKENS_A_DAY = 20
FORCED_EVERY_S = 30

WINDOWS: Mapping[str, tuple[int, int]] = {
    "text": (5, 48 * 3600),
    "CLICK": (3, 60),
    "subscribe": (3, 60),
    "SCAN": (3, 60),
}
"""What a person does → customer-service messages, within so many seconds."""


class No(Exception):
    """The call is refused with this errcode."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


class _Strict(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """WeChat ignores unknown fields; here they are refused, since they are typing errors."""


class StableToken(_Strict):
    grant_type: str
    appid: str
    secret: str
    force_refresh: bool = False


class Value(_Strict):
    value: str


class TemplateMessage(_Strict):
    touser: str
    template_id: str
    data: dict[str, Value]
    url: str = ""
    client_msg_id: str = ""


class SubscribedNotice(_Strict):
    touser: str
    template_id: str
    data: dict[str, Value]
    page: str = ""


class MiniNotice(_Strict):
    touser: str
    template_id: str
    data: dict[str, Value]
    page: str = ""
    miniprogram_state: str = "formal"
    lang: str = "zh_CN"


class TextContent(_Strict):
    content: str


class CustomText(_Strict):
    touser: str
    msgtype: str
    text: TextContent


class Scene(_Strict):
    scene_str: str


class SceneOf(_Strict):
    scene: Scene


class Code(_Strict):
    action_name: str
    action_info: SceneOf
    expire_seconds: int


class SubButton(_Strict):
    type: str
    name: str
    key: str = ""
    url: str = ""
    appid: str = ""
    pagepath: str = ""


class Button(_Strict):
    name: str
    type: str = ""
    key: str = ""
    url: str = ""
    appid: str = ""
    pagepath: str = ""
    sub_button: list[SubButton] = []


class Menu(_Strict):
    button: list[Button]


def decoded(raw: bytes, type_: type[Any]) -> Any:
    """The body of a call. Raises `No` for anything but exactly these fields."""
    if b"\\u" in raw:
        raise No(BAD_JSON, "escaped characters would be shown as they are")
    try:
        return msgspec.json.decode(raw, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise No(BAD_JSON, str(error)) from None


FIELD_RULES: Mapping[str, Callable[[str], object]] = {
    "thing": lambda text: len(text) <= 20,
    "number": lambda text: re.fullmatch(r"[0-9]{1,32}(\.[0-9]+)?", text),
    "letter": lambda text: re.fullmatch(r"[A-Za-z]{1,32}", text),
    "symbol": lambda text: len(text) <= 5,
    "character_string": lambda text: re.fullmatch(r"[!-~]{1,32}", text),
    "time": lambda text: re.fullmatch(
        r"([0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日 )?([01]?[0-9]|2[0-3]):[0-5][0-9]", text
    ),
    "phrase": lambda text: re.fullmatch(r"[\u4e00-\u9fff]{1,5}", text),
}


def check_data(data: Mapping[str, Value], fields: frozenset[str]) -> None:
    """A message has exactly its template's fields, each within its limits. Raises `No`."""
    if set(data) != fields:
        raise No(BAD_ARGUMENT, f"fields are {sorted(data)}, the template has {sorted(fields)}")
    for name, given in data.items():
        rule = FIELD_RULES.get(name.rstrip("0123456789"))
        text = given.value
        if rule is None or not text or "\n" in text or not rule(text):
            raise No(BAD_ARGUMENT, f"data.{name}.value invalid")


def check_menu(menu: Menu) -> None:
    """Columns, buttons, bytes. Raises `No`."""
    if not 1 <= len(menu.button) <= 3:
        raise No(BAD_BUTTONS, "1 to 3 buttons")
    for column in menu.button:
        _check_name(column.name, 16)
        if not column.sub_button:
            _check_target(column)
            continue
        if column.type or not 1 <= len(column.sub_button) <= 5:
            raise No(BAD_SUB_BUTTONS, "1 to 5 buttons in a column without a type")
        for button in column.sub_button:
            _check_name(button.name, 60)
            _check_target(button)


def _check_name(name: str, most: int) -> None:
    if not 1 <= len(name.encode()) <= most:
        raise No(BAD_BUTTON_NAME, f"a name has 1 to {most} bytes")


def _check_target(button: Button | SubButton) -> None:
    if button.type == "click":
        if not 1 <= len(button.key.encode()) <= 128 or button.url:
            raise No(BAD_BUTTON_KEY, "a key has 1 to 128 bytes")
    elif button.type == "view":
        web = button.url.startswith(("http://", "https://"))
        if not web or len(button.url.encode()) > 1024 or button.key:
            raise No(BAD_BUTTON_URL, "an address has up to 1024 bytes")
    elif button.type == "miniprogram":
        if not (button.appid and button.pagepath and button.url):
            raise No(BAD_BUTTON_URL, "a mini program needs appid, pagepath and url")
    else:
        raise No(40020, f"a button of type {button.type!r}")


def check_code(code: Code) -> None:
    """A temporary code with a scene of ours. Raises `No`."""
    good = 1 <= len(code.action_info.scene.scene_str) <= 64
    if code.action_name != "QR_STR_SCENE" or not good or not 1 <= code.expire_seconds <= 2_592_000:
        raise No(BAD_ARGUMENT, "not a temporary code")

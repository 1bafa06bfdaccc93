"""What `[wechat]` and `[[wechat_reminder]]` say, as frozen values. Secrets are in no `repr`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

MODES = ("plain", "compatible", "safe")
"""明文, 兼容, 安全, as set in WeChat's console."""

CARRIERS = ("subscribe", "template")
"""订阅通知 (needs consent), 模板消息 (needs a follower)."""

KINDS = ("ahead", "held", "called", "missed")
"""What a reminder is about: few are ahead, one's turn came before one did, it is one's turn, one
was missed."""

FACTS = ("number", "queue", "service", "window", "ahead", "hall", "time", "until", "note", "status")
"""What a field of a reminder may hold."""

FIELD = re.compile(
    r"(?P<name>(?P<type>thing|number|character_string|time|phrase)"
    r"[0-9]{1,2})=(?P<fact>[a-z]+)"
)
"""A field of a template and what goes into it, such as "thing2=queue"."""

FITTING: Mapping[str, frozenset[str]] = {
    "thing": frozenset(FACTS),
    "character_string": frozenset({"number", "ahead", "time", "until"}),
    "number": frozenset({"ahead"}),
    "time": frozenset({"time", "until"}),
    "phrase": frozenset({"status"}),
}
"""What WeChat takes in a field of each type: digits in a number, only 汉字 in a phrase."""

FROM_FILE = "file:"
"""In front of a secret: it stands in that file, alone, so that it is not in this one."""

SECRETS = ("secret", "token", "aes_key", "aes_key_before")


@dataclass(frozen=True, slots=True)
class ReminderSettings:
    """One template for one kind of reminder; of several for a kind the first possible is used."""

    id: str
    kind: str
    carrier: str
    template: str
    fields: tuple[str, ...]
    long_term: bool = False
    """长期订阅: one consent is good for many reminders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WechatSettings:
    """The hall's official account (服务号); `appid` "": it has none."""

    appid: str = ""
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    aes_key: str = field(default="", repr=False)
    aes_key_before: str = field(default="", repr=False)
    """The EncodingAESKey before the last change, until WeChat has stopped using it."""
    mode: str = "safe"
    account: str = ""
    """原始ID, `gh_…`; with it pushes for another account are refused."""
    api_url: str = "https://api.weixin.qq.com"
    authorize_url: str = "https://open.weixin.qq.com"
    js_sdk_url: str = "https://res.wx.qq.com/open/js/jweixin-1.6.0.js"
    ahead: int = 3
    phone: str = ""
    take_url: str = ""
    news_url: str = ""
    questions_url: str = ""
    site_url: str = ""
    menu: str = ""
    """A menu of the hall's own instead of the packaged one."""

    def beside(self, folder: Path) -> WechatSettings:
        """With the paths of files taken from `folder` on, where the configuration lies."""
        changes: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name in SECRETS and value.startswith(FROM_FILE):
                path = folder / value.removeprefix(FROM_FILE)
                changes[one.name] = f"{FROM_FILE}{path}"
        if self.menu:
            changes["menu"] = str(folder / self.menu)
        return replace(self, **changes)

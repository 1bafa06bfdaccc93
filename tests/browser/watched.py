"""A browser whose pages are watched: every complaint of a page fails the test that showed it.

A complaint is an error or warning on the console (violations of the content policy are among
them), an exception nobody caught, a request to anywhere but this machine, or an answer of 500.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route

OURS = {"127.0.0.1", "localhost"}

ACTION_MS = 15_000
"""For two busy cores; a page that is well needs a fraction."""

SIZES: dict[str, tuple[int, int]] = {
    "board": (1920, 1080),
    "kiosk": (1080, 1920),
    "kiosk, landscape": (1920, 1080),
    "kiosk, small": (1366, 768),
    "desk": (1366, 768),
    "phone": (390, 844),
    "small phone": (320, 640),
}


class Watch:
    """What the pages of one context complain about. `allowed`: patterns of expected complaints."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.allowed: list[str] = []

    def expect(self, pattern: str) -> None:
        """From now on complaints with `pattern` in them belong to what the test does."""
        self.allowed.append(pattern)

    @property
    def unexpected(self) -> list[str]:
        """Complaints that no `expect` allows."""
        return [
            each
            for each in self.complaints
            if not any(re.search(pattern, each) for pattern in self.allowed)
        ]

    def follow(self, context: BrowserContext) -> None:
        """Listen to every page of `context`, also those it opens later."""
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.complaints.append(f"exception: {error.error}"))
        context.on("response", lambda answer: self._on_status(answer.status, answer.url))
        context.route(lambda url: urlsplit(url).hostname not in OURS, self._on_elsewhere)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            where = message.location.get("url", "")
            self.complaints.append(f"console {message.type}: {message.text} ({where})")

    def _on_status(self, status: int, url: str) -> None:
        if status >= 500:
            self.complaints.append(f"status {status}: {urlsplit(url).path}")

    def _on_elsewhere(self, route: Route) -> None:
        self.complaints.append(f"request to elsewhere: {route.request.url}")
        route.abort()


class People:
    """Whoever looks at a page in a test: one watched browser context each."""

    def __init__(
        self, browser: Browser, base_url: str, watch: Watch, sessions: dict[str, Any] | None = None
    ) -> None:
        self._browser = browser
        self._base_url = base_url
        self.watch = watch
        self._contexts: list[BrowserContext] = []
        self._sessions: dict[str, Any] = {} if sessions is None else sessions

    def somebody(self, size: str = "desk", **options: Any) -> Page:
        """A page of a fresh context of that size; not signed in."""
        width, height = SIZES[size]
        context = self._browser.new_context(
            base_url=self._base_url,
            viewport={"width": width, "height": height},
            locale=options.pop("locale", "zh-CN"),
            timezone_id="America/Lima",  # no page may rely on the device's own zone
            **options,
        )
        context.set_default_timeout(ACTION_MS)
        self.watch.follow(context)
        self._contexts.append(context)
        return context.new_page()

    def manager(self, size: str = "desk", **options: Any) -> Page:
        """Somebody who has entered the demonstration."""
        if "manager" not in self._sessions:
            context = self._browser.new_context(base_url=self._base_url)
            context.request.post("/demo/enter", form={"as": "manager"}, max_redirects=0)
            self._sessions["manager"] = context.storage_state()
            context.close()
        return self.somebody(size, storage_state=self._sessions["manager"], **options)

    def holder(self, token: str, size: str = "desk", **options: Any) -> Page:
        """Somebody who has signed in with an access token, through the form."""
        if token not in self._sessions:
            page = self.somebody()
            page.goto("/login")
            page.locator(".machine summary").click()
            page.get_by_label("访问令牌").fill(token)
            page.get_by_role("button", name="用令牌进入").click()
            page.wait_for_url(lambda url: "/login" not in url)
            self._sessions[token] = page.context.storage_state()
            page.context.close()
        return self.somebody(size, storage_state=self._sessions[token], **options)

    def leave(self) -> None:
        """Close everything."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()


@contextmanager
def people(
    browser: Browser, base_url: str, sessions: dict[str, Any] | None = None
) -> Iterator[People]:
    """People who go home at the end, when nobody may have complained. `sessions`: of those who
    have signed in there before, for whom the same hall still stands.
    """
    watch = Watch()
    those = People(browser, base_url, watch, sessions)
    try:
        yield those
    finally:
        those.leave()
    assert watch.unexpected == [], "\n".join(watch.unexpected)

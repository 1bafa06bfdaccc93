"""The one data block of a page: what its module sees, in which no `<` survives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from display import i18n

if TYPE_CHECKING:
    from display.pages import Page


def as_page_data(value: object) -> Markup:
    """JSON that is safe inside `<script type="application/json">` whatever strings it holds."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # nothing in it can end the block: see the loop above


def page_data(
    page: str,
    described: Page,
    catalogue: i18n.Catalogue,
    second: i18n.Catalogue | None,
    context: Mapping[str, Any],
) -> Markup | None:
    """Texts and values for the module of `page`; None where it has none."""
    if described.module is None:
        return None
    spoken: dict[str, Any] = {"texts": _texts_of(described, catalogue)}
    if described.every_language:
        spoken = {
            "catalogues": {
                language: _texts_of(described, i18n.catalogue(language))
                for language in i18n.LANGUAGES
            }
        }
    if second is not None:
        spoken["second"] = second.language
        spoken["second_texts"] = dict(second.sections(described.texts))
    return as_page_data(
        {
            "page": page,
            "language": catalogue.language,
            **spoken,
            **{name: context[name] for name in described.data},
        }
    )


def _texts_of(described: Page, catalogue: i18n.Catalogue) -> dict[str, str]:
    never = {f"{kind}.{code}" for kind in ("error", "error_with") for code in described.never}
    texts = catalogue.sections(described.texts)
    return {key: text for key, text in texts.items() if key not in never}

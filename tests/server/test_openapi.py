"""The OpenAPI document: whole, true to the routes, closed in itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from queued.server.problems import PROBLEMS
from queued.server.routes import ROUTES
from tests.server.hall_under_test import Running

METHODS = {"get", "post", "put", "delete", "patch", "head", "options"}


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


async def test_the_document_is_structurally_sound(hall: Running):
    _, document, _ = await hall.call("GET", "/openapi.json")
    assert document["openapi"].startswith("3.1")
    assert set(document) >= {"info", "paths", "components"}
    assert document["info"]["title"] and document["info"]["version"]
    ids = []
    for path, operations in document["paths"].items():
        assert path.startswith("/")
        names = set(re.findall(r"\{(\w+)\}", path))
        for method, operation in operations.items():
            assert method in METHODS
            ids.append(operation["operationId"])
            assert operation["summary"]
            given = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert given == names, path
            for parameter in operation["parameters"]:
                assert parameter["in"] in ("path", "query", "header")
                assert parameter["schema"]
                assert parameter["required"] or parameter["in"] != "path"
            assert any(status.startswith("2") for status in operation["responses"])
            for status, answer in operation["responses"].items():
                assert re.fullmatch(r"[1-5]\d\d", status)
                assert answer["description"]
            for scheme in operation.get("security", []):
                assert set(scheme) <= set(document["components"]["securitySchemes"])
    assert len(ids) == len(set(ids))
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known
    assert known - set(references(document)) == set(), "a schema that nothing uses"


async def test_every_route_is_in_the_document_and_nothing_else(hall: Running):
    _, document, _ = await hall.call("GET", "/openapi.json")
    told = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    }
    served = {
        (route.method, route.path)
        for route in ROUTES
        if not route.page and not route.path.startswith(("/static", "/media"))
    }
    assert told == served


async def test_the_contract_is_all_there(hall: Running):
    """The table of the public contract, written out."""
    _, document, _ = await hall.call("GET", "/openapi.json")
    paths = document["paths"]
    base = "/api/v1"
    for path in (
        "/halls", "/halls/{hall}", "/halls/{hall}/stream", "/halls/{hall}/queue-monitor",
        "/tickets/{token}", "/halls/{hall}/windows/{window}", "/halls/{hall}/journal",
        "/halls/{hall}/tickets/{number}/history", "/halls/{hall}/devices",
    ):  # fmt: skip
        assert "get" in paths[base + path]
    assert "delete" in paths[base + "/tickets/{token}"]
    for action in (
        "open", "pause", "close", "call-next", "call", "recall", "start", "finish", "miss",
        "park", "unpark", "transfer", "undo",
    ):  # fmt: skip
        assert "post" in paths[f"{base}/halls/{{hall}}/windows/{{window}}/{action}"]
    for path in ("/healthz", "/readyz", "/metrics"):
        assert "get" in paths[path]


def test_every_code_has_a_sentence_in_both_languages():
    from display import i18n

    for language in i18n.LANGUAGES:
        catalogue = i18n.catalogue(language)
        missing = [code for code in PROBLEMS if not catalogue.has(f"error.{code}")]
        assert missing == []

"""The OpenAPI 3.1 document, made from the table of routes and the wire types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web

from queued.server import wire
from queued.server.call import Call

if TYPE_CHECKING:
    from queued.server.routes import Route

REF: Final = "#/components/schemas/{name}"
PARAMETER = re.compile(r"\{(\w+)(?::[^}]*)?\}")

DESCRIPTIONS: Final = {
    "hall": "Id of a hall",
    "window": "Id of a window",
    "number": "A number of today, such as A017",
    "other": "Another number of the same day",
    "token": "The token of one's own ticket",
    "device": "Id of a device",
    "slip": "Id of a printed slip",
}

TEXTS: Final = frozenset({"day"})
"""Query parameters that are no numbers."""

PROBLEMS_OF_ALL: Final = {
    "400": "Malformed",
    "404": "Not found",
    "429": "Too many requests",
    "503": "Not ready",
}
PROBLEMS_OF_ROLES: Final = {"401": "Not signed in", "403": "Not allowed"}
PROBLEMS_OF_BODIES: Final = {
    "409": "A refusal of the rules",
    "413": "Too large",
    "415": "Not application/json",
    "422": "Well-formed but wrong",
}


async def document(call: Call[None]) -> web.Response:
    """GET /api/v1/openapi.json"""
    headers = {
        "Content-Type": "application/json",
        "Cache-Control": "public, max-age=300",
        "X-Content-Type-Options": "nosniff",
        "Server": "queued",
    }
    return web.Response(body=call.site.openapi(), headers=headers)


FILES: Final = ("/static", "/media")
"""Paths of files, which are no part of the contract."""


def made_of(routes: Sequence[Route], version: str) -> bytes:
    """The document of these routes (the API's only; pages are for people)."""
    shown = [route for route in routes if not route.page and not route.path.startswith(FILES)]
    types: list[Any] = [wire.Problem]
    for route in shown:
        types += [type_ for type_ in (route.takes, route.gives) if type_ is not None]
    _, components = msgspec.json.schema_components(types, ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in shown:
        path = PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    described = {
        "openapi": "3.1.0",
        "info": {
            "title": "queued",
            "version": version,
            "description": "Queue management and ticketing of a service hall. Times are RFC 3339 "
            "with offset, durations whole seconds. Errors are application/problem+json with a "
            "stable code.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "queued_session"},
            },
        },
    }
    return msgspec.json.encode(described)


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "parameters": list(_parameters(route)),
        "responses": _responses(route),
    }
    if route.takes is not None:
        operation["requestBody"] = {
            "required": route.takes is not wire.Nothing,
            "content": {"application/json": {"schema": _schema(route.takes)}},
        }
    if route.roles:
        operation["security"] = [{"token": []}, {"session": []}]
        operation["description"] = "For " + ", ".join(sorted(route.roles)) + "."
    return operation


def _parameters(route: Route) -> Iterable[dict[str, Any]]:
    for name in PARAMETER.findall(route.path):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": DESCRIPTIONS.get(name, ""),
            "schema": {"type": "string"},
        }
    for name, description in route.query:
        yield {
            "name": name,
            "in": "query",
            "required": False,
            "description": description,
            "schema": {"type": "string" if name in TEXTS else "integer"},
        }
    if route.method == "POST" and route.roles:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "The same key and body return the same answer",
            "schema": {"type": "string", "minLength": 1, "maxLength": 64},
        }


def _responses(route: Route) -> dict[str, Any]:
    success: dict[str, Any] = {"description": route.summary}
    if route.gives is not None:
        success["content"] = {route.media: {"schema": _schema(route.gives)}}
    elif route.status != 204:
        success["content"] = {route.media: {}}
    problems = dict(PROBLEMS_OF_ALL)
    if route.roles:
        problems |= PROBLEMS_OF_ROLES
    if route.takes is not None:
        problems |= PROBLEMS_OF_BODIES
    if route.method == "DELETE":
        problems["409"] = PROBLEMS_OF_BODIES["409"]
    content = {"application/problem+json": {"schema": _schema(wire.Problem)}}
    return {str(route.status): success} | {
        status: {"description": text, "content": content}
        for status, text in sorted(problems.items())
    }


def _schema(type_: Any) -> Any:
    (schema,), _ = msgspec.json.schema_components([type_], ref_template=REF)
    return schema


def _operation_id(route: Route) -> str:
    words = re.sub(r"[^a-zA-Z0-9]+", "_", route.path.removeprefix("/api/v1")).strip("_")
    return f"{route.method.lower()}_{words}"

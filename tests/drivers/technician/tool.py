"""Runs a technician's tool as a person does: a program with arguments, an exit code and text."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Said:
    """How a tool ended."""

    code: int
    out: str
    err: str


async def tool(
    *words: object, language: str = "en", within: tuple[str, ...] = (), **environ: str
) -> Said:
    """The tool's exit code and what it said; `within` is a program that runs it."""
    async with running(*words, language=language, within=within, **environ) as process:
        async with asyncio.timeout(LIMIT_S):
            out, err = await process.communicate()
    return Said(process.returncode or 0, out.decode(), err.decode())


@asynccontextmanager
async def running(
    *words: object, language: str = "en", within: tuple[str, ...] = (), **environ: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A tool at work; ended with the block."""
    kept = {name: value for name, value in os.environ.items() if name != "QUEUED_CARD_SECRET"}
    process = await asyncio.create_subprocess_exec(
        *within,
        sys.executable,
        "-m",
        "drivers",
        *map(str, words),
        "--language",
        language,
        cwd=ROOT,
        env={**kept, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until_said(process: asyncio.subprocess.Process, wanted: Callable[[str], bool]) -> str:
    """Its text up to the line that is `wanted`."""
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(LIMIT_S):
        while line := (await process.stdout.readline()).decode():
            said += line
            if wanted(line):
                return said
    raise AssertionError(f"it ended; it said {said}")

"""`python -m drivers`: the device process, and what can be plugged in.

python -m drivers agent [--spool DIR] [--debug]    serve orders from stdin (the engine starts it)
python -m drivers list [--json]                    what is plugged in, and how to name it
python -m drivers test-print --port PORT …         a trial slip, and what the printer says
python -m drivers test-led --kind KIND --port PORT a strip's dots, address, colours, a count
python -m drivers say --kind KIND --port PORT      a call, in each language of the voice
python -m drivers read-card --port PORT            a card's masked name, never its number
python -m drivers press --kind KIND --port PORT    what a call pad, evaluator or keypad sends
python -m drivers clip-list [LANGUAGE …]           which words to record, file by file
python -m drivers check-clips DIR [LANGUAGE …]     missing, clipped, silent, too loud recordings
python -m drivers make-clips DIR [LANGUAGE …]      placeholder recordings for a voice of clips
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from drivers.technician import trials

SWITCH_S = 0.0005
"""A slip is laid out in a thread; the loop that talks to all other devices gets the interpreter
back so soon, not after the usual 5 ms."""
LOG_FORMAT = "%(levelname)s %(name)s: %(message)s"


class OneLine(logging.Formatter):
    """Every record is one line, a traceback too."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("\n", " | ")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 done, 1 it does not work, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m drivers", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="command", required=True)
    agent = commands.add_parser("agent", help="serve orders from stdin")
    agent.add_argument("--spool", type=Path, help="folder for the slips of virtual printers")
    agent.add_argument("--debug", action="store_true", help="log every attempt")
    maker = commands.add_parser("make-clips", help="placeholder recordings, by espeak-ng")
    maker.add_argument("folder", type=Path, help="made if missing; clips in it are kept")
    maker.add_argument("languages", nargs="*", help="zh, en …; all if none is named")
    maker.add_argument("--phrases", type=Path, help="folder with the site's own phrase files")
    trials.add_commands(commands)
    options = parser.parse_args(arguments)
    own = {"agent": _agent, "make-clips": _make_clips}.get(options.command)
    return own(options) if own is not None else trials.run(options, _say, _complain)


def _say(text: str) -> None:
    print(text, flush=True)


def _complain(text: str) -> None:
    print(text, file=sys.stderr)


def _agent(options: argparse.Namespace) -> int:
    from drivers import agent

    sys.setswitchinterval(SWITCH_S)
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine(LOG_FORMAT))
    logging.basicConfig(level=logging.DEBUG if options.debug else logging.INFO, handlers=[handler])
    # asyncio would log every selector it makes.
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    reports = agent.private_stdout()
    code = asyncio.new_event_loop().run_until_complete(agent.run(options.spool, 0, reports))
    logging.shutdown()
    # Not `return`: the interpreter would wait for a thread that hangs in a port.
    os._exit(code)


def _make_clips(options: argparse.Namespace) -> int:
    from drivers import clip_maker, phrase_files
    from drivers.device import DeviceBroken
    from drivers.speech import BadPhraseFile

    try:
        files = phrase_files.load(options.phrases)
        for language in options.languages:
            if language not in files:
                raise BadPhraseFile(f"no phrases in {language!r}: there are {', '.join(files)}")
        wanted = [files[language] for language in options.languages or files]
        written = clip_maker.make(options.folder, wanted, print)
    except (BadPhraseFile, DeviceBroken) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{written} clips written to {options.folder}")
    return 0


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # "| head" has read enough
        code = 0
    # Not `sys.exit`: the interpreter would wait for a thread that hangs in a port.
    os._exit(code)

"""The tools' command line: what each takes, and how it ends."""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec

from drivers import clip_check, phrase_files, ports
from drivers.registry import KINDS
from drivers.speech import BadPhraseFile, PhraseFile
from drivers.technician import asked, inputs, plugged, printing, speaking, strips
from drivers.technician.asked import WrongUse
from drivers.technician.session import NotWorking
from drivers.technician.telling import Teller
from drivers.technician.words import LANGUAGES, language_of, words

GOOD, FAILED, WRONG_USE = 0, 1, 2
SECONDS_MAX = 3600.0
PRESSES_MAX = 10_000

Trial = Coroutine[Any, Any, None]


def add_commands(commands: Any) -> None:
    """Add the tools to argparse's subparsers."""
    list_ = _command(commands, "list", "what is plugged in, and how to name it")
    list_.add_argument("--json", action="store_true", help="what is plugged in, for programs")
    for name, help_ in (
        ("test-print", "a trial slip, and what the printer says"),
        ("test-led", "a strip's dots, address, colours, a count"),
        ("say", "a call, in each language of the voice"),
        ("read-card", "a card's masked name, never its number"),
        ("press", "what a call pad, evaluator or keypad sends"),
    ):
        parser = _command(commands, name, help_)
        asked.add_arguments(parser)
        parser.add_argument("--debug", action="store_true", help="also what the drivers log")
    by_name = commands.choices
    by_name["test-print"].add_argument(
        "--show", type=Path, metavar="FILE.png", help="a virtual printer's slip as a picture"
    )
    by_name["test-led"].add_argument("--text", default="欢迎光临", help="a text of your own")
    by_name["test-led"].add_argument("--pause", type=_seconds, default=1.0, metavar="SECONDS")
    by_name["say"].add_argument("--number", default="A017")
    by_name["say"].add_argument("--window", default="3")
    for name in ("read-card", "press"):
        by_name[name].add_argument("--seconds", type=_seconds, default=30.0)
    by_name["press"].add_argument(
        "--most", type=int, default=PRESSES_MAX, metavar="N", help="end after N presses"
    )
    for name, help_ in (
        ("clip-list", "which words to record, file by file"),
        ("check-clips", "missing, clipped, silent, too loud recordings"),
    ):
        parser = _command(commands, name, help_)
        if name == "check-clips":
            parser.add_argument("folder", type=Path)
        parser.add_argument("languages", nargs="*", help="zh, en …; all if none is named")
        parser.add_argument("--phrases", type=Path, help="folder with the site's own phrase files")


def run(
    options: argparse.Namespace, out: Callable[[str], None], complain: Callable[[str], None]
) -> int:
    """Carry one out: 0 it works, 1 it does not, 2 wrong use. Speaks through `out`; what is wrong
    with the question goes to `complain`."""
    tell = Teller(words(options.language or language_of()), out)
    try:
        return _RUN[options.command](options, tell)
    except WrongUse as error:
        complain(str(error))
        return WRONG_USE
    except NotWorking as failed:
        tell.failure(failed)
        return FAILED
    except KeyboardInterrupt:
        return FAILED


def _command(commands: Any, name: str, help_: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help_, description=help_)
    parser.add_argument("--language", choices=LANGUAGES, help="of what is said; else LANG's")
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= SECONDS_MAX:
        raise argparse.ArgumentTypeError(f"{text}: 0 to {SECONDS_MAX:g}")
    return seconds


# ── Trials of one device ──────────────────────────────────────────────────────────────────


def _test_print(options: argparse.Namespace, tell: Teller) -> int:
    config = asked.device_of(options, ("printer",), "escpos", tell.words)
    return _try(options, tell, config, printing.test_print(config, tell, options.show))


def _test_led(options: argparse.Namespace, tell: Teller) -> int:
    config = asked.device_of(options, ("strip",), "", tell.words)
    return _try(options, tell, config, strips.test_led(config, tell, options.text, options.pause))


def _say_call(options: argparse.Namespace, tell: Teller) -> int:
    config = asked.device_of(options, ("voice",), "", tell.words)
    return _try(options, tell, config, speaking.say(config, tell, options.number, options.window))


def _read_card(options: argparse.Namespace, tell: Teller) -> int:
    config = asked.device_of(options, ("input",), "sam", tell.words)
    return _try(options, tell, config, inputs.read_card(config, tell, options.seconds))


def _press(options: argparse.Namespace, tell: Teller) -> int:
    config = asked.device_of(options, ("input",), "", tell.words)
    trial = inputs.press(config, tell, options.seconds, options.most)
    return _try(options, tell, config, trial)


def _try(options: argparse.Namespace, tell: Teller, config: Any, trial: Trial) -> int:
    # The supervisor logs for halls; here its words would stand between ours.
    level = logging.DEBUG if options.debug else logging.CRITICAL
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    tell("say.trying", device=config.id, kind=config.kind, port=config.port)
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(trial)
    except OSError as error:
        raise WrongUse(f"{error.filename}: {(error.strerror or 'error').lower()}") from None
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    tell("say.works")
    return GOOD


# ── What is there, and recordings ─────────────────────────────────────────────────────────


def _list(options: argparse.Namespace, tell: Teller) -> int:
    if options.json:
        tell.plain(msgspec.json.encode(plugged.seen()).decode())
        return GOOD
    finds = plugged.look()
    tell("list.kinds")
    for kind in KINDS.values():
        facts = {"tcp_port": kind.tcp_port, "baud": kind.baud}
        what = tell.words(f"kind.{kind.name}")
        tell.plain("  " + tell.words("list.kind", name=f"{kind.name:<12}", what=what, **facts))
    tell("list.ports")
    for scheme in ports.SCHEMES:
        tell.plain("  " + tell.words(f"port.{scheme}"))
    tell("list.found")
    for sort in plugged.SORTS:
        tell(f"list.{sort}")
        there = [find for find in finds if find.sort == sort]
        if not there:
            tell("list.nothing")
        for find in there:
            _tell_find(find, tell)
    return GOOD


def _tell_find(find: plugged.Find, tell: Teller) -> None:
    tell.plain(f"  {find.port}  {find.what}")
    if find.closed_to:
        tell.plain("    → " + tell.words("list.closed", group=find.closed_to))
    if not find.stable:
        tell.plain("    → " + tell.words("list.unstable"))


def _clip_list(options: argparse.Namespace, tell: Teller) -> int:
    tell("clips.needed")
    for file, wanted in clip_check.needed(_phrases(options)):
        tell("clips.count", language=f"{file.language} {file.name}", count=len(wanted))
        for name, text in wanted.items():
            tell.plain(f"  {file.language}/{name}\t{text}")
    return GOOD


def _check_clips(options: argparse.Namespace, tell: Teller) -> int:
    if not options.folder.is_dir():
        raise WrongUse(tell.words("use.file", file=options.folder, why="not a folder"))
    verdict = clip_check.check(options.folder, _phrases(options))
    if not verdict.problems:
        tell("clips.well", count=verdict.count, format=verdict.usual)
        return GOOD
    tell("clips.bad", count=len(verdict.problems))
    for problem in verdict.problems:
        tell.plain("  " + tell.words(f"clip.{problem.code}", clip=problem.clip, **problem.facts))
    return FAILED


def _phrases(options: argparse.Namespace) -> list[PhraseFile]:
    try:
        files = phrase_files.load(options.phrases)
    except BadPhraseFile as error:
        raise WrongUse(str(error)) from None
    for language in options.languages:
        if language not in files:
            raise WrongUse(f"{language}: {', '.join(files)}")
    return [files[language] for language in options.languages or files]


_RUN: dict[str, Callable[[argparse.Namespace, Teller], int]] = {
    "list": _list,
    "test-print": _test_print,
    "test-led": _test_led,
    "say": _say_call,
    "read-card": _read_card,
    "press": _press,
    "clip-list": _clip_list,
    "check-clips": _check_clips,
}

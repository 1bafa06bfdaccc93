"""What is said: phrases and numbers to words, in every language that has a phrase file. Pure.

A phrase file (`drivers/phrases/zh.toml` is the one to copy) holds sentences with values in
braces, says how each value is read, and names the clip of every piece. One phrase becomes one
`Utterance`: a text for whoever can speak text, and the clips for whoever plays recordings.

    spelled     A0105 → A 零 幺 零 五      ticket numbers, digit by digit
    cardinal    105 → 一百零五             windows, as a value
    text        as it stands

What does not live here: reading the files (`phrase_files.py`), what a module can be told
(`voice_text.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

CARDINAL_MAX = 9999
"""Larger numbers are read digit by digit: no window has one, and nobody would understand it."""
VALUE_CHARS_MAX = 40
"""A ticket number has six characters, a window's name fits a line of a board."""
TEXT_CHARS_MAX = 300
"""A minute of speech. Whoever has more to say should hang up a notice."""

SKIPPED_CLIP = "skipped"
"""Of the word for places left out, where it is another word than zero."""

Reading = Literal["spelled", "cardinal", "text"]

_PIECE = re.compile(r"\{(\w+)\}")
_SILENT = " ,.;:!?，。；：！？、"
_LATIN = re.compile(r"[A-Z]")


class BadPhrase(ValueError):
    """This cannot be said: no such phrase, or a value is missing or too long."""


class BadPhraseFile(ValueError):
    """A phrase file contradicts itself. Says where."""


class Spelled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a ticket number is read: `between` stands between any two characters read,
    `between_letters` between two Latin letters."""

    digits: tuple[str, str, str, str, str, str, str, str, str, str]
    between: str = ""
    between_letters: str = " "


class Cardinal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a value is read.

    `figures`: the voice reads the figures itself. `units`: digit and unit by turns, as the
    languages of East Asia do. There `skipped` stands for places left out (一百零五), a 1
    is said before the units in `one_always` (一百), before those in `one_inside` only if
    something larger went before (十, but 一百一十), and else not (백).
    """

    style: Literal["figures", "units"]
    units: tuple[str, ...] = ()
    skipped: str = ""
    one_always: frozenset[str] = frozenset()
    one_inside: frozenset[str] = frozenset()


class Placeholder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How espeak-ng makes placeholder clips: its voice, and words it should read otherwise."""

    voice: str
    spelling: Mapping[str, str] = {}


class PhraseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One language. `variants` replace digits of spelled numbers: {"yao": {"1": "幺"}}."""

    language: str
    name: str
    phrases: Mapping[str, str]
    values: Mapping[str, Reading]
    spelled: Spelled
    cardinal: Cardinal
    clips: Mapping[str, str]
    placeholder: Placeholder | None = None
    variants: Mapping[str, Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Utterance:
    """One sentence. `clips` are names below the language's folder; `unrecorded` is the first
    piece that no clip exists for, "" if there is a clip for all of it."""

    language: str
    text: str
    clips: tuple[str, ...] = ()
    unrecorded: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of an utterance. `clips` None: there is no recording of it; (): a pause."""

    text: str
    clips: tuple[str, ...] | None


def say(
    file: PhraseFile, phrase: str, values: Mapping[str, str], variants: Sequence[str] = ()
) -> Utterance:
    """`phrase` with its `values`. A variant the language does not have changes nothing.

    Raises `BadPhrase`.
    """
    template = file.phrases.get(phrase)
    if template is None:
        raise BadPhrase(f"no phrase {phrase!r} in {file.language}")
    words: list[Word] = []
    for piece, is_value in pieces(template):
        if is_value:
            words += _read(file, piece, values, variants)
        else:
            words.append(_literal(file, piece))
    return _utterance(file.language, words)


def sentence(language: str, text: str) -> Utterance:
    """A text as it stands. Raises `BadPhrase` if it is empty or too long."""
    return _utterance(language, [Word(" ".join(text.split()), None)])


def pieces(template: str) -> Iterator[tuple[str, bool]]:
    """The pieces of a phrase in order; True marks the name of a value."""
    for index, piece in enumerate(_PIECE.split(template)):
        if piece:
            yield piece, index % 2 == 1


def spelled(file: PhraseFile, value: str, variants: Sequence[str] = ()) -> list[Word]:
    """`value` character by character; punctuation is not read."""
    replaced = {
        digit: (word, f"{digit}-{variant}")
        for variant in variants
        for digit, word in file.variants.get(variant, {}).items()
    }
    words: list[Word] = []
    for char in unicodedata.normalize("NFKC", value).upper():
        if char in "0123456789":
            text, clip = replaced.get(char, (file.spelled.digits[int(char)], char))
            word = Word(text, (clip,))
        elif _LATIN.fullmatch(char):
            word = Word(char, (char,))
        elif char.isalnum():
            word = Word(char, None)
        else:
            continue
        if words and (between := _between(file.spelled, words[-1].text, word.text)):
            words.append(Word(between, ()))
        words.append(word)
    return words


def cardinal(file: PhraseFile, number: int) -> list[Word]:
    """`number`, 0 to `CARDINAL_MAX`, as a value."""
    if file.cardinal.style == "figures":
        return [Word(str(number), _figure_clips(number))]
    digits, rule = file.spelled.digits, file.cardinal
    if number == 0:
        return [Word(digits[0], ("0",))]
    words: list[Word] = []
    skipped = False
    for power in (3, 2, 1, 0):
        digit = number // 10**power % 10
        if digit == 0:
            skipped = bool(words)
            continue
        if skipped and rule.skipped:
            words.append(Word(rule.skipped, (_skipped_clip(file),)))
        skipped = False
        unit = rule.units[power - 1] if power else ""
        with_one = not unit or unit in rule.one_always or (unit in rule.one_inside and words)
        if digit != 1 or with_one:
            words.append(Word(digits[digit], (str(digit),)))
        if unit:
            words.append(Word(unit, (_unit_clip(power),)))
    return words


def recordings(file: PhraseFile) -> dict[str, str]:
    """Every clip of the language: its name → the words to record."""
    found = {clip: text for text, clip in file.clips.items()}
    found |= {str(digit): word for digit, word in enumerate(file.spelled.digits)}
    for variant, words in file.variants.items():
        found |= {f"{digit}-{variant}": word for digit, word in words.items()}
    found |= {chr(code): chr(code) for code in range(ord("A"), ord("Z") + 1)}
    rule = file.cardinal
    if rule.style == "figures":
        found |= {str(number): str(number) for number in (*range(10, 21), *range(30, 100, 10))}
    else:
        found |= {_unit_clip(power): unit for power, unit in enumerate(rule.units, start=1)}
        if rule.skipped:
            found[_skipped_clip(file)] = rule.skipped
    return found


def check(file: PhraseFile) -> None:
    """Raises `BadPhraseFile` where the file contradicts itself."""
    if not re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", file.language):
        raise BadPhraseFile(f"language = {file.language!r}: a tag such as zh or zh-tw")
    for name, template in file.phrases.items():
        for piece, is_value in pieces(template):
            if is_value and piece not in file.values:
                raise BadPhraseFile(f"[phrases] {name}: no {piece!r} in [values]")
            if not is_value and _literal(file, piece).clips is None:
                raise BadPhraseFile(f"[phrases] {name}: no clip for {piece.strip(_SILENT)!r}")
        if re.search(r"[{}]", _PIECE.sub("", template)):
            raise BadPhraseFile(f"[phrases] {name}: a brace without its twin")
    if file.cardinal.style == "units" and len(file.cardinal.units) != 3:
        raise BadPhraseFile("[cardinal] units: the words for ten, hundred and thousand")
    for variant, words in file.variants.items():
        if not set(words) <= set("0123456789") or not re.fullmatch(r"[a-z]+", variant):
            raise BadPhraseFile(f"[variants.{variant}]: digits and what is said for them")
    names = list(file.clips.values())
    for clip in names:
        if not re.fullmatch(r"[a-z][a-z-]{2,39}", clip):
            raise BadPhraseFile(f"[clips]: {clip!r} is not 3 to 40 of a-z and -")
    if len(set(names)) < len(names) or SKIPPED_CLIP in names:
        raise BadPhraseFile("[clips]: two words with the same clip")


def _read(
    file: PhraseFile, name: str, values: Mapping[str, str], variants: Sequence[str]
) -> list[Word]:
    value = unicodedata.normalize("NFKC", values.get(name, "")).strip()
    if not value:
        raise BadPhrase(f"no value for {name!r}")
    if len(value) > VALUE_CHARS_MAX:
        raise BadPhrase(f"{name!r} has more than {VALUE_CHARS_MAX} characters")
    reading = file.values[name]
    if reading == "text":
        clip = file.clips.get(value)
        return [Word(value, None if clip is None else (clip,))]
    if reading == "cardinal" and re.fullmatch(r"[0-9]{1,9}", value) and int(value) <= CARDINAL_MAX:
        return cardinal(file, int(value))
    # "A3" as a window is spelled, and so is what no number word exists for; there a 1 is a 1.
    words = spelled(file, value, variants if reading == "spelled" else ())
    if not words:
        raise BadPhrase(f"nothing of {name!r} can be read")
    return words


def _literal(file: PhraseFile, piece: str) -> Word:
    core = piece.strip(_SILENT)
    if not core:
        return Word(piece, ())
    clip = file.clips.get(core)
    return Word(piece, None if clip is None else (clip,))


def _utterance(language: str, words: Sequence[Word]) -> Utterance:
    text = "".join(word.text for word in words).strip()
    if not text:
        raise BadPhrase("nothing to say")
    if len(text) > TEXT_CHARS_MAX:
        raise BadPhrase(f"more than {TEXT_CHARS_MAX} characters")
    unrecorded = next((word.text for word in words if word.clips is None), "")
    clips = tuple(clip for word in words for clip in word.clips or ())
    return Utterance(language, text, () if unrecorded else clips, unrecorded)


def _between(rule: Spelled, before: str, after: str) -> str:
    letters = _LATIN.fullmatch(before) and _LATIN.fullmatch(after)
    return rule.between_letters if letters else rule.between


def _figure_clips(number: int) -> tuple[str, ...]:
    # 42 is "forty", "two"; from 100 on digit by digit, as one says the number of a room.
    if number <= 20 or (number < 100 and number % 10 == 0):
        return (str(number),)
    if number < 100:
        return (str(number // 10 * 10), str(number % 10))
    return tuple(str(number))


def _skipped_clip(file: PhraseFile) -> str:
    return "0" if file.cardinal.skipped == file.spelled.digits[0] else SKIPPED_CLIP


def _unit_clip(power: int) -> str:
    return str(10**power)

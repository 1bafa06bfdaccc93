"""What is said: numbers in words, exhaustively, and phrases of every language."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import phrase_files
from drivers.speech import (
    CARDINAL_MAX,
    TEXT_CHARS_MAX,
    VALUE_CHARS_MAX,
    BadPhrase,
    BadPhraseFile,
    cardinal,
    pieces,
    recordings,
    say,
    sentence,
    spelled,
)

FILES = phrase_files.load()
ZH, EN, KO = FILES["zh"], FILES["en"], FILES["ko"]
A0105 = {"number": "A0105", "window": "3"}


def text_of(words) -> str:
    return "".join(word.text for word in words)


def window(number: int, file=ZH) -> str:
    return text_of(cardinal(file, number))


# ── windows, read as values ───────────────────────────────────────────────────────────────

MANDARIN = {
    0: "零",
    1: "一",
    2: "二",
    9: "九",
    10: "十",
    11: "十一",
    12: "十二",
    20: "二十",
    21: "二十一",
    99: "九十九",
    100: "一百",
    101: "一百零一",
    105: "一百零五",
    110: "一百一十",
    112: "一百一十二",
    120: "一百二十",
    200: "二百",
    999: "九百九十九",
    1000: "一千",
    1001: "一千零一",
    1010: "一千零一十",
    1011: "一千零一十一",
    1100: "一千一百",
    1101: "一千一百零一",
    2020: "二千零二十",
    9999: "九千九百九十九",
}


@pytest.mark.parametrize("number", MANDARIN)
def test_a_window_is_read_as_a_value(number):
    assert window(number) == MANDARIN[number]


def by_the_school_rule(number: int) -> str:
    """Write every place with its unit, then strike out: another way to the same words."""
    if number == 0:
        return "零"
    places = zip(f"{number:04}", ("千", "百", "十", ""), strict=True)
    full = "".join("零一二三四五六七八九"[int(digit)] + unit for digit, unit in places)
    short = re.sub("零+", "零", re.sub("零[千百十]", "零", full)).strip("零")
    return re.sub("^一十", "十", short)


def test_every_window_is_read_by_the_school_rule():
    differing = [n for n in range(CARDINAL_MAX + 1) if window(n) != by_the_school_rule(n)]
    assert differing == []


def heard_in_mandarin(words: str) -> int:
    """The number a listener understands."""
    total, digit = 0, 0
    for char in words:
        if char in "零一二三四五六七八九":
            digit = "零一二三四五六七八九".index(char)
        else:
            total += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[char]
            digit = 0
    return total + digit


def test_every_window_is_understood_as_itself():
    assert all(heard_in_mandarin(window(n)) == n for n in range(CARDINAL_MAX + 1))


def test_no_two_windows_sound_the_same():
    for file in FILES.values():
        assert len({window(n, file) for n in range(CARDINAL_MAX + 1)}) == CARDINAL_MAX + 1


KOREAN = {3: "삼", 10: "십", 12: "십이", 20: "이십", 100: "백", 105: "백오", 110: "백십",
          1010: "천십", 1111: "천백십일", 2500: "이천오백"}  # fmt: skip


@pytest.mark.parametrize("number", KOREAN)
def test_another_language_counts_by_its_file_alone(number):
    assert window(number, KO) == KOREAN[number]


FIGURES = {
    3: ("3",),
    12: ("12",),
    20: ("20",),
    21: ("20", "1"),
    40: ("40",),
    42: ("40", "2"),
    105: ("1", "0", "5"),
}


@pytest.mark.parametrize("number", FIGURES)
def test_figures_are_left_to_the_voice_and_have_clips(number):
    (word,) = cardinal(EN, number)
    assert (word.text, word.clips) == (str(number), FIGURES[number])


# ── ticket numbers, digit by digit ────────────────────────────────────────────────────────

NUMBERS = {
    ("A0105", ("yao",)): "A零幺零五",
    ("A0105", ("yi",)): "A零一零五",
    ("A0105", ()): "A零一零五",
    ("a012", ("yao",)): "A零幺二",
    ("AB07", ()): "A B零七",
    ("Ａ０１", ("yao",)): "A零幺",
    ("A-1 7", ("yao",)): "A幺七",
    ("甲12", ("yao",)): "甲幺二",
    ("9876543210", ()): "九八七六五四三二一零",
}


@pytest.mark.parametrize("number, variants", NUMBERS)
def test_a_ticket_number_is_read_digit_by_digit(number, variants):
    assert text_of(spelled(ZH, number, variants)) == NUMBERS[number, variants]


@pytest.mark.parametrize("variants", [(), ("yao",)])
def test_every_four_digit_number_is_spelled_with_one_word_a_digit(variants):
    one = "幺" if variants else "一"
    table = str.maketrans("0123456789", f"零{one}二三四五六七八九")
    for number in range(10_000):
        digits = f"{number:04}"
        assert text_of(spelled(ZH, digits, variants)) == digits.translate(table)


def test_a_1_in_a_window_is_never_yao():
    assert say(ZH, "call", {"number": "A1", "window": "11"}, ("yao",)).text == "请A幺号到十一号窗口"
    assert say(ZH, "call", {"number": "A1", "window": "B1"}, ("yao",)).text == "请A幺号到B一号窗口"


# ── phrases ───────────────────────────────────────────────────────────────────────────────

CALLS = {
    "zh": "请A零幺零五号到三号窗口",
    "en": "Number A 0 1 0 5, please go to window 3",
    "ko": "A 공 일 공 오번 고객님, 삼번 창구로 오시기 바랍니다",
}


@pytest.mark.parametrize("language", CALLS)
def test_a_call(language):
    assert say(FILES[language], "call", A0105, ("yao",)).text == CALLS[language]


def test_every_language_that_comes_with_the_drivers_is_tested_here():
    assert set(FILES) == set(CALLS)
    phrases = {language: set(file.phrases) for language, file in FILES.items()}
    assert phrases["zh"] == phrases["en"] == phrases["ko"]


def test_the_clips_of_a_call_are_its_pieces_in_order():
    call = say(ZH, "call", {"number": "A0105", "window": "105"}, ("yao",))
    assert call.clips == (
        *("please", "A", "0", "1-yao", "0", "5", "number-to", "1", "100", "0", "5", "window"),
    )
    assert call.unrecorded == ""


@pytest.mark.parametrize("language", FILES)
@pytest.mark.parametrize("ones", ["yao", "yi"])
def test_whatever_is_called_has_its_clips_on_the_list_of_recordings(language, ones):
    file = FILES[language]
    known = set(recordings(file))
    for name, template in file.phrases.items():
        values = {piece for piece, is_value in pieces(template) if is_value}
        for number in (*range(200), 999, 1010, 2305, 9999):
            heard = say(file, name, dict.fromkeys(values, f"Z{number}"), (ones,))
            assert set(heard.clips) <= known and heard.unrecorded == ""
            heard = say(file, name, dict.fromkeys(values, str(number)), (ones,))
            assert set(heard.clips) <= known and heard.unrecorded == ""
            if not values:
                break


def test_what_nobody_recorded_is_named():
    assert say(ZH, "call", {"number": "甲12", "window": "3"}).unrecorded == "甲"
    assert sentence("zh", "请保持安静").unrecorded == "请保持安静"


BAD = {
    "an unknown phrase": ("sing", A0105),
    "no number": ("call", {"window": "3"}),
    "no window": ("call", {"number": "A1", "window": "  "}),
    "nothing that can be read": ("call", {"number": "--", "window": "3"}),
    "a number without end": ("call", {"number": "1" * (VALUE_CHARS_MAX + 1), "window": "3"}),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_said_is_refused_with_words(case):
    with pytest.raises(BadPhrase, match=r"\w+ \w+"):
        say(ZH, *BAD[case])


@pytest.mark.parametrize("text", ["", " \n\t ", "请" * (TEXT_CHARS_MAX + 1)])
def test_an_empty_or_endless_sentence_is_refused(text):
    with pytest.raises(BadPhrase):
        sentence("zh", text)


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(sorted(FILES)))
def test_any_values_are_said_or_refused(number, place, language):
    try:
        heard = say(FILES[language], "call", {"number": number, "window": place}, ("yao",))
    except BadPhrase:
        return
    assert 0 < len(heard.text) <= TEXT_CHARS_MAX
    assert heard.unrecorded or set(heard.clips) <= set(recordings(FILES[language]))


# ── phrase files ──────────────────────────────────────────────────────────────────────────

ZH_TEXT = (phrase_files.BUILT_IN / "zh.toml").read_text("utf-8")

SPOILED = {
    "not TOML": ("[values]", "[values"),
    "an unknown table": ("[values]", "[valeus]"),
    "nine digits": ('"八", "九"]', '"八"]'),
    "an unknown reading": ('number = "spelled"', 'number = "sung"'),
    "a value nobody reads": ('{window}号窗口"\nrecall', '{desk}号窗口"\nrecall'),
    "a piece without a clip": ('"号到" = "number-to"\n', ""),
    "two pieces, one clip": ('"号到" = "number-to"', '"号到" = "window"'),
    "a clip outside of the folder": ('"号到" = "number-to"', '"号到" = "../../etc/passwd"'),
    "a clip that is a digit": ('"号到" = "number-to"', '"号到" = "1"'),
    "two units": ('units = ["十", "百", "千"]', 'units = ["十", "百"]'),
    "a brace alone": ("请{number}号到", "请{number号到"),
    "a variant of a letter": ('"1" = "幺"', '"A" = "诶"'),
    "a language that is a path": ('language = "zh"', 'language = "../zh"'),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_phrase_file_that_contradicts_itself_is_refused_by_name(case):
    good, bad = SPOILED[case]
    assert good in ZH_TEXT
    with pytest.raises(BadPhraseFile, match="spoiled.toml: "):
        phrase_files.parse(ZH_TEXT.replace(good, bad, 1).encode(), "spoiled.toml")


@given(st.binary(max_size=300))
def test_garbage_is_no_phrase_file(data):
    with pytest.raises(BadPhraseFile):
        phrase_files.parse(data, "x.toml")


def test_a_site_adds_a_language_and_words_its_own_calls(tmp_path):
    (tmp_path / "yue.toml").write_text(
        ZH_TEXT.replace('language = "zh"', 'language = "yue"'), "utf-8"
    )
    (tmp_path / "zh.toml").write_text(ZH_TEXT.replace('call = "请', 'call = "有请', 1).replace(
        '"请" = "please"', '"有请" = "please"\n"请" = "please-now"'), "utf-8")  # fmt: skip
    files = phrase_files.load(tmp_path)
    assert set(files) == {*FILES, "yue"}
    assert say(files["zh"], "call", A0105).text == "有请A零一零五号到三号窗口"
    assert say(files["en"], "call", A0105) == say(EN, "call", A0105)


def test_a_folder_without_phrases_and_a_huge_file_are_refused(tmp_path):
    with pytest.raises(BadPhraseFile, match="no phrase file"):
        phrase_files.load(tmp_path)
    (tmp_path / "zh.toml").write_bytes(b"#" * (phrase_files.FILE_BYTES_MAX + 1))
    with pytest.raises(BadPhraseFile, match="more than"):
        phrase_files.load(tmp_path)

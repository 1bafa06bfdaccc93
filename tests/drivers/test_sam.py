"""Golden frames of card readers, text blocks, masking. Every person here is made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import sam
from drivers.emulators.sam import PHOTO, SamReader, card_text, foreign_text
from drivers.sam import Answer, BadCard, Decoder, Flaw, answer, has_check_digit, mask_name

NUMBER = "11010519491231002X"  # the standard's own example
HEAD = "AAAAAA9669"

GOLDEN = {
    "find": (sam.FIND, "0003 2001 22"),
    "select": (sam.SELECT, "0003 2002 21"),
    "read": (sam.READ, "0003 3001 32"),
    "read with fingerprints": (sam.request(0x30, 0x10), "0003 3010 23"),
    "number of the module": (sam.request(0x12, 0xFF), "0003 12FF EE"),
    "status": (sam.STATUS, "0003 11FF ED"),
    "found": (answer(sam.FOUND, bytes(4)), "0008 00009F 00000000 97"),
    "no card": (answer(sam.NO_CARD), "0004 000080 84"),
    "selected": (answer(sam.OK, bytes(8)), "000C 000090 0000000000000000 9C"),
    "not read": (answer(sam.NOT_READ), "0004 000041 45"),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_frame_is_the_golden_one(name):
    wire, golden = GOLDEN[name]
    assert wire == bytes.fromhex(HEAD + golden)


def read_answer(text: bytes, fingerprints: int | None = None) -> bytes:
    reader = SamReader(fingerprints=fingerprints)
    reader.lay(text)
    reader.feed(sam.FIND + sam.SELECT)
    assert not reader.violations
    return reader.feed(sam.READ)


@pytest.mark.parametrize(
    ("fingerprints", "size"), [(None, 1295), (0, 1297), (512, 1809), (1024, 2321)]
)
def test_every_length_of_an_answer_gives_the_text_and_nothing_else(fingerprints, size):
    text = card_text("张三", NUMBER)
    wire = read_answer(text, fingerprints)
    assert len(wire) == size
    assert wire[:5].hex().upper() == HEAD
    decoder = Decoder()
    assert decoder.feed(wire) == [Answer(sam.OK, text)]
    assert decoder._bytes == b""


def test_the_photo_goes_nowhere():
    wire = read_answer(card_text("张三", NUMBER), 1024)
    (found,) = Decoder().feed(wire)
    assert isinstance(found, Answer)
    assert PHOTO[:16] in wire and PHOTO[:16] not in found.data
    odd = answer(sam.OK, bytes([1, 0, 4, 0]) + bytes(256) + PHOTO + b"more")
    assert Decoder().feed(odd) == [Answer(sam.OK, b"")], "of an unknown layout nothing is kept"


def test_what_is_begun_is_overwritten():
    decoder = Decoder()
    decoder.feed(read_answer(card_text("张三", NUMBER))[:900])
    kept = decoder._bytes
    decoder.reset()
    assert bytes(kept) == b""


@given(st.data())
def test_any_portions_give_the_same_answers(draw):
    text = card_text("欧阳娜娜", NUMBER)
    wire = answer(sam.NO_CARD) + read_answer(text) + answer(sam.NOT_READ)
    decoder, found = Decoder(), []
    while wire:
        size = draw.draw(st.integers(1, len(wire)))
        found += decoder.feed(wire[:size])
        wire = wire[size:]
    assert found == [Answer(sam.NO_CARD), Answer(sam.OK, text), Answer(sam.NOT_READ)]


@given(st.binary(max_size=200), st.binary(max_size=64), st.integers(0, 255))
def test_every_short_answer_is_read_after_a_reset(garbage, data, sw3):
    decoder = Decoder()
    decoder.feed(garbage)
    decoder.reset()
    assert decoder.feed(answer(sw3, data)) == [Answer(sw3, data)]


@given(st.binary(max_size=100).filter(lambda data: b"\xaa" not in data))
def test_an_answer_is_found_after_garbage(garbage):
    assert Decoder().feed(garbage + answer(sam.NO_CARD))[-1] == Answer(sam.NO_CARD)


@given(st.integers(7, 1294), st.integers(1, 255))
def test_no_damaged_byte_passes(position, damage):
    wire = bytearray(read_answer(card_text("张三", NUMBER)))
    wire[position] ^= damage
    assert not [item for item in Decoder().feed(bytes(wire)) if isinstance(item, Answer)]


def test_a_wrong_sum_is_a_flaw_and_the_next_answer_is_read():
    wire = bytearray(answer(sam.NO_CARD))
    wire[-1] ^= 1
    found = Decoder().feed(bytes(wire) + answer(sam.NO_CARD))
    assert found == [Flaw("wrong XOR"), Answer(sam.NO_CARD)]


# ── text ──────────────────────────────────────────────────────────────────────────────────


def test_a_resident_card():
    person = sam.person_of(card_text("张三", NUMBER, "2"))
    assert (person.kind, person.name, person.number, person.sex) == ("", "张三", NUMBER, "female")


def test_a_residence_permit():
    number = "810000199408230021"
    assert has_check_digit(number)
    assert sam.person_of(card_text("陈大文", number, flag="J")).kind == "J"


def test_a_foreigners_card():
    person = sam.person_of(foreign_text("SMITH, JOHN", "", "CAN110080010150", "1"))
    assert (person.kind, person.name, person.sex) == ("I", "SMITH, JOHN", "male")
    assert person.number == "CAN110080010150"
    assert sam.person_of(foreign_text("SMITH, JOHN", "史密斯", "CAN110080010150")).name == "史密斯"


def test_a_rare_character_outside_the_basic_plane_moves_nothing():
    text = bytearray(card_text("张三", NUMBER))
    text[0:30] = f"{'𠮷三':<14}".encode("utf-16-le")
    person = sam.person_of(bytes(text))
    assert (person.name, person.number) == ("𠮷三", NUMBER)


def test_the_check_digit():
    assert has_check_digit(NUMBER)
    assert not has_check_digit(NUMBER[:-1] + "1")
    assert not has_check_digit("1" * 17)
    assert not has_check_digit("１" * 17 + "X")


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(position, shift):
    wrong = str((int(NUMBER[position]) + shift) % 10)
    assert not has_check_digit(NUMBER[:position] + wrong + NUMBER[position + 1 :])


@pytest.mark.parametrize(
    "text",
    [b"", bytes(256), b"\xff" * 256, card_text("张三", NUMBER[:-1] + "1"), card_text("", NUMBER),
     foreign_text("SMITH", "", "")],
)  # fmt: skip
def test_what_is_no_card_is_refused_without_saying_what_was_in_it(text):
    with pytest.raises(BadCard) as caught:
        sam.person_of(text)
    assert "张" not in str(caught.value) and NUMBER[:6] not in str(caught.value)


@given(st.binary(min_size=256, max_size=256))
def test_any_block_is_a_person_or_refused(text):
    try:
        assert sam.person_of(text).name
    except BadCard:
        pass


NAMES = {
    "张三": "张*",
    "张三丰": "张*",
    "欧阳娜娜": "欧阳*",
    "欧阳锋": "欧阳*",
    "欧阳": "欧*",
    "诸葛亮": "诸葛*",
    "买买提·艾力": "买*",
    "SMITH, JOHN": "S*",
    "李": "*",
    "": "*",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_masked(name):
    assert mask_name(name) == NAMES[name]


@given(st.text(max_size=30))
def test_at_most_two_characters_of_a_name_are_told(name):
    masked = mask_name(name)
    assert masked.endswith("*") and len(masked) <= 3


def test_a_person_and_an_answer_show_themselves_masked():
    person = sam.person_of(card_text("张三丰", NUMBER))
    (found,) = Decoder().feed(read_answer(card_text("张三丰", NUMBER)))
    for shown in (repr(person), str(person), f"{person}", repr([person]), repr(found)):
        assert "三" not in shown and NUMBER not in shown and "4e09" not in shown
    assert repr(person) == "Person(张*)"

"""The shared small rules: days, labels, base64, exact readers, canonical JSON."""

import datetime
import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import encoding
from crypto.encoding import Reader, canonical_json, expect, expect_list, parse_json, unb64
from crypto.errors import Malformed

QUICK = settings(max_examples=60, deadline=None)
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
JSON_VALUES = st.recursive(
    st.integers(-(2**70), 2**70) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def test_day_zero_is_a_monday_and_begins_epoch_zero() -> None:
    assert datetime.date(2026, 1, 5) == encoding.DAY_ZERO
    assert encoding.DAY_ZERO.weekday() == 0
    assert [encoding.epoch_of(day) for day in (0, 6, 7, 13, 14)] == [0, 0, 1, 1, 2]


@pytest.mark.parametrize(
    ("moment", "day"),
    [("2026-01-05T00:00:00+00:00", 0), ("2026-01-05T23:59:59+00:00", 0), ("2026-01-06T00:00:00+00:00", 1),
     ("2026-01-04T23:59:59+00:00", -1), ("2027-01-05T12:00:00+00:00", 365), ("2026-01-06T06:00:00+07:00", 0)],
)  # fmt: skip
def test_a_day_changes_at_midnight_utc(moment: str, day: int) -> None:
    when = datetime.datetime.fromisoformat(moment)
    assert encoding.today(when.timestamp()) == day
    assert encoding.date_of(day) == when.astimezone(datetime.UTC).date()


def test_today_without_an_argument_is_this_moment() -> None:
    now = datetime.datetime.now(datetime.UTC).date()
    assert encoding.date_of(encoding.today()) - now <= datetime.timedelta(days=1)


def test_no_label_is_a_prefix_of_another() -> None:
    assert encoding.label("senyap/v1/row") == b"senyap/v1/row\0"
    assert not encoding.label("senyap/v1/row-slot").startswith(encoding.label("senyap/v1/row"))
    with pytest.raises(UnicodeEncodeError):
        encoding.label("é")


@QUICK
@given(st.binary(max_size=60))
def test_base64_goes_there_and_back(data: bytes) -> None:
    assert unb64(encoding.b64(data), len(data), "x") == data
    assert unb64(encoding.b64(data), None, "x") == data
    with pytest.raises(Malformed):
        unb64(encoding.b64(data), len(data) + 1, "x")


@pytest.mark.parametrize("text", ["AA", "AA=", "AB==", "AA==\n", " AA==", "A A==", "AA==AA==", "__8=", "é", "AA==="])
def test_base64_has_one_spelling(text: str) -> None:
    with pytest.raises(Malformed):
        unb64(text, None, "x")


@pytest.mark.parametrize("value", [None, 1, b"AA==", ["AA=="], True])
def test_base64_is_text(value: object) -> None:
    with pytest.raises(Malformed):
        unb64(value, None, "x")


def test_a_reader_takes_exact_lengths_and_big_endian_numbers() -> None:
    reader = Reader(b"SN\x01\x00\x02\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x04\0\0rest", "x")
    reader.expect(b"SN", "magic")
    assert [reader.number(code) for code in "BHIQ"] == [1, 2, 3, 4]
    reader.zeros(2)
    assert reader.rest() == b"rest"
    reader.end()


def test_a_reader_refuses_what_is_missing_left_over_or_not_zero() -> None:
    for breach in (
        lambda r: r.take(5),
        lambda r: r.number("Q"),
        lambda r: r.expect(b"ABCE", "magic"),
        lambda r: r.zeros(4),
        lambda r: r.end(),
        lambda r: (r.take(3), r.end()),
        lambda r: (r.take(4), r.take(1)),
    ):
        with pytest.raises(Malformed):
            breach(Reader(b"ABCD", "x"))
    with pytest.raises(Malformed):
        Reader(b"\0\0\x01", "x").zeros(3)
    Reader(b"", "x").end()


@QUICK
@given(st.dictionaries(TEXT, JSON_VALUES, max_size=4), st.booleans())
def test_canonical_json_goes_there_and_back(value: dict, ascii_only: bool) -> None:
    data = canonical_json(value, ascii_only=ascii_only)
    assert parse_json(data, "x", ascii_only=ascii_only) == value
    assert data.isascii() or not ascii_only


@QUICK
@given(st.dictionaries(st.text(string.ascii_letters, min_size=1, max_size=4), JSON_VALUES, min_size=2, max_size=4))
def test_any_other_spelling_of_the_same_json_is_refused(value: dict) -> None:
    mixed = dict(sorted(value.items(), reverse=True))
    for other in (
        json.dumps(value, sort_keys=True),
        json.dumps(mixed, separators=(",", ":")),
        json.dumps(value, indent=1),
    ):
        with pytest.raises(Malformed):
            parse_json(other.encode(), "x")


@pytest.mark.parametrize(
    "data",
    [b'{"a":1.0}', b'{"a":1e0}', b'{"a":-0}', b'{"a":01}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":1,"a":1}',
     b'{"a":1} ', b'{"b":1,"a":1}', b"[]", b"1", b'"a"', b"null", b"", b"{", b'{"a":"\xff"}', b'\xef\xbb\xbf{"a":1}',
     b'{"a":"\xc3\xa9"}', '{"a":1}'.encode("utf-16"), b'{"a":"\\u0061"}', b"{'a':1}", b'{"a":' + b"9" * 5000 + b"}",
     b'{"a":' + b"[" * 100_000],
)  # fmt: skip
def test_what_is_not_one_canonical_object_of_integers_and_strings_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_json(data, "x")


def test_text_that_is_no_unicode_is_refused_where_text_is_utf8() -> None:
    with pytest.raises(Malformed):
        parse_json(b'{"a":"\\ud800"}', "x", ascii_only=False)


def test_an_object_has_exactly_the_names_and_types_of_its_format() -> None:
    spec = {"a": int, "b": str}
    assert expect({"a": 0, "b": ""}, "x", spec) == {"a": 0, "b": ""}
    for wrong in (
        {"a": 1}, {"a": 1, "b": "", "c": 1}, {"a": True, "b": ""}, {"a": -1, "b": ""}, {"a": 1.0, "b": ""},
        {"a": "1", "b": ""}, {"a": 1, "b": None}, [], None, "ab", {},
    ):  # fmt: skip
        with pytest.raises(Malformed):
            expect(wrong, "x", spec)


def test_a_list_has_items_of_one_type() -> None:
    assert expect_list(["a"], "x", str) == ["a"]
    for wrong in ("a", None, {}, ["a", 1], [True], (1,)):
        with pytest.raises(Malformed):
            expect_list(wrong, "x", int)


def test_a_refused_object_does_not_repeat_names_or_values_it_was_given() -> None:
    for value in ({"rahasia-nama": 1}, {"a": "rahasia-nilai"}):
        with pytest.raises(Malformed) as caught:
            expect(value, "x", {"a": int})
        assert "rahasia" not in str(caught.value)
    with pytest.raises(Malformed) as caught:
        parse_json(b'{"rahasia": 1.5}', "x")
    assert "rahasia" not in str(caught.value) and caught.value.__cause__ is None


@pytest.mark.parametrize(
    "text",
    [
        "Baris satu.\n\tBaris dua – é, 10 %", "👍🏽 ok", "👨\u200d👩\u200d👧", "❤\ufe0f\u200d🔥", "🏳\ufe0f\u200d🌈", "1\ufe0f\u20e3",
        "می\u200cخواهم", "क्\u200dष", "e\u0301",
    ],
)  # fmt: skip
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert encoding.readable(text) == text


@pytest.mark.parametrize(
    "hidden",
    [
        "\U000e0041", "\u202e", "\u2066", "\u200b", "\u200d", "\u200c", "\ufeff", "\u00ad", "\u2028", "\ue000", "\U00100000",
        "\u0378", "\x00", "\x1b", "\r", "\u115f", "\u3164", "\u2800", "\ufe00", "\ufe0f", "\U000e0100", "\u034f", "\u180e",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_nobody_sees_is_spelled(hidden: str) -> None:
    spelled = f"\\u{{{ord(hidden):04X}}}"
    assert encoding.readable(f"uang{hidden}hilang\nsemua") == f"uang{spelled}hilang\nsemua"
    assert encoding.readable(hidden) == spelled
    assert encoding.readable(f"👍{hidden}{hidden}{hidden}👍").count(spelled) >= 2, "no row of them says anything"


def test_line_ends_of_a_form_are_line_ends() -> None:
    assert encoding.readable("a\r\nb\u200b") == "a\nb\\u{200B}"
    assert encoding.readable("a\r\nb") == "a\nb"

"""What could point to the writer is found, whatever separators are used, and ordinary sentences raise no alarm."""

from __future__ import annotations

import itertools
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.prose.traces import KINDS, SOFT, Trace, find_traces, is_serious

DATA = Path(__file__).with_name("data")
SETS = ("traces.txt", "traces-heldout.txt")
MARK = re.compile(r"\[(\w+):([^\]]+)\]")
NUMBERS = set(KINDS) - SOFT - {"diri"}


def sentences(*names: str) -> list[tuple[str, list[Trace]]]:
    """Return the sentences without their marks, each with what is to be found in it."""
    read = []
    for line in "\n".join((DATA / name).read_text("utf-8") for name in names or SETS).splitlines():
        if not line or line.startswith("#"):
            continue
        wanted, text, at = [], "", 0
        for match in MARK.finditer(line):
            text += line[at : match.start()]
            wanted.append(Trace(len(text), len(text) + len(match[2]), match[1]))
            text += match[2]
            at = match.end()
        read.append((text + line[at:], wanted))
    return read


def overlaps(one: Trace, other: Trace) -> bool:
    return one.start < other.end and other.start < one.end


@pytest.mark.parametrize(("name", "of_words"), [*((name, 0.95) for name in SETS), ("traces-fresh.txt", 0.6)])
def test_recall_and_false_alarms_on_sentences_as_people_write_them(name: str, of_words: float) -> None:
    """Figures: 0.95 of numbers or more, and an alarm in 2 % of clean sentences at most.

    Words in the first person are a hint: in sentences that no pattern was made for, more than half are found.
    """
    read = sentences(name)
    numbers = [(text, w) for text, wanted in read for w in wanted if w.kind in NUMBERS]
    words = [(text, w) for text, wanted in read for w in wanted if w.kind == "diri"]
    clean = [text for text, wanted in read if not wanted]
    assert len(read) >= 150 and len(numbers) >= 60 and len(clean) >= 60
    missed = [w for w in (*numbers, *words) if not any(overlaps(w[1], t) for t in find_traces(w[0]))]
    found = [n for n in numbers if n not in missed]
    assert len(found) >= 0.95 * len(numbers), missed
    assert len([w for w in words if w not in missed]) >= of_words * len(words), missed
    alarms = [text for text in clean if is_serious(find_traces(text))]
    assert len(alarms) <= 0.02 * len(clean), alarms
    print(
        f"{name}: numbers found {len(found)}/{len(numbers)}, words {len([w for w in words if w not in missed])}/{len(words)}, alarms {len(alarms)}/{len(clean)}"
    )


@pytest.mark.parametrize(
    ("text", "wanted"), [s for s in sentences("traces.txt") if s[1]], ids=lambda v: v if isinstance(v, str) else ""
)
def test_what_is_marked_is_the_number_itself_and_its_kind_is_named(text: str, wanted: list[Trace]) -> None:
    found = find_traces(text)
    for trace in wanted:
        assert trace in found, (text[trace.start : trace.end], found)


@pytest.mark.parametrize("text", [text for text, wanted in sentences() if not wanted])
def test_no_ordinary_sentence_of_ours_stops_a_report(text: str) -> None:
    assert not is_serious(find_traces(text))


def test_of_two_readings_of_one_number_the_more_certain_one_is_kept() -> None:
    (found,) = find_traces("1671051203900001")
    assert found == Trace(0, 16, "nik")


def test_an_exact_time_or_a_place_does_not_stop_a_report() -> None:
    assert not is_serious(find_traces("Uang diserahkan pukul 14.35 di -2.976074, 104.775429."))
    assert is_serious(find_traces("pukul 14.35, WA 081234567890"))


@given(st.text(alphabet="0123456789 .-/()+@:abBGrp\n", max_size=200))
def test_finds_never_overlap_and_stand_in_the_text(text: str) -> None:
    found = find_traces(text)
    assert all(0 <= t.start < t.end <= len(text) and t.kind in KINDS for t in found)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


@pytest.mark.parametrize(
    ("piece", "serious"),
    [("1 ", False), ("1.", False), ("08", False), ("1671 ", False), ("a@", False), ("@abc ", True), ("BG 1 A ", True)],
)
def test_the_longest_field_of_the_worst_pieces_is_read(piece: str, serious: bool) -> None:
    """What would take a careless pattern minutes; bench and people see how long it takes."""
    assert is_serious(find_traces(piece * (10_000 // len(piece)))) is serious


def effort(text: str) -> float:
    """Return the processor time of a search; the least of three, as other processes only add to it."""
    took = []
    for _ in range(3):
        began = time.process_time()
        find_traces(text)
        took.append(time.process_time() - began)
    return min(took)


@pytest.mark.parametrize(
    "piece",
    ["1/", "1a/", "@abc ", "Rp1 1234567890 ", "O", "O ", "1 ", "1-", "1.", "a@", "a.", "a (at) ", "saya ",
     "saya adalah ini ", "t.me/!", "1.1111,", "kode ", "(62", "Rp.",
     "Rp 1 a"],
)  # fmt: skip
def test_sixteen_times_the_text_is_no_more_than_sixteen_times_the_work(piece: str, factor: int = 16) -> None:
    """No time is demanded, only that it grows as the text: with the square of it, it would be 256 times as much."""
    short = (piece * 1_500)[:1_500]
    assert effort((piece * 24_000)[: factor * 1_500]) < 3 * factor * effort(short)


@pytest.mark.parametrize(
    ("text", "serious"),
    [
        ("Surat nomor 1234567890/12/34/BKD/2027 hilang", False),
        ("Surat nomor 1234567890/" + "-" * 60 + "BKD hilang", False),
        ("Surat nomor 1234567890 hilang", True),
        ("Rp 1.000 untuk 12.345 juta, lalu 1234567890", True),
        ("Rp 1.000, lalu tender 1234567890", False),
    ],
)
def test_what_is_a_letter_an_amount_or_a_tender_is_no_account(text: str, serious: bool) -> None:
    assert is_serious(find_traces(text)) is serious

"""Fuzzing in the normal test run: the corpora again, properties by hypothesis, and a short search guided by coverage."""

import base64
import random
import re
import subprocess
import sys
import traceback
from importlib.util import find_spec
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from fuzz import cleaned, multipart, receipt, targets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live import BOUNDARY, REPORT
from live import multipart as encoded
from samples import SAMPLES, Sample
from web import get

from crypto.receipt import Mistyped, code_words, read_code, wordlist
from dropbox import intake
from dropbox.errors import BadRequest

ROOT = Path(__file__).parents[1]
RUN = ROOT / "tests" / "fuzz" / "run.py"
SHORT_SECONDS, LONG_SECONDS = 6, 600  # for each target
PARSER_SECONDS, LONG_PARSER_SECONDS = 3, 180  # of parsers: what they read is signed or sealed by somebody
PLANTED_SECONDS = 20  # at most: it ends with the find
MANY = settings(max_examples=150, deadline=None)
needs_atheris = pytest.mark.skipif(find_spec("atheris") is None, reason="atheris has no wheel for this Python")


def fault_of(target: str, data: bytes) -> str:
    """Return which invariant of a target an input breaks, nothing when it breaks none."""
    try:
        targets.one_of(target)(data)
    except Exception as error:
        return f"{error!r} {traceback.format_exc(limit=-2)}"
    return ""


# --- the corpora -------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", targets.TARGETS)
def test_no_kept_input_breaks_an_invariant(target: str) -> None:
    broken = {
        str(entry): fault for entry in targets.corpus(target) if (fault := fault_of(target, entry.path.read_bytes()))
    }
    assert broken == {}


@pytest.mark.parametrize("target", targets.TARGETS)
def test_a_corpus_is_there_and_small(target: str) -> None:
    sizes = [entry.path.stat().st_size for entry in targets.corpus(target)]
    assert 0 < len(sizes) <= 60 and sum(sizes) <= 1_000_000
    assert max(sizes) <= targets.MODULES[target].MAX_LEN


# --- the multipart stream ----------------------------------------------------------------------------

VALUES = st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace").decode())
FIELDS = st.lists(st.tuples(st.sampled_from(["uraian", "waktu", "tempat", "berkas"]), VALUES), max_size=6)
UPLOADS = st.lists(st.tuples(st.just("foto.jpg"), st.binary(max_size=150), st.just("image/jpeg")), max_size=3)


def in_form(body: bytes) -> bytes:
    """Give a form the boundary of the fuzzer's."""
    return body.replace(BOUNDARY, multipart.BOUNDARY)


def lists_of(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


@MANY
@given(FIELDS, UPLOADS, st.integers(1, 255))
def test_a_form_is_read_whole_however_the_network_cuts_it(
    fields: list[tuple[str, str]], uploads: list[tuple[str, bytes, str]], seed: int
) -> None:
    result = multipart.read(in_form(encoded(fields, uploads)), seed, 15)
    multipart.check(result)
    assert not result.refused
    if sum(len(value.encode()) for _, value in fields) <= multipart.TEXT:
        as_is = [("asli", "ya")] if uploads else []
        assert result.received.typed == lists_of([*fields, *as_is])
    assert [a.size for a in result.received.files] == [len(data) for _, data, _ in uploads if data]


@MANY
@given(FIELDS, UPLOADS, st.integers(1, 2**32), st.sampled_from([0, 1, 2, 3, 7, 15, multipart.REFUSES]))
def test_a_changed_form_is_refused_or_read(
    fields: list[tuple[str, str]], uploads: list[tuple[str, bytes, str]], seed: int, room: int
) -> None:
    dice = random.Random(seed)
    data = bytes([seed % 256, room, 0]) + in_form(encoded(fields, uploads))
    for _ in range(dice.randrange(1, 4)):
        data = cleaned.spliced(data, dice) if dice.random() < 0.5 else multipart.mutate(data, dice)
    multipart.one(data)


@MANY
@given(FIELDS.filter(bool), st.integers(1, 255), st.data())
def test_what_was_typed_before_the_connection_broke_is_not_lost(
    fields: list[tuple[str, str]], seed: int, draw: st.DataObject
) -> None:
    body = in_form(encoded(fields))
    starts = [found.start() for found in re.finditer(b"(?:^|\r\n)--batas", body)]
    at = draw.draw(st.integers(0, len(body) - 1))
    result = multipart.read(body[:at], seed, 0)
    arrived = sum(start + len("\r\n--batas\r\n") <= at for start in starts[1:])
    assert result.refused or at >= len(body) - 2
    for name, values in lists_of(fields[:arrived]).items():
        if sum(len(value.encode()) for _, value in fields) <= multipart.TEXT:
            assert result.received.typed[name][: len(values)] == values


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_the_application_answers_every_form(client: FlaskClient, seed: int) -> None:
    dice = random.Random(seed)
    fields = {"benih": get(client, "/lapor").hidden("benih"), **REPORT}
    body = in_form(encoded(fields, [("foto.jpg", b"abc" * 50, "image/jpeg")]))
    for _ in range(dice.randrange(1, 5)):
        body = multipart.mutate(b"\1\1\0" + body, dice)[3:] if dice.random() < 0.5 else cleaned.spliced(body, dice)
    answer = client.post(
        dice.choice(["/lapor", "/kotak", "/kotak/pesan"]), data=body, content_type="multipart/form-data; boundary=batas"
    )
    assert answer.status_code in (200, 400, 413, 422, 503)


# --- the receipt code --------------------------------------------------------------------------------

CODES = st.binary(min_size=10, max_size=10)


@MANY
@given(CODES, st.integers(0, 2**32))
def test_a_right_code_is_read_through_any_noise(code: bytes, seed: int) -> None:
    assert [reading.code for reading in read_code(receipt.noisy(code, random.Random(seed)))] == [code]


@MANY
@given(st.one_of(st.text(), st.lists(st.sampled_from(wordlist()), max_size=11).map(" ".join)))
def test_any_other_text_is_mistyped(text: str) -> None:
    receipt.one(text.encode("utf-8", "surrogatepass"))
    try:
        readings = read_code(text)
    except Mistyped:
        return
    assert all(read_code(" ".join(code_words(reading.code)))[0].code == reading.code for reading in readings)


@MANY
@given(CODES, st.integers(0, 2**32))
def test_a_code_with_a_slip_is_mistyped_or_another(code: bytes, seed: int) -> None:
    dice = random.Random(seed)
    slipped = cleaned.spliced(receipt.noisy(code, dice).encode(), dice)
    assert fault_of("receipt", slipped) == ""


# --- the cleaners ------------------------------------------------------------------------------------

TARGET_OF = {"jpg": "jpeg", "docx": "ooxml", "xlsx": "ooxml", "pptx": "ooxml", "odt": "odf", "ods": "odf", "odp": "odf"}
SMALL = [s for s in SAMPLES if TARGET_OF.get(s.ending, s.ending) in targets.CLEANERS and len(s.data) < 20_000]


@MANY
@given(st.sampled_from(SMALL), st.integers(0, 2**32))
def test_a_changed_file_breaks_no_invariant(sample: Sample, seed: int) -> None:
    dice, target = random.Random(seed), TARGET_OF.get(sample.ending, sample.ending)
    data = sample.data
    for _ in range(dice.randrange(1, 4)):
        data = targets.MODULES[target].mutate(data, dice)
    assert fault_of(target, data) == ""


@MANY
@given(st.sampled_from(SMALL), st.integers(0, 2**32), st.floats(0, 1))
def test_a_flipped_or_cut_file_breaks_no_invariant(sample: Sample, seed: int, part: float) -> None:
    data = bytearray(sample.data)
    data[seed % len(data)] ^= 1 << seed % 8
    target = TARGET_OF.get(sample.ending, sample.ending)
    assert fault_of(target, bytes(data)) == ""
    assert fault_of(target, sample.data[: int(len(sample.data) * part)]) == ""


# --- guided by coverage ------------------------------------------------------------------------------


def fuzz(target: str, seconds: int, folder: Path, seed: int = 1) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(RUN), target, str(seconds), "--seed", str(seed), "--finds", str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=seconds + 300,
    )  # fmt: skip


def search(target: str, seconds: int, folder: Path) -> str:
    """Return what went wrong, with the whole input and the traceback; nothing when nothing did."""
    done = fuzz(target, seconds, folder)
    print(*re.findall(r"^#\d+\s+DONE.*$", done.stderr, re.M))
    failing = [base64.b64encode(path.read_bytes()).decode() for path in folder.glob("failing-*")]
    if not done.returncode and not failing:
        return ""
    # atheris prints the traceback to one and libFuzzer its words to the other
    return f"{failing}\n{done.stdout[-4_000:]}\n{done.stderr[-2_000:]}"


@needs_atheris
@pytest.mark.parametrize("target", targets.TARGETS)
def test_a_short_search_finds_nothing(target: str, tmp_path: Path) -> None:
    assert search(target, PARSER_SECONDS if target in targets.PARSERS else SHORT_SECONDS, tmp_path) == ""


@needs_atheris
@pytest.mark.slow
@pytest.mark.parametrize("target", targets.TARGETS)
def test_a_long_search_finds_nothing(target: str, tmp_path: Path) -> None:
    assert search(target, LONG_PARSER_SECONDS if target in targets.PARSERS else LONG_SECONDS, tmp_path) == ""


@needs_atheris
def test_a_planted_mistake_is_found(tmp_path: Path) -> None:
    """One beginning of three bytes in 16 million: found only because coverage leads there."""
    found = search("planted", PLANTED_SECONDS, tmp_path)
    (failing,) = tmp_path.glob("failing-crash-*")
    assert failing.read_bytes()[:3] == b"K\x9d#" and str(failing) in found
    assert "the planted mistake" in found and base64.b64encode(failing.read_bytes()).decode() in found
    assert "the planted mistake" in fault_of("planted", failing.read_bytes()) and not fault_of("planted", b"K")


def test_a_form_that_the_fuzzer_cannot_read_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one read tells is compared with what many tell: an end that is cut in two must not show."""
    monkeypatch.setattr(intake, "_piece", lambda stream, held, half: stream.read(intake.READ_BYTES))
    body = in_form(encoded({}, [("a.jpg", b"x", "image/jpeg")]))
    with pytest.raises(AssertionError, match="how the stream is cut"):
        for seed in range(1, 100, 2):
            multipart.one(bytes([seed, 15, 0]) + body)


def test_a_request_is_refused_with_a_bad_request_alone() -> None:
    with pytest.raises(BadRequest):
        intake.read_form(multipart.Pieces(b"--batas", 1), b"batas", lambda typed: None)  # type: ignore[arg-type]

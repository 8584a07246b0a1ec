"""Letters: canonical JSON that names everything once and nothing that the format does not know."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace

import pytest
import vectors
from hypothesis import given, settings
from hypothesis import strategies as st
from make_vectors import seed, small_attachment, small_follow_up, small_report

from crypto import attachment, letter, row
from crypto.attachment import Attachment, parts_of
from crypto.encoding import canonical_json
from crypto.errors import BadSignature, Malformed
from crypto.letter import build_letter, check_thread, content_hash, mailbox_of, parse_letter

QUICK = settings(max_examples=60, deadline=None)
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
ATTACHMENTS = st.builds(
    lambda object_id, name, size, sha256, key, cleaned: Attachment(
        object_id, name, "image/png", size, parts_of(size), sha256, key, cleaned
    ),
    st.binary(min_size=16, max_size=16), TEXT, st.integers(0, attachment.MAX_ATTACHMENT_BYTES),
    st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), st.sampled_from(attachment.CLEANED),
)  # fmt: skip


@pytest.mark.parametrize("vector", vectors.load("letter"))
def test_vector(vector: vectors.Vector) -> None:
    with vector.outcome():
        assert build_letter(parse_letter(vector["body"])) == vector["body"]


@pytest.mark.parametrize("vector", vectors.load("letter", "mac"))
def test_vector_mac(vector: vectors.Vector) -> None:
    with vector.outcome():
        check_thread(parse_letter(vector["body"]), vector["thread"])


@QUICK
@given(st.dictionaries(TEXT, TEXT, max_size=4), st.lists(ATTACHMENTS, max_size=5), st.integers(0, 9999),
       st.lists(st.text("abc", min_size=1, max_size=5), min_size=1, max_size=8, unique=True))  # fmt: skip
def test_reports_go_there_and_back(fields: dict, files: list, day: int, readers: list) -> None:
    report = small_report(fields=fields, attachments=tuple(files), day=day, readers=tuple(readers))
    assert parse_letter(build_letter(report)) == report


def test_a_letter_has_at_most_128_fields() -> None:
    """Forty letters of 24,500 short fields took 222 MiB of memory at an import."""
    for number in (letter.MAX_FIELDS, letter.MAX_FIELDS + 1):
        data = build_letter(small_report(fields={f"{n:x}": "" for n in range(number)}))
        if number > letter.MAX_FIELDS:
            with pytest.raises(Malformed, match="129 fields"):
                parse_letter(data)
        else:
            assert len(parse_letter(data).fields) == number == 128


@QUICK
@given(TEXT, st.binary(min_size=32, max_size=32))
def test_follow_ups_go_there_and_back_with_their_mac(text: str, thread: bytes) -> None:
    made = letter.seal_thread(replace(small_follow_up(), fields={"pesan": text}), thread)
    again = parse_letter(build_letter(made))
    assert again == made
    check_thread(again, thread)


@pytest.mark.parametrize(
    "change",
    [{"fields": {"pesan": "lain"}}, {"day": 1}, {"language": "en"}, {"readers": ("kota",)}, {"mailbox": bytes(16)},
     {"object_id": b"o" * 16}, {"reply_key_hash": bytes(32)}, {"thread_mac": bytes(64)}, {"thread_mac": b""},
     {"attachments": (Attachment(bytes(16), "x", "y", 1, 1, bytes(32), bytes(32)),)}],
)  # fmt: skip
def test_the_mac_covers_every_part_of_a_follow_up(change: dict) -> None:
    check_thread(small_follow_up(), seed("thread"))
    with pytest.raises(BadSignature):
        check_thread(replace(small_follow_up(), **change), seed("thread"))


def test_the_mac_covers_the_keys_of_the_files() -> None:
    made = letter.seal_thread(replace(small_follow_up(), attachments=(small_attachment(),)), seed("thread"))
    check_thread(made, seed("thread"))
    other = replace(made, attachments=(replace(small_attachment(), key=seed("other key")),))
    with pytest.raises(BadSignature):
        check_thread(other, seed("thread"))


def test_the_mac_is_hmac_sha512_over_label_and_letter_without_it() -> None:
    value = json.loads(build_letter(small_follow_up()))
    mac = base64.b64decode(value.pop("thread_mac"))
    body = canonical_json(value, ascii_only=False)
    assert mac == hmac.digest(seed("thread"), b"senyap/v1/thread-mac\0" + body, "sha512")


def test_content_is_the_hash_of_fields_and_files_alone() -> None:
    report = small_report()
    assert replace(report, day=1, object_id=bytes(16), language="en").content == report.content
    assert replace(report, fields={**report.fields, "x": ""}).content != report.content
    assert replace(report, attachments=()).content != report.content
    again = replace(small_attachment(), key=seed("other key"), object_id=b"o" * 16)
    assert replace(report, attachments=(again,)).content == report.content, "a file sent twice has two keys"
    body = '{"fields":{"a":"é"},"files":["' + base64.b64encode(bytes(32)).decode() + '"]}'
    assert content_hash({"a": "é"}, [bytes(32)]) == hashlib.sha256(b"senyap/v1/content\0" + body.encode()).digest()


def test_content_does_not_depend_on_the_order_of_fields_but_on_that_of_files() -> None:
    assert content_hash({"a": "1", "b": "2"}, []) == content_hash({"b": "2", "a": "1"}, [])
    assert content_hash({}, [bytes(32), seed("x")]) != content_hash({}, [seed("x"), bytes(32)])


def test_a_mailbox_is_named_by_its_reply_key() -> None:
    key = small_report().reply_key
    assert mailbox_of(key) == hashlib.sha256(b"senyap/v1/mailbox\0" + key).digest()[:16]


def test_a_letter_that_fits_no_row_is_refused() -> None:
    room = row.MAX_DATA_BYTES - len(build_letter(small_report(fields={"uraian": ""})))
    assert len(build_letter(small_report(fields={"uraian": "x" * room}))) == row.MAX_DATA_BYTES
    with pytest.raises(Malformed):
        build_letter(small_report(fields={"uraian": "x" * (room + 1)}))


def test_names_are_kept_as_data_whatever_they_say() -> None:
    for name in ("../../etc/passwd", "/a", "a\0b", "con", "‮gnp.exe", "a" * 2000):
        files = (replace(small_report().attachments[0], name=name),)
        assert parse_letter(build_letter(small_report(attachments=files))).attachments[0].name == name


def test_a_letter_and_a_refusal_show_nothing_of_a_report() -> None:
    report = small_report()
    shown = repr(report) + repr(report.attachments)
    for secret in (
        "Jalan",
        "tunai",
        "foto",
        "redup",
        repr(report.mailbox),
        repr(report.thread_key),
        repr(report.claim),
        repr(report.attachments[0].key),
    ):
        assert secret not in shown
    data = build_letter(report)
    for wrong in (data.replace(b'"day":315', b'"day":1.5'), data[:-1], data.replace(b"Jalan", b"Julan")):
        with pytest.raises(Malformed) as caught:
            parse_letter(wrong)
        assert not [s for s in ("Jalan", "Julan", "tunai", "foto") if s in str(caught.value)]
        assert caught.value.__cause__ is None

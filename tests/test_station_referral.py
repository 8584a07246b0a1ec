"""A case goes to another unit: what may leave, by whom, as what rows; and what comes back."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest_station import Reporter, attach, sit, weak, words_of, world  # noqa: F401
from units import K1, K2, ONE, TEXT, THREE, TWO, Unit, approve, draft, propose, refer, sections, take_report, unit

from crypto import forwarded, mailbox
from crypto.attachment import PART_BYTES
from crypto.encoding import today
from crypto.errors import BadSignature
from crypto.forwarded import Forwarded, ReferralStatus, parse_signed
from crypto.row import ROW_BYTES, Kind, Record, Waiting, open_row
from crypto.signing import SigningKey
from station import audit, backup, casework, halts, referral, referral_rows, referrals, retention
from station.attachments import files_of, read_file, save_files
from station.cases import list_cases, show_case
from station.desk import open_desk
from station.errors import Refused
from station.inbox import Imported
from station.notes import notes_of
from station.outbox import count_unserved
from station.referral_rows import draw_rows
from station.referral_tables import parcel_files, parcel_rows, parcels, referral_news, referred_cases
from station.referral_tables import referrals as referral_table
from station.rekey import rekey
from station.statements import state_conflict
from station.tables import cases, letters, messages

F = 3  # of the small deployment


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[Unit]:
    with unit(tmp_path, "sumsel", ONE, TWO) as found:
        yield found


@pytest.fixture
def kpk(tmp_path: Path) -> Iterator[Unit]:
    with unit(tmp_path, "kpk", K1) as found:
        yield found


@pytest.fixture
def reporter() -> Reporter:
    return Reporter()


def only(origin: Unit) -> referrals.Referral:
    (found,) = origin.referrals()
    return found


def opened(rows: list[bytes], to: Unit) -> list[Record]:
    """Return what a unit can open of rows of an outbox."""
    found = []
    for row in rows:
        keys = to.desk.opening_keys(world().epoch)
        try:
            record = open_row(row, list(keys.values()))
        except Exception:
            continue
        assert not isinstance(record, Waiting)
        found.append(record)
    return [record for record in found if record.kind is not Kind.COVER]


def told(unit_: Unit) -> ReferralStatus:
    (row,) = unit_.rows(referral_news)
    found = forwarded.parse_body(row.body)
    assert isinstance(found, ReferralStatus)
    return found


# --- what may leave ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "changes", "match"),
    [
        ({}, {"reason": " "}, "alasan"),
        ({}, {"fields": {}}, "pilih dulu apa"),
        ({}, {"fields": {"uraian": "  "}}, "kosong"),
        ({}, {"fields": {"terlapor": "x"}}, "bukan dari laporan ini"),
        ({}, {"messages": {99: "x"}}, "bukan dari perkara ini"),
        ({}, {"files": [99]}, "belum lengkap"),
        ({}, {"recipient": "sumsel"}, "tidak dapat membaca"),
        ({}, {"recipient": "nowhere"}, "pilih dulu penerimanya"),
        ({}, {"ground": "nasib"}, "pilih dulu dasar"),
        ({}, {"fields": {"uraian": "x" * 241_000}}, "terlalu panjang"),
        (
            {},
            {"fields": {"uraian": "Uang hilang.\U000e0042\U000e0075"}},
            "tidak terlihat di: Ceritakan apa yang terjadi",
        ),
        ({}, {"reason": "wewenang \u202eKPK"}, "tidak terlihat di: alasan"),
        ({}, {"ground": "hukum", "basis": "Pasal\u200b 1"}, "tidak terlihat di: dasar"),
        ({"izin_teruskan": "tanya"}, {}, "ingin ditanya dulu"),
        ({"izin_teruskan": ""}, {}, "ingin ditanya dulu"),
        ({"izin_teruskan": "tanya"}, {"ground": "hukum"}, "dengan kata-kata"),
        ({"izin_teruskan": "tanya"}, {"ground": "jawaban", "basis": "boleh"}, "belum menulis apa pun"),
        ({"izin_teruskan": "jangan"}, {}, "tidak mengizinkan"),
        ({"jangan_dibuka": "kpk"}, {}, "tidak boleh membuka"),
        ({"jangan_dibuka": "kpk"}, {"ground": "hukum", "basis": "Pasal 1"}, "tidak boleh membuka"),
        ({"wilayah": "palembang", "jenjang_terlapor": "bupati"}, {"recipient": "palembang"}, "tidak boleh membuka"),
    ],
)
def test_what_may_not_leave_is_refused_and_nothing_is_kept(
    origin: Unit, reporter: Reporter, fields: dict[str, str], changes: dict[str, Any], match: str
) -> None:
    take_report(origin, reporter, **fields)
    with pytest.raises(Refused, match=match):
        propose(origin, **changes)
    assert not origin.rows(parcels) and not origin.rows(referral_table)
    with origin.desk.vault.begin() as transaction:
        assert casework.waiting(transaction, 1) is None


def test_a_wish_of_any_report_of_a_case_binds(origin: Unit, reporter: Reporter) -> None:
    take_report(origin, reporter)
    later = reporter.report("lagi", fields={"uraian": "lagi", "izin_teruskan": "jangan", "jangan_dibuka": "kpk"})
    origin.import_rows(world().letter_row(later))
    limits = origin.do(referral.limits_of, 1)
    assert limits.consent == "jangan" and limits.barred >= {"kpk"}


def test_an_answer_or_a_law_in_words_stands_where_the_wish_says_ask(
    origin: Unit, kpk: Unit, reporter: Reporter
) -> None:
    take_report(origin, reporter, izin_teruskan="tanya")
    origin.import_rows(world().letter_row(reporter.follow_up("Ya, teruskan saja.")))
    propose(origin, ground="jawaban", basis="Surat pelapor hari ini: ya, teruskan saja.")
    with origin.desk.vault.begin() as transaction:
        waiting = casework.waiting(transaction, 1)
    assert waiting is not None and "ya, teruskan saja" in waiting.wish.note and "jawaban pelapor" in waiting.wish.note
    approve(origin)
    (record,) = opened(origin.outbox(), kpk)
    passed = parse_signed(record.data).passed
    assert isinstance(passed, Forwarded)
    assert (passed.consent, passed.ground) == ("tanya", "jawaban") and "teruskan saja" in passed.basis


def test_one_person_proposes_and_another_approves_what_that_person_has_read(origin: Unit, reporter: Reporter) -> None:
    take_report(origin, reporter)
    with pytest.raises(Refused, match="tidak berwenang"):
        propose(origin, by=ONE)
    propose(origin)
    assert not only(origin).approved and not origin.rows(parcel_rows)
    for by, digest, match in ((THREE, "00", "bukan lagi"), (TWO, None, "sendiri"), (ONE, None, "tidak berwenang")):
        with pytest.raises(Refused, match=match):
            approve(origin, by=by, digest=digest)
    with pytest.raises(Refused, match="sudah menunggu"):
        propose(origin)
    approve(origin)
    with origin.desk.vault.begin() as transaction:
        (*_, step) = casework.steps_of(transaction, 1)
        deeds = [(e.who, e.deed) for e in audit.entries(transaction)]
    assert (step.target, step.detail, step.by, step.approved) == ("referred", "kpk", TWO, THREE)
    assert (THREE, "referred") in deeds and (TWO, "proposed") in deeds


def test_a_proposal_that_is_dropped_leaves_nothing_behind(origin: Unit, reporter: Reporter) -> None:
    take_report(origin, reporter)
    propose(origin)
    origin.do(casework.drop_proposal, 1, THREE, "belum", day=today())
    assert not origin.rows(parcels) and not origin.rows(referral_table)
    assert len(origin.outbox()) == F and origin.referrals() == ()


def test_a_letter_that_comes_before_the_approval_stops_it(origin: Unit, reporter: Reporter) -> None:
    take_report(origin, reporter)
    propose(origin)
    origin.import_rows(world().letter_row(reporter.follow_up("Jangan diteruskan.")))
    with pytest.raises(Refused, match="menulis lagi"):
        approve(origin)
    with pytest.raises(Refused, match="menulis lagi"):
        origin.do(casework.approve, 1, THREE, day=today())
    assert not origin.rows(parcel_rows)


def test_a_letter_that_comes_after_the_approval_and_before_the_outbox_holds_it_back(
    origin: Unit, kpk: Unit, reporter: Reporter
) -> None:
    """The courier brings the letter and takes the outbox in one visit: nobody could read it in between."""
    take_report(origin, reporter)
    refer(origin)
    origin.import_rows(world().letter_row(reporter.follow_up("Jangan diteruskan.")))
    rows = origin.outbox()
    assert len(rows) == F and not opened(rows, kpk) and only(origin).approved[0].overtaken
    origin.do(referral.send_again, 1, only(origin).id, by=TWO, day=today())
    assert not opened(origin.outbox(), kpk), "one person does not let it go"
    origin.do(halts.withdraw, 1, only(origin).approved[0].id, by=TWO, day=today())
    assert not origin.rows(parcels) and not origin.rows(parcel_rows) and origin.referrals() == ()
    refer(origin)
    assert len(opened(origin.outbox(), kpk)) == 1, "put together anew, with the letter read"


def many_rows(origin: Unit, reporter: Reporter, **fields: str) -> None:
    """Refer a case with a file: 6 rows, of which an outbox takes 3."""
    data = os.urandom(4 * PART_BYTES + 1)
    file = attach(data)
    take_report(origin, reporter, *world().part_rows(file, data), files=[file], **fields)
    refer(origin, files=[1])


def deeds(origin: Unit) -> list[tuple[str, str, int, str]]:
    with origin.desk.vault.begin() as transaction:
        return [(e.who, e.deed, e.case, e.detail) for e in audit.entries(transaction)]


@pytest.mark.parametrize("writes", [True, False], ids=["the reporter writes", "control: nobody writes"])
def test_what_has_not_left_when_the_reporter_writes_waits_until_two_people_have_read_it(
    origin: Unit, kpk: Unit, reporter: Reporter, writes: bool
) -> None:
    many_rows(origin, reporter)
    first = origin.outbox()
    origin.import_rows(*([world().letter_row(reporter.follow_up("Jangan diteruskan."))] if writes else []))
    second = origin.outbox()
    assert [len(opened(rows, kpk)) for rows in (first, second)] == [F, 0 if writes else F]
    parcel = only(origin).approved[0]
    assert (parcel.rows, parcel.left, parcel.overtaken) == (6, 3 if writes else 6, writes)
    halt = ("-", "halted", 1, f"{only(origin).name} kpk")
    assert deeds(origin).count(halt) == writes
    kpk.import_rows(*first, *second)
    with kpk.desk.vault.begin() as transaction:
        assert [f.state.name for f in files_of(transaction, 1)] == ["WAITING" if writes else "WHOLE"]
    origin.import_rows()
    assert deeds(origin).count(halt) == writes, "it is noted once"


def test_a_row_whose_outbox_may_be_lost_waits_too(origin: Unit, kpk: Unit, reporter: Reporter) -> None:
    take_report(origin, reporter)
    refer(origin)
    assert len(opened(origin.outbox(), kpk)) == 1
    origin.import_rows(world().letter_row(reporter.follow_up("Satu lagi.")), applied=False)
    assert not opened(origin.outbox(), kpk) and only(origin).approved[0].overtaken


def test_what_the_drop_box_has_is_not_stopped_by_a_letter(origin: Unit, kpk: Unit, reporter: Reporter) -> None:
    take_report(origin, reporter)
    refer(origin)
    origin.outbox()
    origin.import_rows(world().letter_row(reporter.follow_up("Satu lagi.")))
    assert not only(origin).approved[0].overtaken and "halted" not in [d[1] for d in deeds(origin)]
    with pytest.raises(Refused, match="sudah diambil"):
        origin.do(halts.withdraw, 1, only(origin).approved[0].id, by=TWO, day=today())
    origin.do(referral.send_again, 1, only(origin).id, by=TWO, day=today())
    assert not opened(origin.outbox(), kpk), "the letter came since two people let it go"


@pytest.mark.parametrize("writes", [True, False], ids=["after a letter", "without one"])
def test_the_rest_of_a_parcel_is_taken_back_for_good(origin: Unit, kpk: Unit, reporter: Reporter, writes: bool) -> None:
    many_rows(origin, reporter)
    first = origin.outbox()
    origin.import_rows(*([world().letter_row(reporter.follow_up("Jangan diteruskan."))] if writes else []))
    number = only(origin).approved[0].id
    origin.do(halts.withdraw, 1, number, by=TWO, day=today())
    parcel = only(origin).approved[0]
    assert (parcel.stopped, parcel.left, parcel.rows, parcel.is_on_its_way) == (True, 3, 6, False)
    assert deeds(origin)[-1] == (TWO, "dropped", 1, f"referred {only(origin).name}")
    for work, rest, match in (
        (referral.send_again, {"by": TWO}, "sudah ditarik"),
        (halts.withdraw, {"by": TWO}, "sudah ditarik"),
        (halts.go_on, {"pair": (TWO, THREE), "read": 2}, "sudah ditarik"),
    ):
        with pytest.raises(Refused, match=match):
            origin.do(work, 1, only(origin).id if work is referral.send_again else number, day=today(), **rest)
    rows = origin.outbox()
    assert len(rows) == F and not opened(rows, kpk)
    kpk.import_rows(*first, *rows)
    with kpk.desk.vault.begin() as transaction:
        (file,) = files_of(transaction, 1)
        with pytest.raises(Refused, match="belum lengkap"):
            read_file(transaction, file)
    origin.import_rows()
    refer(origin)
    assert len(opened(origin.outbox(), kpk)) == 1, "another parcel may follow"


def newest(at: Unit) -> int:
    """The number of the first case's newest letter."""
    with at.desk.vault.begin() as transaction:
        return referrals.last_letter(transaction, 1)


@pytest.mark.parametrize("late", [True, False], ids=["after the page was opened", "control: before"])
def test_a_letter_that_nobody_has_read_lets_nothing_go_on(
    origin: Unit, kpk: Unit, reporter: Reporter, late: bool
) -> None:
    many_rows(origin, reporter)
    origin.outbox()
    origin.import_rows(world().letter_row(reporter.follow_up("Silakan.")))
    read, number = newest(origin), only(origin).approved[0].id
    origin.import_rows(world().letter_row(reporter.follow_up("Jangan diteruskan!")))
    if late:
        with pytest.raises(Refused, match="sejak halaman ini dibuka"):
            origin.do(halts.go_on, 1, number, (TWO, THREE), read, day=today())
    else:
        origin.do(halts.go_on, 1, number, (TWO, THREE), newest(origin), day=today())
    assert only(origin).approved[0].overtaken is late and len(opened(origin.outbox(), kpk)) == (0 if late else F)


@pytest.mark.parametrize(
    ("pair", "match"),
    [
        ((TWO, TWO), "dua orang"),
        ((ONE, THREE), "yang melanjutkan"),
        ((TWO, ONE), "yang melanjutkan"),
        ((TWO, THREE), ""),
    ],
    ids=["one alone", "the first may not", "the second may not", "control: both may"],
)
def test_two_people_who_could_refer_a_case_let_the_rest_go(
    origin: Unit, kpk: Unit, reporter: Reporter, pair: tuple[str, str], match: str
) -> None:
    many_rows(origin, reporter)
    origin.outbox()
    number = only(origin).approved[0].id
    with pytest.raises(Refused, match="tidak tertahan"):
        origin.do(halts.go_on, 1, number, (TWO, THREE), newest(origin), day=today())
    origin.import_rows(world().letter_row(reporter.follow_up("Silakan.")))
    if match:
        with pytest.raises(Refused, match=match):
            origin.do(halts.go_on, 1, number, pair, newest(origin), day=today())
    else:
        origin.do(halts.go_on, 1, number, pair, newest(origin), day=today())
        assert deeds(origin)[-1] == ("+".join(pair), "resumed", 1, only(origin).name)
    assert len(opened(origin.outbox(), kpk)) == (0 if match else F)


def test_somebody_with_a_conflict_lets_nothing_go_on(origin: Unit, reporter: Reporter) -> None:
    many_rows(origin, reporter)
    origin.outbox()
    origin.import_rows(world().letter_row(reporter.follow_up("Silakan.")))
    origin.do(state_conflict, 1, THREE, conflict=True, day=today())
    with pytest.raises(Refused, match="benturan"):
        origin.do(halts.go_on, 1, only(origin).approved[0].id, (TWO, THREE), newest(origin), day=today())


@pytest.mark.parametrize(
    ("before", "draft", "since", "match"),
    [
        ("boleh", {}, {"izin_teruskan": "jangan"}, "mengubah keinginannya"),
        ("boleh", {}, {"izin_teruskan": "tanya"}, "mengubah keinginannya"),
        ("boleh", {}, {"izin_teruskan": "boleh", "jangan_dibuka": "kpk"}, "tidak boleh membuka"),
        ("boleh", {"ground": "hukum", "basis": "Pasal 1"}, {"jangan_dibuka": "kpk"}, "tidak boleh membuka"),
        ("boleh", {"ground": "hukum", "basis": "Pasal 1"}, {"izin_teruskan": "jangan"}, ""),
        ("boleh", {}, {"izin_teruskan": "boleh"}, ""),
    ],
    ids=["no", "ask me", "barred", "barred in spite of a law", "control: a law", "control: the same wish"],
)
def test_a_wish_that_a_later_report_takes_back_stops_the_rest_whatever_two_people_say(
    origin: Unit, reporter: Reporter, before: str, draft: dict[str, Any], since: dict[str, str], match: str
) -> None:
    data = os.urandom(4 * PART_BYTES + 1)
    file = attach(data)
    take_report(origin, reporter, *world().part_rows(file, data), files=[file], izin_teruskan=before)
    refer(origin, files=[1], **draft)
    origin.outbox()
    origin.import_rows(world().letter_row(reporter.report("lagi", fields={"uraian": "lagi"} | since)))
    number = only(origin).approved[0].id
    assert only(origin).approved[0].overtaken
    if match:
        with pytest.raises(Refused, match=match):
            origin.do(halts.go_on, 1, number, (TWO, THREE), newest(origin), day=today())
    else:
        origin.do(halts.go_on, 1, number, (TWO, THREE), newest(origin), day=today())
    assert only(origin).approved[0].overtaken is bool(match)


def test_no_step_refers_a_case_without_saying_what_leaves(origin: Unit, reporter: Reporter) -> None:
    take_report(origin, reporter)
    with pytest.raises(Refused, match="halaman Pelimpahan"):
        origin.take("referred", TWO, detail="kpk", note="wewenang")


def test_a_recipient_without_keys_gets_a_printed_letter_and_no_row(origin: Unit, kpk: Unit, reporter: Reporter) -> None:
    take_report(origin, reporter)
    refer(origin, recipient="polri")
    assert not only(origin).sealed and not origin.rows(parcel_rows)
    assert len(origin.outbox()) == F


# --- as what rows --------------------------------------------------------------------------------------


def test_a_case_arrives_with_its_origin_and_without_anything_of_the_mailbox(
    origin: Unit, kpk: Unit, reporter: Reporter
) -> None:
    data = os.urandom(PART_BYTES + 10)
    file = attach(data, "foto Budi.pdf")
    take_report(origin, reporter, *world().part_rows(file, data), files=[file])
    origin.import_rows(world().letter_row(reporter.follow_up("Saksinya Budi dan Ani.")))
    origin.do(casework.answer, 1, "Kapan itu?", by=ONE, day=today())
    said = [row.id for row in origin.rows(messages)]
    texts = dict(zip(said, ("Ada saksi.", "Kapan itu?"), strict=True))
    refer(origin, fields={"uraian": "Kepala dinas meminta uang.", "kategori": "suap"}, messages=texts, files=[1])
    rows = origin.outbox()
    (letter,) = [r for r in opened(rows, kpk) if r.kind is Kind.FORWARDED]
    case = origin.rows(cases)[0]
    for secret in (case.mailbox, case.reply_key, case.thread_key, case.claim, file.object_id, file.key):
        assert forwarded.b64(secret).encode() not in letter.data and secret not in letter.data
    for word in (b"Budi", case.mailbox_name.encode(), TEXT.encode(), b"mengalami"):
        assert word not in letter.data
    found = kpk.import_rows(*rows)
    assert (found.forwarded, found.new, found.alarms, found.incomplete) == (1, 0, (), 0)
    with kpk.desk.vault.begin() as transaction:
        shown, (line,) = show_case(transaction, "K-0001"), list_cases(transaction, kpk.desk.home)
        first = referrals.origin_of(transaction, 1)
        (note,) = notes_of(transaction, 1)
        (saved,) = save_files(transaction, 1, kpk.out / "berkas")
    assert shown.fields == {"uraian": "Kepala dinas meminta uang.", "kategori": "suap"} and line.lead
    assert [m.text for m in shown.messages] == ["Ada saksi."] and "Kapan itu?" in note.text
    assert [f.name for f in shown.attachments] == ["lampiran-1.pdf"]
    assert saved.read_bytes() == data
    assert first is not None and first.origin == "sumsel" and first.reference == only(origin).reference


def test_what_was_cleaned_is_what_leaves(origin: Unit, kpk: Unit, reporter: Reporter) -> None:
    class Washed:
        data, words, ending = b"bersih", "Dibersihkan: 3 keterangan tersembunyi dihapus.", "png"

    file = attach(b"kotor", "a.jpg")
    take_report(origin, reporter, *world().part_rows(file, b"kotor"), files=[file])
    refer(origin, files=[1], cleaner=lambda data, kind: Washed)
    (parcel,) = only(origin).parcels
    assert parcel.washed == (Washed.words,) and parcel.forwarded.attachments[0].name == "lampiran-1.png"
    kpk.import_rows(*origin.outbox())
    with kpk.desk.vault.begin() as transaction:
        (found,) = files_of(transaction, 1)
    assert found.sha256 == hashlib.sha256(b"bersih").digest() and found.cleaned == "cleaned"


def test_many_rows_leave_in_several_outboxes_and_the_number_in_each_is_the_same(
    origin: Unit, kpk: Unit, reporter: Reporter
) -> None:
    data = os.urandom(3 * PART_BYTES + 1)
    file = attach(data)
    take_report(origin, reporter, *world().part_rows(file, data), files=[file])
    refer(origin, files=[1])
    first = origin.outbox()
    origin.import_rows()
    second = origin.outbox()
    assert len(first) == len(second) == F
    assert [len(opened(rows, kpk)) for rows in (first, second)] == [3, 2]
    assert kpk.import_rows(*second).incomplete == 0, "parts wait for what names them"
    assert kpk.import_rows(*first).incomplete == 0
    with kpk.desk.vault.begin() as transaction:
        assert [f.state.name for f in files_of(transaction, 1)] == ["WHOLE"]
    origin.import_rows()
    assert not opened(origin.outbox(), kpk)
    parcel = only(origin).parcels[0]
    assert (parcel.rows, parcel.left, parcel.arrived) == (5, 5, 5)


def test_rows_of_an_outbox_that_never_arrived_go_again_sealed_anew_and_are_taken_once(
    origin: Unit, kpk: Unit, reporter: Reporter
) -> None:
    take_report(origin, reporter)
    refer(origin)
    lost = origin.outbox()
    origin.import_rows(applied=False)
    again = origin.outbox()
    assert len(opened(again, kpk)) == 1 and not set(lost) & set(again), "the same bytes twice would be no cover"
    assert kpk.import_rows(*again).forwarded == 1
    late = kpk.import_rows(*lost)
    assert (late.forwarded, late.repeated, late.alarms) == (0, 1, ()) and len(kpk.rows(cases)) == 1
    origin.import_rows()
    assert not opened(origin.outbox(), kpk)


def test_rows_are_sent_again_by_hand_when_no_word_came_back(origin: Unit, kpk: Unit, reporter: Reporter) -> None:
    take_report(origin, reporter)
    refer(origin)
    origin.outbox()
    origin.import_rows()
    assert not opened(origin.outbox(), kpk) and not only(origin).is_received
    origin.do(referral.send_again, 1, only(origin).id, by=TWO, day=today())
    assert len(opened(origin.outbox(), kpk)) == 1
    with pytest.raises(Refused, match="tidak ada"):
        origin.do(referral.send_again, 1, 99, by=TWO, day=today())


def test_a_unit_without_keys_of_this_week_waits_and_the_outbox_leaves(
    origin: Unit, reporter: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_report(origin, reporter)
    refer(origin)
    real = type(origin.desk.home.key_table()).readers

    def lapsed(table: Any, groups: Any, epoch: int) -> Any:
        from keys.errors import Expired

        if list(groups) == ["kpk"]:
            raise Expired("no key")
        return real(table, groups, epoch)

    monkeypatch.setattr("keys.batch.KeyTable.readers", lapsed)
    monkeypatch.setattr("keys.batch.KeyTable.draw_cover", lambda *_: os.urandom(ROW_BYTES))
    assert len(origin.outbox()) == F and only(origin).parcels[0].left == 0


def test_an_outbox_with_referrals_looks_to_the_drop_box_like_one_without(
    origin: Unit, kpk: Unit, reporter: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not sealed is the same in every row: sizes, counts, prefix. The control would show one row more."""
    take_report(origin, reporter)
    without = sections(_made(origin))
    refer(origin)
    with_one = sections(_made(origin))

    def seen(found: dict[str, list[bytes]]) -> Any:
        return {kind: [(len(r), r[:32] if kind == "row" else b"") for r in rs] for kind, rs in found.items()}

    assert seen(without) == seen(with_one)
    assert [len(opened(x["row"], kpk)) for x in (without, with_one)] == [0, 1]
    monkeypatch.setattr("station.outbox._join", lambda passed, cover: [*passed, *cover])
    origin.do(referral.send_again, 1, only(origin).id, by=TWO, day=today())
    assert seen(sections(_made(origin))) != seen(without), "a row more than cover leaves room for is seen"


def test_the_place_of_a_row_in_an_outbox_says_nothing(origin: Unit, kpk: Unit, reporter: Reporter) -> None:
    take_report(origin, reporter)
    refer(origin)
    places = set()
    for _ in range(40):
        rows = origin.outbox()
        places |= {n for n, row in enumerate(rows) if opened([row], kpk)}
        if len(places) == F:
            break
    assert places == set(range(F)), "unless the lot is against it 40 times: one run in ten million"


def _made(origin: Unit) -> Path:
    origin.outbox()
    assert origin.last is not None
    return origin.last


# --- what comes back -----------------------------------------------------------------------------------


@pytest.fixture
def referred(origin: Unit, kpk: Unit, reporter: Reporter) -> None:
    """A case that KPK has."""
    take_report(origin, reporter)
    refer(origin)
    kpk.import_rows(*origin.outbox())


@pytest.mark.usefixtures("referred")
def test_a_referred_case_has_no_mailbox_at_its_recipient(kpk: Unit) -> None:
    row = kpk.rows(cases)[0]
    assert kpk.do(casework.leads, 1) and count_unserved(kpk.desk) == 0
    kpk.outbox()
    places = {record[:16] for record in sections(kpk.made[-1])["mailbox"]}
    assert len(places) == world().roster.sizes.mailboxes
    assert mailbox.place(row.mailbox, "kpk", 1) not in places


@pytest.mark.usefixtures("referred")
def test_where_a_case_stands_and_a_message_come_back_and_reach_the_reporter_as_the_origin_decides(
    origin: Unit, kpk: Unit
) -> None:
    assert not only(origin).is_received
    origin.import_rows(*kpk.outbox())
    assert only(origin).is_received and told(origin).status == "received"
    kpk.import_rows()
    assert not opened(kpk.outbox(), origin), "what was heard is not said again"
    kpk.take("screening", K1)
    kpk.take("review", K1)
    kpk.do(casework.answer, 1, "Kami sedang menelaah.", by=K1, day=today())
    assert origin.import_rows(*kpk.outbox()).forwarded == 1
    news = told(origin)
    assert (news.status, [m.text for m in news.messages]) == ("review", ["Kami sedang menelaah."])
    with origin.desk.vault.begin() as transaction:
        assert casework.facts_of(transaction, 1).status == "referred"
        assert not transaction.execute(sa.select(messages).where(messages.c.sender == "sumsel")).all(), (
            "nothing by itself"
        )
        assert "heard" in {e.deed for e in audit.entries(transaction)}


@pytest.mark.usefixtures("referred")
def test_a_status_whose_outbox_was_lost_is_told_again(origin: Unit, kpk: Unit) -> None:
    kpk.outbox()
    kpk.import_rows(applied=False)
    assert origin.import_rows(*kpk.outbox()).forwarded == 1
    kpk.import_rows()
    assert not opened(kpk.outbox(), origin)


@pytest.mark.usefixtures("referred")
def test_what_the_reporter_writes_later_follows_by_the_same_two_persons(
    origin: Unit, kpk: Unit, reporter: Reporter
) -> None:
    origin.import_rows(*kpk.outbox(), world().letter_row(reporter.follow_up("Ada rekaman.")))
    (row,) = origin.rows(messages)
    refer(origin, fields={}, messages={row.id: row.text}, reason="Susulan.")
    assert len(origin.referrals()) == 1 and not only(origin).is_received
    kpk.take("screening", K1)
    kpk.take("need_info", K1, text="Apakah ada bukti?")
    kpk.import_rows(*origin.outbox())
    assert len(kpk.rows(cases)) == 1 and [m.text for m in kpk.rows(messages)] == ["Apakah ada bukti?", "Ada rekaman."]
    assert kpk.do(lambda t, _h: casework.facts_of(t, 1)).status == "screening", "a letter ends the wait"
    origin.import_rows(*kpk.outbox())
    assert only(origin).is_received and told(origin).received == 2


@pytest.mark.usefixtures("referred")
def test_a_recipient_does_not_close_a_case_for_a_silence_that_it_cannot_see(kpk: Unit) -> None:
    """Its question is an offer to the unit of origin: perhaps nobody has asked the reporter."""
    kpk.take("screening", K1)
    kpk.take("need_info", K1, text="Kapan itu?")
    wish = casework.Wish("closed_not_actionable", K1, "info_tidak_cukup", "Kami tidak dapat melanjutkan.")
    with pytest.raises(Refused, match="unit asal"):
        kpk.do(casework.take, 1, wish, day=today() + 365)


@pytest.mark.usefixtures("referred")
def test_a_recipient_does_not_pass_a_case_on(kpk: Unit) -> None:
    kpk.take("screening", K1)
    with pytest.raises(Refused, match="hanya unit asal"):
        kpk.do(referral.propose, 1, draft(recipient="polri"), by=K1, day=today())


# --- attacks -------------------------------------------------------------------------------------------


def passed_on(**changes: Any) -> Forwarded:
    values: dict[str, Any] = {
        "object_id": os.urandom(16), "deployment": world().roster.deployment, "origin": "sumsel", "recipient": "kpk",
        "reference": os.urandom(16), "day": today(), "arrived": today(), "language": "id",
        "fields": {"uraian": "karangan"}, "said": (), "attachments": (), "consent": "boleh", "ground": "izin",
        "basis": "", "reason": "x",
    }  # fmt: skip
    return Forwarded(**(values | changes))


def sealed(passed: Any, key: SigningKey, to: str = "kpk", **changes: Any) -> bytes:
    data = forwarded.sign_body(forwarded.build_body(passed), key)
    values: dict[str, Any] = {
        "kind": Kind.FORWARDED,
        "object_id": passed.object_id,
        "part": 0,
        "parts": 1,
        "data": data,
    }
    return world().seal(Record(**(values | changes)), [to])


@pytest.mark.parametrize(
    ("changes", "signer", "outcome"),
    [
        ({}, "sumsel", "taken"),  # the control
        ({}, "a stranger", "mungkin palsu"),
        ({}, "the drop box", "mungkin palsu"),
        ({}, "kpk", "mungkin palsu"),
        ({"origin": "palembang"}, "sumsel", "mungkin palsu"),
        ({"origin": "nowhere"}, "sumsel", "mungkin palsu"),
        ({"origin": "kpk"}, "kpk", "menyebut unit ini sebagai asalnya"),
        ({"recipient": "palembang"}, "sumsel", "unit atau lembaga lain"),
        ({"deployment": "demo-other"}, "sumsel", "unit atau lembaga lain"),
    ],
)
def test_a_forged_or_misdirected_forward_makes_no_case(
    origin: Unit, kpk: Unit, changes: dict[str, Any], signer: str, outcome: str
) -> None:
    keys = {"sumsel": origin.desk.signing, "kpk": kpk.desk.signing, "the drop box": world().server,
            "a stranger": SigningKey.generate()}  # fmt: skip
    found = kpk.import_rows(sealed(passed_on(**changes), keys[signer]))
    if outcome == "taken":
        assert found.forwarded == 1 and not found.alarms
    else:
        assert found.forwarded == 0 and outcome in found.alarms[0] and not kpk.rows(cases)


def test_without_the_check_of_the_signer_a_forgery_would_make_a_case(
    kpk: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crypto.forwarded.Signed.signer", lambda *_: "sumsel")
    assert kpk.import_rows(sealed(passed_on(), SigningKey.generate())).forwarded == 1


@pytest.mark.parametrize("changes", [{"part": 0, "parts": 2}, {"part": 1, "parts": 2}, {"object_id": bytes(16)}])
def test_a_row_that_is_not_the_one_it_names_is_quarantined(origin: Unit, kpk: Unit, changes: dict[str, Any]) -> None:
    found = kpk.import_rows(sealed(passed_on(), origin.desk.signing, **changes))
    assert found.forwarded == 0 and "1 baris rusak" in found.alarms[0] and not kpk.rows(cases)


@pytest.mark.usefixtures("referred")
def test_an_old_status_after_a_newer_one_changes_nothing(origin: Unit, kpk: Unit) -> None:
    old = kpk.outbox()
    kpk.take("screening", K1)
    kpk.import_rows(applied=False)
    new = kpk.outbox()
    assert origin.import_rows(*new).forwarded == 1
    late = origin.import_rows(*old)
    assert (late.forwarded, late.alarms) == (0, ()) and told(origin).status == "screening"
    status = opened(old, origin)[0]
    again = world().seal(status, ["sumsel"])
    assert origin.import_rows(again).forwarded == 0 and told(origin).status == "screening"


@pytest.mark.usefixtures("referred")
def test_a_word_on_a_case_that_is_gone_here_is_no_alarm_and_keeps_nothing(origin: Unit, kpk: Unit) -> None:
    """The control: the same of a referral that never was is one (the next test)."""
    kpk.take("screening", K1)
    with origin.desk.vault.begin() as transaction:
        retention._remove(transaction, 1, today())
    found = origin.import_rows(*kpk.outbox())
    assert (found.forwarded, found.alarms, origin.rows(referral_news)) == (0, (), [])


@pytest.mark.usefixtures("referred")
def test_a_station_tells_only_of_what_was_passed_on_to_its_own_unit(origin: Unit, kpk: Unit, tmp_path: Path) -> None:
    (record,) = opened(kpk.outbox(), origin)
    status = parse_signed(record.data).passed
    assert isinstance(status, ReferralStatus)
    with unit(tmp_path, "palembang", "palembang-1") as other:
        for forged, key in (
            (replace(status, origin="palembang", status="closed_done"), other.desk.signing),
            (replace(status, status="closed_done"), other.desk.signing),
            (replace(status, reference=os.urandom(16)), kpk.desk.signing),
        ):
            found = origin.import_rows(sealed(forged, key, to="sumsel"))
            assert found.forwarded == 0 and "tidak diterima" in found.alarms[0]
    assert not origin.rows(referral_news)


def test_two_units_that_claim_one_reference_have_two_cases(origin: Unit, kpk: Unit, tmp_path: Path) -> None:
    ours = passed_on()
    with unit(tmp_path, "palembang", "palembang-1") as other:
        theirs = replace(ours, origin="palembang", object_id=os.urandom(16), fields={"uraian": "lain"})
        kpk.import_rows(sealed(ours, origin.desk.signing), sealed(theirs, other.desk.signing))
    assert [(r.case_id, r.origin) for r in kpk.rows(referred_cases)] == [(1, "sumsel"), (2, "palembang")]
    assert len(kpk.rows(letters)) == 2


def test_parts_that_are_cut_or_altered_leave_a_file_damaged_or_waiting(
    origin: Unit, kpk: Unit, reporter: Reporter
) -> None:
    data = os.urandom(PART_BYTES + 1)
    file = attach(data)
    take_report(origin, reporter, *world().part_rows(file, data), files=[file])
    refer(origin, files=[1])
    records = opened(origin.outbox(), kpk)
    parts = [r for r in records if r.kind is Kind.ATTACHMENT]
    (letter,) = [r for r in records if r.kind is Kind.FORWARDED]
    assert kpk.import_rows(*(world().seal(r, ["kpk"]) for r in (letter, parts[0]))).incomplete == 1
    cut = replace(parts[1], data=parts[1].data[:-1])
    assert "bukan yang disebut suratnya" in kpk.import_rows(world().seal(cut, ["kpk"])).alarms[0]
    origin.import_rows(*kpk.outbox())
    assert (told(origin).files_whole, told(origin).files_sent) == (0, 1), "and the origin hears of it"


def test_a_forwarded_row_waits_for_the_quorum_like_any_other(tmp_path: Path, kpk: Unit) -> None:
    back = sealed(passed_on(origin="kpk", recipient="sumsel"), kpk.desk.signing, to="sumsel")
    with unit(tmp_path, "sumsel", ONE, TWO) as whole:
        found = whole.import_rows(back)
        assert isinstance(found, Imported) and found.forwarded == 1
        assert whole.import_rows(back).repeated == 1


def test_a_signature_is_bound_to_its_purpose(origin: Unit) -> None:
    body = forwarded.build_body(passed_on())
    data = forwarded.build_envelope(body, forwarded.MAGIC, "senyap/v1/audit", {0: origin.desk.signing})
    with pytest.raises(BadSignature):
        parse_signed(data).signer({"sumsel": origin.desk.signing.public})


def test_at_most_so_many_rows_are_drawn(origin: Unit, reporter: Reporter) -> None:
    take_report(origin, reporter)
    refer(origin)
    from crypto.row import Decoys

    with origin.desk.vault.begin() as transaction:
        assert draw_rows(transaction, origin.desk, 1, today(), Decoys(2), 0) == []
    assert K2 in origin.desk.home.roster.members


def test_a_unit_that_sends_many_cases_here_holds_up_no_parcel_of_this_one(
    origin: Unit, reporter: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_report(origin, reporter)
    refer(origin)
    with origin.desk.vault.begin() as transaction:
        (parcel,) = referral_rows._parcels_due(transaction, origin.desk, 1, frozenset())
        words = [replace(parcel, recipient="palembang")] * 9
        monkeypatch.setattr(referral_rows, "_statuses", lambda *_given: iter(words))
        found = list(referral_rows._all_due(transaction, origin.desk, 1, today(), frozenset()))
    assert [due.recipient for due in found[:2]] == ["palembang", "kpk"] and len(found) == 10


# --- what else happens to a station ----------------------------------------------------------------------


def test_a_station_put_back_from_a_copy_sends_again_and_its_word_counts(
    origin: Unit, kpk: Unit, reporter: Reporter, tmp_path: Path
) -> None:
    take_report(origin, reporter)
    refer(origin)
    copy = make_backup(origin, tmp_path)
    kpk.import_rows(*origin.outbox())
    with sit(restore(copy, tmp_path / "again"), ONE, TWO) as desk:
        again = Unit(desk, origin.stick, tmp_path / "out-again")
        assert kpk.import_rows(*again.outbox()).forwarded == 0 and len(kpk.rows(cases)) == 1
        assert again.import_rows(*kpk.outbox()).forwarded == 1 and only(again).is_received


def test_a_recipient_put_back_from_a_copy_is_heard_again(
    origin: Unit, kpk: Unit, reporter: Reporter, tmp_path: Path
) -> None:
    take_report(origin, reporter)
    refer(origin)
    kpk.import_rows(*origin.outbox())
    copy = make_backup(kpk, tmp_path)
    kpk.take("screening", K1)
    origin.import_rows(*kpk.outbox())
    with sit(restore(copy, tmp_path / "again"), K1) as desk:
        again = Unit(desk, kpk.stick, tmp_path / "out-again")
        assert origin.import_rows(*again.outbox()).forwarded == 1, "its outboxes leap ahead"
    assert told(origin).status == "received"


def test_another_vault_key_keeps_what_is_on_its_way(origin: Unit, reporter: Reporter, tmp_path: Path) -> None:
    take_report(origin, reporter)
    refer(origin)
    folder = origin.desk.home.folder
    before = [tuple(row) for row in origin.rows(parcel_rows)]
    rekey_moved(folder, tmp_path / "moved")
    with sit(tmp_path / "moved", ONE, TWO) as desk:
        again = Unit(desk, origin.stick, tmp_path / "out-moved")
        assert [tuple(row) for row in again.rows(parcel_rows)] == before and len(again.outbox()) == F


def test_a_case_that_goes_takes_its_referrals_along(origin: Unit, kpk: Unit, reporter: Reporter) -> None:
    data = b"berkas"
    file = attach(data)
    take_report(origin, reporter, *world().part_rows(file, data), files=[file])
    refer(origin, files=[1])
    kpk.import_rows(*origin.outbox())
    for place in (origin, kpk):
        with place.desk.vault.begin() as transaction:
            retention._remove(transaction, 1, today())
        tables = (referral_table, parcels, parcel_files, parcel_rows, referred_cases)
        assert not [row for table in tables for row in place.rows(table)]
        place.outbox()


def make_backup(place: Unit, folder: Path) -> Path:
    people = [ring.reviewer for ring in place.desk.rings]
    return backup.make_backup(
        place.desk, folder / "copies", lambda home: open_desk(home, words_of(*people)), day=today()
    )


def restore(copy: Path, to: Path) -> Path:
    backup.restore(copy, to)
    for path in (world().folder / "stations").glob("*/keyring/*/epoch-*.key"):  # a copy holds no weekly keys
        if (ring := to / "keyring" / path.parent.name).is_dir():
            shutil.copy(path, ring)
    return to


def rekey_moved(folder: Path, to: Path) -> None:
    shutil.copytree(folder, to)
    rekey(to, words_of(ONE, TWO))

"""station.outbox: what leaves the station, and that live and cover mailboxes look alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest_station import SIZES, Reporter, Stick, Terminal, attach, reply, sit, weak, world  # noqa: F401

from crypto import bundle
from crypto.bundle import FIRST_PREVIOUS, OUTBOX, Manifest, Taken
from crypto.encoding import today
from crypto.errors import NotForThisKey, Tampered
from crypto.mailbox import News, open_news, place
from crypto.row import row_epoch
from keys.batch import KeyTable
from keys.errors import Expired
from station import cases, casework, outbox, tables
from station.deadlines import NEVER
from station.desk import Desk
from station.errors import Refused
from station.inbox import import_bundle
from station.outbox import count_unserved, make_outbox
from station.session import Session
from station.web import create_desk
from station.working_days import add_working_days, load_holidays

ME = ("sumsel-1", "sumsel-2")


@pytest.fixture(autouse=True)
def _one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading all batches is tested once, below."""
    table = world().table
    monkeypatch.setattr("station.home.Home.key_table", lambda self: table)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with sit(world().copy_home("sumsel", tmp_path), *ME) as opened:
        yield opened


@pytest.fixture
def stick(tmp_path: Path) -> Stick:
    return Stick(tmp_path / "stick")


def read(path: Path) -> tuple[Manifest, list[bytes], dict[bytes, bytes]]:
    """Verify an outbox as the server does; return manifest, rows, and mailbox rows by id."""
    key = world().table.roster.station("sumsel" if "sumsel" in path.name else path.name.split("-")[1]).key
    with path.open("rb") as source:
        bundle.verify_transport(source, OUTBOX, key)
        source.seek(0)
        manifest, _, _ = bundle.read_manifest(source, OUTBOX)
        records = list(bundle.iter_records(source, manifest))
    boxes = [record for kind, record in records if kind == "mailbox"]
    assert [box[:16] for box in boxes] == sorted({box[:16] for box in boxes})
    return manifest, [r for kind, r in records if kind == "row"], {box[:16]: box[16:] for box in boxes}


def news(boxes: dict[bytes, bytes], reporter: Reporter, seq: int, station: str = "sumsel") -> News:
    key = world().table.roster.station(station).key
    return open_news(boxes[place(reporter.mailbox, station, seq)], reporter.reply, reporter.mailbox, [key])


def served(boxes: dict[bytes, bytes], reporters: Sequence[Reporter], seq: int) -> list[Reporter]:
    """Return those whose mailbox stands in outbox `seq`."""
    return [r for r in reporters if place(r.mailbox, "sumsel", seq) in boxes]


def take(desk: Desk, stick: Stick, *reporters: Reporter) -> None:
    import_bundle(desk, stick.write([world().letter_row(r.report()) for r in reporters]))


def test_an_outbox_of_an_empty_station_is_as_large_as_any(desk: Desk, tmp_path: Path, stick: Stick):
    first = make_outbox(desk, tmp_path / "out")
    assert first.name == "outbox-sumsel-00000001.senyap" and first.stat().st_mode & 0o777 == 0o600
    manifest, rows, boxes = read(first)
    assert (manifest.sender, manifest.to, manifest.seq, manifest.previous) == ("sumsel", "server", 1, FIRST_PREVIOUS)
    assert manifest.sections[:2] == (("row", SIZES.forwarded), ("mailbox", SIZES.mailboxes))
    assert (len(rows), len(boxes), manifest.acks) == (SIZES.forwarded, SIZES.mailboxes, ())
    assert {row_epoch(row) for row in rows} == {world().epoch}


def test_a_reporter_reads_status_answer_and_arrivals(desk: Desk, tmp_path: Path, stick: Stick):
    reporter, file = Reporter(["sumsel", "kpk"]), attach(b"isi")
    report, more = reporter.report(files=[file, attach(b"hilang")]), reporter.follow_up("pertanyaan saya")
    rows = [world().letter_row(report), world().letter_row(more), *world().part_rows(file, b"isi")]
    import_bundle(desk, stick.write(rows))
    with desk.vault.begin() as transaction:
        reply(transaction, desk, "need_info", "siapa saksinya?")
    _, _, boxes = read(make_outbox(desk, tmp_path / "out"))
    found = news(boxes, reporter, 1)
    assert (found.seq, found.as_of, found.next_update) == (1, today(), today() + 7)
    assert (found.status, found.readers, found.left_out) == ("need_info", ("sumsel", "kpk"), 0)
    assert [(m.day, m.group, m.text) for m in found.messages] == [(today(), "sumsel", "siapa saksinya?")]
    assert [(a.object_id, a.sha256, a.files_whole, a.files_sent) for a in found.arrivals] == [
        (report.object_id, report.content, 1, 2),
        (more.object_id, more.content, 0, 0),
    ]


def test_a_mailbox_names_the_deadline_and_never_moves_one_that_has_passed(desk: Desk, tmp_path: Path, stick: Stick):
    reporter = Reporter()
    take(desk, stick, reporter)
    for seq, arrived in ((1, today()), (2, today() - 30)):
        with desk.vault.begin() as transaction:
            transaction.execute(sa.update(tables.cases).values(day=arrived))
        due = add_working_days(arrived, 3, load_holidays(desk.home.folder))
        _, _, boxes = read(make_outbox(desk, tmp_path / "out"))
        assert news(boxes, reporter, seq).next_update == due + 7, "one round of the courier after it"


def test_every_row_is_new_in_the_next_outbox_and_the_chain_holds(desk: Desk, tmp_path: Path, stick: Stick):
    reporter = Reporter()
    take(desk, stick, reporter)
    first, _, old = read(make_outbox(desk, tmp_path / "out"))
    second, _, new = read(make_outbox(desk, tmp_path / "out"))
    assert (second.seq, second.previous) == (2, first.hash)
    assert not set(old.values()) & set(new.values())
    assert news(new, reporter, 2).seq == 2


def test_two_outboxes_have_no_id_in_common_and_every_case_is_served_at_once(desk: Desk, tmp_path: Path, stick: Stick):
    early, late = [Reporter() for _ in range(3)], [Reporter() for _ in range(SIZES.mailboxes // 2)]
    take(desk, stick, *early)
    seen: set[bytes] = set()
    for seq, there in ((1, early), (2, early), (3, early + late), (4, early + late)):
        if seq == 3:
            take(desk, stick, *late)
        _, _, boxes = read(make_outbox(desk, tmp_path / "out"))
        assert len(boxes) == SIZES.mailboxes and not seen & set(boxes)
        assert served(boxes, early + late, seq) == there
        seen |= set(boxes)


def test_control_ids_that_never_change_tell_how_many_are_real(desk: Desk, tmp_path: Path, stick: Stick, monkeypatch):
    monkeypatch.setattr(outbox.mailbox, "place", lambda box, _station, _seq: box)
    take(desk, stick, *(many := [Reporter() for _ in range(5)]))
    _, _, one = read(make_outbox(desk, tmp_path / "out"))
    _, _, two = read(make_outbox(desk, tmp_path / "out"))
    assert set(one) & set(two) == {r.mailbox for r in many}


def test_a_mailbox_that_its_reporter_gave_up_goes_with_the_next_outbox_and_never_comes_back(
    desk: Desk, tmp_path: Path, stick: Stick
):
    leaving, staying = [Reporter() for _ in range(5)], Reporter()
    take(desk, stick, staying, *leaving)
    _, _, before = read(make_outbox(desk, tmp_path / "out"))
    assert served(before, [staying, *leaving], 1) == [staying, *leaving]
    wishes = [r.follow_up(fields={"tutup": "ya"}) for r in leaving]
    import_bundle(desk, stick.write([world().letter_row(wish) for wish in wishes]))
    for seq in (2, 3):
        _, _, after = read(make_outbox(desk, tmp_path / "out"))
        assert len(after) == SIZES.mailboxes and served(after, [staying, *leaving], seq) == [staying]
    assert count_unserved(desk) == 0


def test_nobody_writes_into_a_mailbox_that_was_given_up(desk: Desk, stick: Stick):
    reporter = Reporter()
    take(desk, stick, reporter)
    import_bundle(desk, stick.write([world().letter_row(reporter.follow_up(fields={"tutup": "ya"}))]))
    with desk.vault.begin() as transaction:
        found = cases.show_case(transaction, "K-0001")
        assert found.box_closed and found.messages[-1].text == "(pelapor meminta kotaknya dihapus)"
        with pytest.raises(Refused, match="tidak akan terbaca lagi"):
            reply(transaction, desk, "need_info", "Terima kasih.")
        reply(transaction, desk, "screening")


def test_only_the_holder_of_the_code_gives_a_mailbox_up(desk: Desk, stick: Stick):
    reporter, other = Reporter(), Reporter()
    take(desk, stick, reporter)
    forged = replace(other.follow_up(fields={"tutup": "ya"}), mailbox=reporter.mailbox,
                     reply_key_hash=reporter.follow_up().reply_key_hash)  # fmt: skip
    assert import_bundle(desk, stick.write([world().letter_row(forged)])).alarms
    with desk.vault.begin() as transaction:
        assert not cases.show_case(transaction, "K-0001").box_closed


def test_a_claim_is_told_from_another(desk: Desk, stick: Stick):
    reporter, secret = Reporter(), bytes(range(32))
    reporter.claim = hashlib.sha256(secret).digest()
    take(desk, stick, reporter)
    with desk.vault.begin() as transaction:
        assert cases.claim_holds(transaction, "K-0001", secret)
        assert not cases.claim_holds(transaction, "K-0001", bytes(32))
        with pytest.raises(Refused):
            cases.claim_holds(transaction, "K-0009", secret)


def test_with_more_cases_than_mailboxes_the_oldest_are_served_and_acknowledgements_still_leave(
    desk: Desk, tmp_path: Path, stick: Stick
):
    many = [Reporter() for _ in range(SIZES.mailboxes + 5)]
    take(desk, stick, *many)
    for number in (1, 2, 3):
        manifest, _, boxes = read(make_outbox(desk, tmp_path / "out"))
        assert manifest.seq == number and manifest.acks and len(boxes) == SIZES.mailboxes
        assert served(boxes, many, number) == many[: SIZES.mailboxes]
    assert count_unserved(desk) == 5


def fewer(desk: Desk, mailboxes: int) -> Desk:
    """Return the desk under a roster with so many mailboxes."""
    roster = replace(desk.home.roster, sizes=replace(SIZES, mailboxes=mailboxes))
    return replace(desk, home=replace(desk.home, ledger=replace(desk.home.ledger, roster=roster)))


def test_closed_cases_yield_their_mailboxes_to_open_ones_and_the_last_closed_keep_theirs_longest(
    tmp_path: Path, stick: Stick
):
    with sit(world().copy_home("sumsel", tmp_path), *ME, "sumsel-3") as desk:
        take(desk, stick, first := Reporter(), second := Reporter(), third := Reporter(), real := Reporter())
        few = fewer(desk, 2)

        def close(case: int) -> None:
            with desk.vault.begin() as transaction:
                reply(transaction, desk, "closed_not_actionable", "Ditutup.", detail="spam", case=case)

        def there(seq: int) -> list[Reporter]:
            return served(read(make_outbox(few, tmp_path / "out"))[2], [first, second, third, real], seq)

        assert there(1) == [first, second]
        for case in (2, 1):
            close(case)
        assert there(2) == [third, real], "the open ones, though they came later"
        close(3)
        assert there(3) == [third, real], "one place is left for what was closed last"
        close(4)
        assert there(4) == [third, real]
        with desk.vault.begin() as transaction:
            reply(transaction, desk, "review", case=2, note="Ternyata bukan.")
        assert there(5) == [second, real], "opened again"
        assert count_unserved(few) == 2


def test_the_desk_and_the_commands_say_how_many_cases_have_no_mailbox(tmp_path: Path, stick: Stick):
    terminal = Terminal(tmp_path, "sumsel", ME)
    with sit(terminal.home, *ME) as desk:
        take(desk, stick, *(Reporter() for _ in range(SIZES.mailboxes + 2)))
        with desk.vault.begin() as transaction:
            reply(transaction, desk, "screening", case=1)
            (words,) = outbox.warnings(transaction, desk)
    assert words.startswith("2 perkara tanpa tempat di outbox, 2 di antaranya belum ditutup")
    for command in (("outbox", "--to", str(tmp_path / "out")), ("courier", str(tmp_path / "out"))):
        said = terminal.run(*command)
        assert said.exit_code == 1 and f"PERINGATAN: {words}" in said.stderr
    session = Session(terminal.home, look=lambda: ())
    client, here = create_desk(session, 8090).test_client(), {"base_url": "http://127.0.0.1:8090"}
    for who in ME:
        client.set_cookie("meja-8090", session.enter(who, world().passphrases[who]), domain="127.0.0.1")
    for path in ("/perkara", "/kurir"):
        assert words in client.get(path, **here).text
    session.close()


def test_who_has_no_mailbox_is_never_silent(desk: Desk, tmp_path: Path, stick: Stick):
    take(desk, stick, Reporter(), Reporter())
    with desk.vault.begin() as transaction:
        for case in (1, 2):
            reply(transaction, desk, "need_info", "Siapa saksinya?", case=case)
    made, _, _ = read(make_outbox(fewer(desk, 1), tmp_path / "out"))
    import_bundle(desk, stick.write([], applied=Taken(made.seq, made.hash)))
    with desk.vault.begin() as transaction:
        facts = casework.all_facts(transaction)
        assert (facts[1].asked, facts[2].asked) == (today(), NEVER)


def test_a_case_that_cannot_be_sealed_leaves_its_place_to_cover_and_the_outbox_leaves(
    desk: Desk, tmp_path: Path, stick: Stick
):
    broken, well = Reporter(), Reporter()
    take(desk, stick, broken, well)
    with desk.vault.begin() as transaction:  # as a letter of before left it: readers were not looked at then
        transaction.execute(
            sa.update(tables.cases).where(tables.cases.c.id == 1).values(readers=["sumsel", "x" * 12_000])
        )
    _, _, boxes = read(make_outbox(desk, tmp_path / "out"))
    assert len(boxes) == SIZES.mailboxes and served(boxes, [broken, well], 1) == [well]
    with desk.vault.begin() as transaction:
        (words,) = outbox.warnings(transaction, desk)
        assert words.startswith("K-0001: kabarnya tidak dapat disegel")
        transaction.execute(sa.update(tables.cases).where(tables.cases.c.id == 1).values(readers=["sumsel"]))
    _, _, boxes = read(make_outbox(desk, tmp_path / "out"))
    assert served(boxes, [broken, well], 2) == [broken, well]
    with desk.vault.begin() as transaction:
        assert outbox.warnings(transaction, desk) == ()


def test_a_letter_whose_readers_are_no_ids_is_put_aside_with_an_alarm(desk: Desk, tmp_path: Path, stick: Stick):
    bad = [Reporter(["sumsel", "x" * 12_000]), Reporter(["sumsel", "sumsel"])]
    found = import_bundle(desk, stick.write([world().letter_row(r.report(), ["sumsel"]) for r in bad]))
    assert (found.new, found.alarms) == (
        0,
        ("2 baris rusak atau salah bentuk dan disisihkan. Bila sering, beri tahu petugas server",),
    )
    assert read(make_outbox(desk, tmp_path / "out"))[0].seq == 1


def test_a_larger_number_of_mailboxes_in_the_roster_is_filled_with_cover(desk: Desk, tmp_path: Path):
    roster = replace(desk.home.roster, sizes=replace(SIZES, mailboxes=64))
    wider = replace(desk, home=replace(desk.home, ledger=replace(desk.home.ledger, roster=roster)))
    _, _, after = read(make_outbox(wider, tmp_path / "out"))
    assert len(after) == 64


def test_own_bundles_are_acknowledged_and_passed_on_ones_never(tmp_path: Path, stick: Stick):
    with sit(world().copy_home("palembang", tmp_path), "palembang-1") as desk:
        import_bundle(desk, stick.write([]))
        own = Stick(tmp_path / "own", to="palembang")
        import_bundle(desk, own.write([]))
        first = Taken(1, own.last.hash)
        own.write([])
        import_bundle(desk, own.write([]))
        manifest, _, _ = read(make_outbox(desk, tmp_path / "out"))
        assert manifest.acks == (first, Taken(3, own.last.hash))


def test_a_bundle_whose_file_is_gone_is_not_acknowledged(desk: Desk, tmp_path: Path, stick: Stick):
    path = stick.write([])
    import_bundle(desk, path)
    (desk.home.bundles / "sumsel" / path.name).unlink()
    assert read(make_outbox(desk, tmp_path / "out"))[0].acks == ()


def test_only_the_newest_bundles_are_acknowledged(desk: Desk, tmp_path: Path, stick: Stick, monkeypatch):
    assert outbox.MAX_ACKS == 256
    monkeypatch.setattr(outbox, "MAX_ACKS", 4)
    for _ in range(6):
        import_bundle(desk, stick.write([]))
    acks = read(make_outbox(desk, tmp_path / "out"))[0].acks
    assert [ack.seq for ack in acks] == [3, 4, 5, 6]


def test_a_case_led_by_another_unit_gets_no_mailbox_and_no_answer_here(tmp_path: Path, stick: Stick):
    reporter = Reporter(["palembang", "sumsel"])
    path = stick.write([world().letter_row(reporter.report())])
    with sit(world().copy_home("sumsel", tmp_path), *ME) as desk:
        import_bundle(desk, path)
        assert not served(read(make_outbox(desk, tmp_path / "out"))[2], [reporter], 1)
        with desk.vault.begin() as transaction, pytest.raises(Refused, match="stasiun lain yang menjawab"):
            reply(transaction, desk, "review", "x")
    with sit(world().copy_home("palembang", tmp_path), "palembang-1") as desk:
        import_bundle(desk, path)
        _, _, boxes = read(make_outbox(desk, tmp_path / "out"))
        assert news(boxes, reporter, 1, "palembang").readers == ("palembang", "sumsel")


def test_nobody_else_opens_a_live_mailbox_row(desk: Desk, tmp_path: Path, stick: Stick):
    reporter = Reporter()
    take(desk, stick, reporter)
    _, _, boxes = read(make_outbox(desk, tmp_path / "out"))
    with pytest.raises(NotForThisKey):
        open_news(
            boxes[place(reporter.mailbox, "sumsel", 1)], Reporter().reply, reporter.mailbox, [desk.home.station.key]
        )


def test_a_number_is_used_up_even_when_the_stick_fails(desk: Desk, tmp_path: Path):
    (tmp_path / "out").write_text("a file, not a folder")
    with pytest.raises(OSError):
        make_outbox(desk, tmp_path / "out")
    assert read(make_outbox(desk, tmp_path / "good"))[0].seq == 2


def test_a_stick_that_keeps_other_bytes_is_noticed(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from crypto import medium

    write = medium.write_file

    def bend(path: Path, pieces, **rest) -> None:
        data = b"".join(pieces)
        write(path, data[:-1] + bytes([data[-1] ^ 1]), **rest)

    monkeypatch.setattr(medium, "write_file", bend)
    with pytest.raises(Tampered):
        make_outbox(desk, tmp_path / "out")


def test_a_restored_station_counts_on_from_what_the_drop_box_took(desk: Desk, tmp_path: Path, stick: Stick):
    found = import_bundle(desk, stick.write([], applied=Taken(9, b"\x09" * 64)))
    assert found.alarms[0].startswith("kotak menerima outbox 9 yang tidak dibuat")
    manifest, _, _ = read(make_outbox(desk, tmp_path / "out"))
    assert (manifest.seq, manifest.previous) == (10, b"\x09" * 64)
    assert import_bundle(desk, stick.write([], applied=Taken(10, manifest.hash))).alarms == ()


def test_an_outbox_with_keys_that_have_ended_is_refused(desk: Desk, tmp_path: Path):
    with pytest.raises(Expired):
        make_outbox(desk, tmp_path / "out", day=today() + 70)
    assert not (tmp_path / "out").exists()


def test_the_home_loads_the_keys_of_every_reviewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    from station.home import Home

    table = Home.load(world().copy_home("kpk", tmp_path)).key_table()
    assert isinstance(table, KeyTable)
    assert table.last_epoch("sumsel") == world().epoch + 1


@pytest.mark.parametrize(
    ("text", "kept"),
    [("a\r\nb\rc", "a\nb\nc"), ("a\0b\x1b[31mc\x7f\x9b", "ab[31mc"), ("  x \n", "x"), ("é" * 2000, "é" * 2000)],
)
def test_an_answer_loses_its_control_characters_and_nothing_else(text: str, kept: str):
    assert cases.clean_text(text) == kept


def test_an_answer_of_more_than_4000_bytes_is_refused():
    with pytest.raises(Refused, match="4001 byte,"):
        cases.clean_text("é" * 2000 + "x")
    with pytest.raises(Refused, match="huruf yang rusak"):
        cases.clean_text("\udcff")


def test_an_empty_answer_needs_another_status(desk: Desk, tmp_path: Path, stick: Stick):
    take(desk, stick, Reporter())
    with desk.vault.begin() as transaction:
        with pytest.raises(Refused, match="masih kosong"):
            reply(transaction, desk, "received", " \x07")
        with pytest.raises(Refused, match="langkah ini tidak ada"):
            reply(transaction, desk, "done", "x")
        reply(transaction, desk, "screening")
        found = cases.show_case(transaction, "K-0001")
    assert (found.status, found.messages) == ("screening", ())


def test_when_the_roster_has_ended_reports_stay_readable_and_answers_wait(desk: Desk, tmp_path: Path):
    ended = desk.home.roster.expires + 1
    assert desk.home.has_ended(ended) and not desk.home.has_ended(ended - 1)
    with pytest.raises(Expired, match="roster"):
        make_outbox(desk, tmp_path / "out", day=ended)
    assert not (tmp_path / "out").exists()


def test_a_roster_with_fewer_mailboxes_than_cases_still_gets_its_exact_number(desk: Desk, tmp_path: Path, stick: Stick):
    many = [Reporter() for _ in range(SIZES.mailboxes)]
    take(desk, stick, *many)
    make_outbox(desk, tmp_path / "out")
    smaller = SIZES.mailboxes - 4
    _, _, boxes = read(make_outbox(fewer(desk, smaller), tmp_path / "out"))
    assert len(boxes) == smaller and served(boxes, many, 2) == many[:smaller]

"""A full disk at the case desk: what is said, that nothing is lost, and that the same visit takes all of it later."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fulldisk
import pytest
import sqlalchemy as sa
from conftest_station import Reporter, Stick, sit, tree, weak, words_of, world  # noqa: F401
from fulldisk import SmallDisk, small_disk

from crypto import bundle
from crypto.bundle import OUTBOX
from station import audit, space, tables
from station.session import Session
from station.web import create_desk

ONE, TWO = "sumsel-1", "sumsel-2"
DISK = 8_000_000
ONE_BUNDLE = 2_000_000  # has room for the first bundle and not for the second
LETTERS = 6, 4
TEXT = "Kapan itu terjadi, dan siapa saksinya?"

needs_disk = pytest.mark.skipif(fulldisk.absent(), reason="needs unshare -rm")


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    made = Stick(tmp_path / "usb")
    for count in LETTERS:
        made.write([world().letter_row(Reporter().report(f"isi {number}")) for number in range(count)])
    return made.folder


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(world().copy_home("sumsel", tmp_path), DISK) as made:
        yield made


def come_in(desk: SmallDisk) -> fulldisk.Answer:
    return desk.enter(words_of(ONE, TWO))


def look(desk: SmallDisk, to: Path) -> tuple[int, int, list[str]]:
    """Check that the vault and its log are whole; return its bundles, its cases and what was done, by deed."""
    shutil.copytree(desk.home, to)
    with sit(to, ONE, TWO) as there, there.vault.begin() as transaction:
        assert transaction.scalar(sa.text("PRAGMA integrity_check")) == "ok"
        audit.check(transaction)
        bundles, cases = (
            transaction.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in (tables.bundles, tables.cases)
        )
        deeds = list(transaction.scalars(sa.select(tables.log.c.deed).order_by(tables.log.c.number)))
    return bundles, cases, deeds


@needs_disk
@pytest.mark.parametrize("leave", [0, 1_000_000, ONE_BUNDLE], ids=["none", "not one", "one of two"])
def test_a_full_disk_at_a_visit_loses_nothing_and_the_same_visit_takes_all(
    desk: SmallDisk, stick: Path, tmp_path: Path, leave: int
) -> None:
    come_in(desk)
    before = tree(stick)
    desk.fill(leave)
    said = desk.post("/kurir", stik=str(stick))
    assert space.AT_VISIT in said.text and "No space" not in said.text and "outbox-" not in said.text
    assert tree(stick) == before, "nothing is taken off the stick, and no outbox acknowledges anything"
    desk.free()
    taken = 1 if leave == ONE_BUNDLE else 0
    bundles, cases, _ = look(desk, tmp_path / "between")
    assert (bundles, cases) == (taken, sum(LETTERS[:taken]))
    assert not [name for name in tree(desk.home) if name.endswith((".part", "-journal"))]
    said = desk.post("/kurir", stik=str(stick))
    assert "bundel 1 (" in said.text and "bundel 2 (4 baru" in said.text and 'role="alert"' not in said.text
    (outbox,) = stick.glob("outbox-*")
    with outbox.open("rb") as source:
        manifest, *_ = bundle.read_manifest(source, OUTBOX)
    assert [ack.seq for ack in manifest.acks] == [1, 2]
    assert look(desk, tmp_path / "after")[:2] == (2, sum(LETTERS))


@needs_disk
def test_a_desk_that_cannot_log_its_opening_stays_closed(desk: SmallDisk, stick: Path, tmp_path: Path) -> None:
    come_in(desk)
    desk.post("/kurir", stik=str(stick))
    desk.post("/kunci")
    desk.fill()
    for _ in range(2):
        assert space.HERE in come_in(desk).text
        assert "jendela lain" not in desk.get("/buka").text and desk.get("/perkara").status == 302
        assert desk.enter(words_of(ONE)).status == 302 and desk.get("/perkara").status == 302, "one is not a quorum"
    desk.free()
    assert come_in(desk).headers["Location"] == "/perkara" and "K-0010" in desk.get("/perkara").text
    assert look(desk, tmp_path / "copy")[2].count(audit.Deed.OPENED) == 2


@needs_disk
def test_a_first_vault_for_which_there_is_no_room_is_made_later(desk: SmallDisk) -> None:
    desk.fill()
    assert space.HERE in come_in(desk).text
    desk.free()
    assert come_in(desk).headers["Location"] == "/perkara" and desk.get("/perkara").status == 200


@needs_disk
def test_what_was_typed_on_a_full_disk_stands_there_again(desk: SmallDisk, stick: Path) -> None:
    come_in(desk)
    desk.post("/kurir", stik=str(stick))
    desk.post("/perkara/K-0001/benturan", **{f"benturan-{who}": "tidak" for who in (ONE, TWO)})
    desk.get("/perkara/K-0001")  # the first look begins its screening
    desk.fill()
    said = desk.post("/perkara/K-0001/jawab", pesan=TEXT)
    assert space.HERE in said.text and TEXT in said.text
    desk.free()
    assert TEXT not in desk.get("/perkara/K-0001").text, "nothing of it was kept"
    assert desk.post("/perkara/K-0001/jawab", pesan=TEXT).status == 302 and TEXT in desk.get("/perkara/K-0001").text


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    session = Session(world().copy_home("sumsel", tmp_path), look=lambda: ())
    client = create_desk(session, 8090).test_client()
    for who in (ONE, TWO):
        browser = session.enter(who, world().passphrases[who])
    client.set_cookie("meja-8090", browser, domain="127.0.0.1")

    def visit(stick: Path, **form: str) -> str:
        data = {"tanda": session.forms, "stik": str(stick)} | form
        base = "http://127.0.0.1:8090"
        return str(client.post("/kurir", data=data, headers={"Origin": base}, base_url=base).text)

    yield visit
    session.close()


def full(*_rest: Any, **_more: Any) -> None:
    raise OSError(errno.ENOSPC, "17.0 MB are to be written and 1.0 MB are free there: make room first")


def test_a_full_stick_is_told_from_a_full_machine(client: Any, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("station.outbox.medium.check_room", full)
        said = client(stick)
    assert space.ON_STICK in said and "make room" not in said and not list(stick.glob("outbox-*"))
    said = client(stick)
    assert "(0 baru, 6 sudah ada" in said and "outbox-sumsel-00000001" in said


def test_a_full_disk_for_the_backup_is_said_and_the_outbox_leaves(
    client: Any, stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("station.pages.courier.backup.make_backup", full)
    said = client(stick, cadangan=str(tmp_path / "copies"))
    assert "cadangan: disk itu tidak dapat ditulis: tidak ada ruang lagi di sana" in said
    assert list(stick.glob("outbox-*"))


def test_other_troubles_of_a_disk_are_not_called_full(
    client: Any, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(*_rest: Any, **_more: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("station.courier.import_bundle", torn)
    said = client(stick)
    assert "Disk mesin ini penuh" not in said and "hanya dapat dibaca, tidak ditulis" in said

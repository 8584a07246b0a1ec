"""The certificate of authorship: issued to whoever shows the words of the claim, verified by anybody with the roster."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest
import sqlalchemy as sa
from conftest_station import Reporter, Stick, Terminal, sit, weak, world  # noqa: F401

from crypto.claim import claim_words
from crypto.encoding import today
from crypto.envelope import build_envelope
from crypto.errors import BadSignature, Malformed
from crypto.signing import SigningKey
from station import audit, certificate
from station.audit import Deed
from station.cases import show_case
from station.desk import Desk
from station.errors import Refused
from station.home import Home
from station.inbox import import_bundle
from station.session import Session
from station.statements import state_conflict
from station.tables import closed_boxes
from station.web import create_desk

SECRET = os.urandom(32)
NAME = "Nurhayati binti Élan"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder, stick, reporter = world().copy_home("sumsel", tmp_path), Stick(tmp_path / "stick"), Reporter()
    reporter.claim = hashlib.sha256(SECRET).digest()
    rows = [world().letter_row(reporter.report("isi yang rahasia")), world().letter_row(Reporter().report("lain"))]
    with sit(folder, "sumsel-1", "sumsel-2") as desk:
        import_bundle(desk, stick.write(rows))
    return folder


@pytest.fixture
def desk(home: Path) -> Iterator[Desk]:
    with sit(home, "sumsel-1", "sumsel-2") as desk:
        yield desk


def issue(desk: Desk, folder: Path, case: str = "K-0001", secret: bytes = SECRET, holder: str = "") -> Path:
    with desk.vault.begin() as transaction:
        return certificate.issue(transaction, desk, case, secret, folder, by="sumsel-1", holder=holder, day=today())


def text_of(path: Path) -> str:
    return " ".join(pypdf.PdfReader(path).pages[0].extract_text().split())


def test_whoever_shows_the_words_gets_a_page_that_verifies(desk: Desk, tmp_path: Path) -> None:
    path = issue(desk, tmp_path / "usb")
    found, group = certificate.verify(desk.home.ledger, path)
    shown = text_of(path)
    assert (found.case, found.received, found.issued, found.name) == ("K-0001", today(), today(), "")
    assert group.name_id in shown and "K-0001" in shown and found.serial.hex() in shown
    assert found.letter.hex() in shown.replace(" ", "")
    assert "rahasia" not in shown and "sumsel-1" not in shown and "kartu identitas" not in shown
    assert (path.stat().st_mode & 0o777) == 0o600


def test_a_name_stands_in_it_only_when_it_is_given(desk: Desk, tmp_path: Path) -> None:
    path = issue(desk, tmp_path, holder=f"  {NAME}\n")
    assert NAME in text_of(path) and certificate.verify(desk.home.ledger, path)[0].name == NAME
    with pytest.raises(Refused, match="terlalu panjang"):
        issue(desk, tmp_path, holder="x" * 121)


@pytest.mark.parametrize("what", ["other words", "other case", "no case"])
def test_other_words_get_nothing(desk: Desk, tmp_path: Path, what: str) -> None:
    case = {"other words": "K-0001", "other case": "K-0002", "no case": "K-0099"}[what]
    with pytest.raises(Refused):
        issue(desk, tmp_path / "usb", case, bytes(32) if what == "other words" else SECRET)
    assert not (tmp_path / "usb").exists()
    with desk.vault.begin() as transaction:
        assert Deed.CERTIFIED not in [entry.deed for entry in audit.entries(transaction)]
        assert show_case(transaction, "K-0001").messages == ()


def test_the_writer_is_told_and_it_is_logged_without_a_name(desk: Desk, tmp_path: Path) -> None:
    found, _ = certificate.verify(desk.home.ledger, issue(desk, tmp_path, holder=NAME))
    with desk.vault.begin() as transaction:
        (said,) = show_case(transaction, "K-0001").messages
        assert found.serial.hex() in said.text and found.letter.hex() in said.text and NAME not in said.text
        (logged,) = [entry for entry in audit.entries(transaction) if entry.deed == Deed.CERTIFIED]
        assert (logged.case, logged.who, logged.detail) == (1, "sumsel-1", found.serial.hex())


def test_a_mailbox_that_was_given_up_is_told_nothing(desk: Desk, tmp_path: Path) -> None:
    with desk.vault.begin() as transaction:
        transaction.execute(sa.insert(closed_boxes).values(case_id=1, day=today()))
    assert issue(desk, tmp_path).is_file()
    with desk.vault.begin() as transaction:
        assert show_case(transaction, "K-0001").messages == ()


def test_a_disk_that_fails_leaves_no_log_and_no_message(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("crypto.medium.write_file", full)
    with pytest.raises(OSError, match="No space"):
        issue(desk, tmp_path)
    with desk.vault.begin() as transaction:
        assert Deed.CERTIFIED not in [entry.deed for entry in audit.entries(transaction)]
        assert show_case(transaction, "K-0001").messages == ()


@pytest.mark.parametrize("what", ["pdf", "words", "signer", "deployment", "kind", "two", "gone", "station"])
def test_what_was_altered_or_is_of_somebody_else_does_not_verify(desk: Desk, tmp_path: Path, what: str) -> None:
    path = issue(desk, tmp_path)
    beside, ledger = path.with_suffix(".senyap"), desk.home.ledger
    made, _ = certificate.verify(ledger, path)
    pdf, data = path.read_bytes(), beside.read_bytes()
    body = made.body(pdf)

    def signed(body: bytes, key: SigningKey = desk.signing, signer: int = 0) -> bytes:
        return build_envelope(body, certificate.MAGIC, certificate.PURPOSE, {signer: key})

    beside.write_bytes(signed(body))
    assert certificate.verify(ledger, path)[0] == made, "control: signed again it verifies"
    wanted: type[Exception] = BadSignature
    if what == "pdf":
        path.write_bytes(pdf.replace(b"K-0001", b"K-0002"))
        assert path.read_bytes() != pdf
    elif what == "words":
        beside.write_bytes(data.replace(b"K-0001", b"K-0002"))
    elif what == "signer":
        beside.write_bytes(signed(body, SigningKey.generate()))
    elif what == "gone":
        beside.unlink()
        wanted = Refused
    else:
        old, new, wanted = {
            "deployment": (f'"{made.deployment}"', '"lain"', Malformed), "kind": ('"authorship"', '"other"', Malformed),
            "station": (f'"station":"{made.station}"', '"station":"nowhere"', Refused), "two": ("", "", Malformed),
        }[what]  # fmt: skip
        changed = body.decode().replace(old, new).encode() if old else body
        assert changed != body or what == "two"
        beside.write_bytes(signed(changed, signer=1 if what == "two" else 0))
    with pytest.raises(wanted):
        certificate.verify(ledger, path)


def test_every_station_of_the_deployment_verifies_it(desk: Desk, tmp_path: Path) -> None:
    other = Home.load(world().copy_home("kpk", tmp_path / "other"))
    assert certificate.verify(other.ledger, issue(desk, tmp_path))[0].station == desk.home.id


def test_the_command_issues_it_and_verifies_it_without_a_passphrase(home: Path, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "sumsel", ("sumsel-1", "sumsel-2"), home)
    keys, words = terminal.keys, " ".join(claim_words(SECRET))
    wrong = " ".join(claim_words(bytes(32)))
    where = ("certificate", "K-0001", "--no-conflict", "--to", str(tmp_path / "usb"))
    assert terminal.run(*where, *keys, typed=f"{wrong}\n").exit_code == 3
    assert terminal.run(*where, *keys, typed="satu dua\n").exit_code == 3
    made = terminal.run(*where, *keys, typed=f"{words}\n")
    assert made.exit_code == 0
    path = re.search(r"\S+\.pdf", made.stdout)
    assert path is not None
    assert terminal.run("claim", "K-0001", "--no-conflict", *keys, typed=f"{wrong}\n").exit_code == 3
    assert terminal.run("claim", "K-0001", "--no-conflict", *keys, typed=f"{words}\n").exit_code == 0
    terminal.keys = []
    said = terminal.run("certificate", "--verify", path[0])
    assert said.exit_code == 0 and "asli: Inspektorat" in said.stdout and "nama: -" in said.stdout
    assert terminal.run("certificate").exit_code == 2
    with sit(home, "sumsel-1", "sumsel-2") as desk, desk.vault.begin() as transaction:
        deeds = [(entry.deed, entry.detail) for entry in audit.entries(transaction) if entry.deed == Deed.CLAIMED]
        assert deeds == [(Deed.CLAIMED, "fails"), (Deed.CLAIMED, "fits")] * 2


def test_the_longest_name_and_unit_stay_on_the_page(desk: Desk, tmp_path: Path) -> None:
    path = issue(desk, tmp_path, holder="W" * certificate.MAX_NAME)
    assert len(pypdf.PdfReader(path).pages) == 1 and "--verify" in text_of(path)


@pytest.mark.parametrize("place", ["", "bundles", "link"])
def test_none_is_written_into_the_stations_own_folder(desk: Desk, tmp_path: Path, place: str) -> None:
    """A copy of the station would take it along, and the name in it."""
    folder = desk.home.folder / place
    if place == "link":
        folder = tmp_path / "stik"
        folder.symlink_to(desk.home.folder)
    with pytest.raises(Refused, match="milik stasiun sendiri"):
        issue(desk, folder, holder=NAME)
    assert not list(desk.home.folder.rglob("*.pdf"))
    assert issue(desk, tmp_path / "usb").is_file(), "control: another folder"


@pytest.mark.parametrize(
    ("by", "words", "is_done"),
    [
        ("sumsel-1", "sumsel-2", False),
        ("sumsel-3", "sumsel-3", False),
        ("", "sumsel-1", False),
        ("sumsel-1", "sumsel-1", True),
    ],
    ids=["that of another", "not present", "nobody", "control: her own"],
)
def test_the_desk_issues_one_to_the_passphrase_of_one_who_is_present(
    home: Path, tmp_path: Path, by: str, words: str, is_done: bool
) -> None:
    session = Session(home, look=lambda: ())
    client = create_desk(session, 8090).test_client()
    for who in ("sumsel-1", "sumsel-2"):
        client.set_cookie("meja-8090", session.enter(who, world().passphrases[who]), domain="127.0.0.1")
    with session.desk() as desk, desk.vault.begin() as transaction:
        for who in ("sumsel-1", "sumsel-2"):
            state_conflict(transaction, desk.home, 1, who, conflict=False, day=today())
    (tmp_path / "usb").mkdir()
    data = {"tanda": session.forms, "kata": " ".join(claim_words(SECRET)), "putusan": "terbitkan", "oleh": by,
            "frasa": world().passphrases[words], "folder": str(tmp_path / "usb")}  # fmt: skip
    here = "http://127.0.0.1:8090"
    client.post("/perkara/K-0001/bukti", data=data, headers={"Origin": here}, base_url=here)
    assert len(list(tmp_path.glob("usb/*.pdf"))) == is_done
    with session.desk() as desk, desk.vault.begin() as transaction:
        assert [e.who for e in audit.entries(transaction) if e.deed == Deed.CERTIFIED] == ["sumsel-1"] * is_done
    session.close()

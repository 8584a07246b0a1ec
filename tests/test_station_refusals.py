"""What people at a station are told when something is refused: Indonesian, whatever it was and wherever it is shown."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from conftest_station import Reporter, Stick, Terminal, attach, give, sit, tree, weak, words_of, world  # noqa: F401
from english import ROOT, english_in, raised, sources, texts_of
from sqlcipher3 import dbapi2
from test_station_presence import Browser

import crypto.errors
import crypto.receipt
import keys.errors
import station.errors
from crypto import medium
from crypto.encoding import today
from crypto.errors import BadSignature, CryptoError, Malformed, Tampered
from crypto.receipt import Mistyped
from station import attachments, courier, space, tables, vault
from station.__main__ import main
from station.desk import Desk
from station.errors import Alarm, StationError
from station.home import Home
from station.inbox import Imported, import_bundle
from station.pages.acting import words as words_of_error
from station.refusals import sentence, told
from station.translations import TRANSLATIONS

ONE, TWO = "sumsel-1", "sumsel-2"
CRYPTO = {
    name: kind
    for module in (crypto.errors, keys.errors, crypto.receipt)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, CryptoError)
}
STATION = {
    name: kind
    for name, kind in vars(station.errors).items()
    if isinstance(kind, type) and issubclass(kind, StationError)
}
# these say something to programmers, or words of station.reasons; `told` has another text for them
TO_NOBODY = frozenset({"NotShown", "NoSandbox", "RuntimeError", "TypeError", "FileNotFoundError"})
SAID = [each for house in ("crypto", "keys", "station") for each in raised(house) if each[1] in CRYPTO]
# English on purpose: what reporters read, patterns that look for it, and the translations themselves
BOTH_LANGUAGES = {
    "station/certificate.py", "station/certificate_sheet.py", "station/guard_patterns.py", "station/lessons.py",
    "station/questions_offered.py", "station/reasons.py", "station/seccomp.py", "station/sandbox.py", "station/stats.py",
    "station/texts.py", "station/training_plots.py", "station/translations.py", "station/pages/awake.py",
    "station/usage.py", "station/web.py",
}  # fmt: skip
# what the database says and is told, and how the log names a deed: no sentence for people
NO_SENTENCES = {"disk is full", "not a database", 'key = "7"', "foreign_keys = ON", "lost weeks 7 to 7"}


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for below in kind.__subclasses__():
        yield from subclasses(below)


# --- every error there is -----------------------------------------------------------------------------


def test_every_error_of_crypto_and_keys_that_is_raised_has_indonesian_words() -> None:
    assert len(SAID) > 200
    for place, kind, text in SAID:
        said = told(CRYPTO[kind](text))
        assert said and not english_in(said), (place, said)


@pytest.mark.parametrize("kind", sorted(subclasses(CryptoError), key=str), ids=lambda kind: kind.__name__)
def test_what_no_translation_knows_is_said_by_its_kind(kind: type[CryptoError]) -> None:
    said = told(kind("the wheel of the machine was not found in this folder"))
    assert len(said) > 20 and not english_in(said)


def test_no_translation_is_dead_or_hidden_behind_another() -> None:
    first = []
    for _, _, text in SAID:
        first += [next((pattern for pattern, _ in TRANSLATIONS if pattern.fullmatch(text)), None)]
    made = "senyap/v1/bundle: signature does not verify", "roster: 1 signatures of its old root set, want 2"
    first += [next(pattern for pattern, _ in TRANSLATIONS if pattern.fullmatch(text)) for text in made]
    assert [pattern.pattern for pattern, _ in TRANSLATIONS if pattern not in first] == []


def test_days_stand_as_dates_and_names_are_made_safe() -> None:
    said = told(keys.errors.Expired(f"roster: ended on day {today()}, today is day {today() + 1}"))
    assert re.search(r"berakhir pada 20\d\d-\d\d-\d\d, jam mesin ini 20\d\d-", said)
    said = told(crypto.errors.Tampered("restore: a\x1b[2J.senyap is not what the backup's list says"))
    assert "\x1b" not in said and "\\u{001B}" in said
    assert "day" not in told(keys.errors.Expired("roster: ended on day 99999999999, today is day 7"))


def test_the_stations_own_errors_are_indonesian_where_they_are_raised() -> None:
    found = [each for each in raised("station") if each[1] in {*STATION, "Misused"} - TO_NOBODY]
    assert len(found) > 150
    assert [(place, text) for place, _, text in found if english_in(text)] == []


def test_no_english_sentence_stands_in_the_station_but_for_reporters() -> None:
    left = []
    for path in sources("station"):
        name = str(path.relative_to(ROOT))
        if name not in BOTH_LANGUAGES:
            shown = texts_of(path, frozenset(CRYPTO) | TO_NOBODY | {"field", "compile", "getattr"})
            left += [
                (name, line, text)
                for line, text in shown
                if " " in text and text not in NO_SENTENCES and english_in(text)
            ]
    assert left == []


def test_a_fork_says_stop_and_whom_to_tell() -> None:
    assert told(Alarm("bundel 5 …")).startswith("ALARM: bundel 5 …. Berhenti: ")


@pytest.mark.parametrize("number", [*errno.errorcode, 0], ids=lambda n: errno.errorcode.get(n, "none"))
def test_no_word_of_the_system_is_shown(number: int) -> None:
    said = sentence(OSError(number, "the words of the system are English", "/home/somebody"))
    assert not english_in(said) and "somebody" not in said and said.endswith(".") and not said.endswith("..")


@pytest.mark.parametrize(
    "error",
    [
        dbapi2.DatabaseError("file is not a database"),
        sa.exc.OperationalError("SELECT", {}, sqlite3.OperationalError("database is locked")),
        sa.exc.DatabaseError("SELECT", {}, dbapi2.DatabaseError("database disk image is malformed")),
        ValueError("the program is wrong"),
        Mistyped("code: word 3 is not in the list", 3),
        station.errors.NotShown("limits"),
        station.errors.NoSandbox("the sandbox did not begin"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_databases_and_programs_speak_indonesian_too(error: Exception) -> None:
    assert not english_in(told(error))
    assert told(sa.exc.OperationalError("x", {}, dbapi2.OperationalError("database or disk is full"))) == space.HERE


# --- walks ------------------------------------------------------------------------------------------


def damaged(stick: Stick) -> None:
    path = stick.write([world().letter_row(Reporter().report())])
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def cut(stick: Stick) -> None:
    path = stick.write(world().cover(2))
    path.write_bytes(path.read_bytes()[:-9])


def forged(stick: Stick) -> None:
    stick.write([], signer=world().roots[1])


def forked(stick: Stick) -> None:
    stick.write(world().cover())
    Stick(stick.folder / "x").write([])
    (stick.folder / "x" / "bundle-00000001.senyap").replace(stick.folder / "bundle-00000002.senyap")
    stick.write([], seq=1, previous=b"\1" * 64).replace(stick.folder / "bundle-00000003.senyap")


WALKS: dict[str, tuple[Callable[[Stick], object], str]] = {
    "of another deployment": (lambda stick: stick.write([], deployment="demo-x"), "milik lembaga lain. Jangan hapus"),
    "damaged": (damaged, "Rusak di jalan: bawa stik ini ke kotak"),
    "cut": (cut, "Rusak di jalan: bawa stik ini ke kotak"),
    "forged": (forged, "Tanda tangan bundel ini tidak cocok"),
    "forked": (forked, "ALARM: bundel 1 "),
    "after a gap": (lambda stick: stick.write([], seq=3), "2 bundel sebelum bundel 3 belum pernah datang"),
    "of a later roster": (lambda stick: stick.write([], roster_version=3), "ambil dulu roster versi 2 sampai 3"),
    "with a bad file": (lambda stick: stick.write([], files=[b"halo"]), "bukan roster dan bukan kunci mingguan"),
    "no bundle": (
        lambda stick: stick.write([]).write_bytes(b"halo"),
        "Rusak di jalan: bawa stik ini ke kotak",
    ),
}


def english_said(text: str) -> set[str]:
    """Return the English of a page or of a terminal: what people read of it, without what is not said to them."""
    shown = re.sub(r"<(style|script|nav)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL)
    return english_in(re.sub(r"/\S+|\S*\d\.senyap|\bstation\.\w+", " ", shown))


@pytest.mark.parametrize("walk", WALKS)
def test_what_a_stick_brings_is_refused_in_indonesian_at_the_terminal_and_on_the_page(
    walk: str, tmp_path: Path
) -> None:
    write, words = WALKS[walk]
    stick = Stick(tmp_path / "usb")
    write(stick)
    terminal = Terminal(tmp_path, "sumsel", (ONE, TWO))
    browser = Browser(world().copy_home("sumsel", tmp_path / "desk"))
    browser.enter(ONE, TWO)
    said = terminal.run("courier", str(stick.folder)).stderr
    shown = browser.post("/kurir", stik=str(stick.folder))
    assert words in said and words in shown.replace("&#39;", "'")
    assert not english_said(said) and not english_said(shown)


def test_the_walks_above_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stick = Stick(tmp_path / "usb")
    cut(stick)
    terminal = Terminal(tmp_path, "sumsel", (ONE, TWO))
    monkeypatch.setattr("station.courier.told", str)
    assert english_said(terminal.run("courier", str(stick.folder)).stderr) >= {"too"}


@pytest.mark.parametrize(
    "error", [dbapi2.DatabaseError("disk I/O error"), ValueError("x")], ids=["the vault", "the program"]
)
def test_what_stops_a_visit_half_way_does_not_say_that_nothing_has_changed(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the first of two bundles is in the vault."""
    w, stick = world(), Stick(tmp_path / "stick")
    for _ in range(2):
        stick.write([w.letter_row(Reporter().report("x"))])
    taken: list[Path] = []

    def import_one(desk: Desk, path: Path, **rest: Any) -> Imported:
        if taken:
            raise error
        taken.append(path)
        return import_bundle(desk, path, **rest)

    monkeypatch.setattr(courier, "import_bundle", import_one)
    with sit(w.copy_home("sumsel", tmp_path), ONE, TWO) as desk:
        with pytest.raises(type(error)) as raised:
            courier.visit(desk, stick.folder)
        with desk.vault.begin() as transaction:
            assert transaction.scalar(sa.select(sa.func.count()).select_from(tables.cases)) == 1
    assert "idak ada yang berubah" not in told(raised.value) and "sebagian" in told(raised.value)


@pytest.mark.parametrize(
    "error",
    [keys.errors.BrokenChain("x"), crypto.errors.NotForThisKey("x"), Tampered("x"), Malformed("x"), BadSignature("x"),
     CryptoError("x")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_a_bundle_that_is_refused_does_not_say_that_nothing_of_it_was_taken(
    error: CryptoError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the roster that came along is in force, as it is signed itself."""

    def refuse(*_: object) -> None:
        raise error

    path = Stick(tmp_path / "stick").write([], files=[world().next_roster()[1]])
    monkeypatch.setattr("station.inbox.read_head", refuse)
    terminal = Terminal(tmp_path, "sumsel", (ONE, TWO))
    said = terminal.run("import", str(path))
    assert said.exit_code == 3 and Home.load(terminal.home).roster.version == 2
    assert not re.search(r"tidak ada yang (berubah|diambil)", " ".join(said.stderr.split()))


def test_a_full_disk_does_not_say_that_nothing_was_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: of two files the first one lies there."""
    w, stick, written = world(), Stick(tmp_path / "stick"), os.fsync
    files = [attach(b"satu"), attach(b"dua")]
    rows = [row for file, data in zip(files, (b"satu", b"dua"), strict=True) for row in w.part_rows(file, data)]
    with sit(w.copy_home("sumsel", tmp_path), ONE, TWO) as desk:
        import_bundle(desk, stick.write([w.letter_row(Reporter().report(files=files)), *rows]))

        def full(fd: int) -> None:
            if Path(os.readlink(f"/proc/self/fd/{fd}")).name == "002.bin":
                raise OSError(errno.ENOSPC, "no room")
            written(fd)

        monkeypatch.setattr(os, "fsync", full)
        with desk.vault.begin() as transaction, pytest.raises(OSError) as raised:
            attachments.save_files(transaction, 1, tmp_path / "out")
    assert (tmp_path / "out" / "001.bin").read_bytes() == b"satu"
    assert "penuh" in told(raised.value) and "sebagian" in told(raised.value)


def broken_vault(home: Path) -> None:
    path = home / "vault.db"
    path.write_bytes(b"\0" * path.stat().st_size)


def older_vault(home: Path) -> None:
    with sit(home, ONE, TWO) as desk, desk.vault.begin() as transaction:
        vault.write_meta(transaction, "schema", "1")


def older_roster(home: Path) -> None:
    old = tree(home)["roster.senyap"]
    give(home, world().next_roster()[1])
    with sit(home, ONE, TWO):
        pass
    (home / "roster.senyap").write_bytes(old)


VAULTS: dict[str, tuple[Callable[[Path], None], str, int]] = {
    "damaged": (broken_vault, "brankas (vault.db) rusak, atau kuncinya lain", 6),
    "older": (older_vault, "brankas ini dibuat versi lain dari program ini", 6),
    "with an older roster": (older_roster, "seseorang menaruh berkas lama", 7),
}


@pytest.mark.parametrize("defect", VAULTS)
def test_a_vault_that_does_not_open_says_in_indonesian_what_to_do(defect: str, tmp_path: Path) -> None:
    spoil, words, code = VAULTS[defect]
    home = world().copy_home("sumsel", tmp_path)
    with sit(home, ONE, TWO):
        pass
    spoil(home)
    said = Terminal(tmp_path, "sumsel", (ONE, TWO), home).run("list")
    assert said.exit_code == code and words in said.stderr and not english_said(said.stderr)
    shown = Browser(home).enter(ONE, TWO)
    assert words in shown and not english_said(shown)


def test_wrong_and_missing_passphrases_are_said_in_indonesian(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "sumsel", (ONE, TWO))
    (tmp_path / f"{TWO}.words").write_text("salah sama sekali\n")
    said = terminal.run("list")
    assert said.exit_code == 4 and f"tidak cocok dengan {TWO}" in said.stderr and not english_said(said.stderr)
    terminal.keys = terminal.keys[:2]
    said = terminal.run("list")
    assert said.exit_code == 4 and "1 dari 2 penelaah" in said.stderr and not english_said(said.stderr)
    browser = Browser(terminal.home)
    shown = browser.post("/buka", penelaah=TWO, frasa="salah sama sekali")
    assert f"tidak cocok dengan {TWO}" in shown and not english_said(shown)


def test_a_full_disk_and_a_disk_that_refuses_are_said_in_indonesian(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(tmp_path, "sumsel", (ONE, TWO))
    for number, words in ((errno.ENOSPC, "Disk mesin ini penuh"), (errno.EROFS, "hanya dapat dibaca")):

        def refuse(*_: object, number: int = number, **__: object) -> None:
            raise OSError(number, "No space left on device")

        monkeypatch.setattr(medium, "write_file", refuse)
        said = terminal.run("outbox", "--to", str(tmp_path / "out"))
        assert said.exit_code == 6 and words in said.stderr and not english_said(said.stderr)


def test_copies_are_refused_in_indonesian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(tmp_path, "sumsel", (ONE, TWO))
    assert terminal.run("backup", "--to", str(tmp_path / "disk")).exit_code == 0
    (copy,) = (tmp_path / "disk").iterdir()
    (copy / "station.k").write_bytes(b"1")
    new = Terminal(tmp_path, "sumsel", (), tmp_path / "new")
    said = new.run("restore", str(copy))
    assert said.exit_code == 3 and "Cadangan itu rusak: station.k" in said.stderr and not english_said(said.stderr)
    said = terminal.run("restore", str(copy))
    assert said.exit_code == 3 and "sudah ada isinya" in said.stderr and not english_said(said.stderr)
    (copy / "hashes.txt").unlink()
    said = new.run("restore", str(copy))
    assert said.exit_code in (2, 3) and not english_said(said.stderr)
    said = terminal.run("backup", "--to", str(terminal.home / "here"))
    assert said.exit_code == 3 and not english_said(said.stderr)


def test_a_page_says_another_error_than_a_wrong_passphrase_as_what_it_is() -> None:
    assert "Frasa sandi" in words_of_error(crypto.errors.WrongPassphrase("the passphrase does not open this file"))
    assert "Frasa sandi" not in words_of_error(crypto.errors.Tampered("log: entry 3 is missing"))


# --- help and what was typed wrongly ----------------------------------------------------------------------


def commands() -> list[tuple[str, ...]]:
    return [(), *((name,) for name in sorted(main.commands))]


@pytest.mark.parametrize("command", commands(), ids=lambda command: "".join(command) or "senyap-station")
def test_help_is_indonesian_and_every_option_has_it(command: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(main, [*command, "--help"], prog_name="senyap-station", terminal_width=80).output
    assert shown.startswith("Pemakaian: senyap-station") and "Pilihan:" in shown
    listed = re.sub(r"^  \w+  +", "", shown, flags=re.MULTILINE)  # names of commands
    plain = re.sub(r"--\S+( (?:\[[^]]*\]|[A-Z=]+|<\S+>))?", " ", listed.replace("\n ", " "))
    assert not english_in(re.sub(r"senyap-station \w*", "", plain)), shown
    assert max(map(len, shown.splitlines())) <= 80
    assert "..." not in re.sub(r"[A-Z]\.{3}| \.{3}$", "", shown, flags=re.MULTILINE), "no explanation is cut short"
    options = (main.commands[command[0]] if command else main).params
    assert [option.name for option in options if isinstance(option, click.Option) and not option.help] == []


@pytest.mark.parametrize(
    "typed",
    ["frob", "list --bla", "list a b", "courier", "courier /nichts", "outbox", "outbox --to", "serve --port 5",
     "canary --because foo", "canary --on gestern", "canary --settle 1", "canary --settle x", "certificate",
     "list --home /nichts", "--passphrase-file x list"],
)  # fmt: skip
def test_what_was_typed_wrongly_is_said_in_indonesian_and_ends_with_2(typed: str, tmp_path: Path) -> None:
    home = str(world().copy_home("sumsel", tmp_path))
    said = CliRunner().invoke(main, ["--allow-network", "--home", home, *typed.split()], prog_name="senyap-station")
    assert said.exit_code == 2 and said.stderr and not english_said(re.sub(r"senyap-station \w*", "", said.stderr))

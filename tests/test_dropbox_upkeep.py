"""Restoring by the words on paper, by a file or without the key; what is refused, and that nothing is left then."""

from __future__ import annotations

import hashlib
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import web
from conftest_moved import Box, Station, filled, opened
from conftest_station import weak, world  # noqa: F401
from hypothesis import given
from hypothesis import strategies as st
from terminals import drawn

from crypto.claim import claim_words, read_claim
from crypto.receipt import Mistyped, code_words, wordlist
from crypto.signing import SigningKey
from dropbox import backup, create_app, serve
from dropbox.errors import BadSettings
from dropbox.settings import load_settings
from dropbox.transportkey import key_words, read_key_words
from keys.request import ServerRequest, request_words, verify_request
from keys.rosterfile import fingerprint_words


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(Path(shutil.copytree(filled(), tmp_path / "server")))


@cache
def kept_copy() -> Path:
    return Box(filled()).path("backup", "--to", filled().parent / "copies")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(kept_copy(), tmp_path / "copy"))


@pytest.fixture
def new(tmp_path: Path) -> Box:
    return Box(tmp_path / "new" / "server")


@cache
def poster() -> str:
    return " ".join(fingerprint_words((filled() / "root.pin").read_bytes()))


def paper() -> list[str]:
    return list(key_words(SigningKey.from_seed((filled() / "server.key").read_bytes())))


# --- the words -----------------------------------------------------------------------------------------


@given(seed=st.binary(min_size=32, max_size=32))
def test_the_words_on_paper_give_the_key_back(seed: bytes) -> None:
    words = key_words(SigningKey.from_seed(seed))
    assert len(words) == 24
    assert read_key_words(" ".join(f"{n}. {word.upper()}" for n, word in enumerate(words, 1))).seed == seed


def test_words_of_a_claim_are_no_words_of_a_key() -> None:
    refused = 0
    for number in range(64):
        secret = number.to_bytes(32, "big")
        for words, read in (
            (claim_words(secret), read_key_words),
            (key_words(SigningKey.from_seed(secret)), read_claim),
        ):
            try:
                read(" ".join(words))
            except Mistyped:
                refused += 1
    assert refused > 110


def test_the_words_go_to_a_terminal_alone(box: Box) -> None:
    refused = box.run("key-words", code=3)
    assert refused.stdout == "" and "stdout is no terminal" in refused.stderr
    shown = box.run("key-words", "--force")
    assert [word for word in shown.stdout.split() if word.isalpha()] == paper()
    assert shown.stdout.splitlines()[1].split()[0] == "7" and "sealed in the office's safe" in shown.stderr
    assert not any(word in shown.stderr.split() for word in paper())


def test_at_a_terminal_the_words_are_shown(box: Box) -> None:
    command = [sys.executable, "-m", "dropbox", "key-words", "--home", str(box.home)]
    shown = drawn(command, on=["stdout"])
    assert [word for word in shown.split() if word.isalpha()] == paper()


def test_a_home_is_restored_with_the_poster_and_the_words_on_paper(copy: Path, new: Box) -> None:
    rows = [" ".join(paper()[at : at + 6]) for at in range(0, 24, 6)]
    done = new.run("restore", copy, typed="\n".join([poster(), *rows]) + "\n")
    assert (new.home / "server.key").read_bytes() == (filled() / "server.key").read_bytes()
    assert (new.home / "server.key").stat().st_mode & 0o777 == 0o600 and new.home.stat().st_mode & 0o777 == 0o700
    assert done.stdout == "" and "words 19 to 24" in done.stderr
    for said in ("must be off for good", "Receive the newest outbox of each station", "are lost if no bundle took them",
                 "Take the newest roster"):  # fmt: skip
        assert said in done.stderr
    names = {p.name for p in new.home.iterdir()}
    assert names == {"dropbox.db", "settings.toml", "root.pin", "roster.senyap", "batches", "server.key", "locks"}
    assert new.waiting() == set() and list(new.home.parent.iterdir()) == [new.home]


def test_what_settings_the_copy_brings_is_shown(copy: Path, new: Box) -> None:
    relist(copy, "settings.toml", f'onion = "{"a" * 56}.onion"\n'.encode())
    done = new.run("restore", copy, "--fingerprint", poster(), "--key", filled() / "server.key")
    assert f"under roster version 1; its onion address is {'a' * 56}.onion" in done.stderr
    assert "erase the file that it came in" in done.stderr


def test_mistyped_words_are_named_by_their_place_and_asked_again(copy: Path, new: Box) -> None:
    words, other = paper(), list(key_words(SigningKey.generate()))
    swapped = [*words[:5], wordlist()[(wordlist().index(words[5]) + 1) % 2048], *words[6:]]
    typed = [
        poster(), " ".join(words[:12]), " ".join([*words[12:15], "zzzz", *words[16:]]), " ".join(words[12:]) + " abad",
        " ".join(swapped), " ".join(other), " ".join(words),
    ]  # fmt: skip
    said = new.run("restore", copy, typed="\n".join(typed) + "\n").stderr
    for words_of_refusal in (
        "word 16 is not in the list; type this line again", "25 words, want 24; type all of them again",
        "one of the words is another one than on the paper; type", "these are the words of another key; type",
    ):  # fmt: skip
        assert words_of_refusal in said
    assert (new.home / "server.key").is_file()


def test_who_gives_up_typing_leaves_nothing(copy: Path, new: Box) -> None:
    for typed in ("", poster() + "\n", poster() + "\n" + paper()[0] + "\n"):
        assert "nothing was restored" in new.run("restore", copy, typed=typed, code=3).stderr
        assert not new.home.parent.exists()


# --- what is refused -----------------------------------------------------------------------------------


def relist(copy: Path, name: str, data: bytes) -> None:
    """Put other bytes under a name, and their hash into the list, as somebody does who keeps the copy."""
    (copy / name).write_bytes(data)
    lines = [line for line in (copy / "hashes.txt").read_text().splitlines() if not line.endswith(f"  {name}")]
    (copy / "hashes.txt").write_text("\n".join([*lines, f"{hashlib.sha512(data).hexdigest()}  {name}"]))


def spoil(copy: Path, name: str) -> None:
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)


def with_sql(copy: Path, *statements: str) -> None:
    with closing(sqlite3.connect(copy / "dropbox.db", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    relist(copy, "dropbox.db", (copy / "dropbox.db").read_bytes())


def damage(copy: Path) -> None:
    data = bytearray((copy / "dropbox.db").read_bytes())
    data[65_536 : 16 * 65_536] = bytes(15 * 65_536)
    relist(copy, "dropbox.db", bytes(data))


DEFECTS: dict[str, tuple[Callable[[Path], object], int, str]] = {
    "rotten_database": (lambda c: spoil(c, "dropbox.db"), 3, "dropbox.db is not what the backup's list says"),
    "rotten_settings": (lambda c: spoil(c, "settings.toml") if (c / "settings.toml").stat().st_size else
                        (c / "settings.toml").write_bytes(b"#"), 3, "settings.toml is not what"),
    "no_list": (lambda c: (c / "hashes.txt").unlink(), 2, "not found: hashes.txt"),
    "empty_list": (lambda c: (c / "hashes.txt").write_text(""), 3, "4 files that every backup has"),
    "bad_list": (lambda c: (c / "hashes.txt").write_text("x"), 3, "not the list of a backup"),
    "listed_path": (lambda c: relist(c, "../escaped", b"x"), 3, "not the list of a backup"),
    "listed_key": (lambda c: relist(c, "server.key", bytes(32)), 3, "not the list of a backup"),
    "no_database": (lambda c: (c / "dropbox.db").unlink(), 2, "not found: dropbox.db"),
    "damaged_database": (damage, 6, "the copy is damaged"),
    "no_database_at_all": (lambda c: relist(c, "dropbox.db", b"not a database" * 99), 6, "the copy is damaged"),
    "a_trigger": (lambda c: with_sql(c, "CREATE TRIGGER t AFTER UPDATE ON slots BEGIN SELECT 1; END"), 6, "no drop box makes"),
    "a_column_that_deletes": (
        lambda c: with_sql(
            c,
            "ALTER TABLE slots RENAME TO old",
            "CREATE TABLE slots (id INTEGER NOT NULL, waiting TEXT NOT NULL COLLATE RTRIM, PRIMARY KEY (id))",
            "INSERT INTO slots SELECT * FROM old",
            "DROP TABLE old",
        ),
        6,
        "no drop box makes",
    ),
    "a_table": (lambda c: with_sql(c, "CREATE TABLE moments (at TEXT)"), 6, "no drop box makes"),
    "a_view": (lambda c: with_sql(c, "CREATE VIEW v AS SELECT 1 AS x"), 6, "no drop box makes"),
    "a_column": (lambda c: with_sql(c, "ALTER TABLE slots ADD COLUMN at TEXT DEFAULT ''"), 6, "no drop box makes"),
    "a_missing_table": (lambda c: with_sql(c, "DROP TABLE exports"), 6, "no drop box makes"),
    "bad_settings": (lambda c: relist(c, "settings.toml", b"nonsense = 1\n"), 2, "unknown key"),
    "database_elsewhere": (lambda c: relist(c, "settings.toml", b'database = "sqlite:////tmp/x"\n'), 2, "another one"),
    "another_roster": (lambda c: relist(c, "roster.senyap", b"SNYR"), 3, "refused"),
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_copy_that_is_not_whole_or_not_ours_is_refused_and_nothing_is_left(
    copy: Path, new: Box, tmp_path: Path, defect: str
) -> None:
    spoiling, code, words = DEFECTS[defect]
    spoiling(copy)
    (tmp_path / "escaped").unlink(missing_ok=True)
    before = sorted(tmp_path.iterdir())
    key = filled() / "server.key"
    done = new.run("restore", copy, "--fingerprint", poster(), "--key", key, code=code)
    assert words in done.stderr and done.stdout == ""
    assert not new.home.exists() and not list(tmp_path.glob("**/.*"))
    assert {p for p in tmp_path.iterdir() if p.name != "new"} == set(before) - {new.home.parent}


def test_a_key_that_the_roster_does_not_name_is_refused(copy: Path, new: Box, tmp_path: Path) -> None:
    (tmp_path / "other.key").write_bytes(SigningKey.generate().seed)
    (tmp_path / "short.key").write_bytes(bytes(31))
    (tmp_path / "long.key").write_bytes(bytes(33))
    for name, code, words in (("other", 3, "not the transport key that roster version 1 names"), ("short", 3, "31 bytes"),
                              ("long", 3, "33 bytes, want 32"), ("missing", 2, "not found: missing.key")):  # fmt: skip
        done = new.run("restore", copy, "--fingerprint", poster(), "--key", tmp_path / f"{name}.key", code=code)
        assert words in done.stderr and not new.home.parent.exists()
    both = new.run(
        "restore", copy, "--fingerprint", poster(), "--key", filled() / "server.key", "--without-key", code=2
    )
    assert "exclude each other" in both.stderr and not new.home.parent.exists()


def test_a_copy_with_another_fingerprint_than_the_posters_is_refused(copy: Path, new: Box) -> None:
    """Whoever keeps copies could put in a roster of their own readers, under a root set of their own."""
    for words in (" ".join(wordlist()[:8]), "abad", "zzzz", poster().rpartition(" ")[0]):
        done = new.run("restore", copy, "--fingerprint", words, "--key", filled() / "server.key", code=3)
        assert "another fingerprint" in done.stderr and not new.home.parent.exists()
    new.run("restore", copy, "--fingerprint", poster().upper().replace(" ", "-"), "--key", filled() / "server.key")


def test_a_home_that_holds_files_is_never_overwritten(copy: Path, box: Box, new: Box) -> None:
    before = sorted((p.name, p.stat().st_mtime_ns) for p in box.home.iterdir())
    done = box.run("restore", copy, "--fingerprint", poster(), "--key", box.home / "server.key", code=3)
    assert "must name an empty folder" in done.stderr
    assert sorted((p.name, p.stat().st_mtime_ns) for p in box.home.iterdir()) == before
    new.home.mkdir(parents=True)
    new.run("restore", copy, "--fingerprint", poster(), "--key", box.home / "server.key")
    assert (new.home / "dropbox.db").is_file()


def test_a_medium_that_gives_another_roster_the_second_time_is_refused(
    copy: Path, new: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, rosters = backup.Ledger.load, [world().roster, world().next_roster()[0]]

    def load(folder: Path) -> object:
        return replace(real(folder), roster=rosters.pop(0)) if rosters else real(folder)

    monkeypatch.setattr(backup.Ledger, "load", staticmethod(load))
    done = new.run("restore", copy, "--fingerprint", poster(), "--key", filled() / "server.key", code=3)
    assert "another roster than before" in done.stderr and not new.home.exists()


# --- without the key -----------------------------------------------------------------------------------


def test_a_drop_box_that_lost_its_key_takes_reports_and_goes_on_with_the_next_one(
    copy: Path, new: Box, tmp_path: Path
) -> None:
    station, stick = Station(tmp_path), tmp_path / "stick"
    said = new.run("restore", copy, "--fingerprint", poster(), "--without-key").stderr
    assert "transport key is lost" in said and "run senyap-dropbox new-key" in said
    assert not (new.home / "server.key").exists()
    status = new.run("status", code=7)  # no keeper runs
    assert "reports are taken" in status.stderr and "the transport key is lost: no bundle before" in status.stdout
    row = new.take("yang pertama")
    new.run("receive", station.outbox(stick))
    refused = new.run("bundle", "--to", stick, code=3).stderr
    assert "the transport key is lost" in refused and not list(stick.glob("bundle-*"))
    assert "the transport key is lost" in new.run("key-words", "--force", code=3).stderr

    asked = new.run("new-key", "--to", stick)
    data = Path(asked.stdout.strip()).read_bytes()
    request = verify_request(data, world().roster)
    assert isinstance(request, ServerRequest) and asked.stderr.splitlines()[0].split() == list(request_words(data))
    roster, signed = world().next_roster(server_key=request.key)
    (stick / "roster-00000002.senyap").write_bytes(signed)
    assert "version 2 is in force" in new.run("roster", stick / "roster-00000002.senyap").stderr
    assert not (new.home / "server-next.key").exists()
    assert SigningKey.from_seed((new.home / "server.key").read_bytes()).public == roster.server_key
    got = station.imports(new.path("bundle", "--to", stick))
    assert (got["new"], got["alarms"]) == (1, []) and station.texts() == ["yang pertama"]
    new.run("receive", station.outbox(stick))
    assert row not in new.waiting()


def test_a_running_drop_box_shows_mailboxes_without_its_key(copy: Path, new: Box) -> None:
    new.run("restore", copy, "--fingerprint", poster(), "--without-key")
    with opened(new.home) as services:
        assert not services.directory.can_sign
        app = create_app(services.settings)
        assert app.test_client().get("/lapor").status_code == 200
        answer = web.open_box(app.test_client(), code_words(bytes(10)))
        assert answer.status == 200 and 'data-status="none"' in answer.text
        app.extensions["senyap"].cleanroom.close()


def test_an_address_that_is_taken_is_one_line(box: Box) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(BadSettings, match=f"cannot listen on {listen}: Address already in use; name another"):
            serve.run(lambda: create_app(load_settings(box.home)), listen, lambda: None)

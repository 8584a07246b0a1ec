"""station.vault and station.desk: who opens it, and that nothing of a letter lies on the disk in the clear."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest_station import Reporter, Stick, attach, reply, sit, weak, world  # noqa: F401

from crypto.errors import WrongPassphrase
from keys.errors import QuorumNotMet
from station import cases, inbox, tables, vault
from station.desk import open_desk
from station.errors import Refused, VaultUnreadable
from station.home import Home

MARKER = "penanda-rahasia-7291"


def test_a_vault_keeps_what_was_written_and_only_its_owner_may_read_the_file(tmp_path: Path):
    path, key = tmp_path / "vault.db", os.urandom(32)
    os.umask(0)
    engine = vault.open_vault(path, key)
    with engine.begin() as transaction:
        transaction.execute(sa.insert(tables.meta).values(name="x", value="y"))
    engine.dispose()
    again = vault.open_vault(path, key)
    with again.begin() as transaction:
        assert transaction.scalar(sa.select(tables.meta.c.value).where(tables.meta.c.name == "x")) == "y"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    os.umask(0o022)


def test_another_key_opens_no_vault_and_says_so(tmp_path: Path):
    path = tmp_path / "vault.db"
    vault.open_vault(path, os.urandom(32)).dispose()
    before = path.read_bytes()
    with pytest.raises(VaultUnreadable, match="rusak, atau kuncinya lain"):
        vault.open_vault(path, os.urandom(32))
    assert path.read_bytes() == before


def test_a_flipped_byte_in_the_vault_is_an_error_not_other_content(tmp_path: Path):
    path, key = tmp_path / "vault.db", os.urandom(32)
    vault.open_vault(path, key).dispose()
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.raises(VaultUnreadable):
        vault.open_vault(path, key)


def test_a_link_in_place_of_the_vault_is_not_followed(tmp_path: Path):
    (tmp_path / "vault.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(OSError, match="symbolic"):
        vault.open_vault(tmp_path / "vault.db", os.urandom(32))
    assert not (tmp_path / "elsewhere.db").exists()


def test_the_vault_deletes_its_journal_and_wipes_what_is_removed(tmp_path: Path):
    engine = vault.open_vault(tmp_path / "vault.db", os.urandom(32))
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete", "temp_store", "foreign_keys")
        }
    assert found == {"journal_mode": "delete", "synchronous": 3, "secure_delete": 1, "temp_store": 2, "foreign_keys": 1}


def test_a_vault_of_another_schema_is_refused_in_words_and_stays_as_it_is(tmp_path: Path):
    path, key = tmp_path / "vault.db", os.urandom(32)
    engine = vault.open_vault(path, key)
    with engine.begin() as transaction:
        vault.write_meta(transaction, "schema", "1")
        for table in ("held_shares", "erased_keys"):
            transaction.exec_driver_sql(f"DROP TABLE {table}")
    engine.dispose()
    before = path.read_bytes()
    with pytest.raises(VaultUnreadable, match=r"dibuat versi lain dari program ini \(bentuk 1, di sini 4\)"):
        vault.open_vault(path, key)
    assert path.read_bytes() == before


def test_a_vault_of_before_the_case_desk_gets_what_it_lacks(tmp_path: Path):
    path, key = tmp_path / "vault.db", os.urandom(32)
    engine = vault.open_vault(path, key)
    with engine.begin() as transaction:
        vault.write_meta(transaction, "schema", "2")
        for table in ("steps", "proposals", "notes", "statements"):
            transaction.exec_driver_sql(f"DROP TABLE {table}")
    engine.dispose()
    engine = vault.open_vault(path, key)
    with engine.begin() as transaction:
        assert vault.read_meta(transaction, "schema") == vault.SCHEMA
        assert transaction.execute(tables.steps.select()).all() == []
    engine.dispose()


def test_letters_of_an_older_vault_stay_with_their_files_and_may_say_the_same_again(tmp_path: Path):
    path, key = tmp_path / "vault.db", os.urandom(32)
    vault.open_vault(path, key).dispose()
    with closing(vault.connect(path, key)) as old:
        old.execute("PRAGMA foreign_keys = OFF")
        old.execute("DROP TABLE letters")
        old.execute(
            "CREATE TABLE letters (id INTEGER NOT NULL PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES cases (id), "
            "object_id BLOB NOT NULL, content BLOB NOT NULL, arrived INTEGER NOT NULL, raw BLOB NOT NULL, "
            "UNIQUE (case_id, content))"
        )
        old.execute("INSERT INTO cases VALUES (1, x'01', x'', x'', x'', '', 'received', 'id', '[]', 5)")
        old.execute("INSERT INTO letters VALUES (7, 1, x'02', x'03', 9, x'04')")
        old.execute("INSERT INTO attachments VALUES (1, 7, x'05', '', '', 1, 1, x'', x'', '', 0)")
        for day, who in ((8, "sumsel"), (8, "reporter"), (9, "sumsel")):
            old.execute("INSERT INTO messages (case_id, day, sender, text) VALUES (1, ?, ?, '')", (day, who))
        old.execute("UPDATE meta SET value = '3' WHERE name = 'schema'")
    for _ in range(2):
        engine = vault.open_vault(path, key)
        with engine.begin() as transaction:
            assert vault.read_meta(transaction, "schema") == vault.SCHEMA
            kept = transaction.execute(sa.select(tables.letters)).all()
            assert kept == [(7, 1, b"\x02", b"\x03", 9, b"\x04", 1)]
            assert transaction.scalar(sa.text("SELECT count(*) FROM sqlite_master WHERE name = 'letters_by_case'")) == 1
            assert transaction.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        engine.dispose()
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as transaction:
        transaction.execute(sa.delete(tables.letters))  # its file still refers to it
    with engine.begin() as transaction:
        transaction.execute(
            sa.insert(tables.letters).values(
                case_id=1, **dict.fromkeys(("object_id", "content", "raw"), b"\x03"), arrived=9, told=1
            )
        )


def test_a_failed_transaction_leaves_nothing(tmp_path: Path):
    engine = vault.open_vault(tmp_path / "vault.db", os.urandom(32))
    with pytest.raises(ZeroDivisionError), engine.begin() as transaction:
        transaction.execute(sa.insert(tables.meta).values(name="x", value="y"))
        raise ZeroDivisionError
    with engine.begin() as transaction:
        assert transaction.scalar(sa.select(sa.func.count()).select_from(tables.meta)) == 1


def test_one_passphrase_of_two_opens_neither_the_station_nor_a_copy_of_it(tmp_path: Path):
    home = world().copy_home("sumsel", tmp_path)
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    for folder in (home, copy):
        for reviewer in ("sumsel-1", "sumsel-2", "sumsel-3"):
            with pytest.raises(QuorumNotMet, match="1 of the 2"), sit(folder, reviewer):
                pass


def test_any_two_reviewers_open_the_same_vault(tmp_path: Path):
    home = world().copy_home("sumsel", tmp_path)
    with sit(home, "sumsel-1", "sumsel-2") as desk:
        inbox.import_bundle(desk, Stick(tmp_path / "stick").write([world().letter_row(Reporter().report())]))
    with sit(home, "sumsel-2", "sumsel-3") as desk, desk.vault.begin() as transaction:
        assert cases.show_case(transaction, "K-0001").fields["uraian"] == "isi laporan"


def test_a_wrong_passphrase_beside_a_right_one_opens_nothing(tmp_path: Path):
    home = Home.load(world().copy_home("sumsel", tmp_path))
    given = {"sumsel-1": world().passphrases["sumsel-1"], "sumsel-2": "salah salah salah salah salah salah"}
    with pytest.raises(WrongPassphrase), open_desk(home, given):
        pass
    assert not home.vault.exists()


def test_a_reviewer_named_like_a_path_is_nobody(tmp_path: Path):
    home = world().copy_home("sumsel", tmp_path)
    shutil.copytree(world().folder / "stations" / "palembang", tmp_path / "palembang")
    given = {"../../palembang/keyring/palembang-1": world().passphrases["palembang-1"]}
    with pytest.raises(QuorumNotMet, match="no keyring"), open_desk(Home.load(home), given):
        pass


def test_a_station_key_that_is_not_the_rosters_is_refused(tmp_path: Path):
    home = world().copy_home("palembang", tmp_path)
    for name in ("keyring", "station.key"):
        source = world().folder / "stations" / "lahat" / name
        if source.is_dir():
            shutil.rmtree(home / name)
            shutil.copytree(source, home / name)
        else:
            shutil.copy(source, home / name)
    with pytest.raises(Refused, match="lahat-1 bukan penelaah"), sit(home, "lahat-1"):
        pass
    (home / "station.id").write_text("lahat")
    with sit(home, "lahat-1"):
        pass
    (home / "station.id").write_text("palembang")
    for reviewer in ("palembang-1", "palembang-2"):
        shutil.copytree(world().folder / "stations" / "palembang" / "keyring" / reviewer, home / "keyring" / reviewer)
    with pytest.raises(WrongPassphrase), sit(home, "palembang-1"):
        pass
    (home / "station.id").write_text("nowhere")
    with pytest.raises(Refused, match="tidak ada di roster"):
        Home.load(home)


def test_no_file_of_the_home_holds_a_word_of_a_letter_or_its_file(tmp_path: Path):
    home = world().copy_home("sumsel", tmp_path)
    data = (MARKER + "-berkas ").encode() * 20_000
    file = attach(data, name=MARKER + "-nama.pdf")
    letter = Reporter().report(MARKER + "-isi", [file], mailbox_name=MARKER)
    rows = [world().letter_row(letter), *world().part_rows(file, data)]
    with sit(home, "sumsel-1", "sumsel-2") as desk:
        assert inbox.import_bundle(desk, Stick(tmp_path / "stick").write(rows)).new == 1
        with desk.vault.begin() as transaction:
            reply(transaction, desk, "review", MARKER + "-jawab")
            assert MARKER in cases.show_case(transaction, "K-0001").fields["uraian"]
    files = [path for path in home.rglob("*") if path.is_file()]
    assert home / "vault.db" in files and any("bundles" in path.parts for path in files)
    for path in files:
        content = path.read_bytes()
        assert MARKER.encode() not in content
        assert MARKER.encode("utf-16-le") not in content
        assert file.sha256 not in content
    assert (home / "vault.db").read_bytes()[:6] != b"SQLite"

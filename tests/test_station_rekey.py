"""station.rekey: who opens the vault after the unit has changed, and that a crash never shuts out both."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest_station import (  # noqa: F401
    Reporter,
    Stick,
    Terminal,
    attach,
    give,
    sit,
    tree,
    weak,
    words_of,
    world,
)

from crypto.errors import BadSignature, CryptoError, WrongPassphrase
from keys.errors import QuorumNotMet
from keys.keyring import Keyring, open_quorum
from keys.stationkeys import open_station_key
from station import attachments, audit, cases, search, swap, tables
from station.errors import Refused, StationError, VaultUnreadable
from station.home import Home
from station.inbox import import_bundle
from station.rekey import rekey
from station.vault import open_vault

OLD, NEW = ("sumsel-1", "sumsel-2", "sumsel-3"), ("sumsel-1", "sumsel-2", "sumsel-4")


def prepare(folder: Path, *, k: int = 2, stay: tuple[str, ...] = OLD[:2], joins: tuple[str, ...] = NEW[2:]) -> Path:
    """Make a station with a case in its vault, and give it the roster that changes its reviewers."""
    home = world().copy_home("sumsel", folder)
    file = attach(b"isi berkas")
    rows = [world().letter_row(Reporter().report("jembatan retak", [file])), *world().part_rows(file, b"isi berkas")]
    with sit(home, *OLD[:2]) as desk:
        import_bundle(desk, Stick(folder / "stick").write(rows))
    new = [world().join(home, reviewer)[0] for reviewer in joins]
    for batch in home.glob("batches/*"):  # those of others make loading slow and matter to nobody here
        if not batch.name.startswith(("sumsel-", "kpk-")):
            batch.unlink()
    members = [*(world().members(*stay) if stay else ()), *new]
    give(home, world().next_roster(groups=world().groups(members, k=k))[1])
    with sit(home, *stay) if stay else nullcontext():
        pass  # the vault has seen the new roster
    return home


def reads(home: Path, *reviewers: str) -> bool:
    """Tell whether these reviewers open the vault and find the case whole."""
    try:
        with sit(home, *reviewers) as desk, desk.vault.begin() as transaction:
            case = cases.show_case(transaction, "K-0001")
            saved = attachments.save_files(transaction, case.id, home.parent / f"saved-{os.urandom(4).hex()}")
            assert desk.shares_fit()
            return case.fields["uraian"] == "jembatan retak" and saved[0].read_bytes() == b"isi berkas"
    except QuorumNotMet:
        return False


def sharers(home: Path) -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in home.glob("keyring/*/share.sealed")))


@pytest.mark.parametrize(
    ("k", "stay", "joins"),
    [
        (2, OLD[:2], ("sumsel-4",)),
        (3, OLD, ()),
        (1, OLD, ()),
        (2, OLD, ("sumsel-5", "sumsel-6")),
        (2, OLD[:2], ()),
        (1, (), ("sumsel-7",)),
    ],
    ids=["one_for_another", "k_raised", "k_lowered", "two_more", "one_less", "all_others"],
)
def test_exactly_the_new_quorum_of_the_new_reviewers_opens_the_vault(tmp_path: Path, k: int, stay, joins):
    home = prepare(tmp_path, k=k, stay=stay, joins=joins)
    members = (*stay, *joins)
    made = rekey(home, words_of(*OLD[1:]))
    assert (made.k, made.members, set(made.left)) == (k, members, set(OLD) - set(members))
    for count in range(1, len(members) + 1):
        for some in itertools.combinations(members, count):
            assert reads(home, *some) == (count >= k), some
    assert sharers(home) == Home.load(home).sharers == tuple(sorted(members))
    assert not (home / swap.READY).exists() and not (home / swap.PREPARING).exists()


def test_new_reviewers_need_not_be_present_and_who_left_may_help(tmp_path: Path):
    home = prepare(tmp_path)
    rekey(home, words_of("sumsel-3", "sumsel-1"))
    assert reads(home, "sumsel-2", "sumsel-4")


def test_old_shares_and_all_passphrases_do_not_open_the_new_vault(tmp_path: Path):
    home = prepare(tmp_path)
    shutil.copytree(home, image := tmp_path / "image")
    _, old_key = open_quorum(image / "keyring", words_of(*OLD))
    open_vault(image / "vault.db", old_key).dispose()  # control: the old copy opens
    rekey(home, words_of(*OLD[:2]))
    with pytest.raises(VaultUnreadable):
        open_vault(home / "vault.db", old_key)
    with pytest.raises(WrongPassphrase):
        open_station_key(home, old_key, "sumsel")
    for reviewer in OLD:  # an old share put back beside a new one
        shutil.copytree(home, mixed := tmp_path / f"mixed-{reviewer}")
        shutil.copy(image / "keyring" / reviewer / "share.sealed", mixed / "keyring" / reviewer)
        for other in {"sumsel-1", "sumsel-2", "sumsel-4"} - {reviewer}:
            with pytest.raises((CryptoError, StationError)):
                _, key = open_quorum(mixed / "keyring", words_of(reviewer, other))
                open_vault(mixed / "vault.db", key)
    for one in ("sumsel-1", "sumsel-2", "sumsel-4"):
        with pytest.raises(QuorumNotMet):
            open_quorum(home / "keyring", words_of(one))


def test_the_old_vault_and_the_old_shares_are_overwritten_not_just_removed(tmp_path: Path):
    home = prepare(tmp_path)
    names = ["vault.db", "station.key", *(f"keyring/{r}/share.sealed" for r in OLD)]
    before = {name: (os.open(home / name, os.O_RDONLY), (home / name).read_bytes()) for name in names}
    rekey(home, words_of(*OLD[:2]))
    for name, (fd, data) in before.items():
        left = os.read(fd, len(data) + 1)
        os.close(fd)
        assert len(left) == len(data) and not any(a == b for a, b in zip(blocks(left), blocks(data), strict=True)), name


def blocks(data: bytes) -> list[bytes]:
    return [data[at : at + 16] for at in range(0, len(data) - 15, 16)]


def test_who_leaves_keeps_weekly_keys_for_rows_on_their_way_but_no_share(tmp_path: Path):
    home = prepare(tmp_path)
    rekey(home, words_of(*OLD[:2]))
    ring = Keyring.open(home / "keyring" / "sumsel-3", "sumsel-3", world().passphrases["sumsel-3"])
    assert ring.share() is None and ring.opening_key(world().epoch) is not None
    with sit(home, *OLD[:2], "sumsel-3", leavers=True) as desk:
        assert "sumsel-3" in desk.opening_keys(world().epoch)


def test_a_new_reviewer_without_a_keyring_is_named_and_nothing_changes(tmp_path: Path):
    home = prepare(tmp_path, joins=("sumsel-4", "sumsel-5"))
    for reviewer in ("sumsel-4", "sumsel-5"):
        shutil.rmtree(home / "keyring" / reviewer)
    before = tree(home)
    with pytest.raises(Refused, match=r"belum ada kunci sumsel-4, sumsel-5 .* senyap-keys request"):
        rekey(home, words_of(*OLD[:2]))
    assert tree(home) == before


def test_a_share_key_that_its_reviewer_did_not_sign_is_named_and_nothing_changes(tmp_path: Path):
    home = prepare(tmp_path)
    path = home / "keyring" / "sumsel-4" / "share.pub"
    path.write_bytes((home / "keyring" / "sumsel-1" / "share.pub").read_bytes())
    before = tree(home)
    with pytest.raises(BadSignature, match="share key of sumsel-4"):
        rekey(home, words_of(*OLD[:2]))
    assert tree(home) == before


def test_less_than_the_old_quorum_or_a_wrong_passphrase_changes_nothing(tmp_path: Path):
    home = prepare(tmp_path)
    before = tree(home)
    for given in (words_of("sumsel-1"), words_of("sumsel-1", "sumsel-4"), {}):
        with pytest.raises(QuorumNotMet):
            rekey(home, given)
    with pytest.raises(WrongPassphrase):
        rekey(home, words_of("sumsel-1") | {"sumsel-2": "salah salah"})
    with pytest.raises(QuorumNotMet):
        rekey(home, {"../sumsel-1": "x"})
    assert tree(home) == before


def test_nobody_else_works_while_the_vault_gets_another_key(tmp_path: Path):
    home = prepare(tmp_path)
    with sit(home, *OLD[:2]):
        with pytest.raises(Refused, match="senyap-station lain sedang bekerja"):
            rekey(home, words_of(*OLD[:2]))
        with sit(home, *OLD[:2]):
            pass  # two may read at once
    with swap.at_work(home, alone=True), pytest.raises(Refused, match="sedang bekerja"), sit(home, *OLD[:2]):
        pass


@pytest.mark.parametrize("where", ["at_the_end", "inside_a_long_value"])
def test_a_copy_that_the_disk_spoils_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str):
    home = prepare(tmp_path)
    with sit(home, *OLD[:2]) as desk, desk.vault.begin() as transaction:
        long = {"object_id": b"x" * 16, "part": 0, "day": 1, "data": os.urandom(3_000_000)}
        transaction.execute(sa.insert(tables.parts).values(**long))
    before = tree(home)

    def spoil(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[-100 if where == "at_the_end" else len(data) // 2] ^= 1
        path.write_bytes(data)

    monkeypatch.setattr("station.rekey._sync", spoil)
    with pytest.raises(VaultUnreadable, match="tidak sama dengan yang ditulis"):
        rekey(home, words_of(*OLD[:2]))
    assert tree(home) == before


def test_a_copy_that_lacks_a_row_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = prepare(tmp_path)
    before = tree(home)
    real = open_vault.__globals__["connect"]

    def connect(path: Path, key: bytes):
        made = real(path, key)
        if swap.PREPARING in str(path):
            made.execute("DELETE FROM parts")
        return made

    monkeypatch.setattr("station.rekey.connect", connect)
    with pytest.raises(VaultUnreadable, match="tidak sama dengan yang ditulis"):
        rekey(home, words_of(*OLD[:2]))
    assert tree(home) == before


# --- crashes -----------------------------------------------------------------------------------------


class Crash(BaseException):
    """The machine stops: nothing after this reaches the disk, not even cleaning up."""


@contextmanager
def crashing(after: int) -> Iterator[list[str]]:
    """Let so many file operations happen, and none any more."""
    done: list[str] = []
    names = ("open", "fsync", "rename", "unlink", "mkdir", "rmdir", "write")
    real = {name: getattr(os, name) for name in names}

    def patched(name: str):
        def act(*arguments, **rest):
            if len(done) >= after:
                raise Crash
            done.append(name)
            return real[name](*arguments, **rest)

        return act

    try:
        for name in names:
            setattr(os, name, patched(name))
        yield done
    finally:
        for name in names:
            setattr(os, name, real[name])


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: crash tests sync thousands of times."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else tmp_path))
    yield folder
    shutil.rmtree(folder)


def settled(home: Path) -> None:
    """Start the next command, and demand that the vault is whole and shared out as before or as it should be."""
    with sit(home, *OLD[:2]) as desk, desk.vault.begin() as transaction:
        assert cases.show_case(transaction, "K-0001").fields["uraian"] == "jembatan retak"
    assert sharers(home) in (OLD, NEW)
    assert not list(home.glob("*rekey*")) and not list(home.glob(".*"))
    if sharers(home) == NEW:
        _, key = open_quorum(home / "keyring", words_of("sumsel-2", "sumsel-4"))
        open_vault(home / "vault.db", key).dispose()
        assert not (home / "keyring/sumsel-3/share.sealed").exists()
    else:
        _, key = open_quorum(home / "keyring", words_of("sumsel-1", "sumsel-3"))
        open_vault(home / "vault.db", key).dispose()


def test_a_crash_at_any_file_operation_leaves_the_old_or_the_new_vault_openable(quick: Path):
    start = prepare(quick)
    shutil.copytree(start, whole := quick / "whole")
    with crashing(10**6) as done:
        rekey(whole, words_of(*OLD[:2]))
    outcomes = []
    for after in range(len(done)):
        shutil.copytree(start, home := quick / "home")
        with crashing(after), pytest.raises(Crash):
            rekey(home, words_of(*OLD[:2]))
        settled(home)
        outcomes.append(sharers(home) == NEW)
        shutil.rmtree(home)
    assert len(done) > 60 and outcomes == sorted(outcomes) and {*outcomes} == {False, True}


def test_a_crash_while_a_crash_is_made_good_leaves_the_new_vault_openable(quick: Path, monkeypatch: pytest.MonkeyPatch):
    start = prepare(quick)
    with monkeypatch.context() as patch:
        patch.setattr(swap, "finish", lambda folder: None)
        rekey(start, words_of(*OLD[:2]))
    assert (start / swap.READY / swap.MEMBERS).is_file()
    shutil.copytree(start, whole := quick / "whole")
    with crashing(10**6) as done, swap.at_work(whole):
        pass
    for after in range(len(done)):
        shutil.copytree(start, home := quick / "home")
        with crashing(after), pytest.raises(Crash), swap.at_work(home):
            pass
        settled(home)
        assert sharers(home) == NEW
        shutil.rmtree(home)


def test_a_full_disk_leaves_the_old_vault_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = prepare(tmp_path)
    before = tree(home)

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr("station.rekey._sync", full)
        rekey(home, words_of(*OLD[:2]))
    assert tree(home) == before


# --- the command -------------------------------------------------------------------------------------


def test_the_command_says_who_opens_the_vault_now(tmp_path: Path):
    home = prepare(tmp_path)
    result = Terminal(tmp_path, "sumsel", OLD[1:], home).run("rekey")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "2 dari sumsel-1, sumsel-2, sumsel-4" in result.stderr and "sumsel-3" in result.stderr
    assert "jalankan" not in result.stderr
    assert "rekey" not in Terminal(tmp_path, "sumsel", ("sumsel-1", "sumsel-4"), home).run("list").stderr


def test_passphrases_are_asked_for_until_an_empty_name(tmp_path: Path):
    home, words = prepare(tmp_path, k=1), world().passphrases
    typed = "".join(f"{r}\n{words[r]}\n" for r in OLD[:2]) + "\n"
    assert Terminal(tmp_path, "sumsel", (), home).run("rekey", typed=typed).exit_code == 0
    assert reads(home, "sumsel-4")


def test_the_command_ends_with_4_without_the_old_quorum(tmp_path: Path):
    home = prepare(tmp_path)
    assert Terminal(tmp_path, "sumsel", ("sumsel-1", "sumsel-4"), home).run("rekey").exit_code == 4


def test_what_was_searched_for_is_found_under_the_new_key_and_the_log_holds(tmp_path: Path):
    home = prepare(tmp_path)
    with sit(home, *OLD[:2]) as desk, desk.vault.begin() as transaction:
        search.take_in(transaction)
        assert search.find(transaction, "jembatan ret") == {1}
        entries = audit.check(transaction)
    rekey(home, words_of(*OLD[1:]))
    with sit(home, *OLD[:2]) as desk, desk.vault.begin() as transaction:
        assert search.find(transaction, "jembatan ret") == {1}
        assert audit.check(transaction) == entries > 0

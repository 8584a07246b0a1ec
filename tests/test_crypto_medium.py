"""Files on sticks: whole or not at all, and never larger than asked for."""

import errno
import os
import stat
from pathlib import Path

import pytest

from crypto import medium
from crypto.errors import Malformed


def test_a_written_file_reads_back(tmp_path: Path) -> None:
    medium.write_file(tmp_path / "a" / "b" / "file", b"data")
    assert medium.read_file(tmp_path / "a" / "b" / "file", 4) == b"data"
    medium.write_file(tmp_path / "pieces", (bytes([n]) for n in range(5)))
    assert medium.read_file(tmp_path / "pieces", 100) == b"\0\1\2\3\4"
    medium.write_file(tmp_path / "empty", b"")
    assert medium.read_file(tmp_path / "empty", 0) == b""


def test_a_file_is_for_its_owner_only_unless_said_otherwise(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        medium.write_file(tmp_path / "new" / "secret", b"x")
        medium.write_file(tmp_path / "public", b"x", mode=0o644)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new" / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "public").stat().st_mode) == 0o644


def test_every_folder_that_is_made_is_for_its_owner_only(tmp_path: Path) -> None:
    medium.write_file(tmp_path / "outer" / "inner" / "secret", b"x")
    assert stat.S_IMODE((tmp_path / "outer").stat().st_mode) == 0o700


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    medium.write_file(tmp_path / "file", b"old")
    before = (tmp_path / "file").stat().st_ino
    with (tmp_path / "file").open("rb") as reader:
        medium.write_file(tmp_path / "file", b"new")
        assert reader.read() == b"old"
    assert (tmp_path / "file").read_bytes() == b"new"
    assert (tmp_path / "file").stat().st_ino != before


def test_a_failure_leaves_the_old_file_and_no_partial_one(tmp_path: Path) -> None:
    medium.write_file(tmp_path / "file", b"old")

    def break_off():
        yield b"new"
        raise RuntimeError("the stick was pulled")

    with pytest.raises(RuntimeError):
        medium.write_file(tmp_path / "file", break_off())
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_link_laid_under_the_temporary_name_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", bytes)
    (tmp_path / "victim").write_bytes(b"old")
    (tmp_path / f".file.{bytes(8).hex()}.part").symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        medium.write_file(tmp_path / "file", b"new")
    assert (tmp_path / "victim").read_bytes() == b"old"
    assert not (tmp_path / "file").exists()


def test_temporary_names_never_come_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names, rename = [], Path.rename
    monkeypatch.setattr(Path, "rename", lambda a, b: names.append(a.name) or rename(a, b))
    for _ in range(5):
        medium.write_file(tmp_path / "file", b"x")
    assert len(set(names)) == 5


@pytest.mark.parametrize("broken", ["fsync", "rename"])
def test_a_failed_sync_or_rename_leaves_the_old_file(
    tmp_path: Path, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    medium.write_file(tmp_path / "file", b"old")

    def fail(*_: object) -> None:
        raise OSError(5, "input/output error")

    monkeypatch.setattr(*((os, "fsync") if broken == "fsync" else (Path, "rename")), fail)
    with pytest.raises(OSError, match="input"):
        medium.write_file(tmp_path / "file", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_the_file_is_synced_before_it_is_renamed_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []
    sync, rename = os.fsync, Path.rename

    def note_sync(fd: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file")
        sync(fd)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "rename", lambda a, b: done.append("rename") or rename(a, b))
    medium.write_file(tmp_path / "file", b"x")
    assert done == ["file", "rename", "folder"]


def test_a_file_larger_than_the_cap_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    assert medium.read_file(tmp_path / "file", 5) == b"12345"
    with pytest.raises(Malformed) as caught:
        medium.read_file(tmp_path / "file", 4)
    assert "12345" not in str(caught.value) and "file:" in str(caught.value)


def test_a_file_that_is_not_there_or_is_a_folder_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        medium.read_file(tmp_path / "none", 4)
    with pytest.raises(OSError):
        medium.read_file(tmp_path, 4)


def test_a_link_is_refused_where_one_is_not_wanted(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert medium.read_file(tmp_path / "link", 4) == medium.read_file(tmp_path / "file", 4, follow=False) == b"x"
    with pytest.raises(Malformed, match="a link, want a regular file"):
        medium.read_file(tmp_path / "link", 4, follow=False)
    with pytest.raises(FileNotFoundError):
        medium.read_file(tmp_path / "none", 4, follow=False)


@pytest.mark.parametrize("size", [0, 72, 3_000_001])
def test_an_erased_file_is_overwritten_whole_in_pieces_before_it_goes(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(medium, "_PIECE_BYTES", 1_000_000)
    (tmp_path / "file").write_bytes(b"k" * size)
    fd = os.open(tmp_path / "file", os.O_RDONLY)
    drawn, draw = [], os.urandom
    monkeypatch.setattr(os, "urandom", lambda n: drawn.append(n) or draw(n))
    medium.erase_file(tmp_path / "file")
    left = os.read(fd, size + 1)
    os.close(fd)
    assert not (tmp_path / "file").exists() and len(left) == size == sum(drawn)
    assert max(drawn, default=0) <= 1_000_000 and b"k" * 8 not in left
    medium.erase_file(tmp_path / "file")


def test_room_is_demanded_where_a_folder_will_be(tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)
    free = found.f_bavail * found.f_frsize
    medium.check_room(tmp_path / "not" / "yet", 1_000_000)
    with pytest.raises(OSError, match="make room first") as caught:
        medium.check_room(tmp_path / "not" / "yet", 2 * free)
    assert caught.value.errno == errno.ENOSPC and not (tmp_path / "not").exists()


def test_what_was_written_is_read_back_from_the_medium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr(os, "posix_fadvise", lambda *advice: told.append(advice[1:]))
    medium.write_file(tmp_path / "file", b"bytes")
    with medium.open_written(tmp_path / "file") as source:
        assert told == [(0, 0, os.POSIX_FADV_DONTNEED)] and source.read() == b"bytes"

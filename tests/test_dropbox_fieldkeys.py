"""Keys of form fields that several front ends share: they agree without a word, and no disk holds the secret."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from live import REPORT
from test_dropbox_store import SESSION
from web import get, open_box, post, report

from dropbox import create_app, fieldkeys
from dropbox.errors import BadSettings
from dropbox.fieldkeys import PERIOD_SECONDS, SharedKeys
from dropbox.memory import is_memory
from dropbox.sessions import SealedFields, SessionEnded
from dropbox.settings import load_settings

START = 1_000.0 * PERIOD_SECONDS


@pytest.fixture
def secret(tmp_path: Path) -> Iterator[Path]:
    """The file that an operator puts into memory."""
    file = Path("/dev/shm") / f"senyap-test-{os.urandom(8).hex()}.key"
    file.touch(0o600)
    file.write_bytes(os.urandom(32))
    yield file
    file.unlink(missing_ok=True)


@pytest.fixture
def front_ends(small: Path, tmp_path: Path) -> Iterator[Callable[[str], Flask]]:
    """Make applications of homes of their own."""
    made = []

    def make(key: str = "") -> Flask:
        home = Path(shutil.copytree(small / "server", tmp_path / f"server{len(made)}"))
        made.append(create_app(replace(load_settings(home), session_key=key)))
        return made[-1]

    yield make
    for app in made:
        app.extensions["senyap"].cleanroom.close()
        app.extensions["senyap"].store.engine.dispose()


def two(secret: bytes = bytes(range(32))) -> tuple[SealedFields, SealedFields]:
    return SealedFields(SharedKeys(secret)), SealedFields(SharedKeys(secret))


def test_a_form_that_one_front_end_gave_is_taken_by_another(front_ends: Callable[[str], Flask], secret: Path) -> None:
    first, second = front_ends(str(secret)).test_client(), front_ends(str(secret)).test_client()
    answer = post(second, "/lapor", {"benih": get(first, "/lapor").hidden("benih"), **REPORT})
    assert answer.status == 200 and len(answer.words) == 8
    box = open_box(second, report(first).words)
    assert post(first, "/kotak/pesan", {"sesi": box.hidden("sesi"), "pesan": "Ada saksi lain."}).status == 200


def test_control_without_the_secret_the_other_one_asks_for_the_form_again(front_ends: Callable[..., Flask]) -> None:
    first, second = front_ends().test_client(), front_ends().test_client()
    answer = post(second, "/lapor", {"benih": get(first, "/lapor").hidden("benih"), **REPORT})
    assert answer.status == 422


def test_a_field_opens_at_another_front_end_in_its_period_and_the_next_and_not_after() -> None:
    here, there = two()
    sealed = here.seal_session(SESSION, now=START)
    assert replace(there.open_session(sealed, now=START + PERIOD_SECONDS - 1), expires=0) == SESSION
    late = here.seal_session(replace(SESSION, expires=int(START) + 9 * PERIOD_SECONDS), now=START)
    assert there.open_session(late, now=START + 2 * PERIOD_SECONDS - 1)
    with pytest.raises(SessionEnded):
        there.open_session(late, now=START + 2 * PERIOD_SECONDS)


def test_a_front_end_whose_clock_is_a_few_seconds_behind_opens_what_a_new_period_sealed() -> None:
    here, there = two()
    assert there.open_session(here.seal_session(SESSION, now=START + 1), now=START - 2)


def test_another_secret_opens_nothing() -> None:
    here, _ = two()
    other, _ = two(bytes(reversed(range(32))))
    with pytest.raises(SessionEnded):
        other.open_session(here.seal_session(SESSION, now=START), now=START)


@pytest.mark.parametrize("defect", ["missing", "short", "open_to_others", "link", "folder"])
def test_a_secret_that_is_not_this_users_alone_is_refused_with_words(secret: Path, defect: str) -> None:
    SharedKeys.read(secret)
    if defect == "missing":
        secret.unlink()
    elif defect == "short":
        secret.write_bytes(bytes(31))
    elif defect == "open_to_others":
        secret.chmod(0o640)
    elif defect == "link":
        secret.rename(moved := secret.with_suffix(".moved"))
        secret.symlink_to(moved)
    elif defect == "folder":
        secret.unlink()
        secret.mkdir()
    try:
        with pytest.raises(BadSettings, match="session_key names no usable file; it must lie in memory"):
            SharedKeys.read(secret)
    finally:
        if secret.is_dir():
            secret.rmdir()
        secret.with_suffix(".moved").unlink(missing_ok=True)


def test_a_secret_on_a_disk_is_refused(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seized disk must not hold what opens the fields of a screen."""
    monkeypatch.setattr(fieldkeys, "is_memory", lambda folder: is_memory(Path("/etc")))
    with pytest.raises(BadSettings):
        SharedKeys.read(secret)

"""The ceremony at a terminal: whole runs with people who type, interruptions, full disks, and what is left behind."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from test_keys_sheets import text_of

from crypto import medium, passphrase
from crypto.encoding import b64, today
from crypto.errors import WrongPassphrase
from crypto.receipt import wordlist
from crypto.signing import SigningKey
from dropbox import create_app
from dropbox.settings import load_settings
from keys import units
from keys.ceremony import progress, workshop
from keys.ceremony.states import State
from keys.ceremony.terminal import EXIT_DISK, EXIT_DONE, EXIT_REFUSED, EXIT_STOPPED, run_ceremony
from keys.ceremony.texts import TEXTS
from keys.ceremony.workshop import PARTS, SIZES, Workshop
from keys.errors import QuorumNotMet
from keys.keyring import open_quorum
from keys.ledger import Ledger
from keys.recovery import join_seed
from keys.rootkeys import open_root, root_file
from keys.roster import Root, Sizes
from keys.rosterfile import root_pin, sign_roster, verify_roster
from keys.sheets import recovery_sheet
from keys.stationkeys import open_station_key
from keys.verification import verify_deployment
from keys.words import ten_groups
from station.desk import open_desk
from station.home import Home

ONION = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion"


def cheap() -> AbstractContextManager[object]:
    """Make Argon2id cheap: its strength is tested with `crypto.passphrase`."""
    return patch.multiple(passphrase, ARGON2_MEMORY_KIB=64, ARGON2_PASSES=1)


@pytest.fixture(autouse=True)
def weak(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    monkeypatch.setattr(workshop, "WEEKS", 2)
    with cheap():
        yield


def literals(text: str) -> list[str]:
    """Return the words of a text between its facts."""
    return [" ".join(part.split()) for part in re.split(r"\{\w+[^}]*\}", text) if part.strip(" .?\n")]


QUESTIONS = {
    key: [literals(text) for text in dict.fromkeys(texts)] for key, texts in TEXTS.items() if key.startswith("ask-")
}


def stands_in(parts: list[str], screen: str) -> bool:
    """Tell whether all parts stand in a screen, in their order."""
    at = 0
    for part in parts:
        at = screen.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


class Person:
    """Types what an honest person would, and something else where `says` has it for a question."""

    def __init__(self, notes: dict[str, str] | None = None, **says: object) -> None:
        self.notes = {} if notes is None else notes
        self.says: dict[str, list[object]] = {
            key.replace("_", "-"): list(value) if isinstance(value, list) else [value] * 99
            for key, value in says.items()
        }
        self.screens: list[str] = []
        self.asked: list[str] = []
        self.full: list[str] = []  # each screen as it stands when something is typed
        self.after_typing: list[str] = []
        self._screen = ""

    @property
    def output(self) -> str:
        return "\n".join(self.screens)

    def show(self, text: str) -> None:
        self._screen += text + "\n"
        self.screens.append(text)

    def clear(self) -> None:
        self._screen = ""

    def ask(self, prompt: str) -> str:
        self.screens.append(prompt)
        self.full.append(self._screen + prompt)
        return self._answer()

    def ask_hidden(self, prompt: str) -> str:
        self.after_typing.append(self._screen)
        return self.ask(prompt)

    def _answer(self) -> str:
        screen = " ".join(self._screen.split())
        found = [key for key, texts in QUESTIONS.items() if any(stands_in(parts, screen) for parts in texts)]
        assert len(found) == 1, (found, self._screen)
        question = found[0].removeprefix("ask-")
        self.asked.append(question)
        planned = self.says.get(question)
        if planned:
            answer = planned.pop(0)
            if isinstance(answer, type) and issubclass(answer, BaseException):
                raise answer
            if callable(answer):
                return str(answer(self))
            if answer is not None:
                return str(answer)
        return self._honest(question)

    def _honest(self, question: str) -> str:
        if question in ("offer", "choose"):
            words = self.framed() if question == "offer" else f"kuda hijau minum kopi tubruk {len(self.notes)}"
            self.notes[self.who()] = words
            return "1" if question == "offer" else words
        if question in ("repeat-drawn", "repeat-own", "prove", "sign"):
            return self.notes[self.who()]
        if question == "unlock":
            return next(words for who, words in self.notes.items() if "sesi ini" in who or "this session" in who)
        if question == "root-name":
            return f"Pejabat {len(self.asked)}"
        return "ya" if question in ("clock", "resumed", "stale", "redo", "summary", "checklist") else ""

    def who(self) -> str:
        """Return whose passphrase the screen is about."""
        screen = " ".join(self._screen.split())
        asked = r".*(?:Frasa sandi|Passphrase of) ((?:sesi|this|pemegang|root|penelaah|reviewer) .*?[)0-9])\. "
        found = re.search(asked, screen) or re.search(
            r" (Pemegang kunci akar \d \(.*\)) mengetik| (Root holder \d \(.*\)) types", screen
        )
        assert found is not None, self._screen
        name = next(group for group in found.groups() if group)
        return name[0].lower() + name[1:]

    def framed(self) -> str:
        """Return the numbered words in the frame, by number."""
        found = dict(re.findall(r"(\d)  ([a-z]+)", self._screen[self._screen.index("+--") :]))
        assert sorted(found) == list("123456")
        return " ".join(found[n] for n in sorted(found))


def run(folder: Path, person: Person, language: str | None = "id", **keywords: object) -> int:
    return run_ceremony(folder, language, asker=person, workshop=Workshop(folder, **keywords))  # type: ignore[arg-type]


def verifies(folder: Path, group: str = "sumsel") -> Ledger:
    """Check a finished deployment from the outside, and that nothing else is left in the folder."""
    words = " ".join(Ledger.load(folder / "desk").fingerprint)
    for home in ("desk", "server", f"stations/{group}"):
        report = verify_deployment(folder / home, words, today=today())
        assert {line.group: line.n for line in report.lines if line.n} == {
            group: len(Ledger.load(folder / home).roster.group(group).members)
        }
    assert sorted(p.name for p in folder.iterdir()) == sorted(PARTS)
    assert not [p for p in folder.rglob("*") if p.name.startswith(".")]
    return Ledger.load(folder / "desk")


SMALL = {"root_count": "1", "reviewer_count": "1"}


# --- whole runs --------------------------------------------------------------------------------------


def reviewers_words(person: Person) -> dict[str, str]:
    """Return the passphrases of the reviewers, who are asked as `reviewer sumsel-1 (verifikator)`."""
    return {who.split()[1]: words for who, words in person.notes.items() if "sumsel-" in who}


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_whole_run_ends_in_a_deployment_that_works(tmp_path: Path, language: str) -> None:
    folder = tmp_path / "upacara"
    person = Person(onion=ONION, root_sheets=["1", "3", "1"], language="2" if language == "en" else "1")
    lines: dict[tuple[int, int], str] = {}

    def note(**facts: object) -> bytes:
        lines[facts["number"], facts["sheet"]] = " ".join(facts["words"])  # type: ignore[index, call-overload]
        return recovery_sheet(**facts)  # type: ignore[arg-type]

    with patch.object(workshop, "recovery_sheet", note):
        assert run(folder, person, None) == EXIT_DONE
    ledger = verifies(folder)
    roster = ledger.roster
    assert (roster.deployment, roster.version, roster.root_k, len(roster.roots)) == ("sumsel-2026", 1, 2, 3)
    assert (roster.issued, roster.expires, roster.sizes) == (today(), today() + 400, SIZES)
    assert roster.group_ids == {*units.GOVERNMENTS, units.KPK} and len(roster.group_ids) == 19

    home = folder / "stations" / "sumsel"
    words = reviewers_words(person)
    assert sorted(words) == ["sumsel-1", "sumsel-2", "sumsel-3"]
    shown = {f"{m.id} ({m.role})" for m in roster.group("sumsel").members}
    assert shown == {who.split(" ", 1)[1] for who in person.notes if "sumsel-" in who}
    for absent in words:
        rings, vault_key = open_quorum(home / "keyring", {r: w for r, w in words.items() if r != absent})
        assert open_station_key(home, vault_key, "sumsel").public == roster.station("sumsel").key
        assert all(ring.opening_key(today() // 7) for ring in rings)
    with pytest.raises(QuorumNotMet):
        open_quorum(home / "keyring", {"sumsel-1": words["sumsel-1"]})
    with pytest.raises(WrongPassphrase):
        open_quorum(home / "keyring", words | {"sumsel-2": words["sumsel-1"]})
    assert Home.load(home).id == "sumsel"

    assert load_settings(folder / "server").onion == ONION
    assert tomllib.loads((folder / "server" / "settings.toml").read_text())["courier_days"] == 7
    assert SigningKey.from_seed((folder / "server" / "server.key").read_bytes()).public == roster.server_key

    roots = {int(re.findall(r"\d", who)[0]): w for who, w in person.notes.items() if "akar" in who or "root" in who}
    keys = {n: open_root(folder / "roots" / f"root-{n}" / root_file(n), n, w) for n, w in roots.items()}
    assert {n: key.public for n, key in keys.items()} == {root.id: root.key for root in roster.roots}
    assert sorted(lines) == [(1, 1), (2, 1), (2, 2), (2, 3), (3, 1)]
    assert join_seed([lines[1, 1]]) == keys[1].seed and join_seed([lines[3, 1]]) == keys[3].seed
    assert {join_seed([lines[2, a], lines[2, b]]) for a, b in ((1, 2), (1, 3), (3, 2))} == {keys[2].seed}
    assert sorted(p.name for p in (folder / "paper").iterdir()) == [
        "poster.pdf", "root-1-sheet-1.pdf", "root-2-sheet-1.pdf", "root-2-sheet-2.pdf", "root-2-sheet-3.pdf",
        "root-3-sheet-1.pdf", "sumsel-1.pdf", "sumsel-2.pdf", "sumsel-3.pdf",
    ]  # fmt: skip
    assert all(p.read_bytes().startswith(b"%PDF") for p in (folder / "paper").iterdir())
    assert all(ten_groups(roster.hash) in text_of((folder / "paper" / f"{name}.pdf").read_bytes())
               for name in ("poster", "sumsel-1", "sumsel-2", "sumsel-3"))  # fmt: skip
    shown = [line.split() for line in person.output.splitlines()]
    assert [*ledger.fingerprint[:4]] in shown and [*ledger.fingerprint[4:]] in shown


def test_drop_box_and_station_begin_their_work_with_what_was_made(tmp_path: Path) -> None:
    person = Person(reviewer_count="2", onion=ONION)
    small = Sizes(slots=32, daily_cover=8, mailboxes=16, forwarded=2)
    with patch.object(workshop, "SIZES", small):
        assert run(tmp_path, person) == EXIT_DONE
    app = create_app(load_settings(tmp_path / "server"))
    try:
        page = app.test_client().get("/en/kunci")
        assert page.status_code == 200 and all(word in page.text for word in verifies(tmp_path).fingerprint)
        assert ONION in page.text
    finally:
        app.extensions["senyap"].store.engine.dispose()
    words = reviewers_words(person)
    with open_desk(Home.load(tmp_path / "stations" / "sumsel"), words) as desk:
        assert desk.home.station.lead and not desk.home.is_demo


def test_a_first_unit_that_is_not_the_province_works_as_well(tmp_path: Path) -> None:
    person = Person(group="15", reviewer_count="7", reviewer_quorum="3", root_count="9", root_quorum="9")
    assert run(tmp_path, person) == EXIT_DONE
    roster = verifies(tmp_path, "palembang").roster
    assert roster.root_k == 9 and len(roster.group("palembang").members) == 7
    assert roster.route("palembang", "desa") == ("palembang",) and roster.route("sumsel", "gubernur") == ()


def test_own_passphrases_are_weighed_and_typed_twice(tmp_path: Path) -> None:
    answers = {"offer": ["3", None, "3"], "choose": ["rahasia palembang 2026", "pendek", None, None]}
    person = Person(**SMALL, **answers, repeat_own=["bukan yang itu", None])
    assert run(tmp_path, person) == EXIT_DONE
    assert "Mudah ditebak" in person.output and "Terlalu pendek" in person.output and "Tidak sama" in person.output
    assert "rahasia palembang" not in person.output and "kuda hijau" not in person.output
    verifies(tmp_path)


def test_other_words_can_be_drawn_and_the_same_ones_looked_at_again(tmp_path: Path) -> None:
    drawn = iter(f"{first} kompas merdu garpu pandan kijang" for first in wordlist())
    person = Person(**SMALL, offer=["2", "2"], repeat_drawn=["<", "salah satu kata", "<"])
    assert run(tmp_path, person, draw=lambda: next(drawn)) == EXIT_DONE
    assert person.notes["sesi ini (pemimpin upacara)"].split()[0] == wordlist()[2]
    frames = [s for s in person.screens if "+--" in s and "sesi ini" in s]
    assert [wordlist()[n] in frame for frame, n in zip(frames, (0, 1, 2, 2, 2), strict=True)] == [True] * 5


def test_a_key_is_thrown_away_only_after_a_yes_and_leaves_nothing(tmp_path: Path) -> None:
    person = Person(
        reviewer_count="2", root_count="2", root_sheets=["3"], prove=[None, "<", None], redo=["ya", "ya", "ya", "ya"],
        days=["<"], offer=[None] * 6 + ["<", "<"], reviewer_quorum=[None, "<"], group=[None, "2"],
    )  # fmt: skip
    person.says["reviewer-count"] = ["2", "<", "1"]
    assert run(tmp_path, person) == EXIT_DONE
    assert person.asked.count("redo") >= 2
    roster = verifies(tmp_path, "oku").roster
    assert [m.id for m in roster.group("oku").members] == ["oku-1"]
    assert [p.name for p in (tmp_path / "stations").iterdir()] == ["oku"]


# --- broken off --------------------------------------------------------------------------------------


def count_questions() -> int:
    """Return how many questions a small run asks."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder, cheap(), patch.object(workshop, "WEEKS", 2):
        person = Person(**SMALL)
        assert run(Path(folder), person) == EXIT_DONE
        return len(person.asked)


QUESTIONS_ASKED = count_questions()


class Stopped(Person):
    """Ends the run at the n-th question."""

    def __init__(self, at: int, how: type[BaseException], **says: object) -> None:
        super().__init__(**says)  # type: ignore[arg-type]
        self.at, self.how = at, how

    def _answer(self) -> str:
        if len(self.asked) == self.at:
            raise self.how
        return super()._answer()


class Killed(BaseException):
    """Power cut: nothing below catches it."""


@pytest.mark.parametrize("at", range(QUESTIONS_ASKED))
def test_a_run_that_ends_at_any_question_is_taken_up_again(tmp_path: Path, at: int) -> None:
    how = (KeyboardInterrupt, EOFError, Killed)[at % 3]
    person = Stopped(at, how, **SMALL)
    if how is Killed:
        with pytest.raises(Killed):
            run(tmp_path, person)
    else:
        assert run(tmp_path, person) == EXIT_STOPPED
        assert "Yang sudah selesai tetap tersimpan" in person.screens[-1]
    (tmp_path / "roots" / "root-1").mkdir(parents=True, exist_ok=True)
    (tmp_path / "roots" / "root-1" / ".root-1.locked.00.part").write_bytes(b"half")
    if not progress.is_under_way(tmp_path):
        (tmp_path / "roots" / "root-1" / ".root-1.locked.00.part").unlink()
        (tmp_path / "roots" / "root-1").rmdir()
        (tmp_path / "roots").rmdir()
    again = Person(person.notes, **SMALL)
    assert run(tmp_path, again) == EXIT_DONE
    verifies(tmp_path)
    once = ("deployment", "root-count", "root-quorum", "group", "reviewer-count", "reviewer-quorum", "prove", "days")
    for question in once:
        assert (person.asked + again.asked).count(question) == 1, question
    assert ("resumed" in again.asked) == ("deployment" in person.asked or at == person_at("deployment"))


def person_at(question: str) -> int:
    """Return where in a small run a question stands."""
    return ["clock", "turn", "offer", "repeat-drawn", "deployment"].index(question)


def test_a_wrong_session_passphrase_changes_nothing_and_may_be_tried_again(tmp_path: Path) -> None:
    first = Person(**SMALL, group=[EOFError])
    assert run(tmp_path, first) == EXIT_STOPPED
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    wrong = Person(first.notes, unlock=["salah", "", "\udcff", "<", EOFError])
    assert run(tmp_path, wrong) == EXIT_STOPPED
    assert wrong.output.count("Frasa sandi tidak cocok") == 3 and wrong.asked.count("unlock") == 5
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
    assert run(tmp_path, Person(first.notes, **SMALL, unlock=["salah", None])) == EXIT_DONE
    verifies(tmp_path)


def test_a_damaged_progress_file_is_said_to_be_that(tmp_path: Path) -> None:
    first = Person(**SMALL, group=[EOFError])
    run(tmp_path, first)
    whole = (tmp_path / progress.STATE).read_bytes()
    (tmp_path / progress.STATE).write_bytes(whole[:-1] + bytes([whole[-1] ^ 4]))
    person = Person(first.notes)
    assert run(tmp_path, person) == EXIT_REFUSED
    assert "catatan kemajuan rusak" in person.screens[-1].replace("\n", " ")


def test_what_is_finished_is_said_when_a_run_is_taken_up(tmp_path: Path) -> None:
    first = Person(prove=[None, EOFError])
    assert run(tmp_path, first) == EXIT_STOPPED
    again = Person(first.notes, resumed=["tidak"])
    assert run(tmp_path, again, "en") == EXIT_STOPPED
    screen = re.sub(r" +", " ", again.output)
    for line in ("Deployment sumsel-2026", "Root keys 3 of 3", "Recovery sheets 1 of 3", "Reviewers (none yet)"):
        assert line in screen


# --- disks -------------------------------------------------------------------------------------------


def writes_of(folder: Path) -> int:
    """Return how many files a small run writes."""
    with failing(-1, OSError) as count:
        assert run(folder, Person(**SMALL)) == EXIT_DONE
    return len(count)


@contextlib.contextmanager
def failing(at: int, how: type[BaseException]) -> Iterator[list[str]]:
    """Let the n-th file that is written or erased fail: half before it is done, half after."""
    names: list[str] = []

    def fail(real: Callable[..., None]) -> Callable[..., None]:
        def wrapped(path: Path, *rest: object, **keywords: object) -> None:
            names.append(path.name)
            if len(names) - 1 == at and at // 2 % 2:
                raise how(errno.ENOSPC, "No space left on device")
            real(path, *rest, **keywords)
            if len(names) - 1 == at:
                raise how(errno.ENOSPC, "No space left on device")

        return wrapped

    with patch.object(medium, "write_file", fail(medium.write_file)):
        with patch.object(medium, "erase_file", fail(medium.erase_file)):
            yield names


def test_a_full_disk_or_a_power_cut_at_any_file_loses_nothing(tmp_path: Path) -> None:
    total = writes_of(tmp_path / "whole")
    assert total > 40
    finished_before = 0
    for at in range(total):
        folder, how = tmp_path / str(at), (OSError, Killed)[at % 2]
        person = Person(**SMALL)
        with failing(at, how):
            if how is OSError:
                assert run(folder, person) == EXIT_DISK
                assert "disk penuh" in person.screens[-1] and "jalankan lagi" in person.screens[-1].replace("\n", " ")
                assert str(folder) not in person.screens[-1]
            else:
                with pytest.raises(Killed):
                    run(folder, person)
        again = Person(person.notes, **SMALL)
        code = run(folder, again)
        if code == EXIT_REFUSED:  # the last file of all: only the progress file was left to be erased
            assert "checklist" in person.asked and "sudah selesai" in again.output
            finished_before += 1
        else:
            assert code == EXIT_DONE
        verifies(folder)
    assert 1 <= finished_before <= 3


def test_the_key_of_the_progress_file_is_erased_first(tmp_path: Path) -> None:
    erase = medium.erase_file

    def cut(path: Path) -> None:
        erase(path)
        if path.name.startswith("ceremony."):
            raise Killed

    with patch.object(medium, "erase_file", cut), pytest.raises(Killed):
        run(tmp_path, Person(**SMALL))
    assert [p.name for p in tmp_path.glob("ceremony.*")] == [progress.STATE]
    person = Person()
    assert run(tmp_path, person) == EXIT_REFUSED and "sudah selesai" in person.output
    verifies(tmp_path)


@pytest.mark.parametrize(
    ("name", "finished"),
    [("server.key", "prove"), ("share.sealed", "offer"), ("station.key", "offer"), ("roster.senyap", "days")],
)
def test_what_was_finished_before_a_disk_error_is_not_asked_again(tmp_path: Path, name: str, finished: str) -> None:
    write = medium.write_file

    def fail(path: Path, *rest: object) -> None:
        if path.name == name:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, *rest)  # type: ignore[arg-type]

    first = Person(**SMALL)
    with patch.object(medium, "write_file", fail):
        assert run(tmp_path, first) == EXIT_DISK
    again = Person(first.notes, **SMALL)
    assert run(tmp_path, again) == EXIT_DONE
    assert finished in first.asked and finished not in again.asked
    verifies(tmp_path)


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.EDQUOT, "disk penuh"), (errno.EIO, "Input/output error"), (errno.EROFS, "Read-only file system")],
)
def test_other_disk_errors_say_what_failed_and_why(tmp_path: Path, code: int, words: str) -> None:
    person = Person(**SMALL)

    def fail(path: Path, *rest: object) -> None:
        if path.name == "server.key":
            raise OSError(code, os.strerror(code), str(path))
        write(path, *rest)  # type: ignore[arg-type]

    write = medium.write_file
    with patch.object(medium, "write_file", fail):
        assert run(tmp_path, person) == EXIT_DISK
    assert f"Membuat kunci server: gagal ({words})" in person.screens[-1].replace("\n", " ")
    assert str(tmp_path) not in person.output


def test_a_folder_that_cannot_be_made_is_a_disk_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    person = Person()
    assert run_ceremony(tmp_path / "file" / "home", "id", asker=person) == EXIT_DISK


# --- refused -----------------------------------------------------------------------------------------


def test_a_finished_deployment_is_never_begun_again(tmp_path: Path) -> None:
    assert run(tmp_path, Person(**SMALL)) == EXIT_DONE
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    for language, words in (("id", "sudah selesai"), ("en", "finished deployment")):
        person = Person()
        assert run(tmp_path, person, language) == EXIT_REFUSED
        assert words in person.output and person.asked == []
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("name", [*PARTS, progress.STATE])
def test_a_folder_that_holds_part_of_something_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    assert run(tmp_path, Person()) == EXIT_REFUSED
    (tmp_path / progress.KEY).write_bytes(b"x")
    person = Person()
    assert run(tmp_path, person) == EXIT_REFUSED
    assert "berkas sistem lain" in person.output and person.asked == []


def test_two_ceremonies_in_one_folder_are_refused(tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        person = Person()
        assert run(tmp_path, person) == EXIT_REFUSED
        assert "sedang berjalan" in person.output
    finally:
        os.close(fd)
    assert run(tmp_path, Person(**SMALL)) == EXIT_DONE


@pytest.mark.parametrize("day", [-1, 27_500])
def test_a_machine_with_an_absurd_clock_is_refused(tmp_path: Path, day: int) -> None:
    person = Person()
    assert run(tmp_path, person, today=lambda: day) == EXIT_REFUSED
    assert "Jam mesin ini salah" in person.output and not list(tmp_path.iterdir())


def test_a_date_that_is_denied_ends_it_before_anything_is_written(tmp_path: Path) -> None:
    person = Person(clock="tidak")
    assert run(tmp_path, person) == EXIT_STOPPED
    assert "Betulkan jam" in person.output and not list(tmp_path.iterdir())


def test_files_that_somebody_exchanged_before_the_check_are_found(tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert run(other, Person(**SMALL)) == EXIT_DONE
    write, folder = workshop.write_ledger, tmp_path / "home"

    def exchange(home: Path, *rest: object) -> None:
        write(home, *rest)  # type: ignore[arg-type]
        if home.name == "desk" and not (folder / "once").exists():
            (folder / "once").touch()
            (home / "roster.senyap").write_bytes((other / "desk" / "roster.senyap").read_bytes())
            (home / "root.pin").write_bytes((other / "desk" / "root.pin").read_bytes())

    person = Person(**SMALL)
    with patch.object(workshop, "write_ledger", exchange):
        assert run(folder, person) == EXIT_DONE
    assert "Pemeriksaan gagal" in person.output and person.asked.count("sign") == 2
    (folder / "once").unlink()
    verifies(folder)


def test_another_root_set_in_every_folder_is_found(tmp_path: Path) -> None:
    write, rogue = workshop.write_ledger, SigningKey.generate()

    def exchange(home: Path, pin: bytes, signed: bytes, batches: list[bytes]) -> None:
        roots = (Root(1, rogue.public),)
        roster = verify_roster(signed, previous=None, pin=pin, today=None)
        signed = sign_roster(replace(roster, roots=roots, root_k=1), {1: rogue})
        write(home, root_pin(roots, 1), signed, batches)

    person = Person(**SMALL, summary=[None, EOFError])
    with patch.object(workshop, "write_ledger", exchange):
        assert run(tmp_path, person) == EXIT_STOPPED
    assert "Pemeriksaan gagal" in person.output and "checklist" not in person.asked
    assert run(tmp_path, Person(person.notes)) == EXIT_DONE
    verifies(tmp_path)


# --- secrets -----------------------------------------------------------------------------------------


def test_no_passphrase_and_no_seed_is_left_anywhere(tmp_path: Path) -> None:
    seeds: list[bytes] = []
    states: list[bytes] = []
    make, masters = SigningKey.from_seed.__func__, os.urandom  # type: ignore[attr-defined]

    def remember(cls: type[SigningKey], seed: bytes) -> SigningKey:
        seeds.append(seed)
        return make(cls, seed)  # type: ignore[no-any-return]

    def draw(size: int) -> bytes:
        drawn = masters(size)
        if size == 32:
            seeds.append(drawn)
        return drawn

    encode = progress.state_to_json

    def keep(state: State) -> bytes:
        states.append(encode(state))
        return states[-1]

    class Watchful(Person):
        """Looks through the folder at each question."""

        def ask(self, prompt: str) -> str:
            for path in (p for p in tmp_path.rglob("*") if p.is_file()):
                assert not any(words.encode() in path.read_bytes() for words in self.notes.values()), path.name
            return super().ask(prompt)

    person = Watchful(offer=["3", None, None, "3"], prove=["salah", None])
    with (
        patch.object(SigningKey, "from_seed", classmethod(remember)),
        patch.object(os, "urandom", draw),
        patch.object(progress, "state_to_json", keep),
    ):
        assert run(tmp_path, person) == EXIT_DONE
    assert len(seeds) > 30 and len(states) > 25
    server = (tmp_path / "server" / "server.key").read_bytes()
    files = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and p.parent.name != "paper"}
    for seed in set(seeds) - {server}:
        forms = (seed, seed.hex().encode(), b64(seed).encode())
        assert not any(form in data for form in forms for data in (*files.values(), *states))
    assert not any(form in data for form in (server, b64(server).encode()) for data in states)
    own = [words for words in person.notes.values() if words.startswith("kuda")]
    assert len(own) == 2
    for words in person.notes.values():
        assert not any(words.encode() in data for data in (*files.values(), *states))
        assert not any(words.encode() in p.read_bytes() for p in (tmp_path / "paper").iterdir())
        assert words not in person.output
    assert "salah" not in person.output


def test_the_generated_words_are_shown_once_each_and_then_cleared(tmp_path: Path) -> None:
    person = Person(**SMALL)
    assert run(tmp_path, person) == EXIT_DONE
    for words in person.notes.values():
        shown = [s for s in person.screens if all(re.search(rf"\b{w}\b", s) for w in words.split())]
        assert len(shown) == 1 and "+--" in shown[0]
    assert all("+--" not in screen for screen in person.after_typing)


def test_every_file_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    assert run(folder, Person(**SMALL)) == EXIT_DONE
    modes = {(p.is_dir(), stat.S_IMODE(p.stat().st_mode)) for p in (folder, *folder.rglob("*"))}
    assert modes == {(True, 0o700), (False, 0o600)}


# --- the screen --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_screen_fits_80_by_24_with_long_names_and_mistakes(tmp_path: Path, language: str) -> None:
    name = "Kepala Biro Hukum dan Hak Asasi Manusia Sekretariat Daerah Sumsel"[:60]
    wrong = {
        key: ["§ § §", None]
        for key in ("deployment", "root-quorum", "reviewer-quorum", "days", "group", "summary", "signer", "checklist",
                    "prove", "sign", "repeat-drawn", "redo")
    }  # fmt: skip
    person = Person(root_count="9", reviewer_count="7", root_name=name, onion=["salah", ONION], **wrong)
    person.says["days"] = ["§", "<", "§", None]
    person.says["redo"] = ["§", "tidak"]
    assert run(tmp_path, person, language) == EXIT_DONE
    stopped = Person(person.notes, root_count="9", root_name=name, prove=[EOFError])
    assert run(tmp_path / "other", stopped, language) == EXIT_STOPPED
    assert run(tmp_path / "other", Person(stopped.notes, resumed=["§", EOFError]), language) == EXIT_STOPPED
    for screen in (*person.full, *stopped.full):
        lines = screen.split("\n")
        assert max(map(len, lines)) <= 80, max(lines, key=len)
        assert len(lines) <= 24, screen
        assert screen.isascii()


def test_both_languages_ask_in_their_own_words(tmp_path: Path) -> None:
    screens = {}
    for language in ("id", "en"):
        person = Person(**SMALL)
        assert run(tmp_path / language, person, language) == EXIT_DONE
        screens[language] = person
    assert screens["id"].asked == screens["en"].asked
    assert "langkah 5 dari 12" in screens["id"].output and "step 5 of 12" in screens["en"].output
    assert "step" not in screens["id"].output and not re.search(r"\blangkah\b", screens["en"].output)


@pytest.mark.parametrize(("typed", "agreed"), [("ya", True), ("Y", True), ("YES", True), ("t", False), ("No", False)])
def test_yes_and_no_are_understood_in_both_languages(tmp_path: Path, typed: str, agreed: bool) -> None:
    person = Person(clock=[typed], offer=[EOFError])
    assert run(tmp_path, person) == EXIT_STOPPED
    assert ("offer" in person.asked) is agreed


# --- real terminals ----------------------------------------------------------------------------------

PROGRAM = """
import sys
from pathlib import Path
from crypto import passphrase
from keys.ceremony import workshop
from keys.ceremony.terminal import run_ceremony
passphrase.ARGON2_MEMORY_KIB, passphrase.ARGON2_PASSES = 64, 1
workshop.generate_passphrase = lambda: "sungai kompas merdu garpu pandan kijang"
work = workshop.Workshop(Path(sys.argv[1]), draw=lambda: "sungai kompas merdu garpu pandan kijang")
sys.exit(run_ceremony(Path(sys.argv[1]), sys.argv[2], workshop=work))
"""


def program(folder: Path, language: str = "id") -> list[str]:
    return [sys.executable, "-c", PROGRAM, str(folder), language]


def test_it_reads_a_pipe_line_by_line_and_ends_with_it(tmp_path: Path) -> None:
    words = "sungai kompas merdu garpu pandan kijang"
    lines = ["ya", "", "1", words, "sumsel-2026", "1", "1", "Biro Hukum", "1", "", "1", words]
    done = subprocess.run(
        program(tmp_path), input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == EXIT_STOPPED, done.stderr
    assert done.stdout == "" and "\x1b" not in done.stderr and "Traceback" not in done.stderr
    assert "mengetik frasa sandinya sekali lagi" in done.stderr.replace("\n", " ")
    assert done.stderr.split()[-4:] == ["jalankan", "lagi", "untuk", "melanjutkan."]
    assert (tmp_path / "roots" / "root-1" / "root-1.locked").is_file()


def test_nobodys_words_stand_before_whoever_typed_last(tmp_path: Path) -> None:
    """Between two people there is a screen without words, for each passphrase of a whole run."""
    person = Person(root_count="2", reviewer_count="2")
    assert run(tmp_path, person) == EXIT_DONE
    assert person.asked.count("turn") == 5, "session, two root holders, two reviewers"
    for before, asked in zip(person.asked, person.asked[1:], strict=False):
        assert asked != "offer" or before == "turn"
    turns = [screen for screen in person.full if "Tekan Enter setelah duduk" in " ".join(screen.split())]
    assert len(turns) == 5 and not any("+--" in screen for screen in turns)


def test_bytes_that_are_no_text_are_refused_and_nothing_breaks(tmp_path: Path) -> None:
    words = b"sungai kompas merdu garpu pandan kijang"
    lines = [
        b"ya\xff",
        b"ya",
        b"",
        b"3",
        b"\xff" * 30,
        words,
        words,
        b"\xe9",
        b"",
        b"1",
        b"1",
        b"Ren\xe9",
        b"Ren\xc3\xa9",
    ]
    done = subprocess.run(
        program(tmp_path), input=b"\n".join(lines) + b"\n", capture_output=True, timeout=60, check=False
    )
    assert done.returncode == EXIT_STOPPED and done.stdout == b""
    out = " ".join(done.stderr.decode().split())
    assert "Traceback" not in out and "Ketik ya atau tidak" in out and "bukan huruf" in out and "tanpa spasi" in out
    assert "paling banyak 60 huruf" in out and "pemegang kunci akar 1 (Ren\u00e9)" in out


class Screen:
    """A program on a pseudo-terminal."""

    def __init__(self, folder: Path) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a test run in the background ignores it
            os.execv(sys.executable, program(folder))
        self.text = ""

    def until(self, words: str) -> None:
        end = time.monotonic() + 30
        while words not in self.text:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            assert ready, f"never saw {words!r} in {self.text!r}"
            try:
                self.text += os.read(self.fd, 65_536).decode()
            except OSError:
                raise AssertionError(self.text) from None

    def type(self, words: str, then: str) -> None:
        os.write(self.fd, words.encode() + b"\n")
        self.text = ""
        self.until(then)

    def end(self) -> int:
        with contextlib.suppress(OSError):
            while os.read(self.fd, 65_536):
                pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_on_a_terminal_secrets_are_not_echoed_and_a_kill_loses_nothing(tmp_path: Path) -> None:
    words = "sungai kompas merdu garpu pandan kijang"
    screen = Screen(tmp_path)
    screen.until("ya / tidak")
    screen.type("ya", "Tekan Enter")
    assert "kompas" not in screen.text, "no words before their owner sits here"
    screen.type("", "1 / 2 / 3")
    assert "kompas" in screen.text
    screen.type("1", "(tidak tampil)")
    os.write(screen.fd, b"\xff\xfe\n")
    screen.text = ""
    screen.until("Tidak sama")
    screen.until("(tidak tampil)")
    assert "kompas" not in screen.text.split("\x1b[3J")[-1]
    screen.type(words, "Nama [")
    assert "kompas" not in screen.text
    screen.type("", "Jumlah, 1-9")
    os.kill(screen.pid, signal.SIGKILL)
    assert screen.end() == -signal.SIGKILL
    again = Screen(tmp_path)
    again.until("ya / tidak")
    again.type("ya", "(tidak tampil)")
    again.type(words, "Lanjutkan?")
    assert "kompas" not in again.text
    again.type("ya", "Jumlah, 1-9")
    os.write(again.fd, b"\x03")
    assert again.end() == EXIT_STOPPED

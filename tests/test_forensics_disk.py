"""P1: nothing a reporter types or uploads is written to the server's disk in the clear.

Looked at from outside, with every system call that can put bytes anywhere; a search of the files that
are left would not see a temporary file that is gone already.
"""

from __future__ import annotations

import http.client
import itertools
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest_station import world
from forensics import Trace, all_pids, as_shown, needs_strace, spooling_server
from live import BOUNDARY, REPORT, Answer, LiveServer, copy_home, multipart, random_word

from crypto.row import FRONT_BYTES, ROW_BYTES

FILE_BYTES = 5_000_000
WAITING = "SELECT rows.id, row FROM rows JOIN slots ON slots.id = rows.id WHERE waiting = 1"


@dataclass(frozen=True)
class Markers:
    """Three random words that stand nowhere but in one report."""

    text: str
    file: str
    name: str

    @classmethod
    def draw(cls) -> Markers:
        return cls(*(letter + random_word() for letter in "tfn"))

    @property
    def all(self) -> tuple[str, str, str]:
        return self.text, self.file, self.name

    @property
    def content(self) -> bytes:
        line = f"{self.file} \n".encode()
        return (line * (FILE_BYTES // len(line) + 1))[:FILE_BYTES]

    @property
    def form(self) -> dict[str, str]:
        return REPORT | {"uraian": f"Seseorang menulis {self.text} di sini."}


@dataclass(frozen=True)
class Seen:
    """One traced report."""

    markers: Markers
    answer: Answer
    trace: Trace
    home: Path
    temporary: Path
    port: int

    @property
    def words_as_written(self) -> list[str]:
        """Neighbouring words of the receipt code, in the forms in which a program might write them."""
        words = self.answer.words
        pairs = list(itertools.pairwise(words))
        joined = [f"{a}{between}{b}" for a, b in pairs for between in (" ", "+", "-", ",", ", ", r"\n", "', '")]
        return joined + [text.replace("\n", r"\n").replace('"', r"\"") for text in as_shown(self.answer)]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """Send one report with one file of 5 MB to a traced server."""
    folder = tmp_path_factory.mktemp("disk")
    home, temporary, markers = copy_home(world().folder / "server", folder / "home"), folder / "tmp", Markers.draw()
    temporary.mkdir()
    with LiveServer(home, env={"TMPDIR": str(temporary)}) as server:
        with Trace(all_pids(server), folder / "trace") as trace:
            form = markers.form | {"asli": ""}  # the file goes through the process that cleans
            answer = server.report(form, [(f"{markers.name}.txt", markers.content, "text/plain")])
        assert answer.status == 200 and len(answer.words) == 8
        yield Seen(markers, answer, trace, home, temporary, server.port)


@pytest.fixture(scope="module")
def waiting(seen: Seen) -> list[bytes]:
    """The rows of the report, read from the database."""
    with sqlite3.connect(f"file:{seen.home / 'dropbox.db'}?mode=ro", uri=True) as db:
        return [bytes(row) for _slot, row in db.execute(WAITING)]


def files_below(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


@needs_strace
def test_no_system_call_writes_text_or_file_of_the_report_anywhere(seen: Seen) -> None:
    assert not seen.trace.writes_of(seen.markers.text)
    written = seen.trace.writes_of(seen.markers.file)
    assert written, "the file went to the process that cleans"
    assert all("UNIX-STREAM:[" in place for place in written), "a socket without a name between two processes"


@needs_strace
def test_receipt_code_and_file_name_go_to_the_reporters_connection_and_nowhere_else(seen: Seen) -> None:
    written = seen.trace.writes_of(*seen.words_as_written, seen.markers.name)
    assert written, "not even the answer was seen"
    assert all(f"TCP:[127.0.0.1:{seen.port}->127.0.0.1:" in place for place in written)


@needs_strace
def test_the_trace_saw_the_sealed_rows_go_to_the_database(seen: Seen) -> None:
    writes = [c for c in seen.trace.calls if c.name == "pwrite64" and c.target == str(seen.home / "dropbox.db")]
    assert len(writes) * 65_536 >= FILE_BYTES


@needs_strace
def test_no_file_is_opened_for_writing_but_the_database_its_journal_and_the_locks(seen: Seen) -> None:
    database = seen.home / "dropbox.db"
    locks = {str(path) for path in (seen.home / "locks").iterdir()}
    opened = {path for path in seen.trace.opened_for_writing() if path != "/dev/null"}
    assert opened
    assert opened <= {str(database), f"{database}-journal", *locks}


@needs_strace
def test_no_temporary_file_is_made_named_or_not(seen: Seen) -> None:
    assert not seen.trace.unnamed_files()
    assert not [c for c in seen.trace.calls if str(seen.temporary) in c.arguments]
    assert not list(seen.temporary.iterdir())


@needs_strace
def test_no_file_is_mapped_so_that_memory_reaches_the_disk_without_a_write(seen: Seen) -> None:
    assert not seen.trace.shared_maps()


@needs_strace
def test_the_files_of_the_home_hold_no_word_of_the_report(seen: Seen) -> None:
    needles = [marker.encode() for marker in seen.markers.all]
    needles += [word.encode().decode("unicode_escape").encode() for word in seen.words_as_written]
    for path in files_below(seen.home, seen.temporary):
        content = path.read_bytes()
        assert not [n for n in needles if n in content], path.name


@needs_strace
def test_after_the_commit_no_journal_is_left_beside_the_database(seen: Seen) -> None:
    assert [p.name for p in seen.home.glob("dropbox.db*")] == ["dropbox.db"]


@needs_strace
def test_no_file_but_the_database_holds_an_image_of_a_row_just_written(seen: Seen, waiting: list[bytes]) -> None:
    assert len(waiting) * ROW_BYTES >= FILE_BYTES
    samples = [row[at : at + 64] for row in waiting for at in (FRONT_BYTES - 64, FRONT_BYTES + 64, ROW_BYTES - 64)]
    database = (seen.home / "dropbox.db").read_bytes()
    assert all(sample in database for sample in samples), "a row that was written stands nowhere"
    for path in files_below(seen.home, seen.temporary):
        if path.name != "dropbox.db":
            content = path.read_bytes()
            assert not any(sample in content for sample in samples), path.name


# --- control -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spooled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Markers, Trace, Path]:
    """Send the same report to a server that takes forms as Werkzeug does by itself."""
    folder, markers = tmp_path_factory.mktemp("control"), Markers.draw()
    (folder / "tmp").mkdir()
    with spooling_server(folder / "tmp") as (port, pids):
        with Trace(pids, folder / "trace") as trace:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            body = multipart(markers.form, [("a.txt", markers.content, "text/plain")])
            kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
            connection.request("POST", "/", body, kind)
            answer = connection.getresponse().read().decode()
            connection.close()
    assert answer == f"{len(markers.form['uraian'])} {FILE_BYTES}"
    return markers, trace, folder / "tmp"


@needs_strace
def test_control_the_same_trace_sees_a_form_parser_that_spools_to_disk(spooled: tuple[Markers, Trace, Path]) -> None:
    markers, trace, temporary = spooled
    assert any(str(temporary) in place for place in trace.writes_of(markers.file))
    assert trace.unnamed_files() or any(str(temporary) in path for path in trace.opened_for_writing())
    assert not list(temporary.iterdir()), "a search of the files that are left would have found it, too"

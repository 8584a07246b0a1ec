"""Files are cleaned in a process of its own before they are sealed, and the reporter hears what became of each."""

from __future__ import annotations

import fcntl
import hashlib
import html
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from live import REPORT
from samples import CLEANED, SAMPLES, Sample, named
from test_dropbox_check import hidden
from web import get, letters_of, open_box, opened, post, report, waiting

from crypto.attachment import MAX_ATTACHMENTS, open_part
from crypto.letter import Letter
from crypto.row import Kind
from dropbox import cleanroom, incoming, patience
from dropbox.cleaning import Outcome, clean
from dropbox.cleaning.limits import MAX_FILE_BYTES
from dropbox.cleanroom import Cleanroom
from dropbox.errors import BadSettings, Busy
from dropbox.lanes import Lanes
from dropbox.services import Services

PHOTO = ("foto.jpg", named("exiftool-tags.jpg"), "image/jpeg")
NOISE = ("rekaman.bin", bytes(range(256)) * 20, "application/octet-stream")
DOCUMENT = ("surat.docx", named("word-like.docx"), "application/octet-stream")
PLAIN = ("catatan.txt", b"Kuitansi nomor 14, lihat lemari.\n", "text/plain")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Cleanroom]:
    made = Cleanroom(tmp_path)
    yield made
    made.close()


def stored(services: Services, small: Path) -> tuple[Letter, dict[bytes, bytes]]:
    """Return the one letter that waits, and its files by their object ids."""
    records = opened(services, small, "sumsel", "sumsel-1", "sumsel-2")
    (letter,) = letters_of(records)
    files = {}
    for a in letter.attachments:
        parts = sorted((r for r in records if r.object_id == a.object_id), key=lambda r: r.part)
        assert all(r.kind is Kind.ATTACHMENT for r in parts)
        files[a.object_id] = b"".join(open_part(a.key, a.object_id, r.part, r.data) for r in parts)
    return letter, files


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_the_process_cleans_as_the_function_does(shared: Cleanroom, sample: Sample) -> None:
    assert shared.clean(sample.data) == clean(sample.data)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cleanroom]:
    made = Cleanroom(tmp_path_factory.mktemp("room"))
    yield made
    made.close()


def test_a_photo_is_cleaned_before_it_is_sealed(client: FlaskClient, services: Services, small: Path) -> None:
    sent = report(client, [PHOTO, PLAIN], asli="")
    assert sent.status == 200
    assert re.findall(r"<bdi>([^<]*)</bdi> \([^,]*, ([^)]*)\)", html.unescape(sent.text)) == [
        ("foto.jpg", "dibersihkan"),
        ("catatan.txt", "dibiarkan: teks biasa"),
    ]
    letter, files = stored(services, small)
    assert [a.cleaned for a in letter.attachments] == ["cleaned", "untouched"]
    photo, note = (files[a.object_id] for a in letter.attachments)
    assert photo == clean(PHOTO[1]).data != PHOTO[1] and note == PLAIN[1]
    for a, data in zip(letter.attachments, (photo, note), strict=True):
        assert a.size == len(data) and a.sha256 == hashlib.sha256(data).digest()


def test_an_original_goes_as_it_is_when_that_is_chosen(client: FlaskClient, services: Services, small: Path) -> None:
    sent = report(client, [PHOTO], asli="ya")
    assert sent.status == 200 and "dibiarkan asli" in sent.text
    letter, files = stored(services, small)
    assert letter.attachments[0].cleaned == "kept" and list(files.values()) == [PHOTO[1]]


def test_what_cannot_be_cleaned_is_asked_about_and_then_sent_or_left_out(
    client: FlaskClient, services: Services, small: Path
) -> None:
    asked = report(client, [PHOTO, NOISE], asli="")
    assert asked.status == 422 and "rekaman.bin</bdi> (5\u00a0kB, tidak dapat dibersihkan)" in html.unescape(asked.text)
    assert "foto.jpg" in asked.text and 'id="ditandai"' in asked.text
    sent = post(client, "/lapor", {**hidden(asked), "diperiksa": "ya", "buang": "1"})
    assert sent.status == 200 and "rekaman.bin" not in sent.text
    letter, _files = stored(services, small)
    assert [(a.name, a.cleaned) for a in letter.attachments] == [("foto.jpg", "cleaned")]
    both = post(client, "/lapor", {**hidden(asked), "diperiksa": "ya"})
    assert both.status == 200 and "tidak dapat dibersihkan" in both.text


def test_a_message_is_treated_alike(client: FlaskClient, services: Services) -> None:
    page = open_box(client, report(client).words)
    message = {"sesi": page.hidden("sesi"), "pesan": "Ini fotonya.", "asli": ""}
    asked = post(client, "/kotak/pesan", message, [PHOTO, NOISE])
    assert asked.status == 422 and 'id="ditandai"' in asked.text and 'name="diperiksa"' in asked.text
    sent = post(client, "/kotak/pesan", {**message, "berkas": asked.hidden("berkas"), "diperiksa": "ya"})
    assert sent.status == 200 and "dibersihkan)" in sent.text and "tidak dapat dibersihkan)" in sent.text


@pytest.mark.parametrize("name", ["rekaman.bin", "3201015508900001.txt"])
def test_a_file_added_on_the_page_that_asks_is_asked_about_itself(client: FlaskClient, name: str) -> None:
    page = open_box(client, report(client).words)
    message = {"sesi": page.hidden("sesi"), "pesan": "Hubungi 0812-3456-7890.", "asli": ""}
    asked = post(client, "/kotak/pesan", message)
    assert asked.status == 422 and 'name="lampiran"' in asked.text and 'name="diperiksa"' in asked.text
    new = (name, NOISE[1] if name.endswith("bin") else PLAIN[1], "text/plain")
    again = post(client, "/kotak/pesan", {**message, "diperiksa": "ya"}, [new])
    assert again.status == 422 and 'id="ditandai"' in again.text and name in again.text
    kept = {"berkas": again.hidden("berkas"), "diperiksa": "ya"}
    assert 'id="terkirim"' in post(client, "/kotak/pesan", {**message, **kept}).text
    typed = {"benih": get(client, "/lapor").hidden("benih"), **REPORT, "asli": "", "diperiksa": "ya"}
    assert post(client, "/lapor", typed, [new]).status == 422


def test_the_same_photo_gives_the_same_code(client: FlaskClient, services: Services) -> None:
    form = {"benih": get(client, "/lapor").hidden("benih"), **REPORT, "asli": ""}
    assert post(client, "/lapor", form, [PHOTO]).words == post(client, "/lapor", form, [PHOTO]).words


def test_a_file_that_is_refused_for_its_size_is_not_held_any_longer(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "MAX_ATTACHMENT_BYTES", 10_000)
    answer = report(client, [("besar.jpg", PHOTO[1][:20] + bytes(50_000), "image/jpeg")], asli="")
    assert answer.status == 413 and REPORT["uraian"] in answer.text
    assert services.cleanroom._held == 0 and waiting(services) == []


def test_a_file_that_may_not_be_held_is_refused_for_now_and_the_text_kept(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanroom, "HELD_BYTES", 2_000)
    answer = report(client, [PHOTO], asli="")
    assert answer.status == 503 and REPORT["uraian"] in answer.text and 'id="galat-lampiran"' in answer.text
    assert waiting(services) == [] and services.cleanroom._held == 0
    monkeypatch.undo()
    assert report(client, [PHOTO], asli="").status == 200


def test_too_many_that_wait_are_refused_for_now(client: FlaskClient, services: Services, monkeypatch) -> None:
    monkeypatch.setattr(services.cleanroom._lanes, "enter", lambda _seconds: (_ for _ in ()).throw(Busy("x")))
    answer = report(client, [DOCUMENT], asli="")
    assert answer.status == 503 and REPORT["uraian"] in answer.text and waiting(services) == []


def test_no_more_than_two_documents_are_cleaned_at_once_on_the_machine(tmp_path: Path) -> None:
    """Two lanes are held as another process would hold them: a file waits until one of them is free."""
    room, others = Cleanroom(tmp_path), Lanes(tmp_path, "clean", cleanroom.AT_ONCE, 1)
    done = threading.Event()

    def work() -> None:
        room.clean(DOCUMENT[1])
        done.set()

    with ExitStack() as held:
        for _ in range(cleanroom.AT_ONCE):
            held.enter_context(others.enter())
        thread = threading.Thread(target=work)
        thread.start()
        while room._lanes._places._value != cleanroom.MAX_WAITING + cleanroom.AT_ONCE - 1:
            os.sched_yield()
        assert not done.is_set() and room._process is None
    thread.join(60)
    assert done.is_set()
    room.close()


def test_a_file_waits_for_a_while_and_not_until_the_connection_is_cut(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_ATTACHMENTS * cleanroom.WAIT_SECONDS < patience.BODY_SECONDS
    monkeypatch.setattr(cleanroom, "WAIT_SECONDS", 0.2)
    others = Lanes(services.settings.home / "locks", "clean", cleanroom.AT_ONCE, 1)
    with ExitStack() as held:
        for _ in range(cleanroom.AT_ONCE):
            held.enter_context(others.enter())
        answer = report(client, [DOCUMENT], asli="")
        assert answer.status == 503 and REPORT["uraian"] in answer.text and 'id="galat-lampiran"' in answer.text
        with held.enter_context(open(others._line, "r+b")) as line:
            fcntl.flock(line, fcntl.LOCK_EX)
            assert report(client, [DOCUMENT], asli="").status == 503, "whoever stands in the line does not either"
        assert waiting(services) == [] and services.cleanroom._held == 0
        assert report(client, [PHOTO], asli="").status == 200, "pictures have a place of their own"
    assert report(client, [DOCUMENT], asli="").status == 200


def test_a_small_file_cannot_take_long(room: Cleanroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PDF of 20 kB asked for 25 s: a few of them kept everybody else's photos waiting."""
    slow = "import dropbox.cleanroom as c; c.LEAST_PROCESSOR_SECONDS = 1; "
    slow += "c.clean = lambda data: sum(0 for _ in iter(int, 1)); "
    monkeypatch.setattr(cleanroom, "_PROGRAM", slow + cleanroom._PROGRAM)
    monkeypatch.setattr(cleanroom, "ANSWER_SECONDS", 10**6)  # nothing but its processor time ends it
    monkeypatch.setattr(
        cleanroom, "_PROGRAM", "import dropbox.cleanroom as c; c.CHILD_SECONDS = 10**6; " + cleanroom._PROGRAM
    )
    assert room.clean(b"%PDF-1.4" + bytes(20_000)) == cleanroom._NOT_CLEANED


def test_cleaning_steps_back_for_the_pages(room: Cleanroom) -> None:
    room.clean(PHOTO[1])
    assert room._process is not None
    nicer = os.getpriority(os.PRIO_PROCESS, room._process.pid) - os.getpriority(os.PRIO_PROCESS, 0)
    assert nicer == cleanroom.NICER or os.getpriority(os.PRIO_PROCESS, room._process.pid) == 19


def test_a_process_that_died_is_started_again(room: Cleanroom) -> None:
    assert room.clean(PHOTO[1]).outcome is Outcome.CLEANED
    process = room._process
    assert process is not None
    process.kill()
    process.wait()
    assert room.clean(PHOTO[1]).outcome is Outcome.CLEANED and room._process is not process


def test_without_a_process_nothing_counts_as_clean(room: Cleanroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert room.clean(PHOTO[1]) == cleanroom._NOT_CLEANED


PROBE = """
import socket, sys
from dropbox import cleanroom
from dropbox.cleaning import Cleaned, Outcome

def probe(data):
    tries = {probes}
    found = []
    for name, what in tries.items():
        try:
            what()
            found.append(name)
        except BaseException:
            pass
    return Cleaned(Outcome.CLEANED, ",".join(found).encode(), "probe")

cleanroom.clean = probe
if "--free" in sys.argv:
    cleanroom._limit = lambda: None
cleanroom.main(socket.socket(fileno=int(sys.argv[1])))
"""
TRIES = """{
    "connect": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "read": lambda: open("/etc/hostname", "rb"),
    "write": lambda: open("/dev/shm/senyap-probe", "wb").close(),
    "memory": lambda: bytearray(2_000_000_000),
}"""


def probed(*options: str) -> str:
    ours, theirs = socket.socketpair()
    code = PROBE.replace("{probes}", TRIES)
    with ours, theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(theirs.fileno()), *options],
            pass_fds=[theirs.fileno()],
            cwd=Path(__file__).parents[1],
        )
        channel, other = socket.socketpair()
        with channel:
            with other:
                socket.send_fds(ours, [b"f"], [other.fileno()])
            result = cleanroom._ask(channel, b"x")
        ours.close()
        process.wait(30)
    return (result.data or b"").decode()


def test_a_child_can_open_no_file_and_no_connection_and_take_little_memory() -> None:
    assert probed() == ""


def test_control_without_its_limits_a_child_can_do_all_of_it() -> None:
    try:
        assert probed("--free") == "connect,read,write,memory"
    finally:
        Path("/dev/shm/senyap-probe").unlink(missing_ok=True)


def test_the_process_holds_no_key_and_no_socket_of_the_worker(room: Cleanroom) -> None:
    marker = os.urandom(32)  # in the memory of this process alone
    room.clean(PHOTO[1])
    assert room._process is not None
    pid = room._process.pid
    links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    assert sum(link.startswith("socket:") for link in links) == 1
    assert all(link.startswith("socket:") or link == "/dev/null" for link in links)
    maps = Path(f"/proc/{pid}/maps").read_text()
    with open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps.splitlines():
            start, end = (int(x, 16) for x in line.split()[0].split("-"))
            if "rw" in line.split()[1] and "[v" not in line:
                memory.seek(start)
                assert marker not in memory.read(end - start)


def test_nothing_is_left_of_a_process_whose_worker_is_gone(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from dropbox.cleanroom import Cleanroom; room = Cleanroom(pathlib.Path(sys.argv[1]));"
        "room.clean(b'x' * 5000); print(room._process.pid, flush=True); sys.stdin.read()"
    )
    worker = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])  # fmt: skip
    assert worker.stdout and worker.stdin
    pid = int(worker.stdout.readline())
    watched = os.pidfd_open(pid)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert select.select([watched], [], [], 30)[0], "it is still there"
    os.close(watched)
    worker.stdin.close()
    worker.stdout.close()


def test_most_of_the_samples_are_cleaned() -> None:
    assert len(CLEANED) >= 60


# --- a cleaner of another user -----------------------------------------------------------------------


class Cleaner:
    """`senyap-dropbox cleaner` as shipped."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "clean.sock"
        self.start()

    def start(self) -> None:
        code = "import sys; from dropbox.__main__ import main; sys.argv[0] = 'senyap-dropbox'; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "cleaner", "--listen", f"unix:{self.path}"],
            stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1], start_new_session=True,
        )  # fmt: skip
        assert self.process.stderr
        assert self.process.stderr.readline() == f"CLEANER unix:{self.path}\n"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        assert self.process.stderr
        self.process.stderr.close()


@pytest.fixture
def cleaner(tmp_path: Path) -> Iterator[Cleaner]:
    made = Cleaner(tmp_path)
    yield made
    made.stop()


def test_a_cleaner_behind_a_socket_cleans_as_the_function_does(cleaner: Cleaner, tmp_path: Path) -> None:
    room = Cleanroom(tmp_path, str(cleaner.path))
    for sample in SAMPLES[:12]:
        assert room.clean(sample.data) == clean(sample.data)
    assert room.clean(PHOTO[1]).outcome is Outcome.CLEANED and room.clean(NOISE[1]).outcome is Outcome.CANNOT
    assert room._process is None, "the worker starts none of its own"
    assert cleaner.path.stat().st_mode & 0o777 == 0o660


def test_while_no_cleaner_listens_a_reporter_is_asked_and_nothing_is_lost(
    client: FlaskClient, services: Services, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaner = Cleaner(tmp_path)
    monkeypatch.setattr(services.cleanroom, "_listener", str(cleaner.path))
    cleaner.stop()
    assert not cleaner.path.exists() and cleaner.process.returncode == 0
    asked = report(client, [PHOTO], asli="")
    assert asked.status == 422 and "tidak dapat dibersihkan" in asked.text and 'name="diperiksa"' in asked.text
    cleaner.start()
    assert report(client, [PHOTO], asli="").status == 200, "it is back, and nobody restarted the worker"
    sent = post(client, "/lapor", {**hidden(asked), "diperiksa": "ya"})
    assert sent.status == 200 and services.cleanroom._process is None
    cleaner.stop()


HEAD = b"%PDF-1.4"


@pytest.mark.parametrize(("size", "outcome"), [(3, Outcome.CLEANED), (2**32 - 1, Outcome.CANNOT)])
def test_a_cleaner_that_was_taken_over_fills_no_memory(
    tmp_path: Path, size: int, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the same answer of an honest size is taken."""
    asked: list[int] = []
    receive = cleanroom._receive
    monkeypatch.setattr(cleanroom, "_receive", lambda c, size, end=None: asked.append(size) or receive(c, size, end))
    place = tmp_path / "clean.sock"
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(place))
        door.listen()

        def answer() -> None:
            channel, _ = door.accept()
            with channel:
                channel.recv(4 + len(HEAD), socket.MSG_WAITALL)
                channel.sendall(struct.pack(">BBI", list(Outcome).index(Outcome.CLEANED), 3, size) + b"pdf" + b"abc")

        thread = threading.Thread(target=answer)
        thread.start()
        cleaned = Cleanroom(tmp_path, str(place)).clean(HEAD)
        thread.join()
    assert max(asked) <= MAX_FILE_BYTES
    assert cleaned.outcome is outcome and (cleaned.data == b"abc") is (outcome is Outcome.CLEANED)


def test_a_cleaner_that_was_killed_is_started_again_on_its_socket(cleaner: Cleaner, tmp_path: Path) -> None:
    room = Cleanroom(tmp_path, str(cleaner.path))
    cleaner.process.kill()
    cleaner.process.wait(30)
    assert cleaner.path.exists() and room.clean(PHOTO[1]) == cleanroom._NOT_CLEANED
    cleaner.process.stderr.close()
    cleaner.start()
    assert room.clean(PHOTO[1]).outcome is Outcome.CLEANED


def test_a_cleaner_that_is_stopped_finishes_the_file_in_hand(cleaner: Cleaner) -> None:
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(str(cleaner.path))
        channel.sendall(len(PHOTO[1]).to_bytes(4))
        channel.sendall(PHOTO[1][:1])
        while struct.unpack("i", fcntl.ioctl(channel, termios.TIOCOUTQ, bytes(4)))[0]:  # until then it is not in hand
            os.sched_yield()
        os.killpg(cleaner.process.pid, signal.SIGTERM)  # as systemd stops a unit: its children hear it, too
        while cleaner.path.exists():
            os.sched_yield()
        channel.sendall(PHOTO[1][1:])
        outcome, kind = channel.recv(1), channel.recv(1)
        assert outcome == bytes([list(Outcome).index(Outcome.CLEANED)]) and kind == bytes([len("jpeg")])
    assert cleaner.process.wait(60) == 0


def test_a_second_cleaner_on_one_socket_is_refused(cleaner: Cleaner, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="already"):
        cleanroom.listen(cleaner.path, lambda: None)
    assert Cleanroom(tmp_path, str(cleaner.path)).clean(PHOTO[1]).outcome is Outcome.CLEANED


def test_the_process_of_a_worker_gets_none_of_its_environment(room: Cleanroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENYAP_HOME", "/srv/elsewhere")
    monkeypatch.setenv("PGPASSWORD", "rahasia-basis-data")
    room.clean(PHOTO[1])
    assert room._process is not None
    names = {entry.partition(b"=")[0] for entry in Path(f"/proc/{room._process.pid}/environ").read_bytes().split(b"\0")}
    assert names - {b""} <= {*map(str.encode, cleanroom._KEPT), b"PYTHONDONTWRITEBYTECODE"}

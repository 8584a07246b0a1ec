"""station.sandbox: what a program in there can reach, take and leave; each wall with a control without it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forensics import wait_until
from live import ROOT

from station import sandbox, seccomp
from station.errors import NoSandbox
from station.sandbox import MIB, End, Ended, Limits

MISSING = [name for name in sandbox.NEEDED if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {' '.join(MISSING)}")
SMALL = Limits(memory=256 * MIB, processor_seconds=20, seconds=60.0, processes=8, scratch=8 * MIB, output=MIB)
Words = list[str]


def probe(code: str, *arguments: str, limits: Limits = SMALL) -> Ended:
    return sandbox.run([seccomp.SYSTEM_PYTHON, "-I", "-c", code, *arguments], {}, limits)


def told(code: str, *arguments: str, limits: Limits = SMALL) -> object:
    ended = probe(f"import json, os, sys\n{code}", *arguments, limits=limits)
    assert (ended.how, ended.complaint) == (End.DONE, b"")
    return json.loads(ended.output)


def without(words: Words, *names: str) -> Words:
    """Take options with one value, or with none, out of a command."""
    out, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in names:
            skip = word == "--seccomp"
        else:
            out.append(word)
    return out


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Words], Words]], None]:
    """Change the command of every sandbox of a test."""
    real = sandbox.command

    def by(how: Callable[[Words], Words]) -> None:
        monkeypatch.setattr(sandbox, "command", lambda *given: how(real(*given)))

    return by


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder on a disk that anybody may enter and write."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


# --- who, and what it sees ---------------------------------------------------------------------------

WHO = """
status = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
print(json.dumps({"uid": os.getuid(), "gid": os.getgid(),
    "caps": [int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")],
    "seccomp": status["Seccomp"].strip(), "new": status["NoNewPrivs"].strip(), "env": sorted(os.environ),
    "fds": len(os.listdir("/proc/self/fd")), "oom": open("/proc/self/oom_score_adj").read().strip(),
    "pids": sum(name.isdigit() for name in os.listdir("/proc"))}))
"""


def test_it_is_nobody_and_holds_nothing():
    who = told(WHO)
    assert isinstance(who, dict)
    assert (who["uid"], who["gid"]) == (65534, 65534)
    assert (who["caps"], who["seccomp"], who["new"], who["oom"]) == ([0, 0, 0, 0], "2", "1", "1000")
    assert set(who["env"]) <= {"HOME", "LANG", "LC_CTYPE", "PATH", "PWD"}
    assert who["fds"] == 4  # three, and the one that lists them
    assert who["pids"] == 2  # the first one and this


def test_it_has_a_session_of_its_own():
    """The kernel says 0 for a session that began outside: that of the terminal, into which it could type."""
    assert told("print(json.dumps(os.getsid(0)))") != 0


def test_control_without_it_the_session_is_that_of_the_terminal(change):
    change(lambda words: without(words, "--new-session"))
    assert told("print(json.dumps(os.getsid(0)))") == 0


SEES = "print(json.dumps([os.path.exists(path) for path in sys.argv[1:]]))"
PRIVATE = ("/home", "/root", "/etc/passwd", "/var", "/run", "/sys", "/boot", "/mnt", "/media")


def test_it_sees_no_home_and_no_file_of_the_machine(tmp_path: Path):
    (tmp_path / "laporan").write_text("rahasia")
    assert told(SEES, *PRIVATE, str(tmp_path / "laporan")) == [False] * (len(PRIVATE) + 1)


def test_control_a_folder_that_is_bound_is_seen(change, open_folder: Path):
    (open_folder / "laporan").write_text("rahasia")
    change(lambda words: [*words[:5], "--ro-bind", str(open_folder), "/var", *words[5:]])
    assert told(SEES, "/var/laporan") == [True]


# --- disk --------------------------------------------------------------------------------------------

WRITES = """
written = []
for folder, below, _ in os.walk("/"):
    if folder == "/proc":
        below.clear()
        continue
    try:
        with open(os.path.join(folder, sys.argv[1]), "w") as out:
            out.write(sys.argv[1])
        written.append(folder)
    except OSError:
        pass
mounts = [line.split() for line in open("/proc/self/mountinfo")]
able = sorted({m[m.index("-") + 1] for m in mounts if "rw" in m[5].split(",")})
print(json.dumps([written, able]))
"""


def test_it_can_write_in_memory_only(open_folder: Path):
    mark = secrets.token_hex(8)
    written, able = told(WRITES, mark)  # type: ignore[misc]
    assert [folder for folder in written if not folder.startswith("/dev/")] == ["/tmp"]
    assert set(able) <= {"tmpfs", "proc", "devpts", "devtmpfs"}
    assert not [path for place in ("/tmp", "/var/tmp", "/dev/shm") for path in Path(place).glob(f"*{mark}*")]


def test_control_on_a_bound_folder_the_mark_is_found(change, open_folder: Path):
    def on_disk(words: Words) -> Words:
        at = words.index("--size")
        return [*words[:at], "--bind", str(open_folder), "/tmp", *words[at + 4 :]]

    mark = secrets.token_hex(8)
    change(on_disk)
    written, _able = told(WRITES, mark)  # type: ignore[misc]
    assert "/tmp" in written
    assert (open_folder / mark).read_text() == mark


OPENS = """
import os, sys
opened = []
def hook(event, values):
    if event == "open" and values[0] is not None and not isinstance(values[0], int):
        flags = values[2] if isinstance(values[2], int) else 0
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            opened.append(str(values[0]))
sys.addaudithook(hook)
from station import previews, cleaning, sandbox
if len(sys.argv) > 1:
    real = sandbox.run
    def leaky(program, handed, limits):
        open(sys.argv[1], "wb").write(handed["/inside/file"])
        return real(program, handed, limits)
    sandbox.run = leaky
assert previews.make_preview(b"Halo, dunia", "a.txt", "text/plain").kind == "text"
cleaning.clean(b"Halo, dunia", "text/plain")
print(sorted({path for path in opened if path != "/dev/null"}))
"""


@pytest.mark.parametrize("leak", [False, True], ids=["as it is", "control: a copy on disk"])
def test_the_station_opens_no_file_for_writing(tmp_path: Path, leak: bool):
    copy = [str(tmp_path / "salinan")] if leak else []
    done = subprocess.run([sys.executable, "-B", "-c", OPENS, *copy], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.strip() == str(copy)


# --- network -----------------------------------------------------------------------------------------

CONNECTS = """
import socket
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30).close()
    print(json.dumps(0))
except OSError as error:
    print(json.dumps(error.errno))
"""


@pytest.mark.parametrize(
    ("taken", "expected"),
    [((), {errno.EPERM}), (("--seccomp",), {errno.ENETUNREACH, errno.ECONNREFUSED}), (("--seccomp", "net"), {0})],
    ids=["as it is", "control: no filter", "control: no filter and the machine's network"],
)
def test_no_connection_leaves(change, taken: tuple[str, ...], expected: set[int]):
    def how(words: Words) -> Words:
        words = without(words, *taken)
        return [
            w
            for word in words
            for w in ([word, "--share-net"] if word == "--unshare-all" and "net" in taken else [word])
        ]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        change(how)
        assert told(CONNECTS, str(listener.getsockname()[1])) in expected


# --- system calls ------------------------------------------------------------------------------------

NUMBERS = {  # x86_64, aarch64
    "ptrace": (101, 117), "keyctl": (250, 219), "add_key": (248, 217), "bpf": (321, 280), "userfaultfd": (323, 282),
    "perf_event_open": (298, 241), "process_vm_readv": (310, 270), "pidfd_getfd": (438, 438), "unshare": (272, 97),
    "setns": (308, 268), "mount": (165, 40), "io_uring_setup": (425, 425), "memfd_create": (319, 279),
    "kexec_load": (246, 104), "init_module": (175, 105), "shmget": (29, 194), "personality": (135, 92),
    "open_tree": (428, 428), "clone3": (435, 435), "cachestat": (451, 451),
}  # fmt: skip
CALLS = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
said = {}
for name, number in json.loads(sys.argv[1]).items():
    ctypes.set_errno(0)
    arguments = [0, -3, 1] if name == "keyctl" else [0xffffffff] if name == "personality" else [-1] * 6
    arguments = [0, 4096, 0o1600] if name == "shmget" else arguments
    got = libc.syscall(number, *map(ctypes.c_long, arguments))
    said[name] = ctypes.get_errno() if got < 0 else 0
print(json.dumps(said))
"""


def calls() -> dict[str, int]:
    said = told(CALLS, json.dumps({name: pair[os.uname().machine == "aarch64"] for name, pair in NUMBERS.items()}))
    assert isinstance(said, dict)
    return said


def test_calls_that_have_no_place_there_are_refused():
    absent = {"clone3", "cachestat"}
    assert calls() == {name: errno.ENOSYS if name in absent else errno.EPERM for name in NUMBERS}


def test_control_without_the_filter_they_reach_the_kernel(change):
    change(lambda words: without(words, "--seccomp"))
    said = calls()
    assert {name for name in ("keyctl", "shmget", "personality") if said[name] == 0} == {
        "keyctl",
        "shmget",
        "personality",
    }
    assert not {said[name] for name in ("memfd_create", "clone3", "add_key", "process_vm_readv")} & {errno.EPERM}


FAMILIES = """
import socket
said = []
for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, 38, 40):
    try:
        socket.socket(family, socket.SOCK_SEQPACKET if family == 38 else socket.SOCK_DGRAM).close()
        said.append(0)
    except OSError as error:
        said.append(error.errno)
print(json.dumps(said))
"""


def test_there_are_no_sockets():
    assert told(FAMILIES) == [errno.EPERM] * 7


POURS = """
import socket
most, held, kept, said = 24 << 20, 0, [], 0
def fill(one):
    global held
    one.setblocking(False)
    try:
        while held < most:
            held += one.send(bytes(32768))
    except OSError:
        pass
try:
    for n in range(200):
        kind = (socket.SOCK_STREAM, socket.SOCK_DGRAM)[n % 2]
        pair = socket.socketpair(socket.AF_UNIX, kind)
        kept += pair
        [fill(one) for one in pair]
except OSError as error:
    said = error.errno
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    try:
        a, b = socket.socket(socket.AF_UNIX, kind), socket.socket(socket.AF_UNIX, kind)
        a.bind(f"/tmp/{kind}")
        if kind != socket.SOCK_DGRAM:
            a.listen()
        b.connect(f"/tmp/{kind}")
        kept += [a, b]
        fill(b)
    except OSError as error:
        said = said or error.errno
print(json.dumps([held, said]))
"""


@pytest.mark.parametrize("sockets", [False, True], ids=["none", "as LibreOffice has them"])
def test_sockets_hold_nothing(sockets: bool):
    """What waits in one counts for no process: many of them would fill the machine."""
    assert told(POURS, limits=Limits(sockets=sockets)) == [0, errno.EPERM]


def test_control_without_the_filter_they_hold_much(change):
    change(lambda words: without(words, "--seccomp"))
    held, _ = told(POURS, limits=Limits(open_files=256, sockets=True))  # type: ignore[misc]
    assert held > 16 * MIB


def test_files_that_are_open_are_bounded():
    opens = "held = []\ntry:\n    while True: held.append(os.open('/', 0))\nexcept OSError: print(len(held))"
    assert 50 < told(opens) < 64  # type: ignore[operator]


@pytest.mark.parametrize(("left", "how"), [(511 * MIB, End.TOO_GREEDY), (513 * MIB, End.DONE)])
def test_a_room_ends_when_the_machine_has_little_left(monkeypatch: pytest.MonkeyPatch, left: int, how: End):
    monkeypatch.setattr(sandbox, "_machine", lambda: (16 * 1024 * MIB, left))
    assert probe("import time; time.sleep(2)").how is how


def test_a_small_machine_keeps_a_tenth():
    total, left = sandbox._machine()
    assert 0 < left < total
    assert sandbox._is_short(2_000 * MIB, 199 * MIB) and not sandbox._is_short(2_000 * MIB, 201 * MIB)


def test_control_without_the_filter_there_are_others(change):
    change(lambda words: without(words, "--seccomp"))
    said = told(FAMILIES)
    assert isinstance(said, list)
    assert said[:2] == [0, 0]
    assert said[3] == 0  # netlink


USERNS = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
said = []
pid = libc.syscall(int(sys.argv[1]), ctypes.c_long(0x10000000 | 17), None, None, None, None)
if pid == 0:
    os._exit(0)
said.append(ctypes.get_errno() if pid < 0 else 0)
said.append(ctypes.get_errno() if libc.unshare(0x10000000) else 0)
print(json.dumps(said))
"""


@pytest.mark.parametrize(
    ("taken", "works"),
    [((), False), (("--seccomp",), False), (("--disable-userns",), False), (("--seccomp", "--disable-userns"), True)],
    ids=["as it is", "no filter", "namespaces allowed", "control: neither"],
)
def test_no_new_namespace_of_users(change, taken: tuple[str, ...], works: bool):
    """Two walls, each of which holds alone."""
    change(lambda words: without(words, *taken))
    said = told(USERNS, "220" if os.uname().machine == "aarch64" else "56")
    assert isinstance(said, list)
    assert len(said) == 2
    assert said == [0, 0] if works else 0 not in said


def test_other_processors_are_refused(monkeypatch: pytest.MonkeyPatch):
    seccomp.compiled.cache_clear()
    monkeypatch.setattr(seccomp, "ARCHITECTURES", ("sparc64",))
    with pytest.raises(NoSandbox):
        seccomp.compiled()


# --- limits ------------------------------------------------------------------------------------------


def test_memory_is_bounded():
    ended = probe("x = bytearray(300 * 2**20)")
    assert ended.how is End.FAILED and b"MemoryError" in ended.complaint


def test_control_with_more_it_goes_on():
    wider = Limits(memory=512 * MIB)
    assert probe("x = bytearray(300 * 2**20)", limits=wider) == Ended(End.DONE, b"", b"")


SHARED = """
import os, signal, sys
for _ in range(4):
    if os.fork() == 0:
        held = b"x" * (100 << 20)
        os.write(1, b".")
        signal.pause()
while True: signal.pause()
"""


@pytest.mark.parametrize("counted", [True, False], ids=["as it is", "control: nobody adds up"])
def test_memory_is_bounded_as_a_sum(monkeypatch: pytest.MonkeyPatch, counted: bool):
    """Each of four holds 100 MiB, which is allowed; together they hold more than they may."""
    if not counted:
        monkeypatch.setattr(sandbox, "_resident", lambda pid: 0)
    ended = probe(SHARED, limits=Limits(memory=256 * MIB, seconds=5.0, processes=8))
    assert ended.how is (End.TOO_GREEDY if counted else End.TOO_LONG)
    assert counted or ended.output == b"...."


def test_processor_time_is_bounded():
    ended = probe("while True: pass", limits=Limits(processor_seconds=1, seconds=300.0))
    assert ended.how is End.FAILED  # killed by the kernel


def test_what_it_says_is_bounded():
    ended = probe("import os\nwhile True: os.write(1, bytes(65536))")
    assert ended.how is End.TOO_MUCH
    assert len(ended.output) <= SMALL.output + 65_536


def test_complaints_are_cut_and_do_not_block():
    ended = probe("import os\nfor _ in range(100): os.write(2, bytes(65536))")
    assert ended.how is End.DONE and 0 < len(ended.complaint) <= 4_096 + 65_536


FILLS = """
size = 0
try:
    for number in range(64):
        with open(f"/tmp/{number}", "wb", 0) as out:
            for _ in range(4):
                size += out.write(bytes(2**20))
except OSError:
    pass
print(json.dumps(size))
"""


def test_scratch_is_bounded():
    size = told(FILLS)
    assert isinstance(size, int) and 0 < size <= SMALL.scratch


FORKS = """
import signal
made = []
try:
    while len(made) < 64:
        pid = os.fork()
        if pid == 0:
            signal.pause()
        made.append(pid)
except OSError:
    pass
print(json.dumps(len(made)))
"""


@pytest.mark.parametrize(("bound", "most"), [(8, 8), (200, 64)], ids=["as it is", "control: a wide limit"])
def test_processes_are_bounded(bound: int, most: int):
    """They are still waiting when the program ends, and are gone then: `run` returns only when the room is empty."""
    made = told(FORKS, limits=Limits(processes=bound))
    assert isinstance(made, int)
    assert (0 < made < most) if bound == 8 else made == most


# --- nobody stays ------------------------------------------------------------------------------------

STAYS = """
import os, signal, sys
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork():
        os._exit(0)
while True: signal.pause()
"""


def marked(mark: str) -> list[int]:
    """Return the processes whose command line holds a mark."""
    found = []
    for place in Path("/proc").iterdir():
        try:
            if place.name.isdigit() and mark.encode() in (place / "cmdline").read_bytes():
                found.append(int(place.name))
        except OSError:
            continue
    return found


def test_after_the_time_limit_no_process_is_left():
    mark = secrets.token_hex(8)
    assert probe(STAYS, mark, limits=Limits(seconds=0.5)).how is End.TOO_LONG
    assert marked(mark) == []


def test_control_without_the_tie_to_its_parent_it_stays(change, monkeypatch: pytest.MonkeyPatch):
    mark = secrets.token_hex(8)
    change(lambda words: without(words, "--die-with-parent"))
    monkeypatch.setattr(sandbox, "_end", lambda process: process.kill())
    monkeypatch.setattr(sandbox, "_LAST_SECONDS", 0.2)
    try:
        with pytest.raises(NoSandbox):
            probe(STAYS, mark, limits=Limits(seconds=2.0))
        assert marked(mark)
    finally:
        for pid in marked(mark):
            with contextlib.suppress(ProcessLookupError):  # the first one takes the others with it
                os.kill(pid, signal.SIGKILL)


RUNS = """
import sys, threading
from station import sandbox
work = lambda: sandbox.run(sys.argv[1:], {}, sandbox.Limits(seconds=600.0))
"""
HERE, THERE = "work()", "threading.Thread(target=work, daemon=True).start()\nthreading.Event().wait()"


@pytest.mark.parametrize("where", [HERE, THERE], ids=["its own thread", "a thread of a request"])
def test_when_the_station_is_killed_the_room_is_emptied(where: str):
    """The room is tied to the thread that began it; that one waits for it to end, so it is tied to the station, too."""
    mark = secrets.token_hex(8)
    station = subprocess.Popen(
        [sys.executable, "-c", RUNS + where, seccomp.SYSTEM_PYTHON, "-I", "-c", STAYS, mark], cwd=ROOT
    )
    wait_until(lambda: len(marked(mark)) >= 5, "the program and its child")
    if os.geteuid() == 0:
        status = [(Path("/proc") / str(pid) / "status").read_text() for pid in marked(mark) if pid != station.pid]
        assert all(f"Uid:\t{sandbox.NOBODY}\t{sandbox.NOBODY}" in text for text in status)
    station.kill()
    station.wait()
    wait_until(lambda: not marked(mark), "the end of the room")


def test_whoever_is_interrupted_leaves_nobody(monkeypatch: pytest.MonkeyPatch):
    mark = secrets.token_hex(8)

    def interrupted(*_given: object) -> None:
        wait_until(lambda: len(marked(mark)) >= 4, "the program and its child")
        raise KeyboardInterrupt

    monkeypatch.setattr(sandbox, "_watch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        probe(STAYS, mark, limits=Limits(seconds=600.0))
    wait_until(lambda: not marked(mark), "the end of the room")


def test_without_bubblewrap_nothing_is_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sandbox, "NEEDED", ("bwrap-that-is-not-there",))
    monkeypatch.setattr(subprocess, "Popen", None)
    with pytest.raises(NoSandbox):
        probe("pass")


# --- a room that is ended while it is being made ----------------------------------------------------------

PARENT = """
import os, signal
child = os.fork()  # as bwrap begins the first process of a room: it has not asked yet to die with its parent
if child:
    print(child, flush=True)
while True:
    signal.pause()
"""


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


@pytest.mark.parametrize("safely", [True, False], ids=["ended", "control: the parent alone is killed"])
def test_a_room_that_is_ended_leaves_no_child_that_would_outlive_its_parent(safely: bool) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        sandbox._end(process) if safely else process.kill()
    try:
        if safely:
            wait_until(lambda: has_ended(child), "its end")
        assert has_ended(child) is safely
    finally:
        if not has_ended(child):
            os.kill(child, signal.SIGKILL)


def test_a_room_can_be_ended_at_its_first_moments() -> None:
    mark = secrets.token_hex(8)
    program = [seccomp.SYSTEM_PYTHON, "-I", "-c", f"import signal  # {mark}\nwhile True: signal.pause()"]
    for turn in range(40):
        ends: list[End] = []
        made = threading.Thread(target=lambda e=ends: e.append(sandbox.run(program, {}, Limits(seconds=60.0)).how))
        made.start()
        wait_until(lambda: sandbox._rooms, "the room")
        for _look in range(turn * 40):  # a little later each time
            os.sched_yield()
        sandbox.end_all()
        made.join()
        assert ends == [End.FAILED]
    assert marked(mark) == []

"""Ctrl-C and SIGTERM, at the worst moments: every worker ends by itself, and what was begun is answered first.

A worker that does not is killed after `graceful_timeout`. The parent says so in its log only sometimes: it is made to.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
from pathlib import Path

import pytest
from crashes import opened_services
from forensics import all_pids, wait_until, workers_of
from live import BOUNDARY, REPORT, LiveServer, copy_home, forget, multipart

from dropbox import signals

TERMINAL, SYSTEMD = signal.SIGINT, signal.SIGTERM
KILLED = "a worker had to be killed"
SAYS_WHO_IS_KILLED = f"""
import gunicorn.arbiter as a, os
kill_worker = a.Arbiter.kill_worker
def say_and_kill(self, pid, number):
    if number == {int(signal.SIGKILL)}:
        os.write(2, b"{KILLED}")
    kill_worker(self, pid, number)
a.Arbiter.kill_worker = say_and_kill
"""

# Each worker asks its parent to end, and takes its handlers when the parent's own signal has been sent to it.
MEETS_WORKERS_HALF_MADE = """
import gunicorn.arbiter as a, gunicorn.workers.base as b, os
told, tell = os.pipe()
kill_workers, init_signals = a.Arbiter.kill_workers, b.Worker.init_signals
def kill_then_tell(self, number):
    kill_workers(self, number)
    os.write(tell, bytes(len(self.WORKERS)))
def init_when_told(self):
    os.kill(self.ppid, {number})
    os.read(told, 1)
    init_signals(self)
a.Arbiter.kill_workers, b.Worker.init_signals = kill_then_tell, init_when_told
"""

# A worker hands over a request, under the lock of the pool, when Ctrl-C comes.
MEETS_A_HANDOVER = """
import os, threading
start = threading.Thread.start
def start_as_ctrl_c_comes(self):
    if self.name.startswith("ThreadPool"):
        for pid in (os.getppid(), os.getpid()):
            os.kill(pid, {number})
    start(self)
threading.Thread.start = start_as_ctrl_c_comes
"""


@pytest.fixture
def home(small: Path, tmp_path: Path) -> Path:
    return copy_home(small / "server", tmp_path / "server")


def serving(home: Path, first: str = "", number: int = 0) -> LiveServer:
    return LiveServer(home, wiping=False, first=SAYS_WHO_IS_KILLED + first.format(number=int(number)))


def ended(server: LiveServer) -> str:
    """Wait until a server that was told to has ended; gives what it wrote on stderr."""
    assert server.process
    _, words = server.process.communicate(timeout=60)
    assert server.process.returncode == 0
    return words


@pytest.mark.parametrize("number", [TERMINAL, SYSTEMD])
def test_a_signal_to_workers_half_made_is_not_lost(home: Path, number: int) -> None:
    with serving(home, MEETS_WORKERS_HALF_MADE, number) as server:
        assert ended(server) == ""


@pytest.mark.parametrize("number", [TERMINAL, SYSTEMD])
def test_a_signal_while_a_request_is_handed_over_is_no_deadlock(home: Path, number: int) -> None:
    with serving(home, MEETS_A_HANDOVER, number) as server:
        assert server.get("/lapor").status == 200
        assert ended(server) == ""


HURRY = """
import dropbox.serve as s
load_config = s.Server.load_config
def load_in_a_hurry(self):
    load_config(self)
    self.cfg.set("graceful_timeout", 2)
s.Server.load_config = load_in_a_hurry
"""
WITHOUT = {
    MEETS_WORKERS_HALF_MADE: "del s.PatientArbiter.spawn_worker\n",
    MEETS_A_HANDOVER: "import dropbox.patience as p; del p.PatientWorker.handle_quit\n",
}


CASES = [(MEETS_WORKERS_HALF_MADE, TERMINAL), (MEETS_WORKERS_HALF_MADE, SYSTEMD), (MEETS_A_HANDOVER, TERMINAL)]


@pytest.mark.parametrize(("first", "number"), CASES, ids=["half made, Ctrl-C", "half made, SIGTERM", "handed over"])
def test_control_without_what_mends_it_a_worker_is_killed(home: Path, first: str, number: int) -> None:
    """And with it the request that it had."""
    with serving(home, HURRY + WITHOUT[first] + first, number) as server:
        if first == MEETS_A_HANDOVER:
            with pytest.raises((ConnectionError, http.client.HTTPException)):
                server.get("/lapor")
        assert KILLED in ended(server)


@pytest.mark.parametrize("number", [TERMINAL, SYSTEMD])
def test_a_report_under_way_when_all_are_told_to_end_is_kept_and_shows_its_code(home: Path, number: int) -> None:
    with serving(home) as server:
        body = multipart(
            {"benih": server.get("/lapor").hidden("benih"), **REPORT},
            [("a.bin", bytes(200_000), "application/octet-stream")],
        )
        sending = begin(server, body)
        sending.send(body[:100_000])
        for pid in all_pids(server):  # as a terminal does it, and systemd
            with contextlib.suppress(ProcessLookupError):  # the parent was faster
                os.kill(pid, number)
        wait_until(lambda: len(workers_of(server)) == 1, "the end of the worker that had nothing to do")
        sending.send(body[100_000:])
        answer = sending.getresponse()
        assert answer.status == 200 and b'id="kode-tanda-terima"' in answer.read()
        sending.close()
        assert ended(server) == ""
    services = opened_services(home)
    assert services.arena.counts()[0] > 1, "the letter, and the file before it"
    services.store.engine.dispose()
    forget(home)


def begin(server: LiveServer, body: bytes) -> http.client.HTTPConnection:
    """Send the head of a report, and wait until a thread of a worker has it."""
    sending = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    sending.putrequest("POST", "/lapor")
    sending.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY.decode()}")
    sending.putheader("Content-Length", str(len(body)))
    sending.putheader("Expect", "100-continue")
    sending.endheaders()
    assert sending.sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    return sending


def test_signals_are_held_and_come_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[int] = []
    before = [(number, signal.signal(number, lambda got, _: came.append(got))) for number in signals.ENDING]
    try:
        with signals.held():
            for number in signals.ENDING:
                signal.raise_signal(number)
            assert came == []
        assert sorted(came) == sorted(signals.ENDING)
    finally:
        for number, handler in before:
            signal.signal(number, handler)

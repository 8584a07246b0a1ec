"""Senders that drip their bytes: they are ended one day, and nobody else waits for them."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import BOUNDARY, LiveServer, copy_home

from dropbox import patience
from dropbox.patience import Watch

DRIPPERS = 200


@pytest.fixture(scope="module")
def server(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    home = copy_home(small / "server", tmp_path_factory.mktemp("patience") / "server")
    with LiveServer(home) as server:
        yield server


@pytest.fixture
def watch() -> Watch:
    watch = Watch()
    watch.start()
    return watch


def test_whoever_sends_twenty_kilobytes_a_second_is_always_in_time() -> None:
    assert 1 / patience.SLOWEST >= 1.5 / 20_000 and patience.BODY_SECONDS >= 300


def test_what_came_gives_time_for_more(watch: Watch) -> None:
    ours, theirs = socket.socketpair()
    with watch.request(ours):
        watch.allow(ours, 0.5)
        watch.extend(ours, 60.0)
        other, other_end = socket.socketpair()
        with watch.request(other):
            watch.allow(other, 1.0)
            other_end.settimeout(30)
            assert other_end.recv(1) == b""
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"
    watch.extend(ours, 60.0)  # watched no more: nothing to extend
    assert watch._ends == {}


def test_a_connection_past_its_deadline_ends_and_others_stay(watch: Watch) -> None:
    late, late_end = socket.socketpair()
    early, early_end = socket.socketpair()
    with watch.request(early), watch.request(late):
        watch.allow(late, 0.0)
        late_end.settimeout(30)
        assert late_end.recv(1) == b"" and late.recv(1) == b"", "whoever waits in it wakes up"
        early_end.sendall(b"x")
        assert early.recv(1) == b"x"
    for each in (late, late_end, early, early_end):
        each.close()


def test_a_request_that_is_answered_is_watched_no_more(watch: Watch) -> None:
    ours, theirs = socket.socketpair()
    with watch.request(ours):
        watch.allow(ours, 0.5)
    other, other_end = socket.socketpair()
    with watch.request(other):  # a later deadline that does pass: by then the first would have
        watch.allow(other, 1.0)
        other_end.settimeout(30)
        assert other_end.recv(1) == b""
    theirs.sendall(b"x")
    assert ours.recv(1) == b"x"


def test_the_server_as_shipped_ends_a_sender_who_is_late(small: Path, tmp_path: Path) -> None:
    """gunicorn does call what `PatientWorker` overrides: in the head, and in the body."""
    hurry = "import dropbox.patience as p; p.HEAD_SECONDS = 1.0; p.BODY_SECONDS = 1.0; p.SLOWEST = 1e12; "
    with LiveServer(copy_home(small / "server", tmp_path / "server"), wiping=False, first=hurry) as server:
        assert server.get("/").status == 200
        for head in (
            b"GET / HTTP/1.1\r\nHost: x\r\n",
            b"POST /lapor HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1",
        ):
            late = dripper(server.port, head)
            while late.recv(65_536):
                pass  # an answer may come, then the end: the socket's own 30 seconds would raise
            late.close()


def test_a_length_that_was_only_declared_gives_no_time_and_bytes_do(small: Path, tmp_path: Path) -> None:
    """64 idle uploads that declared 1 GiB each held every place for uploads for 30 hours."""
    hurry = "import dropbox.patience as p; p.BODY_SECONDS = 5.0; p.SLOWEST = 1_000.0; "
    head = b"POST /lapor HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=%s\r\n" % BOUNDARY
    head += b"Content-Length: %d\r\n\r\n" % 2**30
    with LiveServer(copy_home(small / "server", tmp_path / "server"), wiping=False, first=hurry) as server:
        idle, busy = dripper(server.port, head), dripper(server.port, head + b"--%s\r\n" % BOUNDARY + bytes(100_000))
        while idle.recv(65_536):
            pass
        assert not select.select([busy], [], [], 8)[0]
        for each in (idle, busy):
            each.close()


def dripper(port: int, head: bytes) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), timeout=30)
    sock.sendall(head)
    return sock


@pytest.mark.parametrize("where", ["in the head", "in the form", "in a file"])
def test_two_hundred_senders_that_drip_make_nobody_wait(server: LiveServer, where: str) -> None:
    head = b"POST /lapor HTTP/1.1\r\nHost: x\r\n"
    head += b"Content-Type: multipart/form-data; boundary=%s\r\nContent-Length: 900000\r\n\r\n" % BOUNDARY
    begun = {
        "in the head": head[:-2],
        "in the form": head + b'--%s\r\nContent-Disposition: form-data; name="uraian"\r\n\r\nSese' % BOUNDARY,
        "in a file": head
        + b'--%s\r\nContent-Disposition: form-data; name="wilayah"\r\n\r\nsumsel\r\n' % BOUNDARY
        + b'--%s\r\nContent-Disposition: form-data; name="jenjang_terlapor"\r\n\r\npegawai-provinsi\r\n' % BOUNDARY
        + b'--%s\r\nContent-Disposition: form-data; name="lampiran"; filename="a"\r\n\r\nxx' % BOUNDARY,
    }[where]
    drips = [dripper(server.port, begun) for _ in range(DRIPPERS)]
    try:
        for drip in drips:
            drip.sendall(b"a")
        assert server.get("/lapor").status == 200  # the client gives up after 120 seconds
        assert len(server.report({"wilayah": "sumsel", "jenjang_terlapor": "pegawai-provinsi", "kategori": "dana",
                                  "uraian": "Seseorang memotong bantuan setiap bulan."}).words) == 8  # fmt: skip
        for drip in drips:
            drip.sendall(b"a")  # they are all still there
    finally:
        for drip in drips:
            drip.close()

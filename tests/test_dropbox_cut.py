"""A connection that breaks anywhere: the receipt is still reachable with the same form, and nothing half-way waits."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import struct
from pathlib import Path

from live import BOUNDARY, REPORT, LiveServer, copy_home, multipart
from offline import StationCommands, dropbox

STEP = 64 * 1024
FILE = ("bukti.bin", os.urandom(600_000), "application/octet-stream")
ROWS = 4  # three of the file, one of the letter


def request_of(path: str, fields: dict[str, str], files: list) -> bytes:
    body = multipart(fields, files)
    head = (
        b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n\r\n"
    )
    return head % (path.encode(), BOUNDARY, len(body)) + body


def cut(port: int, request: bytes, answered: int = 0) -> None:
    """Send a request, or a part of it, read so many bytes of the answer, and break off as a lost network does."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        sock.sendall(request)
        while answered > 0 and (data := sock.recv(answered)):
            answered -= len(data)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def waiting_rows(home: Path) -> int:
    with sqlite3.connect(f"file:{home}/dropbox.db?mode=ro", uri=True) as database:
        return int(database.execute("SELECT count(*) FROM slots WHERE waiting = 1").fetchone()[0])


def test_a_report_cut_off_anywhere_leads_to_one_case_and_one_code(deployment: Path, tmp_path: Path) -> None:
    home = deployment / "server"
    with LiveServer(home) as server:
        fields = {"benih": server.get("/lapor").hidden("benih"), **REPORT}
        request = request_of("/lapor", fields, [FILE])
        for sent in (*range(1, len(request), STEP), len(request) - 1):
            cut(server.port, request[:sent])
        answers = (1, 1_000, 16 * 1024, 32 * 1024)
        for read in answers:
            cut(server.port, request, read)
        last = server.post("/lapor", fields, [FILE])
        again = server.post("/lapor", fields, [FILE])
        assert last.words == again.words and len(last.words) == 8
    assert waiting_rows(home) == ROWS * (len(answers) + 2), "of what was cut off in the request nothing waits"

    station = StationCommands(deployment, "sumsel", "sumsel-1", "sumsel-2")
    found = station.json("import", dropbox("bundle", "--home", str(home), "--to", str(tmp_path / "stick")))
    assert (found["new"], found["incomplete"], found["alarms"]) == (1, 0, [])
    (case,) = station.json("list")
    name = re.search(r'id="nama-kotak">([^<]+)<', last.text)
    assert name and case["mailbox_name"] == name[1]
    (file,) = station.json("show", case["case"], "--no-conflict")["attachments"]
    assert file["complete"] and file["size"] == len(FILE[1])


def test_a_message_cut_off_anywhere_arrives_once_when_it_is_sent_again(deployment: Path, tmp_path: Path) -> None:
    home = deployment / "server"
    routing = {k: REPORT[k] for k in ("wilayah", "jenjang_terlapor")}
    with LiveServer(home) as server:
        words = server.report(REPORT).words
        session = server.post("/kotak", {"kode": " ".join(words)}).hidden("sesi")
        fields = {"sesi": session, "pesan": "Ada tambahan.", **routing}
        request = request_of("/kotak/pesan", fields, [FILE])
        for sent in (*range(1, len(request), STEP), len(request) - 1):
            cut(server.port, request[:sent])
        for read in (1, 32 * 1024):
            cut(server.port, request, read)
        assert 'id="terkirim"' in server.post("/kotak/pesan", fields, [FILE]).text
    assert waiting_rows(home) == 1 + ROWS * 3

    station = StationCommands(deployment, "sumsel", "sumsel-1", "sumsel-2")
    found = station.json("import", dropbox("bundle", "--home", str(home), "--to", str(tmp_path / "stick")))
    assert found["incomplete"] == 0 and found["alarms"] == []
    (case,) = station.json("list")
    shown = station.json("show", case["case"], "--no-conflict")
    assert [m["text"] for m in shown["messages"]] == ["Ada tambahan."] and len(shown["attachments"]) == 1


def test_control_a_form_with_another_secret_would_be_another_case(small: Path, tmp_path: Path) -> None:
    """What keeps two sendings of one form together is its secret: without it the codes differ."""
    with LiveServer(copy_home(small / "server", tmp_path / "server")) as server:
        assert server.report(REPORT).words != server.report(REPORT).words

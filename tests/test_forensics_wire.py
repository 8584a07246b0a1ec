"""P5 and P6 on the wire: closed headers and even lengths on every route and every error; a log that says nothing."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from forensics import all_pids, wait_until
from live import BOUNDARY, REPORT, Answer, LiveServer, copy_home, multipart, random_word

from crypto import receipt
from dropbox.pages.show import LEAVE

STEP, MAILBOX = 32 * 1024, 64 * 1024
FIXED = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
}
ABSENT = ("Server", "Set-Cookie", "Content-Encoding", "ETag", "Last-Modified", "X-Powered-By", "X-Mailbox-Page")
TYPED = random_word()  # stands in everything that is sent here
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
FOREIGN = {"Sec-Fetch-Site": "cross-site"}
FORM = REPORT | {"uraian": f"{REPORT['uraian']} {TYPED}"}
MANY_FILES = [(f"{TYPED}{i}.txt", b"x", "text/plain") for i in range(6)]


@pytest.fixture(scope="module")
def server(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    home = copy_home(demo / "server", tmp_path_factory.mktemp("wire") / "home")
    with LiveServer(home) as running:
        yield running


def post(server: LiveServer, path: str, fields: dict[str, str], files: object = (), **headers: str) -> Answer:
    return server.post(path, fields, files, {"Accept-Encoding": "gzip, br", **headers})  # type: ignore[arg-type]


def bad_bytes(server: LiveServer, path: str, body: bytes, kind: str) -> Answer:
    return server.request("POST", path, body, {"Content-Type": kind, "Content-Length": str(len(body))})


REQUESTS = {
    "first page": lambda s: s.get("/"),
    "form": lambda s: s.get("/lapor"),
    "mailbox": lambda s: s.get("/kotak"),
    "readers": lambda s: s.get("/kunci"),
    "English first page": lambda s: s.get("/en/"),
    "English form": lambda s: s.get("/en/lapor"),
    "English mailbox": lambda s: s.get("/en/kotak"),
    "English readers": lambda s: s.get("/en/kunci"),
    "English without slash": lambda s: s.get("/en"),
    "no such page": lambda s: s.get(f"/{TYPED}"),
    "no such page with a query": lambda s: s.get(f"/lapor/{TYPED}?{TYPED}"),
    "wrong method": lambda s: s.request("DELETE", "/lapor"),
    "form by a wrong method": lambda s: s.request("PUT", "/kotak", TYPED.encode()),
    "head": lambda s: s.request("HEAD", "/"),
    "options": lambda s: s.request("OPTIONS", "/lapor"),
    "no form at all": lambda s: bad_bytes(s, "/lapor", TYPED.encode(), "text/plain"),
    "half a form": lambda s: bad_bytes(s, "/lapor", multipart(FORM)[:-20], MULTIPART["Content-Type"]),
    "form without boundary": lambda s: bad_bytes(s, "/lapor", multipart(FORM), "multipart/form-data"),
    "unknown file field": lambda s: bad_bytes(
        s, "/lapor", multipart(FORM, MANY_FILES[:1]).replace(b'"lampiran"', b'"lain"'), MULTIPART["Content-Type"]
    ),
    "form of another site": lambda s: post(s, "/lapor", FORM, **FOREIGN),
    "form with too little": lambda s: post(s, "/lapor", {"uraian": TYPED}),
    "form with too much": lambda s: post(s, "/lapor", FORM | {"terlapor": TYPED * 12_000}),
    "too many files": lambda s: s.report(FORM, MANY_FILES),
    "readers asked": lambda s: post(s, "/lapor/siapa", FORM),
    "looked at first": lambda s: s.post("/lapor/periksa", {"benih": s.get("/lapor").hidden("benih"), **FORM}),
    "changed after a look": lambda s: post(s, "/lapor/ubah", FORM),
    "report": lambda s: s.report(FORM),
    "report in English": lambda s: s.post("/en/lapor", {"benih": s.get("/en/lapor").hidden("benih"), **FORM}),
    "code mistyped": lambda s: post(s, "/kotak", {"kode": TYPED}),
    "code of another site": lambda s: post(s, "/kotak", {"kode": TYPED}, **FOREIGN),
    "message without a session": lambda s: post(s, "/kotak/pesan", {"pesan": TYPED}),
    "claim": lambda s: s.get("/kotak/klaim"),
    "claim of a mistyped code": lambda s: post(s, "/kotak/klaim", {"kode": TYPED}),
    "long code": lambda s: bad_bytes(s, "/kotak", b"kode=" + b"x" * 70_000, "application/x-www-form-urlencoded"),
}
STATUS = {
    "no such page": 404, "no such page with a query": 404, "wrong method": 405, "form by a wrong method": 405,
    "no form at all": 400, "half a form": 400, "form without boundary": 400, "unknown file field": 400,
    "form of another site": 400, "form with too little": 422, "form with too much": 413, "too many files": 413,
    "code mistyped": 422, "claim of a mistyped code": 422, "code of another site": 400, "message without a session": 422, "long code": 400,
}  # fmt: skip


@pytest.fixture(scope="module")
def answers(server: LiveServer) -> dict[str, Answer]:
    """Ask everything once."""
    return {name: ask(server) for name, ask in REQUESTS.items()}


@pytest.mark.parametrize("name", REQUESTS)
def test_every_answer_has_the_status_that_it_should(answers: dict[str, Answer], name: str) -> None:
    assert answers[name].status == STATUS.get(name, 200 if name != "English without slash" else answers[name].status)


@pytest.mark.parametrize("name", REQUESTS)
def test_every_answer_carries_the_closed_headers_and_no_other(answers: dict[str, Answer], name: str) -> None:
    headers = answers[name].headers
    assert {key: headers.get(key) for key in FIXED} == FIXED
    assert not [key for key in ABSENT if key in headers]
    assert "geolocation=()" in headers["Permissions-Policy"] and "camera=()" in headers["Permissions-Policy"]
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")


@pytest.mark.parametrize("name", [n for n in REQUESTS if n not in ("head", "options")])
def test_the_policy_allows_the_one_stylesheet_of_the_page_and_nothing_else(
    answers: dict[str, Answer], name: str
) -> None:
    page = answers[name]
    (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert page.headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert not re.search(r"<script|<img|<iframe|\sstyle=|\son[a-z]+=|src=|https?://", page.text.replace(LEAVE, ""))


@pytest.mark.parametrize("name", REQUESTS)
def test_every_length_is_a_whole_number_of_steps(answers: dict[str, Answer], name: str) -> None:
    page = answers[name]
    assert len(page.body) % STEP == 0
    assert page.headers["Content-Length"] == str(len(page.body)) or name == "head"


def test_every_page_about_a_mailbox_has_one_length(server: LiveServer, answers: dict[str, Answer]) -> None:
    words = " ".join(answers["report"].words)
    opened = server.post("/kotak", {"kode": words})
    pages = {
        name: answers[name] for name in ("mailbox", "English mailbox", "code mistyped", "message without a session")
    }
    pages |= {"opened": opened, "opened in English": server.post("/en/kotak", {"kode": words})}
    message = {"sesi": opened.hidden("sesi"), "wilayah": "sumsel", "jenjang_terlapor": "desa", "pesan": "a" * 30}
    pages["written to"] = server.post("/kotak/pesan", message)
    pages["written to badly"] = server.post("/kotak/pesan", message | {"wilayah": TYPED, "pesan": TYPED})
    assert {name: len(page.body) for name, page in pages.items()} == dict.fromkeys(pages, MAILBOX)


def on_the_wire(answer: Answer) -> int:
    """Return the bytes of an answer, head and all, as an observer of TLS can count them."""
    return len(f"{answer.status}") + sum(len(k) + len(v) + 4 for k, v in answer.headers.items()) + len(answer.body)


def unused_code() -> str:
    return " ".join(receipt.code_words(os.urandom(receipt.CODE_BYTES)))


def told(server: LiveServer, code: str, path: str = "/kotak/pesan", **fields: str) -> Answer:
    session = server.post("/kotak", {"kode": code}).hidden("sesi")
    routing = {"wilayah": "sumsel", "jenjang_terlapor": "pegawai-provinsi"}
    return server.post(path, {"sesi": session, "pesan": "a", **routing, **fields})


PAIRS = {
    "a code in use or not": lambda s, c: (s.post("/kotak", {"kode": c}), s.post("/kotak", {"kode": unused_code()})),
    "its claim": lambda s, c: [s.post("/kotak/klaim", {"kode": code}) for code in (c, unused_code())],
    "a message to it": lambda s, c: (told(s, c), told(s, unused_code())),
    "a message that is refused": lambda s, c: (told(s, c, pesan=""), told(s, unused_code(), pesan="")),
    "a short message or a long one": lambda s, c: (told(s, c), told(s, c, pesan="a" * 4_900)),
    "a report on a village or on the governor": lambda s, c: [
        s.report(FORM | {"jenjang_terlapor": level}) for level in ("desa", "gubernur")
    ],
    "a report that excludes or not": lambda s, c: (s.report(FORM), s.report(FORM | {"jangan_dibuka": "inspektorat-daerah"})),
    "a short report or a long one": lambda s, c: (s.report(FORM), s.report(FORM | {"uraian": "a" * 9_000})),
    "who reads": lambda s, c: [post(s, "/lapor/siapa", FORM | {"jenjang_terlapor": x}) for x in ("desa", "gubernur")],
    "a form with a mistake in one field or another": lambda s, c: [
        s.report(FORM | {"kategori": ""}), s.report(FORM | {"waktu": "x" * 300})
    ],
    "a number that is a person's or not, looked at": lambda s, c: [
        s.post("/lapor/periksa", {"benih": s.get("/lapor").hidden("benih"), **REPORT, "terlapor": text})
        for text in ("0812-3456-7890", "seseorang di dinas")
    ],
}  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS)
def test_what_must_look_alike_has_one_length_on_the_wire(
    server: LiveServer, answers: dict[str, Answer], pair: str
) -> None:
    first, second = PAIRS[pair](server, " ".join(answers["report"].words))
    assert first.status == second.status and on_the_wire(first) == on_the_wire(second)


def test_control_without_padding_the_same_pairs_differ(server: LiveServer, answers: dict[str, Answer]) -> None:
    first, second = PAIRS["who reads"](server, "")
    assert len(first.body.rstrip()) != len(second.body.rstrip())


# --- what is said outside the pages ------------------------------------------------------------------

MALFORMED = {
    "line that is no request": f"{TYPED}\r\n\r\n",
    "method that is none": f"{TYPED.upper()}! / HTTP/1.1\r\nHost: x\r\n\r\n",
    "version that is none": f"GET /{TYPED} HTTP/9.9\r\nHost: x\r\n\r\n",
    "header that is none": f"GET /{TYPED} HTTP/1.1\r\n{TYPED} {TYPED}\r\n\r\n",
    "header name with a space": f"GET / HTTP/1.1\r\nHost: x\r\n{TYPED} : y\r\n\r\n",
    "line too long": f"GET /{TYPED * 200} HTTP/1.1\r\nHost: x\r\n\r\n",
    "too many headers": "GET / HTTP/1.1\r\n" + "".join(f"X-{i}: {TYPED}\r\n" for i in range(99)) + "\r\n",
    "two lengths": f"POST /lapor HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n{TYPED}",
    "length that is none": f"POST /lapor HTTP/1.1\r\nHost: x\r\nContent-Length: {TYPED}\r\n\r\n",
    "chunk that is none": f"POST /lapor HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{TYPED}\r\n",
    "coding that is none": f"POST /lapor HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {TYPED}\r\n\r\n",
    "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


def raw(port: int, request: bytes) -> bytes:
    """Send bytes and read all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while piece := connection.recv(65_536):
            parts.append(piece)
        return b"".join(parts)


@pytest.mark.parametrize("name", MALFORMED)
def test_an_answer_to_bytes_that_are_no_request_is_closed_and_repeats_nothing(server: LiveServer, name: str) -> None:
    answer = raw(server.port, MALFORMED[name].encode("latin-1"))
    assert TYPED.encode() not in answer and TYPED.upper().encode() not in answer
    head, _, body = answer.partition(b"\r\n\r\n")
    if answer:
        assert b"Cache-Control: no-store" in head and b"default-src 'none'" in head
        assert b"Server:" not in head and len(body) % STEP == 0


def cut_connection(server: LiveServer, sent: bytes) -> None:
    """Send a part of a request and vanish with a reset."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        connection.sendall(sent)


def make_trouble(server: LiveServer) -> None:
    """Everything that a server might be tempted to write down."""
    for ask in REQUESTS.values():
        ask(server)
    for request in MALFORMED.values():
        raw(server.port, request.encode("latin-1"))
    body = multipart(FORM, [(f"{TYPED}.txt", TYPED.encode() * 50_000, "text/plain")])
    head = f"POST /lapor?{TYPED} HTTP/1.1\r\nHost: {TYPED}\r\nUser-Agent: {TYPED}\r\nReferer: http://{TYPED}/\r\n"
    head += f"X-Forwarded-For: 203.0.113.9\r\nContent-Type: {MULTIPART['Content-Type']}\r\nContent-Length: {len(body)}\r\n\r\n"
    for length in (0, 100, 300_000, len(body) - 1, len(body)):
        cut_connection(server, head.encode() + body[:length])
    wait_until(lambda: server.get("/").status == 200, "an answer after all this")


@pytest.fixture(scope="module")
def said(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a server wrote to its log after every kind of trouble, a full disk and a broken database with it."""
    home = copy_home(demo / "server", tmp_path_factory.mktemp("log") / "home")
    with LiveServer(home) as server:
        pids = all_pids(server)
        make_trouble(server)
        (home / "dropbox.db").rename(home / "gone.db")  # every page that reads it now fails inside
        (home / "dropbox.db").mkdir()
        server.post("/lapor", FORM | {"benih": base64.b64encode(bytes(32)).decode()})
        assert server.pids == pids
    assert server.process and server.process.stderr and server.process.stdout
    return server.process.stderr.read() + server.process.stdout.read()


def test_the_log_holds_no_word_that_was_sent(said: str) -> None:
    assert TYPED.lower() not in said.lower()


def test_the_log_holds_no_address(said: str) -> None:
    assert not re.search(r"127\.0\.0\.1|203\.0\.113|\bip=|::1", said)


def test_the_log_holds_no_path_and_no_traceback(said: str) -> None:
    assert not re.search(r"/lapor|/kotak|/kunci|Traceback|File \"|\.py\b|Host|User-Agent", said)


def test_the_server_listens_where_it_was_told_and_nowhere_else(server: LiveServer) -> None:
    sockets = {
        os.readlink(link).removeprefix("socket:[").rstrip("]")
        for pid in all_pids(server)
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if os.readlink(link).startswith("socket:")
    }
    tcp = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    listening = {line[1] for line in tcp if line[3] == "0A" and line[9] in sockets}
    assert listening == {f"0100007F:{server.port:04X}"}
    unix = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    assert not [line[7] for line in unix if line[6] in sockets and len(line) > 7]

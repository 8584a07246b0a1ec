"""P2: neither report text nor receipt code stays in the server's memory once the answer is sent.

All memory of every process of the shipped start command is read, as root can, while the reporters'
connections are still open; a control without memory wiping shows that the search finds what is there.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import itertools
import os
import re
import socket
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus, urlencode

import pytest
from forensics import Hit, Near, Needle, all_pids, counts, cpu_ticks, needs_root, scan_memory, workers_of
from live import BOUNDARY, REPORT, Answer, LiveServer, Upload, copy_home, multipart, random_word
from samples import named
from web import ring

from crypto import row, sharing
from crypto.receipt import derive, read_code, wordlist
from dropbox.directory import Directory

FILE_BYTES = 2_000_000
MAX_REPORTERS = 16
LOOKS = 3
KINDS = ("typed", "code", "derived", "rows")
BUSY_TICKS = 10  # less than one key stretching
PROVINCE = {"wilayah": "sumsel", "jenjang_terlapor": "pegawai-provinsi"}
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}


class Local(http.client.HTTPConnection):
    """A connection to a socket in the file system."""

    def __init__(self, place: Path) -> None:
        super().__init__("senyap", timeout=60)
        self._place = place

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._place))


class Browser:
    """One reporter's connection, kept open as browsers keep it: to a port, or to a socket in the file system."""

    def __init__(self, place: int | Path) -> None:
        self._connection = (
            Local(place) if isinstance(place, Path) else http.client.HTTPConnection("127.0.0.1", place, timeout=60)
        )

    def ask(self, path: str, body: bytes | None = None, kind: dict[str, str] | None = None) -> Answer:
        self._connection.request("POST" if body is not None else "GET", path, body, kind or {})
        response = self._connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())

    def send(self, path: str, fields: dict[str, str], *files: Upload) -> Answer:
        return self.ask(path, multipart(fields, files), MULTIPART)

    def begin(self, path: str, body: bytes, sent: int) -> None:
        """Send the first bytes of a form, and keep the others."""
        self._connection.putrequest("POST", path)
        for name, value in {**MULTIPART, "Content-Length": str(len(body))}.items():
            self._connection.putheader(name, value)
        self._connection.endheaders(body[:sent])

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Told:
    """One reporter: what was typed and uploaded, and what the pages showed."""

    markers: dict[str, str]
    seed: str
    page: Answer
    session: str


def tell(browser: Browser, size: int = FILE_BYTES) -> Told:
    """Send a form that is refused, then whole; open the mailbox with the code; write again, refused and whole.

    `size` bytes are in each file.
    """
    markers = {name: random_word() for name in ("text", "file", "name", "message", "photo", "secret")}
    seed = browser.ask("/lapor").hidden("benih")
    content = (markers["file"].encode() * (size // 24 + 1))[:size]
    fields = REPORT | {"benih": seed, "uraian": f"Seseorang “menulis” {markers['text']} di sini."}
    refused = browser.send("/lapor", fields | {"kategori": ""}, (f"{markers['name']}.txt", content, "text/plain"))
    assert refused.status == 422 and markers["text"] in refused.text
    page = browser.send("/lapor", fields, (f"{markers['name']}.txt", content, "text/plain"))
    assert page.status == 200 and len(page.words) == 8
    visit = browser.ask("/kotak", urlencode({"kode": " ".join(page.words)}).encode(), URLENCODED)
    session = visit.hidden("sesi")
    further = {"sesi": session, "pesan": f"Ini tambahan {markers['message']} dari saya."}
    assert browser.send("/kotak/pesan", further | {"wilayah": "sumsel"}).status == 422
    note = b"\n".join([markers["file"].encode()] * 4_000)
    files = (f"{markers['name']}.txt", note, "text/plain"), ("a.jpg", photo(markers, size), "image/jpeg")
    sent = browser.send("/kotak/pesan", further | PROVINCE | {"asli": ""}, *files)
    assert sent.status == 200 and "dibersihkan)" in sent.text and 'id="terkirim"' in sent.text
    return Told(markers, seed, page, session)


def photo(markers: dict[str, str], size: int) -> bytes:
    """A photo that is cleaned: `secret` stands in its comments and goes, `photo` in its pixels and stays."""
    whole, secret = named("exiftool-tags.jpg"), markers["secret"].encode() * 1_000
    comments = (b"\xff\xfe" + struct.pack(">H", 2 + len(secret)) + secret) * (size // len(secret) // 2)
    end = whole.rindex(b"\xff\xd9")
    pixels = markers["photo"].encode() * (size // 48)
    return whole[:2] + comments + whole[2:end] + pixels + whole[end:]


def typed(told: Told) -> dict[str, Needle]:
    """What the reporter typed and uploaded, in every width in which Python may hold it."""
    widths = ("utf-8", "utf-16-le", "utf-32-le")
    return {f"{kind} {width}": marker.encode(width) for kind, marker in told.markers.items() for width in widths}


def code(told: Told) -> dict[str, Needle]:
    """The receipt code: any two neighbouring words close to each other, and the code as bytes.

    Neighbours that stand together in the word list are left out: the list itself is in memory.
    """
    words, place = told.page.words, {word: i for i, word in enumerate(wordlist())}
    found: dict[str, Needle] = {
        f"words {i} and {i + 1}": Near(a.encode(), b.encode())
        for i, (a, b) in enumerate(itertools.pairwise(words), 1)
        if abs(place[a] - place[b]) > 8
    }
    raw = read_code(" ".join(words))[0].code
    found |= {"code bytes": raw, "code in hex": raw.hex().encode(), "code in base64": base64.b64encode(raw)[:13]}
    return found | {
        "form seed": base64.b64decode(told.seed),
        "form seed in base64": told.seed.encode()[:40],
        "form seed as sent": quote_plus(told.seed).encode()[:40],
    }


def derived(told: Told, deployment: str) -> dict[str, Needle]:
    """What the code derives, which opens the mailbox as the code does, and the sealed field of the visit."""
    receipt = derive(read_code(" ".join(told.page.words))[0].code, deployment)
    secrets = {"reply seed": receipt.reply.seed, "thread key": receipt.thread, "claim secret": receipt.claim_secret}
    found = secrets | {f"{name} in base64": base64.b64encode(raw)[:42] for name, raw in secrets.items()}
    return found | {"sealed session": told.session.encode()[:80]}


@dataclass(frozen=True)
class Looked:
    """What was found in the memory of a server after its last answer, and how its processes run."""

    pids: list[int]
    hits: dict[str, list[Hit]]
    core_limits: list[tuple[str, str]]
    owners: set[int]
    tracers: set[str]


def row_keys(home: Path, demo: Path) -> dict[str, Needle]:
    """The keys that open what was stored, as two reviewers find them: one of them in memory opens a letter."""
    with contextlib.closing(sqlite3.connect(home / "dropbox.db")) as database:
        waiting = database.execute("SELECT row FROM rows JOIN slots USING (id) WHERE waiting = 1").fetchall()
    found: dict[str, Needle] = {}
    for number, (sealed,) in enumerate(waiting):
        rings = [ring(demo, "sumsel", reviewer) for reviewer in ("sumsel-1", "sumsel-2")]
        keys = [r.opening_key(row.row_epoch(sealed)) for r in rings]
        secret = sharing.join([row.find_share(sealed, key) for key in keys if key is not None])
        assert secret is not None
        found[f"secret of row {number}"] = secret
        found[f"body key of row {number}"] = row._body_keys(sealed[: row.FRONT_BYTES], secret)[0]
    return found


def tell_each(
    workers: Sequence[int], meet: Callable[[], Browser], size: int = FILE_BYTES, least: int = 1
) -> list[Told]:
    """Let reporters come, `least` or more, until each of these workers had one."""
    before, told = {pid: cpu_ticks(pid) for pid in workers}, list[Told]()
    while len(told) < least or any(cpu_ticks(pid) - ticks < BUSY_TICKS for pid, ticks in before.items()):
        assert len(told) < MAX_REPORTERS, "one worker never had a reporter"
        told.append(tell(meet(), size))
    return told


def needles_of(told: Sequence[Told], deployment: str) -> dict[str, Needle]:
    """Return all that reporters typed, were shown and could derive, by kind, reporter and name."""
    kinds = {"typed": typed, "code": code, "derived": lambda t: derived(t, deployment)}
    return {f"{k} {i}: {n}": raw for i, t in enumerate(told) for k, of in kinds.items() for n, raw in of(t).items()}


def look(home: Path, demo: Path, *, wiping: bool) -> Looked:
    """Serve reporters until both workers had some, then read all memory."""
    deployment = Directory.load(home).roster.deployment
    with LiveServer(home, wiping=wiping) as server, contextlib.ExitStack() as still_open:
        all_pids(server)

        def meet() -> Browser:
            browser = Browser(server.port)
            still_open.callback(browser.close)
            return browser

        needles = needles_of(tell_each(workers_of(server), meet), deployment)
        needles |= {f"rows: {name}": raw for name, raw in row_keys(home, demo).items()}
        pids = server.pids  # with the processes that clean, which start at the first file
        found = look_again(pids, needles) if wiping else scan_memory(pids, needles)
        looked = Looked(
            pids,
            {},
            core_limits=[core_limit(pid) for pid in pids],
            owners={os.stat(f"/proc/{pid}/mem").st_uid for pid in pids},
            tracers={re.findall(r"TracerPid:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0] for pid in pids},
        )
    found = left_by_reporters(home, needles, found) if wiping else found
    looked.hits.update({kind: [hit for hit in found if hit.needle.startswith(kind)] for kind in KINDS})
    return looked


def look_again(pids: Sequence[int], needles: Mapping[str, Needle]) -> list[Hit]:
    """Return what is still found: the last answer may have come before its worker was done with it."""
    found: list[Hit] = []
    for _ in range(LOOKS):
        found = scan_memory(pids, needles)
        if not found:
            break
    return found


def left_by_reporters(home: Path, needles: Mapping[str, Needle], found: Sequence[Hit]) -> list[Hit]:
    """Return what was found but those pairs of words that a server has in memory to which nobody wrote.

    Some 2,900 of the 4 million pairs stand close to each other in texts and programs: in one run of 70 a code has one.
    """
    pairs = {hit.needle for hit in found if isinstance(needles[hit.needle], Near)}
    if not pairs:
        return list(found)
    with LiveServer(home, wiping=True) as server:
        browser = Browser(server.port)
        for path in ("/", "/en/", "/lapor", "/kotak") * 4:
            browser.ask(path)
        anyway = {hit.needle for hit in scan_memory(all_pids(server), {name: needles[name] for name in pairs})}
        browser.close()
    return [hit for hit in found if hit.needle not in anyway]


def core_limit(pid: int) -> tuple[str, str]:
    soft, hard = re.findall(r"Max core file size +(\S+) +(\S+)", Path(f"/proc/{pid}/limits").read_text())[0]
    return soft, hard


@pytest.fixture(scope="module")
def wiped(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Looked:
    home = copy_home(demo / "server", tmp_path_factory.mktemp("memory") / "home")
    return look(home, demo, wiping=True)


@pytest.fixture(scope="module")
def kept(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Looked:
    home = copy_home(demo / "server", tmp_path_factory.mktemp("memory") / "home")
    return look(home, demo, wiping=False)


@needs_root
def test_no_word_that_was_typed_or_uploaded_is_left_in_memory(wiped: Looked) -> None:
    assert not counts(wiped.hits["typed"])


@needs_root
def test_the_receipt_code_is_left_in_memory_in_no_form(wiped: Looked) -> None:
    assert not counts(wiped.hits["code"])


@needs_root
def test_only_a_pair_of_words_that_stands_in_memory_anyway_is_taken_out(small: Path, tmp_path: Path) -> None:
    needles = {"shown": Near(b"melakukan", b"pemeriksaan"), "pair": Near(b"harimau", b"kelapa"), "bytes": b"harimau"}
    home = copy_home(small / "server", tmp_path / "home")
    found = [Hit(name, 1, "[heap]", 0, b"") for name in needles]
    assert [hit.needle for hit in left_by_reporters(home, needles, found)] == ["pair", "bytes"]


@needs_root
def test_nothing_that_the_code_derives_is_left_in_memory(wiped: Looked) -> None:
    assert not counts(wiped.hits["derived"])


@needs_root
def test_no_key_that_opens_a_stored_row_is_left_in_memory(wiped: Looked) -> None:
    assert not counts(wiped.hits["rows"])


@needs_root
def test_control_without_wiping_the_same_search_finds_what_was_typed(kept: Looked) -> None:
    assert {hit.needle.split()[2] for hit in kept.hits["typed"]} & {"text", "file"}


@needs_root
def test_no_process_writes_a_core_file(wiped: Looked) -> None:
    assert wiped.core_limits == [("0", "0")] * len(wiped.pids)


@needs_root
def test_nobody_but_root_may_read_a_process_and_nobody_traces_it(wiped: Looked) -> None:
    """A process that is not dumpable gives /proc/PID/mem to root, whoever runs it."""
    assert wiped.owners == {0} and wiped.tracers == {"0"}


@pytest.mark.parametrize(("before", "dumpable"), [("", b"1"), ("harden(); ", b"0")], ids=["control", "as it is"])
def test_the_kernel_is_told_not_to_hand_the_memory_out(before: str, dumpable: bytes) -> None:
    """Asked of the kernel: where everything runs as root, files of /proc belong to root in any case."""
    code = f"import ctypes; from dropbox.process import harden; {before}print(ctypes.CDLL(None).prctl(3))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == dumpable

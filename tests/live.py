"""A real drop box for tests: the shipped start command on a free port, and a small HTTP client."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import random
import re
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dropbox.memory import memory_file
from dropbox.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
BOUNDARY = b"----formgrens7f3a"
Upload = tuple[str, bytes | Iterable[bytes], str]  # name, bytes, media type


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found, f"no hidden field {name}"
        return found[1]

    @property
    def words(self) -> list[str]:
        code = re.search(r'id="kode-tanda-terima".*?</ol>', self.text, re.S)
        assert code, "no receipt code on this page"
        return re.findall(r"</span>\s*([a-z]+)", code[0])


_FIRST_PORT, _PORTS_EACH = 16_384, 1_024  # below those that the kernel gives to whoever asks for any
_PORTS = itertools.count(os.getpid())


def free_port() -> int:
    """Return a port that nobody has, of those of this worker alone: nobody takes it before its server does."""
    first = _FIRST_PORT + _PORTS_EACH * int(os.environ.get("PYTEST_XDIST_WORKER", "gw8").removeprefix("gw"))
    for number in itertools.islice(_PORTS, _PORTS_EACH):
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", first + number % _PORTS_EACH))
            return int(s.getsockname()[1])
    raise OSError("no port is free")


def end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and end it after half a minute."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class LiveServer:
    """`senyap-dropbox serve` as shipped; `wiping=False` starts it without the memory-wiping environment.

    `first` is code that runs in its process before anything else, `under` a command that runs it. With `socket` it
    listens there, for whatever stands in front of it, and on no port.
    """

    def __init__(
        self,
        home: Path,
        *,
        wiping: bool = True,
        env: Mapping[str, str] | None = None,
        root: Path = ROOT,
        first: str = "",
        under: Sequence[str] = (),
        socket: Path | None = None,
    ) -> None:
        self.socket = socket
        self.home, self.port, self._root = home, free_port(), root
        self._wiping, self._env, self._first, self._under = wiping, dict(env or {}), first, list(under)
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> LiveServer:
        self.start()
        return self

    def start(self) -> None:
        """Start it, on the same port as before where it died."""
        code = "import sys; from dropbox.__main__ import main; sys.argv[0] = 'senyap-dropbox'; main()"
        if not self._wiping:
            code = "import dropbox.process as p; p.restart_wiping = lambda: None; " + code.replace(
                "from dropbox.__main__",
                "import dropbox.__main__ as m; m.restart_wiping = lambda: None; from dropbox.__main__",
            )
        listen = f"127.0.0.1:{self.port}" if self.socket is None else f"unix:{self.socket}"
        env = {k: v for k, v in os.environ.items() if k not in ("PYTHONMALLOC", "GLIBC_TUNABLES")}
        env |= {"PYTHONPATH": str(self._root), "PYTHONSAFEPATH": "1", **self._env}
        self.process = subprocess.Popen(
            [*self._under, sys.executable, "-c", self._first + code, "serve", "--home", str(self.home), "--listen", listen],
            cwd=self._root, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        assert self.process and self.process.stdout
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self.process.stdout], [], [], 1)
            if ready:
                line = self.process.stdout.readline()
                if line.startswith("READY"):
                    return
                if not line:
                    break
        self.process.kill()
        raise AssertionError(f"server did not start: {self.process.stderr.read() if self.process.stderr else ''}")

    def __exit__(self, *_: object) -> None:
        assert self.process
        end(self.process)
        forget(self.home)

    @property
    def pids(self) -> list[int]:
        """The arbiter, its workers, and theirs."""
        assert self.process
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
            todo += map(int, children)
        return found

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def post(
        self,
        path: str,
        fields: Mapping[str, str | list[str]] | list[tuple[str, str]],
        files: Iterable[Upload] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        body = multipart(fields, files)
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}", "Content-Length": str(len(body))}
        return self.request("POST", path, body, kind | dict(headers or {}))

    def report(self, fields: Mapping[str, str | list[str]], files: Iterable[Upload] = ()) -> Answer:
        """Fetch a fresh form and send it."""
        seed = self.get("/lapor").hidden("benih")
        return self.post("/lapor", {"benih": seed, **fields}, files)


def multipart(fields: Mapping[str, str | list[str]] | list[tuple[str, str]], files: Iterable[Upload] = ()) -> bytes:
    """Encode a form as browsers do; file names are sent as UTF-8 with quotes and line ends escaped.

    Files are sent as they are, unless the form has another answer: `"asli": ""` has them cleaned.
    """
    pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
    files = list(files)
    if files and "asli" not in dict(pairs):
        pairs.append(("asli", "ya"))
    out = bytearray()
    for name, value in pairs:
        for item in [value] if isinstance(value, str) else value:
            out += b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n' % (BOUNDARY, name.encode())
            out += item.encode() + b"\r\n"
    for name, data, kind in files:
        quoted = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").encode()
        out += b'--%s\r\nContent-Disposition: form-data; name="lampiran"; filename="%s"\r\n' % (BOUNDARY, quoted)
        out += b"Content-Type: %s\r\n\r\n" % kind.encode()
        out += data if isinstance(data, bytes) else b"".join(data)
        out += b"\r\n"
    return bytes(out + b"--%s--\r\n" % BOUNDARY)


def random_word(letters: int = 24) -> str:
    """Return a word that stands nowhere else, without digits: a run of them is asked about before it is sent."""
    return "".join(random.SystemRandom().choices("bcdfghjklmnpqrstvwxz", k=letters))


REPORT = {
    "wilayah": "sumsel",
    "jenjang_terlapor": "pegawai-provinsi",
    "kategori": "pengadaan",
    "uraian": "Seseorang mengatur pemenang lelang jalan sejak tahun lalu.",
}


def forget(home: Path) -> None:
    """Take away what a drop box of this home counted in memory."""
    memory_file(Path(Settings(home).memory), home).unlink(missing_ok=True)


def copy_home(source: Path, target: Path) -> Path:
    """Copy a part of the demo, so that a test may change it."""
    shutil.copytree(source, target)
    return target


def passphrases(demo: Path) -> Iterator[tuple[str, str]]:
    for line in (demo / "demo-passphrases.txt").read_text().splitlines():
        who, _, words = line.partition("\t")
        yield who, words

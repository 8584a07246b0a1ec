"""A case desk whose home lies on a small disk of its own, which a test fills and frees while the desk is open.

Run as a program inside `unshare -rm`, it mounts that disk, copies a home to it and serves the desk. The test reaches
the disk through /proc/PID/root.
"""

from __future__ import annotations

import http.client
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from live import ROOT, Answer, free_port

FILLER = "penuh"


def absent() -> bool:
    """Tell whether this machine lets nobody mount a disk of his own."""
    if shutil.which("unshare") is None:
        return True
    return subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0


@dataclass
class SmallDisk:
    """The desk on its disk, and one browser at it."""

    port: int
    folder: Path  # as this process sees it
    cookie: str = ""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def fill(self, leave: int = 0) -> None:
        """Write until nothing has room, then give so many bytes back."""
        with (self.folder / FILLER).open("ab", buffering=0) as out, suppress(OSError):
            while True:
                out.write(bytes(4096))
        size = (self.folder / FILLER).stat().st_size
        with (self.folder / FILLER).open("r+b") as out:
            out.truncate(size - leave)

    def free(self) -> None:
        (self.folder / FILLER).unlink()

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, **form: str) -> Answer:
        """Send a form as a page of the desk does, with the sign of this opening."""
        found = re.search(r'name="tanda" value="([^"]+)"', self.get("/kurir").text)
        return self._ask("POST", path, form | ({"tanda": found[1]} if found else {}))

    def enter(self, words: Mapping[str, str]) -> Answer:
        """Let reviewers type their passphrases, by reviewer; returns the last answer."""
        return [self._ask("POST", "/buka", {"penelaah": who, "frasa": text}) for who, text in words.items()][-1]

    def _ask(self, method: str, path: str, form: Mapping[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Origin": f"http://127.0.0.1:{self.port}", "Cookie": f"meja-{self.port}={self.cookie}"}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, urlencode(form) if form is not None else None, headers)
        got = connection.getresponse()
        answer = Answer(got.status, dict(got.getheaders()), got.read())
        connection.close()
        if found := re.search(rf"meja-{self.port}=([^;]*)", answer.headers.get("Set-Cookie", "")):
            self.cookie = found[1]
        return answer


@contextmanager
def small_disk(home: Path, size: int) -> Iterator[SmallDisk]:
    """Serve the desk of a copy of a home on a disk of so many bytes."""
    place, port = home.parent / "disk", free_port()
    place.mkdir()
    command = ["unshare", "-rm", sys.executable, __file__, str(place), str(size), str(home), str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and "READY" in process.stdout.readline()
            yield SmallDisk(port, Path(f"/proc/{process.pid}/root{place}"))
        finally:
            process.terminate()


def _run(place: Path, size: int, home: Path, port: int) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place], check=True)
    shutil.copytree(home, place / "home")
    sys.path.append(str(ROOT))
    from conftest_station import weak_passphrases

    from station.serve import serve_desk

    with weak_passphrases():
        serve_desk(place / "home", port, allow_network=True)


if __name__ == "__main__":
    _run(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))

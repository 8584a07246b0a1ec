"""nginx as it is shipped, on a port of its own, in front of a socket; and what a visitor of it may send."""

from __future__ import annotations

import datetime
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from forensics import family, wait_until
from live import Answer, end, free_port
from shipped import SERVER, shipped

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
NAME = "kotak.example.go.id"
WIPING = dict(re.findall(r"^# +(GLIBC_TUNABLES)=(\S+)$", (SERVER / "nginx.conf").read_text("utf-8"), re.M))
VISITOR = "127.0.0.77"  # an address that nothing else here has


class WebFront:
    """`changes` are texts of nginx.conf and what stands in their place: a control takes a protection out."""

    def __init__(
        self, folder: Path, target: Path, changes: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        folder.mkdir()
        self.folder, self.port, self._env = folder, free_port(), dict(env or {})
        make_certificate(folder)
        places = {
            "/run/senyap/web.sock": target, "/run/senyap-front": folder, "/run/credentials/senyap-front.service": folder,
            "listen 443": f"listen 127.0.0.1:{self.port}", "listen [::]:443": f"listen unix:{folder}/6.sock",
        }  # fmt: skip
        text = shipped("nginx.conf", {**(changes or {}), **places})
        (folder / "nginx.conf").write_text(text)
        self.said = folder / "stderr"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> WebFront:
        assert NGINX
        # The whole of it runs as one user, who owns the folders of the test; root would make its workers somebody else.
        more = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"
        with self.said.open("wb") as said:
            self._process = subprocess.Popen(
                [NGINX, "-e", "stderr", "-c", str(self.folder / "nginx.conf"), "-g", more],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, env={**os.environ, **self._env},
            )  # fmt: skip
        wait_until(self._is_up, "nginx and its workers")
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        assert self._process
        end(self._process)

    def _is_up(self) -> bool:
        assert self._process and self._process.poll() is None, self.said.read_text()
        with socket.socket() as s:
            return len(self.pids) == 3 and s.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def pids(self) -> list[int]:
        """The master and its two workers."""
        assert self._process
        return family(self._process.pid)

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.folder / "fullchain.pem"))

    def connect(
        self,
        *,
        name: str = NAME,
        context: ssl.SSLContext | None = None,
        source: str = VISITOR,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLSocket:
        """Open a connection as a visitor from this address who asks for this name."""
        plain = socket.create_connection(("127.0.0.1", self.port), 120, (source, 0))
        try:
            return (context or self.context()).wrap_socket(plain, server_hostname=name, session=session)
        except BaseException:
            plain.close()
            raise

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection(NAME, self.port, timeout=120)
        connection.sock = self.connect()
        try:
            connection.request(method, path, body, {"Host": NAME, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def raw(self, request: bytes) -> bytes:
        """Send bytes and return all that comes back until the connection ends."""
        with self.connect() as line:
            line.sendall(request)
            answer = b""
            while piece := line.recv(65536):
                answer += piece
            return answer


def make_certificate(folder: Path) -> None:
    """Write a certificate that signs itself, and its key, under the names of nginx.conf."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(secret)


class Recorder:
    """A socket in the place of the drop box: it notes the head of each request and answers at once, or never; `patient` is a path that waits."""

    def __init__(self, path: Path, *, silent: bool = False, patient: str = "") -> None:
        self.heads: list[bytes] = []
        self._silent, self._patient = silent, patient.encode()
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(512)

    def __enter__(self) -> Recorder:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for line in self._open:
            line.close()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(line)
            head = b""
            while b"\r\n\r\n" not in head and (piece := line.recv(65536)):
                head += piece
            self.heads.append(head)
            if not self._silent and not (self._patient and self._patient in head):
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                line.shutdown(socket.SHUT_WR)

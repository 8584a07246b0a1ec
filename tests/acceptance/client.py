"""`client.py SOCKET TEXT [FILE]`: send a report as a browser does, through the drop box's own socket; say what came back."""

import http.client
import re
import socket
import sys
from pathlib import Path

BOUNDARY = "----senyap"
FIELDS = {
    "wilayah": "sumsel", "jenjang_terlapor": "pegawai-provinsi", "kategori": "pengadaan", "waktu": "Maret tahun ini",
    "nilai": "50-200jt", "izin_teruskan": "boleh", "bahasa": "id", "diperiksa": "ya",
}  # fmt: skip


class Local(http.client.HTTPConnection):
    """A connection through a socket in the file system."""

    def connect(self) -> None:
        """Connect."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])


def ask(method: str, body: bytes = b"") -> str:
    """Ask for /lapor and return the page."""
    connection = Local("senyap", timeout=300)
    connection.request(method, "/lapor", body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
    return connection.getresponse().read().decode()


def part(name: str, data: bytes, more: str = "") -> bytes:
    """Return one part of a form."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + data + b"\r\n"


seed = re.search(r'name="benih" value="([^"]+)"', ask("GET"))
parts = [part(k, v.encode()) for k, v in (FIELDS | {"uraian": sys.argv[2], "benih": seed[1] if seed else ""}).items()]
for name in sys.argv[3:]:
    more = f'; filename="{Path(name).name}"\r\nContent-Type: image/jpeg'
    parts.append(part("lampiran", Path(name).read_bytes(), more))
page = ask("POST", b"".join(parts) + f"--{BOUNDARY}--\r\n".encode())
code = re.search(r'(?s)id="kode-tanda-terima".*?</ol>', page)
words = re.findall(r"</span>\s*([a-z]+)", code[0]) if code else []
print("RECEIPT", len(words), "cleaned" if "dibersihkan" in page and "tidak dapat dibersihkan" not in page else "-")

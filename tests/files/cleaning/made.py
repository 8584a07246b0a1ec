"""What the makers of samples share: markers, small pictures, and how programs are run."""

import io
import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

AUTHOR = "Zulkarnain Penanda"
OTHER = "Sri Penandawati"
COMPANY = "Dinas Penanda"
SERIAL = "SN9917355"
PATH = "C:\\Users\\zulkarnain\\Documents\\penanda.dat"
MAIL = "zulkarnain@penanda.example"
DAY = "2023-05-17T08:09:10Z"
TEXT = "Laporan pengadaan: harga dinaikkan dua kali."  # visible; must survive
COMMENT = "Periksa angka ini lagi."  # the text of a comment; must survive


@dataclass
class Sample:
    name: str
    data: bytes
    program: str
    outcome: str


class Made:
    """Samples of one maker."""

    def __init__(self, folder: Path, version: Callable[[str], str]) -> None:
        self.folder, self._version = folder, version
        self.samples: list[Sample] = []

    def add(self, name: str, data: bytes, program: str, outcome: str = "cleaned") -> None:
        self.samples.append(Sample(name, data, program, outcome))

    def pip(self, package: str) -> str:
        return f"{package} {self._version(package)}"

    def run(self, *command: object, data: bytes | None = None) -> bytes:
        done = subprocess.run([str(c) for c in command], input=data, capture_output=True, cwd=self.folder, timeout=180)
        if done.returncode:
            raise RuntimeError(done.stderr.decode("utf-8", "replace")[-800:])
        return done.stdout

    def said(self, *command: str) -> str:
        """Return the first line that says a version."""
        done = subprocess.run(command, capture_output=True, text=True)
        lines = (done.stdout + done.stderr).splitlines()
        return next((line.strip() for line in lines if any(c.isdigit() for c in line)), "?")[:70]

    def put(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 28), seed: int = 1):
    """Return a small picture that is not the same upside down."""
    from PIL import Image

    rng = random.Random(seed)
    made = Image.new("RGB", size)
    made.putdata([(x * 6 % 256, y * 9 % 256, rng.randrange(40)) for y in range(size[1]) for x in range(size[0])])
    return made.convert(mode)


def encoded(image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def marked_jpeg(orientation: int = 1) -> bytes:
    """Return a JPEG with names, GPS, a serial number and a thumbnail in its Exif."""
    import piexif

    exif = {
        "0th": {
            piexif.ImageIFD.Make: b"Penanda Kamera", piexif.ImageIFD.Artist: AUTHOR.encode(),
            piexif.ImageIFD.Orientation: orientation, piexif.ImageIFD.CameraSerialNumber: SERIAL.encode(),
        },
        "Exif": {piexif.ExifIFD.BodySerialNumber: SERIAL.encode(), piexif.ExifIFD.CameraOwnerName: AUTHOR.encode()},
        "GPS": {
            piexif.GPSIFD.GPSLatitudeRef: b"S", piexif.GPSIFD.GPSLatitude: ((2, 1), (58, 1), (4512, 100)),
            piexif.GPSIFD.GPSLongitudeRef: b"E", piexif.GPSIFD.GPSLongitude: ((104, 1), (45, 1), (3012, 100)),
            piexif.GPSIFD.GPSAreaInformation: b"penanda lokasi",
        },
        "1st": {piexif.ImageIFD.Software: b"penanda mini"},
        "thumbnail": encoded(picture(size=(16, 12)), "JPEG", quality=40),
    }  # fmt: skip
    return encoded(picture(), "JPEG", quality=80, exif=piexif.dump(exif), comment=AUTHOR.encode())


def marked_png() -> bytes:
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("Author", AUTHOR)
    info.add_text("Source", PATH, zip=True)
    info.add_itxt("XML:com.adobe.xmp", f"<x>{MAIL}</x>")
    info.add(b"prVt", SERIAL.encode())
    return encoded(picture(), "PNG", pnginfo=info, dpi=(96, 96))

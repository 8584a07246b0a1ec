"""Pages: PDF by poppler, office files by way of LibreOffice and PDF."""

from __future__ import annotations

import itertools
import re
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from station.inside.frames import DOCUMENT, FILE, PAGES, FileError, put, put_page

MOST_PAGES = 20
MOST_SIDE = 1_600
USUAL_DPI = 100
POINTS = 72
LEAST_POINTS, MOST_POINTS = 2.0, 14_400.0
MOST_INFLATED, MOST_MEMBERS = 300_000_000, 10_000
_LIST, MOST_LIST = "META-INF/manifest.xml", 1_000_000
WORK = Path("/tmp/work")  # noqa: S108
SOFFICE = "/usr/lib/libreoffice/program/soffice.bin"  # its starter looks for Java and complains that there is none
AGAIN = 81  # what it ends with once it has filled a new profile; its starter would start it anew
_COUNT = re.compile(rb"^Pages:\s+(\d{1,9})$", re.M)
_SIZE = re.compile(rb"^Page\s+(\d+) size:\s+([\d.]+(?:e\+\d+)?) x ([\d.]+(?:e\+\d+)?) pts", re.M)
_PIXELS = re.compile(rb"P6\s(\d{1,5}) (\d{1,5})\s255\s")
# No macro and no linked content, in LibreOffice's own format of settings.
SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Misc"><prop oor:name="UseSystemPrintDialog" oor:op="fuse"><value>false</value></prop></item>
</oor:items>
"""  # noqa: E501


def show_pdf() -> None:
    """Write the number of pages and the pixels of the first ones."""
    about = _output(["pdfinfo", "-f", "1", "-l", str(MOST_PAGES), str(FILE)])
    found = _COUNT.search(about)
    count = int(found[1]) if found else 0
    if count == 0:
        raise FileError("damaged")
    put(PAGES, str(count))
    sizes = [(float(width), float(height)) for _, width, height in _SIZE.findall(about)][:MOST_PAGES]
    if len(sizes) < min(count, MOST_PAGES):
        raise FileError("damaged")
    if any(not LEAST_POINTS <= side <= MOST_POINTS for size in sizes for side in size):
        raise FileError("page")
    at = 1
    for dpi, same in itertools.groupby(_dpi(*size) for size in sizes):
        last = at + len(list(same)) - 1
        for width, height, pixels in _rendered(at, last, dpi):
            put_page(width, height, pixels)
        at = last + 1


def show_office(kind: str) -> None:
    """Write the document as PDF: it is rendered in another sandbox."""
    _look_into_zip()
    profile = WORK / "profile" / "user"
    profile.mkdir(parents=True)
    (profile / "registrymodifications.xcu").write_text(SETTINGS)
    source = WORK / f"berkas.{kind}"
    source.symlink_to(FILE)
    command = [
        SOFFICE, f"-env:UserInstallation=file://{profile.parent}", "--headless", "--norestore", "--nolockcheck",
        "--nodefault", "--convert-to", "pdf", "--outdir", str(WORK), str(source),
    ]  # fmt: skip
    for _ in range(2):
        code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False).returncode  # noqa: S603
        if code != AGAIN:
            break
    made = source.with_suffix(".pdf")
    if code or not made.is_file():
        raise FileError("damaged")
    put(DOCUMENT, made.read_bytes())


def _look_into_zip() -> None:
    """Look at what the members of a ZIP file say of themselves; those that lie meet the limits."""
    if not zipfile.is_zipfile(FILE):
        return
    try:
        with zipfile.ZipFile(FILE) as archive:
            members = {m.filename: m.file_size for m in archive.infolist()}
            listed = members.get(_LIST, MOST_LIST + 1) <= MOST_LIST and b"encryption-data" in archive.read(_LIST)
            sizes = [member.file_size for member in archive.infolist()]
    except (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, NotImplementedError, EOFError):
        raise FileError("damaged") from None
    if sum(sizes) > MOST_INFLATED or len(sizes) > MOST_MEMBERS:
        raise FileError("bomb")
    if listed:
        raise FileError("locked")


def _dpi(width: float, height: float) -> int:
    return max(1, min(USUAL_DPI, int(MOST_SIDE * POINTS / max(width, height))))


def _rendered(first: int, last: int, dpi: int) -> Iterator[tuple[int, int, bytes]]:
    command = ["pdftoppm", "-r", str(dpi), "-f", str(first), "-l", str(last), str(FILE)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout
        for _ in range(first, last + 1):
            head = b"".join(process.stdout.readline() for _ in range(3))
            sides = _PIXELS.fullmatch(head)
            if sides is None:
                raise FileError("damaged")
            width, height = int(sides[1]), int(sides[2])
            yield width, height, process.stdout.read(width * height * 3)
    if process.returncode:
        raise FileError("damaged")


def _output(command: list[str]) -> bytes:
    """Return what a program prints; whatever it says on standard error goes out as it is, and counts there."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)  # noqa: S603
    if done.returncode:
        raise FileError("damaged")
    return done.stdout

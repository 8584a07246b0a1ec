"""Cleaned documents open in LibreOffice and look the same: as many pages, the same words."""

import re
import shutil
import subprocess
from pathlib import Path

import pypdfium2
import pytest
from samples import CLEANED, Sample

from dropbox.cleaning import clean

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed (libreoffice-writer, -calc, -impress)"),
]  # fmt: skip
DOCUMENTS = [s for s in CLEANED if s.ending in ("docx", "xlsx", "pptx", "odt", "ods", "odp")]


def converted(folder: Path, files: dict[str, bytes]) -> dict[str, list[str]]:
    """Return the words of each page of each file, as LibreOffice prints it."""
    source, target = folder / "in", folder / "out"
    source.mkdir(parents=True)
    for name, data in files.items():
        (source / name).write_bytes(data)
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to", "pdf", "--outdir", target,
         *sorted(source.iterdir())],
        check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    found = {}
    for name in files:
        pdf = pypdfium2.PdfDocument(target / f"{name.rpartition('.')[0]}.pdf")
        found[name] = [" ".join(page.get_textpage().get_text_bounded().split()) for page in pdf]
        pdf.close()
    return found


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    folder = tmp_path_factory.mktemp("office")
    before = converted(folder / "before", {_flat(s): s.data for s in DOCUMENTS})
    after = converted(folder / "after", {_flat(s): clean(s.data).data or b"" for s in DOCUMENTS})
    return before, after


def _flat(sample: Sample) -> str:
    """Two samples differ in their ending alone, and both become a PDF of one name."""
    stem, _, ending = sample.name.rpartition(".")
    return f"{stem}-{ending}.{ending}"


@pytest.mark.parametrize("sample", DOCUMENTS, ids=str)
def test_libreoffice_prints_the_same_pages(
    sample: Sample, printed: tuple[dict[str, list[str]], dict[str, list[str]]]
) -> None:
    before, after = (p[_flat(sample)] for p in printed)
    assert len(after) == len(before)
    assert [_neutral(t) for t in after] == [_neutral(t) for t in before]


def _neutral(text: str) -> str:
    """Leave out names, and the name of the file, which a field looks up anew where it was not cleaned."""
    text = re.sub(r"Zulkarnain Penanda|Author \d+", "NAME", text)
    return re.sub(r"(?<=hasil)(nama|/\S+?\.docx|/\S+?\.odt)", "", text)

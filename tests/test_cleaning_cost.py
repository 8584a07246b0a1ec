"""Time and memory of the largest files that are taken: 512 MiB of address space are enough for each kind."""

import io
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from samples import named

ROOT = Path(__file__).parents[1]
MEMORY = 512 * 2**20
LIMITED = """
import resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
from dropbox.cleaning import clean
data = open(sys.argv[1], "rb").read()
start = time.perf_counter()
result = clean(data)
print(result.outcome, result.kind, f"{time.perf_counter() - start:.2f} s", len(data))
"""
pytestmark = pytest.mark.slow


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(seed).randbytes(width * height * 3))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def text_of_documents(copies: int) -> bytes:
    """Return a DOCX with a long text and pictures, up to the largest size."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(named("word-like.docx"))) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for info in source.infolist():
            data = source.read(info)
            if info.filename == "word/document.xml":
                rng = random.Random(1)
                lines = "".join(
                    f"<w:p><w:r><w:t>{rng.random()} {rng.random()}</w:t></w:r></w:p>" for _ in range(copies)
                )
                data = data.decode().replace("<w:sectPr", lines + "<w:sectPr", 1).encode()
            elif info.filename.startswith("word/media/"):
                data = encoded(noise(4200, 3300), "JPEG", quality=92)
            made.writestr(info.filename, data)
    return buffer.getvalue()


def pages_of_scans() -> bytes:
    pictures = [noise(1400, 1200, seed) for seed in range(4)]
    buffer = io.BytesIO()
    pictures[0].save(buffer, "PDF", save_all=True, append_images=pictures[1:], quality=100)
    return buffer.getvalue()


CASES = {
    "a.jpg": lambda: encoded(noise(5200, 4100), "JPEG", quality=94),
    "a.png": lambda: encoded(noise(2880, 2850), "PNG", compress_level=1),
    "a.webp": lambda: encoded(noise(2800, 2600), "WEBP", lossless=True, method=0),
    "a.docx": lambda: text_of_documents(200_000),
    "a.pdf": pages_of_scans,
}


@pytest.mark.parametrize("name", CASES)
def test_a_large_file_is_cleaned_in_little_memory(name: str, tmp_path: Path) -> None:
    data = CASES[name]()
    assert 10_000_000 < len(data) <= 25_000_000
    (tmp_path / name).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / name), str(MEMORY)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    print(done.stdout)
    assert done.stdout.startswith("cleaned"), done.stdout + done.stderr

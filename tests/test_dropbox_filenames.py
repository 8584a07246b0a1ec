"""What the name of a file tells of its moment, and what is left of it."""

import time

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from live import REPORT
from web import letters_of, opened, post, report

from crypto.attachment import MAX_NAME_BYTES
from dropbox.cleanroom import LEAST_PROCESSOR_SECONDS
from dropbox.filenames import file_name, without_moment
from dropbox.services import Services

MOMENTS = {  # as phones, messengers, scanners and computers name what they make
    "IMG_20240611_101530.jpg": "IMG.jpg",
    "20240611_101530.jpg": "lampiran.jpg",
    "20240611_101530~2.jpg": "lampiran~2.jpg",
    "20240611_101530(0).jpg": "lampiran(0).jpg",
    "PXL_20240611_101530123.MP.jpg": "PXL.MP.jpg",
    "IMG-20240611-WA0003.jpg": "IMG.jpg",
    "WhatsApp Image 2024-06-11 at 10.15.30.jpeg": "WhatsApp Image.jpeg",
    "WhatsApp Image 2024-06-11 at 10.15.30 (1).jpeg": "WhatsApp Image (1).jpeg",
    "Screenshot_20240611-101530_WhatsApp.jpg": "Screenshot_WhatsApp.jpg",
    "Screenshot 2024-06-11 at 3.05.30 PM.png": "Screenshot.png",
    "Cuplikan Layar 2024-06-11 pukul 10.15.30.png": "Cuplikan Layar.png",
    "signal-2024-06-11-10-15-30-123.jpg": "signal.jpg",
    "photo_2024-06-11_10-15-30.jpg": "photo.jpg",
    "FB_IMG_1718075730123.jpg": "FB_IMG.jpg",
    "VID_20240611_101530.3gp": "VID.3gp",
    "rekaman 20240611_101530.3gpp": "rekaman.3gpp",
    "VID_20240611_101530.7z": "VID.7z",
    "20240611_101530123456.jpg": "lampiran.jpg",
    "Screenshot 2024-06-11 at 3.05.30\u202fPM.png": "Screenshot.png",
    "a/20240611_101530.jpg": "a/lampiran.jpg",
    "1718075730123.jpg": "lampiran.jpg",
    "CamScanner 06-11-2024 10.15.pdf": "CamScanner.pdf",
    "Scan 11.06.2024 10.15": "Scan",
    "20240611101530": "lampiran",
}
WRITTEN = (
    "kuitansi 2024-06-11.pdf", "SPJ 20240611.pdf", "SP2D 1734567890.pdf", "DSC_0042.JPG", "surat.tugas", "",
    "nip 198003152005011004.pdf", "nip 200003152022011004.pdf", "027-2024-1015.pdf", "rekap 2020-2024.xlsx",
    "Kuitansi 2024-01-15 500.pdf", "Laporan 01-02-2024 150 juta.pdf", "SK 2024-01-15-123 Bupati.pdf",
    "kontrak 1600000000000.pdf", ".jpg", "a.b.c",
)  # fmt: skip


@pytest.mark.parametrize(("name", "left"), MOMENTS.items())
def test_a_moment_is_taken_out_of_a_name(name: str, left: str) -> None:
    assert without_moment(name) == left and without_moment(left) == left


@pytest.mark.parametrize("name", WRITTEN)
def test_what_people_write_stays(name: str) -> None:
    assert without_moment(name) == name


@given(st.text(alphabet="IMG_-. 0123456789WA~()atPM", max_size=60))
def test_no_name_becomes_empty_or_longer(name: str) -> None:
    left = without_moment(name)
    assert bool(left) == bool(name) and len(left) <= max(len(name), len("lampiran"))


@pytest.mark.parametrize("unit", [" ", "-", "1", "20240101", "20240101-", "20240101_12", "2024-01-01 at ", "_" * 3])
def test_a_name_made_to_be_searched_for_long_is_not(unit: str) -> None:
    name = (unit * MAX_NAME_BYTES)[:340] + "20240101" + (unit * MAX_NAME_BYTES)[: MAX_NAME_BYTES - 348]
    before = time.process_time()
    for _ in range(20):
        without_moment(name)
    assert time.process_time() - before < LEAST_PROCESSOR_SECONDS  # of what one whole file may take to be cleaned


def test_photos_that_a_camera_told_apart_by_the_moment_are_numbered(client: FlaskClient, services: Services) -> None:
    photos = [(f"IMG-20240611-WA000{i}.txt", b"catatan %d" % i, "text/plain") for i in range(4)]
    refused = report(client, photos[:2], asli="", kategori="")
    typed = REPORT | {"asli": "", "benih": refused.hidden("benih"), "berkas": refused.hidden("berkas")}
    sent = post(client, "/lapor", typed, [photos[1], *photos[2:]])
    assert sent.status == 200
    for name in ("IMG.txt", "IMG-2.txt", "IMG-3.txt", "IMG-4.txt"):
        assert sent.text.count(f"<bdi>{name}</bdi>") == 1
    assert "IMG-5.txt" not in sent.text, "a photo chosen once more counts once"


def test_a_file_that_is_refused_is_named_as_its_sender_knows_it(client: FlaskClient) -> None:
    photos = [(f"IMG-20240611-WA000{i}.txt", b"catatan %d" % i, "text/plain") for i in range(7)]
    answer = report(client, photos, asli="")
    assert (
        "“IMG-20240611-WA0005.txt” tidak ikut" in answer.text and "“IMG-20240611-WA0006.txt” tidak ikut" in answer.text
    )


@given(st.text(min_size=1, max_size=9), st.sampled_from([1, MAX_NAME_BYTES]))
def test_a_name_is_cut_between_letters(text: str, times: int) -> None:
    name = text * times
    cut = file_name(name)
    assert len(cut.encode("utf-8")) <= MAX_NAME_BYTES and name.encode("utf-8", "replace").decode().startswith(cut)


@pytest.mark.parametrize(("as_is", "stored"), [("", "IMG.txt"), ("ya", "IMG_20240611_101530.txt")])
def test_the_officers_get_the_name_without_its_moment_unless_the_original_is_chosen(
    client: FlaskClient, services: Services, small, as_is: str, stored: str
) -> None:
    answer = report(client, [("IMG_20240611_101530.txt", b"catatan", "text/plain")], asli=as_is)
    assert answer.status == 200 and stored in answer.text
    (letter,) = letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))
    assert [a.name for a in letter.attachments] == [stored]

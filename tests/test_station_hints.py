"""What reviewers are told beside a report: what is missing, what may point at the reporter, which cases resemble it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest_station import Reporter, Stick, attach, sit, weak, world  # noqa: F401

from crypto.encoding import today
from station.arrivals import arrivals
from station.hints import MOST_TRACKS, elements, is_actionable, tracks
from station.inbox import import_bundle
from station.similar import similar
from station.statements import state_conflict
from station.tables import canary_cases, facets

STORY = (
    "Kepala bidang meminta setoran dari pedagang sayur Pasar Cinde setiap Senin, disimpan di brankas koperasi Melati."
)
ASKED = {"uraian": STORY, "wilayah": "sumsel", "kategori": "pungli", "jenjang_terlapor": "pegawai-provinsi"}


def missing(fields: dict[str, str], files: int = 0) -> list[str]:
    return [each.name for each in elements(fields, files) if not each.is_there]


@pytest.mark.parametrize(
    ("fields", "files", "wanted"),
    [
        ({}, 0, ["apa", "siapa", "di mana", "kapan", "bagaimana", "bukti", "berapa"]),
        ({"uraian": "x"}, 1, ["siapa", "di mana", "kapan", "bagaimana", "berapa"]),
        ({"uraian": "kata " * 30, "terlapor": "Kabid", "wilayah": "sumsel", "waktu": "2024", "nilai": "10-50jt",
          "bukti_lokasi": "lemari"}, 0, []),
        ({"uraian": "Bulan Maret Rp 5 juta", "nilai": "tidak-tahu", "instansi": "Dinas X"}, 0,
         ["siapa", "bagaimana", "bukti"]),
    ],
)  # fmt: skip
def test_what_a_report_does_not_say_is_named(fields: dict[str, str], files: int, wanted: list[str]) -> None:
    assert missing(fields, files) == wanted


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"uraian": "x", "wilayah": "sumsel", "terlapor": "y"}, True), ({"uraian": "x", "instansi": "z", "waktu": "y"}, True),
        ({"uraian": "x", "wilayah": "sumsel"}, False), ({"wilayah": "sumsel", "terlapor": "y", "waktu": "z"}, False),
        ({"uraian": "x", "terlapor": "y", "waktu": "z"}, False),
    ],
)  # fmt: skip
def test_what_and_where_and_who_or_when_are_enough_to_act(fields: dict[str, str], wanted: bool) -> None:
    assert is_actionable(elements(fields, 0)) is wanted


def test_what_may_point_at_the_reporter_is_named_with_its_place() -> None:
    letters = [
        {"uraian": "Saya bendahara, pukul 14.35 pada 14 Maret 2024.", "terlapor": "NIP 198503122010011005", "lingkar_tahu": "saya",
         "sumber": "mengalami", "keamanan": "jangan hubungi kantor"},
        {"pesan": "WA 081234567890"},
    ]  # fmt: skip
    found = [(each.kind, each.words) for each in tracks(letters)]
    assert found == [
        ("diri", "Saya bendahara"), ("jam", "pukul 14.35"), ("jam", "14 Maret 2024"), ("nip", "198503122010011005"),
        ("source", "Melihat atau mengalami sendiri"), ("circle", "Hanya saya"), ("fear", "jangan hubungi kantor"),
        ("hp", "081234567890"),
    ]  # fmt: skip
    assert tracks(letters)[0].place == "Ceritakan apa yang terjadi"


def test_a_report_that_names_nothing_gives_no_track_and_a_long_one_not_too_many() -> None:
    assert (
        tracks([{"uraian": "Uang setoran diminta dari pedagang.", "lingkar_tahu": "umum", "sumber": "dokumen"}]) == ()
    )
    assert len(tracks([{"uraian": " ".join(f"0812345678{n:02}" for n in range(100))}])) == MOST_TRACKS


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder, stick = world().copy_home("sumsel", tmp_path), Stick(tmp_path / "stick")
    texts = [
        STORY,
        "Setoran pedagang sayur di Pasar Cinde diambil tiap Senin oleh kabid; brankas koperasi Melati penuh.",
        "Jembatan roboh karena semen dikurangi kontraktor.",
        "Pedagang di Pasar Cinde mengeluh tentang koperasi.",
        "Guru diminta uang untuk sertifikasi.",
    ]
    reporters = [Reporter() for _ in texts]
    rows = [world().letter_row(r.report(fields=ASKED | {"uraian": t})) for r, t in zip(reporters, texts, strict=True)]
    rows.append(world().letter_row(reporters[0].follow_up("tambahan", files=[attach(b"isi", "foto.jpg")])))
    with sit(folder, "sumsel-1", "sumsel-2") as desk:
        import_bundle(desk, stick.write(rows))
    return folder


def names(transaction: Any, present: tuple[str, ...] = ("sumsel-1", "sumsel-2"), case: int = 1) -> list[str]:
    return [each.name for each in similar(transaction, case, present)]


def test_cases_that_share_rare_words_are_found_the_nearest_first(home: Path) -> None:
    with sit(home, "sumsel-1", "sumsel-2") as desk, desk.vault.begin() as transaction:
        found = similar(transaction, 1, ("sumsel-1", "sumsel-2"))
        assert found[0].name == "K-0002" and "K-0003" not in [each.name for each in found]
        assert all(0.3 <= each.score <= 1 for each in found) and found[0].score == max(each.score for each in found)
        assert names(transaction, case=3) == [] and names(transaction, case=99) == []


def test_a_few_words_in_common_are_not_enough_without_the_same_place_and_kind(home: Path) -> None:
    with sit(home, "sumsel-1", "sumsel-2") as desk, desk.vault.begin() as transaction:
        score = {each.name: each.score for each in similar(transaction, 1, ("sumsel-1", "sumsel-2"))}["K-0004"]
        assert 0.3 <= score < 0.5, "control: place and kind make the difference"
        other = sa.update(facets).where(facets.c.case_id == 4)
        for changed in ({"unit": "palembang"}, {"kategori": "aset"}):
            transaction.execute(other.values(changed))
        assert names(transaction) == ["K-0002"]


def test_a_case_with_which_somebody_present_has_a_conflict_is_not_named(home: Path) -> None:
    with sit(home, "sumsel-1", "sumsel-2") as desk, desk.vault.begin() as transaction:
        assert "K-0002" in names(transaction)
        state_conflict(transaction, desk.home, 2, "sumsel-2", conflict=True, day=today())
        state_conflict(transaction, desk.home, 4, "sumsel-1", conflict=False, day=today())
        assert "K-0002" not in names(transaction)
        assert "K-0002" in names(transaction, ("sumsel-1", "sumsel-3")), "control: without that person"


def test_a_canary_is_like_no_case(home: Path) -> None:
    with sit(home, "sumsel-1", "sumsel-2") as desk, desk.vault.begin() as transaction:
        transaction.execute(sa.insert(canary_cases).values(case_id=2, number=1, day=0, remarks=[]))
        assert "K-0002" not in names(transaction) and names(transaction, case=2) == []


def test_further_letters_come_with_their_days_and_files(home: Path) -> None:
    with sit(home, "sumsel-1", "sumsel-2") as desk, desk.vault.begin() as transaction:
        first, second = arrivals(transaction, 1)
        assert (first.follows, first.files) == (False, ())
        assert second.follows and [file.name for file in second.files] == ["foto.jpg"] and second.day == today()
        assert len(arrivals(transaction, 2)) == 1

"""Reports that came on paper: cases like any other, a code that is handed over once and opens the mailbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from browsers import axe_source, violations
from conftest_station import sit, weak, world  # noqa: F401
from test_station_desk import HERE, ONE, OURS, TWO, address, hands, open_desk, page, session  # noqa: F401

from crypto import bundle, mailbox, receipt
from crypto.encoding import today
from station import audit, casework, outbox, paper, tables
from station.attachments import files_of, read_file
from station.bundles import open_bundle
from station.cases import show_case
from station.desk import Desk
from station.errors import Refused
from station.paper import Scan, Typed, read_scans, type_in
from station.referral import limits_of
from station.web import create_desk

STORY = "Uang di map biru."
TOLD = {"wilayah": "palembang", "jenjang_terlapor": "pegawai-provinsi", "kategori": "suap", "uraian": STORY}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return world().copy_home("sumsel", tmp_path)


@pytest.fixture
def desk(home: Path) -> Iterator[Desk]:
    with sit(home, ONE, TWO) as found:
        yield found


def typed(desk: Desk, scans: tuple[Scan, ...] = (), hand_over: bool = True, way: str = "datang", **more: str) -> Typed:
    with desk.vault.begin() as transaction:
        return type_in(
            transaction, desk, TOLD | more, scans, way=way, by=ONE, hand_over=hand_over, language="id", day=today()
        )


def test_a_report_on_paper_is_a_case_with_its_scans(desk: Desk) -> None:
    data = b"x" * 300_000
    made = typed(desk, (Scan("surat 1.pdf", data),), waktu="Maret")
    with desk.vault.begin() as transaction:
        case = show_case(transaction, made.case)
        assert case.fields == TOLD | {"waktu": "Maret"} and case.status == "received" and not case.box_closed
        (file,) = files_of(transaction, case.id)
        assert (file.name, read_file(transaction, file)) == ("surat 1.pdf", data)
        assert file.cleaned == "kept", "a scan with its metadata, no plain text"
        assert casework.leads(transaction, desk.home, case.id)
        entry = audit.entries(transaction)[-1]
        assert (entry.deed, entry.who, entry.case, entry.detail) == ("typed", ONE, case.id, "datang")


def test_the_code_that_was_handed_over_opens_the_mailbox(desk: Desk, tmp_path: Path) -> None:
    made = typed(desk)
    path = outbox.make_outbox(desk, tmp_path)
    derived = receipt.derive(receipt.read_code(" ".join(made.code))[0].code, desk.home.roster.deployment)
    assert " ".join(derived.name) == made.name
    with open_bundle(path) as source:
        manifest, _body, _signature = bundle.read_manifest(source, bundle.OUTBOX)
    assert mailbox.place(derived.mailbox, desk.home.id, manifest.seq) in path.read_bytes(), "served like any other"


def test_a_code_that_nobody_takes_is_kept_nowhere_and_its_mailbox_not_served(desk: Desk) -> None:
    made = typed(desk, hand_over=False)
    assert made.code == ()
    with desk.vault.begin() as transaction:
        assert show_case(transaction, made.case).box_closed and not outbox._live(transaction, desk)


def test_no_word_of_the_code_stands_in_the_vault(desk: Desk) -> None:
    made = typed(desk)
    code = receipt.read_code(" ".join(made.code))[0].code
    with desk.vault.begin() as transaction:
        rows = [row for table in tables.metadata.sorted_tables for row in transaction.execute(sa.select(table))]
    kept = b" ".join(c if isinstance(c, bytes) else str(c).encode() for row in rows for c in row)
    assert code not in kept and " ".join(made.code).encode() not in kept
    assert made.name.encode() in kept, "control: the mailbox's name is there"


@pytest.mark.parametrize(
    ("more", "way", "match"),
    [
        ({"uraian": " "}, "surat", "Ceritakan"),
        ({"wilayah": "jakarta"}, "surat", "pilihan itu tidak ada"),
        ({"kategori": "lain,suap,x"}, "surat", "pilihan itu tidak ada"),
        ({"uraian": "x" * 20_001}, "surat", "paling banyak 20000 huruf"),
        (
            dict.fromkeys(("uraian", *paper.FREE[:3], "bukti_lokasi", "keamanan"), "\u4e00" * 20_000),
            "surat",
            "terlalu panjang",
        ),
        ({}, "merpati", "bagaimana laporan ini tiba"),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_nothing_is_kept(
    desk: Desk, more: dict[str, str], way: str, match: str
) -> None:
    with pytest.raises(Refused, match=match):
        typed(desk, (Scan("a", b"1"),), way=way, **more)
    with desk.vault.begin() as transaction:
        counts = [sa.select(sa.func.count()).select_from(t) for t in (tables.cases, tables.parts, tables.paper_cases)]
        assert [transaction.scalar(count) for count in counts] == [0, 0, 0]


def test_a_unit_that_the_reporter_bars_is_kept_and_never_this_one(desk: Desk) -> None:
    made = typed(desk, jangan_dibuka="inspektorat-daerah")
    with desk.vault.begin() as transaction:
        assert show_case(transaction, made.case).fields["jangan_dibuka"] == "inspektorat-daerah"
        assert "palembang" in limits_of(transaction, desk.home, 1).barred
    with pytest.raises(Refused, match="jangan diketik di sini"):
        typed(desk, jangan_dibuka="inspektorat-daerah,inspektorat-provinsi")


def test_a_page_that_is_sent_twice_makes_one_case(desk: Desk) -> None:
    typed(desk)
    with pytest.raises(Refused, match="sudah ada: K-0001"):
        typed(desk)
    assert typed(desk, uraian="Uang di map merah.").case == "K-0002"


def test_scans_are_read_from_a_folder_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "b.pdf").write_bytes(b"2")
    (tmp_path / "a.pdf").write_bytes(b"1")
    (tmp_path / "link.pdf").symlink_to("/etc/passwd")
    assert [(scan.name, scan.data) for scan in read_scans(tmp_path)] == [("a.pdf", b"1"), ("b.pdf", b"2")]
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(b"")
    with pytest.raises(Refused, match="6 berkas"):
        read_scans(tmp_path)
    with pytest.raises(Refused, match="tidak ada"):
        read_scans(tmp_path / "no")


def test_a_scan_that_is_too_large_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "MAX_ATTACHMENT_BYTES", 10)
    (tmp_path / "besar.pdf").write_bytes(b"x" * 11)
    with pytest.raises(Refused, match=r"besar\.pdf terlalu besar"):
        read_scans(tmp_path)


def test_the_keys_of_the_station_are_no_scans(home: Path, session: Any) -> None:  # noqa: F811
    app = create_desk(session, 8090)
    for who in (ONE, TWO):
        browser = session.enter(who, world().passphrases[who])
    client = app.test_client()
    client.set_cookie("meja-8090", browser, domain="127.0.0.1")
    data = TOLD | {"tanda": session.forms, "cara": "surat", "oleh": ONE, "pindaian": str(home / "keyring" / ONE)}
    answer = client.post("/ketik", data=data, headers=OURS, **HERE)
    assert "milik stasiun sendiri" in answer.text and STORY in answer.text
    with session.desk() as found, found.vault.begin() as transaction:
        assert transaction.scalar(sa.select(sa.func.count()).select_from(tables.cases)) == 0


@pytest.mark.browser
def test_a_visit_is_typed_in_and_its_code_is_shown_once(page: Any, address: str) -> None:  # noqa: F811
    open_desk(page, address)
    page.click('nav >> text="Ketik laporan"')
    page.wait_for_selector("#uraian")
    page.evaluate(axe_source())
    assert violations(page) == []
    page.check('[name="cara"][value="datang"]')
    for name, value in TOLD.items():
        page.fill("#uraian", value) if name == "uraian" else page.select_option(f"#{name}", value)
    page.check('[name="kode"][value="ya"]')
    page.check('[name="jangan_dibuka"][value="inspektorat-daerah"]')
    page.fill("#frasa", "bukan frasa orang itu")
    page.fill("#pindaian", "/tidak/ada")
    page.click('button:text-is("Simpan sebagai perkara")')
    page.wait_for_selector('[role="alert"]:has-text("folder itu tidak ada")')
    assert page.input_value("#uraian") == STORY, "what was typed stands there again"
    page.fill("#pindaian", "")
    page.fill("#frasa", "bukan frasa orang itu")
    page.click('button:text-is("Simpan sebagai perkara")')
    page.wait_for_selector('[role="alert"]:has-text("Frasa sandi")')
    assert page.is_checked('[name="jangan_dibuka"][value="inspektorat-daerah"]')
    page.fill("#frasa", world().passphrases[ONE])
    page.click('button:text-is("Simpan sebagai perkara")')
    page.wait_for_selector("#kode")
    assert page.locator("#kode li").count() == 8
    page.evaluate(axe_source())
    assert violations(page) == []
    page.click("text=Buka perkara")
    page.wait_for_url("**/perkara/K-0001")
    for who in (ONE, TWO):
        page.check(f'input[name="benturan-{who}"][value="tidak"]')
    page.click('button:text-is("Nyatakan")')
    page.wait_for_selector("text=Diketik oleh sumsel-1 dari laporan yang tiba lewat datang sendiri")

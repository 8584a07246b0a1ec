"""What a message to a reporter is warned of before it goes, on invented messages; and that a warning can be overruled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest_station import Reporter, Stick, Terminal, reply, sit, weak, world  # noqa: F401

from station import audit
from station.audit import Deed
from station.cases import show_case
from station.guard import Unchecked, look
from station.inbox import import_bundle
from station.questions_offered import QUESTIONS
from station.texts import OFFERED

DATA = Path(__file__).with_name("data")
LETTER = {
    "uraian": "Kepala dinas memanggil kami bertiga sesudah apel pagi di gudang belakang, pukul 14.35 tanggal 14 Maret 2024. "
    "Uang itu dibungkus koran bekas lalu ditaruh di jok motor BG 1234 XY. Saya bendahara di sana. "
    "Setiap amplop diberi kode warna menurut kecamatan asalnya. Kepala dinas juga menerima bagian dari paket lain.",
    "terlapor": "NIP 198503122010011005",
    "keamanan": "Jangan hubungi kantor sebelum kepala dinas pindah.",
    "lingkar_tahu": "2-5",
}


def messages(name: str) -> list[tuple[str, str]]:
    lines = (DATA / name).read_text("utf-8").splitlines()
    return [(kind, text) for kind, _, text in (line.partition("|") for line in lines if not line.startswith("#"))]


def kinds(text: str, known: Sequence[dict[str, str]] = (LETTER,)) -> set[str]:
    return {found.kind for found in look(text, known)}


@pytest.mark.parametrize(
    ("name", "recall", "false"), [("messages.txt", 0.95, 0.025), ("messages-heldout.txt", 0.6, 0.1)]
)
def test_recall_and_false_alarms(name: str, recall: float, false: float, capsys: pytest.CaptureFixture[str]) -> None:
    read = messages(name)
    bad, good = [m for m in read if m[0] != "-"], [m for m in read if m[0] == "-"]
    missed = [text for _, text in bad if not kinds(text)]
    alarms = [text for _, text in good if kinds(text)]
    named = sum(kind in kinds(text) for kind, text in bad)
    with capsys.disabled():
        print(
            f"\n{name}: warned of {len(bad) - len(missed)}/{len(bad)} bad messages ({named} by their own name), "
            f"false alarms {len(alarms)}/{len(good)}"
        )
    assert len(bad) - len(missed) >= recall * len(bad), missed
    assert len(alarms) <= false * len(good), [(text, look(text, (LETTER,))) for text in alarms]


@pytest.mark.parametrize("language", ["id", "en"])
def test_nothing_that_officers_are_offered_is_warned_of(language: str) -> None:
    texts = [*OFFERED[language].values(), *(text for _, text in QUESTIONS[language])]
    assert len(texts) > 20
    assert [text for text in texts if kinds(text, ())] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Jangan khawatir: siapa nama Anda?", {"identity"}),
        ("Jangan ragu, tulis nomor HP Anda.", {"identity"}),
        ("Jangan menulis nomor HP Anda.", set()),
        ("**Jangan** menulis nomor HP Anda.", set()),
        ("Tulis **nomor HP** Anda.", {"identity"}),
        ("Laporan Anda kami terima. Jangan lupa foto kuitansinya.", {"documents"}),
        ("UANG ITU DIBUNGKUS KORAN BEKAS di mana?", {"quote"}),
        ("Uang itu dibungkus koran?", set()),
        ("Kami tahu: jangan hubungi kantor sebelum itu.", {"fear"}),
        ("1985 0312 2010 01 1 005", {"number"}),
    ],
)
def test_near_things_are_told_apart(text: str, found: set[str]) -> None:
    assert kinds(text) == found


def test_without_a_letter_that_says_it_nothing_is_a_quotation() -> None:
    text = "Uang itu dibungkus koran bekas lalu ditaruh pukul 14.35?"
    assert {"quote", "time"} <= kinds(text) and not kinds(text, ())


def test_the_worst_message_and_letter_take_no_time(piece: str = "anda foto kirim nomor ") -> None:
    """A pattern that went back again and again would not end here."""
    known = ({"uraian": ("uang itu " * 2_000)[:10_000], "keamanan": "x " * 500},) * 20
    assert look((piece * 400)[:4_000], known)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder, stick = world().copy_home("sumsel", tmp_path), Stick(tmp_path / "stick")
    with sit(folder, "sumsel-1", "sumsel-2") as desk:
        import_bundle(desk, stick.write([world().letter_row(Reporter().report(fields=LETTER | {"wilayah": "sumsel"}))]))
    return folder


@pytest.mark.parametrize("way", ["answer", "step"])
def test_a_warned_message_is_kept_back_until_somebody_has_looked_again_and_that_is_logged(home: Path, way: str) -> None:
    text, status = "Siapa nama Anda?", {"answer": "", "step": "need_info"}[way]
    with sit(home, "sumsel-1", "sumsel-2") as desk:
        with pytest.raises(Unchecked, match="jati diri") as refused, desk.vault.begin() as transaction:
            reply(transaction, desk, status, text)
        assert [found.kind for found in refused.value.found] == ["identity"] and "nama" not in str(refused.value)
        with desk.vault.begin() as transaction:
            assert (
                show_case(transaction, "K-0001").messages == ()
                and show_case(transaction, "K-0001").status == "received"
            )
            reply(transaction, desk, status, text, checked=True)
            assert [said.text for said in show_case(transaction, "K-0001").messages] == [text]
            logged = [entry for entry in audit.entries(transaction) if entry.deed == Deed.CHECKED]
        assert [(entry.case, entry.detail) for entry in logged] == [(1, "identity")]


def test_a_message_without_a_warning_is_sent_and_no_check_is_logged(home: Path) -> None:
    with sit(home, "sumsel-1", "sumsel-2") as desk, desk.vault.begin() as transaction:
        reply(transaction, desk, "", "Kapan kira-kira?", checked=True)
        assert Deed.CHECKED not in [entry.deed for entry in audit.entries(transaction)]


def test_the_command_says_what_it_is_and_sends_it_when_told_so(home: Path, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "sumsel", ("sumsel-1", "sumsel-2"), home)
    refused = terminal.run("reply", "K-0001", "--no-conflict", "--text", "Kirim ke https://contoh.id")
    assert refused.exit_code == 3 and "di luar kotak" in refused.stderr
    assert (
        terminal.run("reply", "K-0001", "--no-conflict", "--text", "Kirim ke https://contoh.id", "--checked").exit_code
        == 0
    )

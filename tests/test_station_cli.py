"""`senyap-station`: exit codes, what stands on stdout, and that a reporter's words cannot steer a terminal."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from conftest_station import Reporter, Stick, Terminal, attach, sit, weak, world  # noqa: F401

from crypto.claim import claim_words
from crypto.encoding import today, visible
from station import airgap, audit, retention_tables, tables
from station.__main__ import main
from station.audit import Deed
from station.statements import state_conflict

ROOT = Path(__file__).parent.parent
ONE, THREE = "sumsel-1", "sumsel-3"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, "sumsel", (ONE, THREE))


@pytest.fixture
def stick(tmp_path: Path) -> Stick:
    return Stick(tmp_path / "stick")


@pytest.mark.parametrize("conflict", [True, False], ids=["conflict", "control: none"])
def test_a_case_with_which_somebody_present_has_a_conflict_is_neither_shown_nor_answered(
    terminal: Terminal, stick: Stick, tmp_path: Path, conflict: bool
) -> None:
    file = attach(b"isi berkas")
    rows = [world().letter_row(Reporter().report("jembatan retak", [file])), *world().part_rows(file, b"isi berkas")]
    assert terminal.run("import", str(stick.write(rows))).exit_code == 0
    with sit(terminal.home, "sumsel-1", "sumsel-3") as desk, desk.vault.begin() as transaction:
        state_conflict(transaction, desk.home, 1, "sumsel-3", conflict=conflict, day=1)
    shown = terminal.run("show", "K-0001", "--no-conflict", "--save-attachments", str(tmp_path / "berkas"))
    told = terminal.run("reply", "K-0001", "--no-conflict", "--text", "kami periksa")
    assert ("jembatan retak" in shown.stdout, (tmp_path / "berkas").exists()) == (not conflict, not conflict)
    assert all((done.exit_code != 0, "benturan" in done.stderr) == (conflict, conflict) for done in (shown, told))


def statements_at(terminal: Terminal) -> list[tuple[str, int, str]]:
    """Return what the log has of conflicts of interest."""
    with sit(terminal.home, "sumsel-1", "sumsel-3") as desk, desk.vault.begin() as transaction:
        found = [entry for entry in audit.entries(transaction) if entry.deed == Deed.STATED]
    return [(entry.who, entry.case, entry.detail) for entry in found]


@pytest.mark.parametrize(
    "command",
    [
        ("show",),
        ("show", "--json"),
        ("reply", "--text", "kami periksa"),
        ("claim",),
        ("certificate", "--to", "surat"),
        ("hold", "--because", "perkara 7/2027"),
    ],
    ids=" ".join,
)
def test_no_command_opens_a_case_before_those_present_have_stated(
    terminal: Terminal, stick: Stick, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    reporter = Reporter()
    letter = reporter.report("penanda-5512", claim=hashlib.sha256(reporter.claim).digest())
    assert terminal.run("import", str(stick.write([world().letter_row(letter)]))).exit_code == 0
    words = f"{' '.join(claim_words(reporter.claim))}\n" * (command[0] in ("claim", "certificate"))
    verb, *rest = command
    silent = terminal.run(verb, "K-0001", *rest, *terminal.keys, typed=words or "\n")
    assert (silent.exit_code, silent.stdout, statements_at(terminal)) == (3, "", [])
    assert "sumsel-1 punya benturan kepentingan?" in silent.stderr and "penanda-5512" not in silent.stderr
    assert "--no-conflict" in silent.stderr and not (tmp_path / "surat").exists()
    told = terminal.run(verb, "K-0001", *rest, *terminal.keys, typed=f"{words}x\nTidak\ntidak\n")
    assert told.exit_code == 0 and told.stderr.count("punya benturan kepentingan?") == 3
    assert statements_at(terminal) == [("sumsel-1", 1, "none"), ("sumsel-3", 1, "none")]
    again = terminal.run("show", "K-0001")
    assert "penanda-5512" in again.stdout and "benturan" not in again.stderr


def test_whom_a_report_names_is_said_before_the_question_and_cannot_steer_the_terminal(
    terminal: Terminal, stick: Stick
) -> None:
    named = {"uraian": "jembatan retak", "wilayah": "lahat", "terlapor": "Pak\x1b[2J Kadis"}
    assert (
        terminal.run("import", str(stick.write([world().letter_row(Reporter().report(fields=named))]))).exit_code == 0
    )
    asked = terminal.run("show", "K-0001").stderr
    assert "Tempat kejadian: Kabupaten Lahat" in asked and "Siapa yang terlibat: Pak\\u{001B}[2J Kadis" in asked
    assert "jembatan" not in asked and "\x1b" not in asked


@pytest.mark.parametrize("fits", [True, False], ids=["own passphrase", "another one"])
def test_a_conflict_is_stated_at_the_terminal_with_the_own_passphrase_alone(
    terminal: Terminal, stick: Stick, fits: bool
) -> None:
    assert terminal.run("import", str(stick.write([world().letter_row(Reporter().report("jembatan"))]))).exit_code == 0
    words = world().passphrases["sumsel-3" if fits else "sumsel-1"]
    said = terminal.run("show", "K-0001", *terminal.keys, typed=f"tidak\nya\n{words}\n")
    assert (said.exit_code, said.stdout) == (3 if fits else 4, "") and words not in said.output
    noted = [("sumsel-1", 1, "none"), ("sumsel-3", 1, "conflict")] if fits else []
    assert statements_at(terminal) == noted
    assert ("jembatan" in terminal.run("show", "K-0001", "--no-conflict").stdout) is not fits


def test_a_round_of_import_list_show_reply_and_outbox(terminal: Terminal, stick: Stick, tmp_path: Path):
    file = attach(b"isi berkas", name="../../bukti.pdf")
    letter = world().letter_row(Reporter().report("jembatan retak", [file]))
    path = stick.write([letter, *world().part_rows(file, b"isi berkas")])
    done = terminal.run("import", str(path), "--json")
    assert done.exit_code == 0
    wanted = {
        "new": 1,
        "repeated": 0,
        "cover": 0,
        "foreign": 0,
        "incomplete": 0,
        "alarms": [],
        "canaries": 0,
        "forwarded": 0,
    }
    assert json.loads(done.stdout) == wanted
    assert "PERINGATAN" in done.stderr and "demo" in done.stderr
    (line,) = json.loads(terminal.run("list", "--json").stdout)
    assert (line["case"], line["status"], line["letters"], line["lead"]) == ("K-0001", "received", 1, True)
    answer = ("reply", "K-0001", "--no-conflict", "--status", "review", "--text", "kami periksa")
    assert terminal.run(*answer).exit_code == 0
    shown = terminal.run("show", "K-0001", "--json", "--save-attachments", str(tmp_path / "berkas"))
    found = json.loads(shown.stdout)
    assert set(found) >= {"case", "mailbox_name", "status", "language", "fields", "readers", "attachments", "messages"}
    assert found["fields"]["uraian"] == "jembatan retak"
    assert found["attachments"] == [
        {"name": "../../bukti.pdf", "media_type": "application/pdf", "size": 10, "sha256": file.sha256.hex(),
         "complete": True, "cleaned": "cleaned"}
    ]  # fmt: skip
    assert [(m["from"], m["text"]) for m in found["messages"]] == [("sumsel", "kami periksa")]
    assert (tmp_path / "berkas" / "001.bin").read_bytes() == b"isi berkas"
    made = terminal.run("outbox", "--to", str(tmp_path / "out"))
    assert made.stdout == f"{tmp_path}/out/outbox-sumsel-00000001.senyap\n"
    again = terminal.run("relay", "--to", str(tmp_path / "relay"))
    assert again.stdout == f"{tmp_path}/relay/bundle-00000001.senyap\n"
    assert Path(again.stdout.strip()).read_bytes() == path.read_bytes()


def test_one_reviewer_of_two_ends_with_4(tmp_path: Path):
    result = Terminal(tmp_path, "sumsel", ("sumsel-2",)).run("list")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "1 dari 2" in result.stderr


def test_a_wrong_passphrase_ends_with_4_and_is_not_repeated(terminal: Terminal, tmp_path: Path):
    (tmp_path / "sumsel-1.words").write_text("kata-salah-satu")
    result = terminal.run("list")
    assert result.exit_code == 4
    assert "kata-salah-satu" not in result.output


def test_passphrases_are_asked_for_until_the_quorum_is_met(terminal: Terminal):
    words = world().passphrases
    typed = "".join(f"{r}\n{words[r]}\n" for r in ("sumsel-2", "sumsel-3"))
    result = terminal.run("list", typed=typed)
    assert result.exit_code == 0
    assert words["sumsel-2"] not in result.output


def test_a_machine_with_a_network_ends_with_5_before_any_passphrase(terminal: Terminal, monkeypatch):
    monkeypatch.setattr(airgap, "check", lambda: ("wlan0 tersambung",))
    result = CliRunner().invoke(main, ["list", "--home", str(terminal.home)], input="")
    assert result.exit_code == 5
    assert "wlan0 tersambung" in result.stderr and "Penelaah" not in result.output


def test_an_air_gapped_machine_needs_no_flag(terminal: Terminal, monkeypatch):
    monkeypatch.setattr(airgap, "check", lambda: ())
    result = CliRunner().invoke(main, ["--home", str(terminal.home), *terminal.keys, "list"])
    assert (result.exit_code, result.stderr) == (0, "")


def test_the_network_flag_is_for_demos_only(terminal: Terminal, monkeypatch):
    monkeypatch.setattr("station.home.Home.is_demo", False)
    result = terminal.run("list")
    assert result.exit_code == 5 and "hanya untuk demo dan latihan" in result.stderr


def test_a_forked_bundle_ends_with_7_and_a_gap_with_1(terminal: Terminal, stick: Stick, tmp_path: Path):
    assert terminal.run("import", str(stick.write([]))).exit_code == 0
    fork = Stick(tmp_path / "fork").write(world().cover())
    result = terminal.run("import", str(fork), "--json")
    assert result.exit_code == 7
    assert "ALARM: bundel 1 sudah pernah" in json.loads(result.stdout)["alarms"][0]
    stick.write([])
    result = terminal.run("import", str(stick.write([])))
    assert result.exit_code == 1 and "belum pernah datang" in result.stderr


def test_refused_input_ends_with_3(terminal: Terminal, stick: Stick):
    path = stick.write([])
    path.write_bytes(path.read_bytes() + b"x")
    assert terminal.run("import", str(path)).exit_code == 3
    assert terminal.run("show", "K-0009").exit_code == 3
    assert terminal.run("show", "../K-1").exit_code == 3
    assert terminal.run("relay", "--to", str(stick.folder)).exit_code == 3


def test_usage_errors_end_with_2(terminal: Terminal, monkeypatch):
    monkeypatch.delenv("SENYAP_HOME", raising=False)
    assert terminal.run("reply", "K-0001", "--status", "wrong").exit_code == 2
    assert terminal.run("outbox").exit_code == 2
    assert CliRunner().invoke(main, ["list"]).exit_code == 2
    assert terminal.run("list", "--passphrase-file", "sumsel-1").exit_code == 2


def test_a_missing_file_or_home_ends_with_2_and_a_damaged_vault_with_6(terminal: Terminal, tmp_path: Path):
    assert terminal.run("import", str(tmp_path / "nothing")).exit_code == 2
    assert CliRunner().invoke(main, ["list", "--home", str(tmp_path / "nowhere"), "--allow-network"]).exit_code == 2
    (terminal.home / "vault.db").write_bytes(b"x" * 8192)
    result = terminal.run("list")
    assert result.exit_code == 6 and "vault" in result.stderr


def test_options_stand_before_or_after_the_command_and_the_environment_comes_last(terminal: Terminal, monkeypatch):
    monkeypatch.setenv("SENYAP_HOME", "/nonexistent")
    head = ["--allow-network", "--home", str(terminal.home), terminal.keys[0], terminal.keys[1]]
    assert CliRunner().invoke(main, [*head, "list", *terminal.keys[2:]]).exit_code == 0
    monkeypatch.setenv("SENYAP_HOME", str(terminal.home))
    assert CliRunner().invoke(main, ["--allow-network", "list", *terminal.keys]).exit_code == 0


HOSTILE = "awal\x1b]0;judul\x07\x1b[2J‮txt.exe\u2066\u200b\x00\x9b31m\u2028akhir"


def test_a_reporters_words_cannot_steer_the_terminal(terminal: Terminal, stick: Stick):
    file = attach(b"x", name=HOSTILE + "\nPALSU", media_type=HOSTILE)
    reporter = Reporter()
    report = reporter.report(HOSTILE + "\nbaris dua", [file], mailbox_name=HOSTILE, language=HOSTILE)
    rows = [world().letter_row(report), world().letter_row(reporter.follow_up(HOSTILE))]
    assert terminal.run("import", str(stick.write(rows))).exit_code == 0
    for arguments in (["list"], ["show", "K-0001", "--no-conflict"], ["list", "--json"], ["show", "K-0001", "--json"]):
        shown = terminal.run(*arguments).stdout
        assert not set(shown) & set("\x1b\x07\x00\x9b\u202e\u2066\u200b\u2028\x7f"), arguments
        assert "awal" in shown and "akhir" in shown
        assert "\nPALSU" not in shown
    shown = terminal.run("show", "K-0001").stdout
    assert "\\u{202E}" in shown and "\n    baris dua" in shown
    assert json.loads(terminal.run("show", "K-0001", "--json").stdout)["attachments"][0]["name"] == file.name


def test_ordinary_text_of_the_region_stays_readable():
    text = "Ngarai é 漢字 🙂 – “kutip” ½"
    assert visible(text) == text
    assert visible("a\nb") == "a\\u{000A}b" and visible("a\nb", indent=" ") == "a\n b"


def test_no_word_of_a_report_reaches_a_refusal_or_a_log(terminal: Terminal, stick: Stick, caplog):
    caplog.set_level(logging.DEBUG)
    marker = "penanda-5512"
    reporter = Reporter()
    bad = reporter.report(marker, [attach(b"x", name=marker)], thread_key=bytes(32))
    rows = [world().letter_row(reporter.report("a")), world().letter_row(bad)]
    result = terminal.run("import", str(stick.write(rows)))
    assert result.exit_code == 1 and "kunci surat yang lain" in result.stderr
    assert marker not in result.output and marker not in caplog.text


def test_relay_is_for_collectors_and_what_it_copies_can_be_imported(terminal: Terminal, stick: Stick, tmp_path: Path):
    terminal.run("import", str(stick.write([world().letter_row(Reporter(["lahat"]).report())])))
    relayed = terminal.run("relay", "--to", str(tmp_path / "relay")).stdout.strip()
    lahat = Terminal(tmp_path, "lahat", ("lahat-1",))
    assert json.loads(lahat.run("import", relayed, "--json").stdout)["new"] == 1
    assert lahat.run("relay", "--to", str(tmp_path / "again")).exit_code == 3


def overdue(terminal: Terminal, *, said: int) -> None:
    """Let the first case be closed and due for long; `said`: how many days ago the list said so, where it did."""
    long_ago = today() - 200
    (terminal.home / "station.toml").write_text("retention_days = 90\n")
    with sit(terminal.home, ONE, THREE) as desk, desk.vault.begin() as transaction:
        transaction.execute(sa.update(tables.cases).values(status="closed_not_actionable", day=long_ago))
        transaction.execute(sa.update(tables.letters).values(arrived=long_ago))
        transaction.execute(sa.update(retention_tables.warnings).values(day=today() - said))


def test_a_station_without_a_desk_warns_of_what_goes_and_erases_it(terminal: Terminal, stick: Stick):
    """Control: before anybody has read the list, and for 30 days after, outboxes leave and the case stays."""
    terminal.run("import", str(stick.write([world().letter_row(Reporter().report())])))
    for days in (30, 0, 29):
        overdue(terminal, said=days)
        terminal.run("outbox", "--to", str(stick.folder))
        told = terminal.run("list", "--json")
        assert "K-0001" in told.stdout and "dihapus" not in told.stderr, "what a program reads is no warning"
        if days != 30:
            shown = terminal.run("list")
            assert "1 perkara akan dihapus dalam 30 hari" in shown.stderr and "AKAN DIHAPUS" in shown.stdout
            assert shown.exit_code == 0
    overdue(terminal, said=30)
    terminal.run("outbox", "--to", str(stick.folder))
    assert terminal.run("list", "--json").stdout == "[]\n"


def test_two_people_hold_a_case_at_the_terminal_and_lift_the_hold(terminal: Terminal, stick: Stick, tmp_path: Path):
    terminal.run("import", str(stick.write([world().letter_row(Reporter().report())])))
    overdue(terminal, said=0)
    terminal.run("list")
    alone = Terminal(tmp_path, "sumsel", (ONE,), terminal.home)
    assert alone.run("hold", "K-0001", "--because", "pengadilan").exit_code == 4
    assert [terminal.run("hold", "K-0001", *o).exit_code for o in ((), ("--lift", "--because", "x"))] == [2, 2]
    assert terminal.run("hold", "K-0001", "--no-conflict", "--lift").exit_code == 3, "it is not held"
    held = terminal.run("hold", "K-0001", "--because", "perkara 7/2027")
    assert held.exit_code == 0 and f"ditahan oleh {ONE} dan {THREE}" in held.stderr and "7/2027" not in held.stderr
    overdue(terminal, said=30)
    terminal.run("outbox", "--to", str(stick.folder))
    shown = terminal.run("list").stdout
    assert "K-0001" in shown and "AKAN DIHAPUS" not in shown
    assert terminal.run("hold", "K-0001", "--lift").exit_code == 0
    assert "AKAN DIHAPUS" in terminal.run("list").stdout
    with sit(terminal.home, ONE, THREE) as desk, desk.vault.begin() as transaction:
        deeds = [(e.who, e.deed) for e in audit.entries(transaction) if e.deed in ("held", "lifted")]
        assert deeds == [(f"{ONE}+{THREE}", "held"), (f"{ONE}+{THREE}", "lifted")]
        state_conflict(transaction, desk.home, 1, THREE, conflict=True, day=today())
    assert terminal.run("hold", "K-0001", "--because", "x").exit_code == 3


def test_one_person_alone_holds_nothing_where_one_opens_the_vault(tmp_path: Path):
    lahat = Terminal(tmp_path, "lahat", ("lahat-1",))
    stick = Stick(tmp_path / "stick", "lahat")
    lahat.run("import", str(stick.write([world().letter_row(Reporter(["lahat"]).report())])))
    said = lahat.run("hold", "K-0001", "--because", "x")
    assert said.exit_code == 3 and "dua orang" in said.stderr


def test_the_program_dumps_no_core_and_needs_no_network(terminal: Terminal):
    cheap = "from crypto import passphrase as p; p.ARGON2_MEMORY_KIB, p.ARGON2_PASSES = 64, 1;"
    start = cheap + "from station.__main__ import main; main()"
    command = [sys.executable, "-c", start, "list", "--json", "--home", str(terminal.home), *terminal.keys]
    if shutil.which("unshare") and subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0:
        done = subprocess.run(["unshare", "-rn", *command], cwd=ROOT, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
    look = (
        "import ctypes, resource; from keys.memory import forbid_core_dumps as f; f();"
        "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    seen = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True)
    assert seen.stdout == "(0, 0) 0\n"


DESK = ("station.web", "station.pages", "station.serve", "station.__main__")  # with Flask, which it is
# with reportlab and drawsvg, which bring xml.sax along and so urllib
PAPER = ("station.certificate", "station.referral_letter", "station.plots")


@pytest.mark.parametrize("with_desk", [False, True])
def test_the_house_imports_neither_the_drop_box_nor_a_network_client(with_desk: bool):
    """Flask brings `http.client` along for its names of answers; nothing else comes that speaks to others."""
    look = (
        "import sys, pkgutil, importlib, station;"
        f"left_out = () if {with_desk} else {DESK + PAPER};"
        f"[importlib.import_module(m.name) for m in pkgutil.{'walk_packages' if with_desk else 'iter_modules'}(station.__path__, 'station.')"
        " if not m.name.startswith(left_out)];"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'dropbox', 'flask', 'requests', 'gunicorn'}),"
        " sorted({'http.client', 'urllib.request'} & set(sys.modules)))"
    )
    seen = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True)
    assert seen.stdout == ("['flask'] ['http.client', 'urllib.request']\n" if with_desk else "[] []\n"), seen.stderr


def test_a_case_is_told_in_the_words_of_the_desk(terminal: Terminal, stick: Stick) -> None:
    letters = [
        Reporter().report("jembatan", fields={"uraian": "jembatan", "wilayah": area})
        for area in ("lahat", "tidak-tahu")
    ]
    assert terminal.run("import", str(stick.write([world().letter_row(each) for each in letters]))).exit_code == 0
    answer = ("reply", "K-0001", "--no-conflict", "--status", "review", "--text", "kami periksa")
    assert terminal.run(*answer).exit_code == 0
    listed, shown = terminal.run("list").stdout, terminal.run("show", "K-0001").stdout
    other = terminal.run("show", "K-0002", "--no-conflict").stdout
    unit = "Inspektorat Provinsi Sumatera Selatan"
    assert "Penelaahan  id" in listed and "Diterima    id" in listed
    assert "Status    Penelaahan\n" in shown and f"Pembaca   {unit}\n" in shown and f"  {unit}  (pesan 1)" in shown
    assert {"Kejadian di mana?\n    Kabupaten Lahat", "Kejadian di mana?\n    Tidak tahu"} <= {
        found for text in (shown, other) for found in re.findall(r"Kejadian di mana\?\n.*", text)
    }
    for word in ("received", "screening", "review", "lahat", "sumsel\n", "sumsel ", "tidak-tahu"):
        assert word not in listed + shown + other, word
    found = json.loads(terminal.run("show", "K-0001", "--json").stdout)
    assert (found["status"], found["readers"], found["fields"]["wilayah"]) == ("review", ["sumsel"], "lahat")

"""Files at the case desk: seen as pictures or text, saved or cleaned by somebody, never sent as they are."""

# ruff: noqa: F401, F811
from __future__ import annotations

import secrets
import shutil
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import PHONE
from conftest_station import Reporter, Stick, attach, sit, weak, weak_passphrases, world
from forensics import wait_until
from hostile_files import docx, paragraph, pdf, zipped
from samples import named
from test_station_desk import (
    HERE,
    ONE,
    OURS,
    TWO,
    Hands,
    address,
    check,
    client,
    hands,
    open_case,
    open_desk,
    page,
    session,
)
from test_station_previews import MISSING

from crypto.encoding import today
from station import audit, sandbox, statements
from station.audit import Deed
from station.inbox import import_bundle
from station.previews import Preview
from station.session import IDLE_SECONDS, Session, State

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {' '.join(MISSING)}"),
]
MARK = secrets.token_hex(16).encode()
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><image href='http://contoh.example/a.png'/></svg>"
CORPUS = {  # what the sender calls it, what it is, what is said
    "photo": ("foto.jpg", named("pillow-exif.jpg") + MARK, "Gambar JPEG"),
    "bomb": ("a.docx", docx(paragraph("a"), **{"word/besar.xml": bytes(301_000_000)}), "mengembang"),
    "archive": ("a.zip", zipped({"a": bytes(9_000_000)}), "arsip"),
    "pages": ("a.pdf", pdf(100_000), "20 dari 100000 halaman"),
    "svg": ("a.svg", SVG, "gambar SVG"),
    "html": ("a.png", b"<html><script>alert(1)</script><img src='http://contoh.example/b.png'>", "teks sumbernya"),
    "playlist": ("a.mp3", b"#EXTM3U\nhttp://contoh.example/a.mp3\n", "daftar putar"),
    "name": ("\u202egpj.exe\r\nSet-Cookie: a=b", b"isi biasa", "Teks"),
}
IN_REPORT = 5  # files that a letter can have; the others come with a further one, and are numbered after the lost one
LOST = IN_REPORT + 1
IDS = {which: place + (place > IN_REPORT) for place, which in enumerate(CORPUS, 1)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A station with one case that has all these files, and one whose file never came."""
    folder = tmp_path_factory.mktemp("made")
    home, stick = world().copy_home("sumsel", folder), Stick(folder / "stick")
    files = {attach(data, name=name, media_type="text/html\r\nX-A: b"): data for name, data, _ in CORPUS.values()}
    rows = [row for file, data in files.items() for row in world().part_rows(file, data)]
    first, one = list(files), Reporter()
    letters = [one.report("jembatan retak", first[:IN_REPORT]), one.follow_up("lagi", first[IN_REPORT:])]
    letters.append(Reporter().report("lain", [attach(b"hilang")]))
    with weak_passphrases(), sit(home, ONE, TWO) as desk:
        found = import_bundle(desk, stick.write([*rows, *(world().letter_row(letter) for letter in letters)]))
    assert not found.alarms
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "sumsel"))


@pytest.fixture
def out() -> Iterator[Path]:

    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def path_of(which: str, case: str = "K-0001") -> str:
    return f"/perkara/{case}/berkas/{IDS[which]}"


def state(client: Any, session: Session, case: str = "K-0001") -> None:
    data = {"tanda": session.forms} | {f"benturan-{who}": "tidak" for who in (ONE, TWO)}
    client.post(f"/perkara/{case}/benturan", data=data, headers=OURS, **HERE)


def signed(session: Session, folder: Path, **more: str) -> dict[str, str]:
    return {"tanda": session.forms, "folder": str(folder), "oleh": ONE, "frasa": world().passphrases[ONE]} | more


def deeds(session: Session) -> list[tuple[str, str, int, str]]:
    with session.desk() as desk, desk.vault.begin() as transaction:
        found = audit.entries(transaction)
    return [(e.deed, e.who, e.case, e.detail) for e in found if e.deed in (Deed.SAVED, Deed.PASSED)]


# --- seen --------------------------------------------------------------------------------------------


def test_every_file_is_shown_or_spoken_of_and_the_desk_works_on(page: Any, address: str, session: Session) -> None:
    asked: list[str] = []
    page.set_default_timeout(180_000)
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    open_desk(page, address)
    open_case(page, address)
    page.wait_for_selector('a:has-text("Lihat")')
    check(page)
    for place, (which, (_name, _data, words)) in enumerate(CORPUS.items()):
        page.goto(f"{address}/perkara/K-0001")
        page.locator('a:has-text("Lihat")').nth(place).click()
        page.wait_for_selector('h2:text-is("Isi")')
        assert words in page.inner_text("main"), which
        page.wait_for_function("[...document.images].every(i => i.complete)")
        pictures = page.locator("img").evaluate_all("all => all.map(i => i.naturalWidth)")
        assert len(pictures) == {"photo": 1, "pages": 20}.get(which, 0) and 0 not in pictures, which
        check(page)
    assert "\\u{202E}gpj.exe" in page.inner_text("main") and "isi biasa" in page.inner_text('[aria-label="Isi berkas"]')
    assert all(url.startswith(address) for url in asked), asked
    assert session.state is State.OPEN


@pytest.mark.parametrize("leak", [False, True], ids=["as it is", "control: the original is sent"])
def test_the_bytes_of_an_original_never_reach_the_browser(
    page: Any, address: str, monkeypatch: pytest.MonkeyPatch, leak: bool
) -> None:
    if leak:
        monkeypatch.setattr("station.viewer.make_preview", lambda data, *_: Preview("pixels", "x", (data,), 1))
    open_desk(page, address)
    open_case(page, address)
    answers: list[Any] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(address + path_of("photo"), wait_until="networkidle")
    assert [a.headers["content-type"] for a in answers] == ["text/html; charset=utf-8", "image/png"]
    assert any(MARK in answer.body() for answer in answers) is leak


@pytest.mark.parametrize("which", ["name", "photo"])
def test_nothing_that_a_sender_says_stands_in_a_header(client: Any, session: Session, which: str) -> None:
    state(client, session)
    answers = [client.get(path_of(which), **HERE), client.get(f"{path_of(which)}/1.png", **HERE)]
    assert [a.status_code for a in answers] == [200, 200 if which == "photo" else 404]
    for answer in answers:
        assert not {"Content-Disposition", "Set-Cookie", "X-A"} & set(answer.headers.keys())
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Type"] in ("text/html; charset=utf-8", "image/png")
        assert "gpj" not in str(answer.headers) and "foto" not in str(answer.headers)


def test_a_file_is_seen_after_the_statements_and_in_its_own_case_alone(client: Any, session: Session) -> None:
    assert client.get(path_of("name"), **HERE).status_code == 409
    state(client, session)
    state(client, session, "K-0002")
    assert "isi biasa" in client.get(path_of("name"), **HERE).text
    assert client.get(path_of("name", "K-0002"), **HERE).status_code == 404
    assert client.get("/perkara/K-0001/berkas/99", **HERE).status_code == 404
    client.set_cookie("meja-8090", "guess", domain="127.0.0.1")
    for path in (path_of("name"), f"{path_of('photo')}/1.png"):
        assert client.get(path, **HERE).headers["Location"] == "/buka"


@pytest.mark.parametrize("how", ["closed", "idle"])
def test_previews_are_in_memory_and_gone_when_the_desk_locks(
    client: Any, session: Session, hands: Hands, home: Path, how: str
) -> None:
    state(client, session)
    before = {path for path in home.parent.rglob("*") if path.is_file()}
    client.get(path_of("photo"), **HERE)
    viewer = client.application.extensions["senyap-viewer"]
    assert viewer.kept(IDS["photo"]) is not None
    assert {path for path in home.parent.rglob("*") if path.is_file()} <= before | set(home.glob("vault.db-*"))
    if how == "closed":
        session.close()
    else:
        hands.awake += IDLE_SECONDS + 1
        session.look()
    assert viewer.kept(IDS["photo"]) is None


def test_two_previews_are_kept_and_no_more(client: Any, session: Session) -> None:
    state(client, session)
    viewer = client.application.extensions["senyap-viewer"]
    for which in ("name", "html", "photo"):
        client.get(path_of(which), **HERE)
    assert [viewer.kept(IDS[which]) is not None for which in ("name", "html", "photo")] == [False, True, True]


def test_while_one_file_is_open_other_pages_answer_and_a_second_file_waits(
    client: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    state(client, session)
    begun, go_on = threading.Event(), threading.Event()

    def slow(*_given: object) -> Preview:
        begun.set()
        assert go_on.wait(60)
        return Preview("text", "Teks.", text="selesai")

    monkeypatch.setattr("station.viewer.make_preview", slow)
    first: list[Any] = []
    other = client.application.test_client()
    other.set_cookie("meja-8090", client.get_cookie("meja-8090", domain="127.0.0.1").value, domain="127.0.0.1")
    opening = threading.Thread(target=lambda: first.append(client.get(path_of("name"), **HERE).text))
    opening.start()
    assert begun.wait(60)
    try:
        assert "K-0001" in other.get("/perkara", **HERE).text
        answer = other.get(path_of("photo"), **HERE)
        assert answer.status_code == 200 and "berkas lain sedang dibuka" in answer.text
    finally:
        go_on.set()
        opening.join()
    assert "selesai" in first[0]


def test_a_preview_that_is_being_made_ends_with_the_desk_and_is_not_kept(
    client: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    state(client, session)
    waits = [sandbox.seccomp.SYSTEM_PYTHON, "-I", "-c", "import signal\nwhile True: signal.pause()"]
    ends: list[sandbox.End] = []
    begun = threading.Event()

    def slow(*_given: object) -> Preview:
        begun.set()
        ends.append(sandbox.run(waits, {}, sandbox.Limits(seconds=30.0)).how)
        return Preview("text", "Teks.", text="selesai")

    monkeypatch.setattr("station.viewer.make_preview", slow)
    first: list[Any] = []
    opening = threading.Thread(target=lambda: first.append(client.get(path_of("name"), **HERE)))
    opening.start()
    wait_until(lambda: begun.is_set() and sandbox._rooms, "the room")
    session.close()
    opening.join()
    assert ends == [sandbox.End.FAILED]
    assert first[0].status_code == 409 and "selesai" not in first[0].text
    assert client.application.extensions["senyap-viewer"].kept(IDS["name"]) is None


def test_a_browser_that_goes_away_ends_nothing(address: str, session: Session) -> None:
    """The room is tied to the thread of the request; that one stays until the room is empty."""
    for who in (ONE, TWO):
        browser = session.enter(who, world().passphrases[who])
    with session.desk() as desk, desk.vault.begin() as transaction:
        for who in (ONE, TWO):
            statements.state_conflict(transaction, desk.home, 1, who, conflict=False, day=today())
    host = address.removeprefix("http://")
    port = int(host.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(
            f"GET {path_of('pages')} HTTP/1.0\r\nHost: {host}\r\nCookie: meja-{port}={browser}\r\n\r\n".encode()
        )
        wait_until(lambda: sandbox._rooms, "the room")
    viewer = session.at_lock.__self__  # type: ignore[attr-defined]
    wait_until(lambda: viewer.kept(IDS["pages"]), "the preview")
    assert len(viewer.kept(IDS["pages"]).pages) == 20 and session.state is State.OPEN


def test_without_a_sandbox_it_is_said_what_to_install(
    client: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    state(client, session)
    monkeypatch.setattr(sandbox, "NEEDED", ("bwrap-that-is-not-there",))
    said = client.get(path_of("photo"), **HERE).text
    assert "pasang bubblewrap dan python3-seccomp" in said and "<img" not in said


# --- saved, passed on --------------------------------------------------------------------------------


def test_an_original_is_saved_by_somebody_with_a_passphrase(
    page: Any, address: str, session: Session, out: Path
) -> None:
    open_desk(page, address)
    open_case(page, address)
    page.goto(address + path_of("photo"))
    page.click('summary:text-is("Simpan asli")')
    page.fill("#folder-asli", str(out))
    page.select_option("#oleh-asli", TWO)
    page.fill("#frasa-asli", world().passphrases[ONE])
    page.check('input[name="paham"]')
    page.click('button:text-is("Simpan asli")')
    assert "tidak cocok" in page.inner_text('[role="alert"]') and not list(out.iterdir())
    assert page.input_value("#folder-asli") == str(out), "it is kept"
    check(page)
    page.fill("#frasa-asli", world().passphrases[TWO])
    page.click('button:text-is("Simpan asli")')
    assert "asli-K-0001-1.bin" in page.inner_text('[role="status"]')
    check(page)
    (saved,) = out.iterdir()
    assert saved.read_bytes() == CORPUS["photo"][1] and stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert deeds(session) == [("saved", TWO, 1, "1")]
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_cleaned_copy_is_written_and_what_was_hidden_is_shown(
    page: Any, address: str, session: Session, out: Path
) -> None:
    page.set_default_timeout(180_000)
    open_desk(page, address)
    open_case(page, address)
    for which, words in (("photo", "Dibersihkan:"), ("svg", "Tidak dibersihkan.")):
        page.goto(address + path_of(which))
        page.click('summary:text-is("Untuk diteruskan")')
        page.fill("#folder-teruskan", str(out))
        page.fill("#frasa-teruskan", world().passphrases[ONE])
        page.click('button:text-is("Bersihkan dan tulis salinan")')
        page.wait_for_selector('[aria-label="Hasil pembersihan"]')
        assert words in page.inner_text('[aria-label="Hasil pembersihan"]')
        assert ("Zulkarnain" in page.inner_text('[aria-label="Hasil pembersihan"]')) is (which == "photo")
        check(page)
    (copy,) = out.iterdir()
    assert copy.name == "bersih-K-0001-1.jpg" and stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert copy.read_bytes().startswith(b"\xff\xd8\xff") and MARK not in copy.read_bytes()
    assert deeds(session) == [("passed", ONE, 1, "1")]


WRONG = (
    ({"frasa": "salah"}, "tidak cocok"),
    ({"oleh": "sumsel-3"}, "siapa yang bertindak"),
    ({"folder": "/nowhere"}, "folder itu tidak ada"),
    ({"folder": "."}, "folder itu tidak ada"),
    ({"folder": "HOME"}, "milik stasiun"),
)


@pytest.mark.parametrize(
    ("verb", "wrong", "words"),
    [(verb, *each) for verb in ("asli", "teruskan") for each in WRONG] + [("asli", {"paham": ""}, "centang dulu")],
)
def test_nothing_leaves_when_something_is_missing(
    client: Any, session: Session, home: Path, out: Path, verb: str, wrong: dict[str, str], words: str
) -> None:
    state(client, session)
    before = set(home.rglob("*"))
    wrong = {name: str(home) if value == "HOME" else value for name, value in wrong.items()}
    data = signed(session, out, paham="ya") | wrong
    said = client.post(f"{path_of('photo')}/{verb}", data=data, headers=OURS, **HERE).text
    assert words in said and "Tersimpan" not in said
    assert not list(out.iterdir()) and {p for p in home.rglob("*") if "vault.db-" not in p.name} <= before
    assert deeds(session) == []


def test_nothing_is_written_over_and_no_link_is_followed(
    client: Any, session: Session, out: Path, tmp_path: Path
) -> None:
    state(client, session)
    (out / "asli-K-0001-1.bin").symlink_to(tmp_path / "elsewhere")
    data = signed(session, out, paham="ya")
    said = client.post(f"{path_of('photo')}/asli", data=data, headers=OURS, **HERE).text
    assert "sudah ada asli-K-0001-1.bin" in said
    assert (out / "asli-K-0001-1.bin").is_symlink() and not (tmp_path / "elsewhere").exists()
    assert deeds(session) == []


@pytest.mark.parametrize("broken", ["station.extracts.os.fsync", "station.extracts.audit.note"])
def test_a_file_and_its_entry_are_there_both_or_neither(
    client: Any, session: Session, out: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    state(client, session)

    def full(*_given: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(broken, full)
        data = signed(session, out, paham="ya")
        said = client.post(f"{path_of('photo')}/asli", data=data, headers=OURS, **HERE).text
    assert "tidak dapat ditulis: tidak ada ruang lagi di sana" in said and not list(out.iterdir())
    assert deeds(session) == []


def test_a_file_that_is_not_whole_has_no_page(client: Any, session: Session) -> None:
    state(client, session, "K-0002")
    shown = client.get("/perkara/K-0002", **HERE).text
    assert "belum lengkap" in shown and "/berkas/" not in shown
    assert "belum lengkap atau rusak" in client.get(f"/perkara/K-0002/berkas/{LOST}", **HERE).text


def test_a_visit_of_the_courier_forgets_the_previews(client: Any, session: Session, tmp_path: Path) -> None:
    """The outbox removes cases whose time has come; the next file may get the number of one of theirs."""
    state(client, session)
    client.get(path_of("name"), **HERE)
    viewer = client.application.extensions["senyap-viewer"]
    assert viewer.kept(IDS["name"]) is not None
    (tmp_path / "usb").mkdir()
    data = {"tanda": session.forms, "stik": str(tmp_path / "usb")}
    assert "ditaruh" in client.post("/kurir", data=data, headers=OURS, **HERE).text
    assert viewer.kept(IDS["name"]) is None

"""A flood: files stop before letters do, uploads have places, and a letter takes a small sum (P16)."""

from __future__ import annotations

import mmap
import re
import select
import socket
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from live import BOUNDARY, REPORT, Answer, LiveServer, copy_home
from test_dropbox_check import hidden
from web import get, open_box, post, report, waiting

from dropbox import arena, tally
from dropbox.lanes import Lanes
from dropbox.question import ask, right_answer
from dropbox.services import UPLOADS_AT_ONCE, Services
from dropbox.tally import Tally

FILE = ("a.bin", bytes(5_000), "application/octet-stream")
SUMS = {"dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8, "sembilan": 9}
SUMS |= dict(zip(("two", "three", "four", "five", "six", "seven", "eight", "nine"), range(2, 10), strict=True))


@pytest.fixture
def flood(services: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setattr(Services, "is_flooded", lambda _self: True)
    return services


@pytest.fixture
def counts(tmp_path: Path) -> Tally:
    return Tally(mmap.mmap(-1, tally.TALLY_BYTES), Lanes(tmp_path, "tally", 1, 1))


def answered(page: Answer) -> dict[str, str]:
    """Read the question of a page and answer it."""
    first, second = re.search(r"(?:Berapa|How much is) (\w+) (?:ditambah|plus) (\w+)\?", page.text).groups()  # type: ignore[union-attr]
    return {"soal": page.hidden("soal"), "hitung": str(SUMS[first] + SUMS[second])}


def test_in_a_flood_a_report_takes_a_sum_and_keeps_everything(client: FlaskClient, flood: Services) -> None:
    form = get(client, "/lapor")
    typed = {"benih": form.hidden("benih"), **REPORT}
    refused = post(client, "/lapor", typed)
    assert refused.status == 422 and 'id="galat-hitung"' in refused.text and REPORT["uraian"] in refused.text
    assert 'href="#hitung"' in refused.text and waiting(flood) == []
    wrong = post(client, "/lapor", typed | answered(refused) | {"hitung": "3"})
    assert wrong.status == 422 and 'id="galat-hitung"' in wrong.text
    sent = post(client, "/lapor", typed | answered(wrong))
    assert sent.status == 200 and len(sent.words) == 8


def test_in_a_flood_files_are_taken_with_an_answer_only_and_kept_once(client: FlaskClient, flood: Services) -> None:
    page = get(client, "/lapor")
    typed = {"benih": page.hidden("benih"), **REPORT}
    dropped = post(client, "/lapor", typed, [FILE])
    assert dropped.status == 422 and 'id="galat-lampiran"' in dropped.text and flood.arena.counts()[0] == 0
    wrong = typed | {"kategori": ""} | answered(dropped)
    kept = post(client, "/lapor", wrong, [FILE])
    assert kept.status == 422 and "a.bin" in kept.text and flood.arena.counts()[0] == 1
    again = post(client, "/lapor", wrong, [FILE])
    assert 'id="galat-hitung"' in again.text and flood.arena.counts()[0] == 1, "the answer was used"
    sent = post(client, "/lapor", typed | answered(kept) | {"berkas": kept.hidden("berkas")})
    assert sent.status == 200 and "a.bin" in sent.text


def test_in_a_flood_the_look_before_sending_asks_again_when_it_kept_a_file(
    client: FlaskClient, flood: Services
) -> None:
    page = get(client, "/lapor")
    typed = {"benih": page.hidden("benih"), **REPORT, "asli": ""} | answered(page)
    looked = post(client, "/lapor", typed, [FILE])
    assert looked.status == 422 and 'id="ditandai"' in looked.text and 'id="banjir"' in looked.text
    assert post(client, "/lapor", {**hidden(looked), "diperiksa": "ya"} | answered(looked)).status == 200


def test_files_that_no_letter_follows_are_a_flood(client: FlaskClient, services: Services, monkeypatch) -> None:
    monkeypatch.setattr(arena, "LARGEST_REPORT", 24)  # of 64 slots half takes files: a quarter of this is 6
    two = [FILE, ("b.bin", bytes(7_000), "application/octet-stream")]
    for _ in range(3):
        assert report(client, two).status == 200
    assert services.tally.loose_rows(arena.today()) == 0, "a letter came with each"
    kept = report(client, two, kategori="")
    assert services.tally.loose_rows(arena.today()) == 2
    for _ in range(2):
        assert not services.is_flooded()
        report(client, two, kategori="")
    assert not services.is_flooded()
    report(client, [FILE], kategori="")
    assert services.is_flooded() and report(client, two, kategori="").status == 422
    assert services.tally.loose_rows(arena.today()) == 7, "without an answer no more are kept"
    fields = {"benih": kept.hidden("benih"), "berkas": kept.hidden("berkas"), **REPORT}
    assert post(client, "/lapor", fields | answered(get(client, "/lapor"))).status == 200
    assert services.tally.loose_rows(arena.today()) == 5, "a letter came after all"


def test_an_answer_is_good_for_one_letter(client: FlaskClient, flood: Services) -> None:
    page = get(client, "/lapor")
    typed = {"benih": page.hidden("benih"), **REPORT} | answered(page)
    assert post(client, "/lapor", typed).status == 200
    again = post(client, "/lapor", typed)
    assert again.status == 422 and 'id="galat-hitung"' in again.text
    same = post(client, "/lapor", typed | answered(again))
    assert same.status == 200, "whoever lost the page answers once more and gets the same code"


def test_the_look_before_sending_takes_the_answer_along(client: FlaskClient, flood: Services) -> None:
    page = get(client, "/en/lapor")
    typed = {"benih": page.hidden("benih"), **REPORT, "terlapor": "0812-3456-7890"} | answered(page)
    looked = post(client, "/en/lapor", typed)
    assert looked.status == 422 and 'id="ditandai"' in looked.text
    assert post(client, "/en/lapor", {**hidden(looked), "diperiksa": "ya"}).status == 200


def test_a_message_takes_a_sum_too(client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    words = report(client).words
    monkeypatch.setattr(Services, "is_flooded", lambda _self: True)
    page = open_box(client, words)
    typed = {"sesi": page.hidden("sesi"), "pesan": "Ada yang baru.", "jawab-2": "Tidak."}
    refused = post(client, "/kotak/pesan", typed)
    assert refused.status == 422 and "Ada yang baru." in refused.text and 'name="jawab-2"' in refused.text
    assert 'id="terkirim"' in post(client, "/kotak/pesan", typed | answered(refused)).text


def test_nobody_is_asked_when_there_is_no_flood(client: FlaskClient) -> None:
    assert 'id="banjir"' not in get(client, "/lapor").text
    assert report(client).status == 200


def test_a_flood_is_many_letters_in_two_hours(client: FlaskClient, services: Services) -> None:
    services.settings = replace(services.settings, letters_an_hour=1)
    for _ in range(3):
        assert not services.is_flooded() and report(client).status == 200
    assert services.is_flooded() and report(client).status == 422


def test_a_flood_is_an_arena_with_little_room(client: FlaskClient, services: Services) -> None:
    total = services.arena.counts()[1]
    row = services.make_cover()
    for _ in range(int(total * 7 / 8) - 1):
        services.arena.put([], row)
    services.settings = replace(services.settings, letters_an_hour=10**6)
    assert not services.is_flooded()
    services.arena.put([], row)
    assert services.is_flooded() and 'id="banjir"' in get(client, "/lapor").text


def test_counts_are_of_this_day_and_of_two_hours(counts: Tally) -> None:
    counts.add_rows(5, 10, loose=4)
    counts.add_rows(5, -3, loose=-1)
    assert (counts.file_rows(5), counts.loose_rows(5)) == (7, 3)
    assert counts.file_rows(6) == counts.loose_rows(6) == 0
    counts.add_rows(6, 1, loose=2)
    assert (counts.file_rows(6), counts.loose_rows(6)) == (1, 2)
    counts.add_rows(6, -9, loose=-9)
    assert counts.file_rows(6) == counts.loose_rows(6) == 0
    for hour in (100, 100, 101):
        counts.add_letter(hour)
    assert [counts.letters(hour) for hour in (101, 102, 103)] == [3, 1, 0]


def test_answers_are_remembered_until_many_others_came(counts: Tally, monkeypatch: pytest.MonkeyPatch) -> None:
    nonces = [number.to_bytes(8, "big") for number in range(1, tally._RING + 2)]
    assert all(counts.spend(nonce) for nonce in nonces[:-1]) and not counts.spend(nonces[0])
    assert counts.spend(nonces[-1]) and not counts.is_spent(nonces[0]) and counts.is_spent(nonces[1])


def test_questions_are_of_many_kinds_and_made_here(services: Services, counts: Tally, app) -> None:
    with app.test_request_context():
        texts = set()
        for _ in range(200):
            made = ask(services.fields)
            texts.add(str(made.text))
            right = [
                n
                for n in range(30)
                if right_answer({"soal": [made.sealed], "hitung": [f" {n} "]}, services.fields, counts)
            ]
            assert len(right) == 1
    assert len(texts) > 40
    assert right_answer({"soal": ["AAAA"], "hitung": ["4"]}, services.fields, counts) is None


def test_a_day_brings_a_sixteenth_of_files_but_one_whole_report_at_least(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert int(8_192 * arena.FILES_A_DAY) == 512 >= arena.LARGEST_REPORT == 505
    monkeypatch.setattr(arena, "LARGEST_REPORT", 1)  # of 64 slots a sixteenth is 4
    for _ in range(4):
        assert report(client, [FILE]).status == 200
    refused = report(client, [FILE])
    assert refused.status == 503 and "mulai besok" in refused.text and REPORT["uraian"] in refused.text
    assert report(client).status == 200, "a letter without files passes"
    monkeypatch.setattr(arena, "today", lambda: 10**6)
    assert report(client, [FILE]).status == 200, "and tomorrow files do, too"


def test_files_that_come_to_nothing_do_not_count(client: FlaskClient, services: Services, monkeypatch) -> None:
    monkeypatch.setattr(arena, "LARGEST_REPORT", 1)
    for _ in range(5):
        box = ("a.bin", bytes(1_000_000), "application/octet-stream")
        assert report(client, [box, box], wilayah="?").status == 422
    assert report(client, [FILE] * 4).status == 200


def test_rows_of_yesterday_give_nothing_back_to_the_ration_of_today(services: Services, monkeypatch) -> None:
    day = arena.today()
    taken = services.arena.put([services.make_cover() for _ in range(3)])
    monkeypatch.setattr(arena, "today", lambda: day + 1)
    services.arena.put([services.make_cover() for _ in range(4)])
    services.arena.release(taken, services.make_cover, day)
    assert services.tally.file_rows(day + 1) == 4


def test_over_the_places_for_uploads_a_form_with_files_is_answered_at_once_and_kept(
    client: FlaskClient, services: Services
) -> None:
    with ExitStack() as held:
        for _ in range(UPLOADS_AT_ONCE):
            held.enter_context(services.upload_lane.enter_now())
        busy = report(client, [FILE])
        assert busy.status == 503 and REPORT["uraian"] in busy.text and waiting(services) == []
        none_chosen = ("", b"", "application/octet-stream")  # what a browser sends then
        assert report(client, [none_chosen]).status == 200, "a letter without files passes"
        page = open_box(client, report(client).words)
        message = post(client, "/kotak/pesan", {"sesi": page.hidden("sesi"), "pesan": "tetap ada"}, [FILE])
        assert message.status == 503 and "tetap ada" in message.text
    for _ in range(UPLOADS_AT_ONCE + 1):
        assert report(client, [FILE], wilayah="").status == 422, "each gives its place back"
    assert report(client, [FILE]).status == 200


def upload_head(length: int) -> bytes:
    head = b"POST /lapor HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=%s\r\n" % BOUNDARY
    part = b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    fields = {**REPORT, "asli": "ya"}
    body = b"".join(part % (BOUNDARY, k.encode(), str(v).encode()) for k, v in fields.items())
    body += b'--%s\r\nContent-Disposition: form-data; name="lampiran"; filename="a"\r\n\r\n' % BOUNDARY + bytes(300_000)
    return head + b"Content-Length: %d\r\n\r\n" % length + body


def status_of(sock: socket.socket) -> int:
    return int(sock.recv(12).split()[1])


def test_of_eighty_uploads_at_once_sixteen_are_told_so_while_letters_pass(small: Path, tmp_path: Path) -> None:
    """All stay open with a file half sent; the busy page comes to some long before they are done."""
    with LiveServer(copy_home(small / "server", tmp_path / "server")) as server:
        socks = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(UPLOADS_AT_ONCE + 16)]
        try:
            for sock in socks:
                sock.sendall(upload_head(3_000_000))
            told: set[socket.socket] = set()
            end = time.monotonic() + 60
            while len(told) < 16 and time.monotonic() < end:
                told |= set(select.select([s for s in socks if s not in told], [], [], 1)[0])
            assert len(told) == 16 and {status_of(sock) for sock in told} == {503}
            assert len(server.report(REPORT).words) == 8
            assert not select.select([s for s in socks if s not in told], [], [], 0)[0], "the others are still taken"
        finally:
            for sock in socks:
                sock.close()


def test_control_without_places_nobody_is_told(small: Path, tmp_path: Path) -> None:
    free = "import dropbox.services as s; s.UPLOADS_AT_ONCE = 1_000; "
    with LiveServer(copy_home(small / "server", tmp_path / "server"), wiping=False, first=free) as server:
        socks = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(UPLOADS_AT_ONCE + 16)]
        try:
            for sock in socks:
                sock.sendall(upload_head(3_000_000))
            assert len(server.report(REPORT).words) == 8
            assert not select.select(socks, [], [], 1)[0]
        finally:
            for sock in socks:
                sock.close()

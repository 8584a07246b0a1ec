"""“Periksa dulu”: what could point to the writer is shown before a report goes, and nothing is lost or stored by looking."""

from __future__ import annotations

import html
import re

import pytest
from flask.testing import FlaskClient
from live import REPORT, Answer
from web import get, letters_of, opened, post, report, waiting

from crypto.row import Kind
from dropbox.services import Services

TELLING = {
    "uraian": "Seseorang meminta uang lewat 0812-3456-7890 <b>\nsetiap bulan.",
    "terlapor": "NIP 198503122010011005",
}
FILE = ("KTP 1671051203900001.txt", b"isi berkas" * 50, "text/plain")


def hidden(answer: Answer) -> dict[str, list[str]]:
    """Return the hidden fields of a page as a browser would send them."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.text):
        found.setdefault(name, []).append(html.unescape(value))
    return found


def marks(answer: Answer) -> list[tuple[str, str]]:
    found = re.findall(r"<mark>([^<]*)</mark> <i>\(([^)]*)\)</i>", answer.text)
    return [(html.unescape(text), kind) for text, kind in found]


def test_what_points_to_a_person_is_asked_about_once_and_then_sent(
    client: FlaskClient, services: Services, small
) -> None:
    asked = report(client, **TELLING)
    assert asked.status == 422 and 'id="ditandai"' in asked.text and "kode-tanda-terima" not in asked.text
    assert marks(asked) == [("0812-3456-7890", "nomor HP"), ("198503122010011005", "NIP")]
    assert letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2")) == []
    sent = post(client, "/lapor", {**hidden(asked), "diperiksa": "ya"})
    assert sent.status == 200 and len(sent.words) == 8
    (letter,) = letters_of(opened(services, small, "sumsel", "sumsel-1", "sumsel-2"))
    assert letter.fields.items() >= (REPORT | TELLING).items()


def test_an_ordinary_report_is_sent_without_a_question(client: FlaskClient) -> None:
    assert report(client).status == 200
    assert report(client, uraian="Uang diserahkan pukul 14.35 kepada seseorang di sana.").status == 200


def test_whoever_wants_to_look_first_sees_everything_in_words(client: FlaskClient, services: Services) -> None:
    seed = get(client, "/en/lapor").hidden("benih")
    before = len(waiting(services))
    page = post(client, "/en/lapor/periksa", {"benih": seed, **REPORT, "jangan_dibuka": "inspektorat-daerah"})
    assert page.status == 200 and len(waiting(services)) == before
    for words in (
        "Not sent yet.",
        "Province of Sumatera Selatan",
        REPORT["uraian"],
        "We found no number",
        "Send report",
    ):
        assert words in page.text, words
    again = post(client, "/en/lapor/ubah", hidden(page))
    assert again.status == 200 and REPORT["uraian"] in again.text
    assert 'value="inspektorat-daerah" checked' in again.text and 'value="sumsel" selected' in again.text


def test_no_file_is_chosen_again_after_a_look_or_a_change(client: FlaskClient, services: Services, small) -> None:
    seed = get(client, "/lapor").hidden("benih")
    page = post(client, "/lapor/periksa", {"benih": seed, **REPORT}, [FILE])
    assert marks(page) == [("1671051203900001", "NIK atau nomor KK")]
    changed = post(client, "/lapor/ubah", hidden(page))
    kept = {"benih": changed.hidden("benih"), "berkas": changed.hidden("berkas")}
    assert FILE[0] in html.unescape(changed.text)
    sent = post(client, "/lapor", {**REPORT, **kept, "diperiksa": "ya"})
    assert sent.status == 200
    records = opened(services, small, "sumsel", "sumsel-1", "sumsel-2")
    (letter,) = letters_of(records)
    assert [a.name for a in letter.attachments] == [FILE[0]]
    assert [r.kind for r in records].count(Kind.ATTACHMENT) == 1


def test_a_look_does_not_change_the_code(client: FlaskClient) -> None:
    seed = get(client, "/lapor").hidden("benih")
    page = post(client, "/lapor", {"benih": seed, **REPORT, **TELLING})
    first = post(client, "/lapor", {**hidden(page), "diperiksa": "ya"})
    second = post(client, "/lapor", {"benih": seed, **REPORT, **TELLING, "diperiksa": "ya"})
    assert first.words == second.words


def test_what_must_be_mended_is_said_before_anything_is_shown(client: FlaskClient) -> None:
    for path in ("/lapor", "/lapor/periksa"):
        answer = post(
            client, path, {"benih": get(client, "/lapor").hidden("benih"), **REPORT, **TELLING, "kategori": ""}
        )
        assert answer.status == 422 and 'id="galat-kategori"' in answer.text and not marks(answer)
        assert "0812-3456-7890" in answer.text


@pytest.mark.parametrize("path", ["/lapor/periksa", "/lapor/ubah", "/en/lapor/periksa"])
def test_a_reloaded_tab_begins_anew(client: FlaskClient, path: str) -> None:
    answer = get(client, path)
    assert answer.status == 200 and 'name="uraian"' in answer.text


def test_nothing_that_was_found_is_kept_or_logged(client: FlaskClient, services: Services, caplog, capsys) -> None:
    report(client, **TELLING)
    said = caplog.text + "".join(capsys.readouterr())
    assert "0812" not in said and "nomor HP" not in said
    assert len(waiting(services)) == 0

"""How long a page can become: whatever was typed comes back in at most 256 KiB, over a slow line, too."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from web import get, open_box, post, report

from dropbox import form
from dropbox.intake import MAX_TEXT_BYTES

MOST = 256 * 1024
TEXTS = [f for f in form.FIELDS if f.kind in ("text", "area")]
SIGNS = ["a", '"', "&", "'", "<", ">", "é", "𝄞", "a&<>\"'"]


@pytest.mark.parametrize("sign", SIGNS)
def test_a_form_full_of_text_comes_back_short(client: FlaskClient, sign: str) -> None:
    share = MAX_TEXT_BYTES // len(TEXTS) // len(sign.encode())
    answer = report(client, **{f.key: sign * share for f in TEXTS})
    assert answer.status in (413, 422) and len(answer.body) <= MOST


def test_plain_text_up_to_the_limit_comes_back_whole(client: FlaskClient) -> None:
    text = "Seseorang mengatur lelang. " * 7_000
    answer = report(client, uraian=text)
    assert answer.status == 422 and text.strip() in answer.text and len(answer.body) <= MOST
    assert report(client, uraian=text + "x" * 20_000).status == 413


@pytest.mark.parametrize("piece", ["0812-3456-7890 ", "1671051203900001 ", "a@b.id ", "a@b.id\"&'", '"', "&", "𝄞"])
def test_a_page_to_look_at_full_of_marks_is_short(client: FlaskClient, piece: str) -> None:
    """Every text is as long as it may be; it stands there twice, once hidden."""
    texts = {f.key: (piece * f.limit)[: f.limit] for f in TEXTS}
    seed = get(client, "/en/lapor").hidden("benih")
    routing = {"wilayah": "sumsel", "jenjang_terlapor": "pegawai-provinsi", "kategori": "pengadaan"}
    answer = post(client, "/en/lapor/periksa", {"benih": seed, **routing, **texts})
    assert answer.status == 200 and len(answer.body) <= MOST
    assert answer.text.count("<mark>") > 500 or not any(c.isalnum() for c in piece)


@pytest.mark.parametrize("session", [True, False])
def test_a_message_full_of_quotes_comes_back_short(client: FlaskClient, session: bool) -> None:
    page = open_box(client, report(client).words)
    sealed = page.hidden("sesi") if session else "lama"
    answer = post(client, "/kotak/pesan", {"sesi": sealed, "pesan": '"' * MAX_TEXT_BYTES})
    assert answer.status in (413, 422) and len(answer.body) <= MOST

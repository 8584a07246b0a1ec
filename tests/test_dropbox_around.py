"""What stands around the form: advice, practice, a lost code, a quick way out, and the onion address on the clear site."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from web import get, post

from crypto.receipt import read_code
from dropbox.pages.show import LEAVE
from dropbox.services import Services


def sample(text: str) -> list[str]:
    return re.findall(r"</span>\s*([a-z]+)", text[text.index('id="kode-contoh"') :])[:8]


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_code_is_practised_until_it_is_right_and_the_example_stays(client: FlaskClient, prefix: str) -> None:
    words = sample(get(client, prefix + "/kotak/latihan").text)
    read_code(" ".join(words))
    form = {"contoh": " ".join(words)}
    wrong = post(client, prefix + "/kotak/latihan", {**form, "kode": " ".join(["zzzzz", *words[1:]])})
    assert wrong.status == 422 and sample(wrong.text) == words and 'id="galat-kode"' in wrong.text
    assert "zzzzz" in wrong.text, "what was typed stays"
    short = post(client, prefix + "/kotak/latihan", {**form, "kode": " ".join(words[:7])})
    assert short.status == 422
    right = post(client, prefix + "/kotak/latihan", {**form, "kode": " ".join(w[:4].upper() for w in words)})
    assert right.status == 200 and "kode-contoh" not in right.text


def test_another_code_than_the_example_is_not_right(client: FlaskClient) -> None:
    one, other = (sample(get(client, "/kotak/latihan").text) for _ in range(2))
    answer = post(client, "/kotak/latihan", {"contoh": " ".join(one), "kode": " ".join(other)})
    assert one != other and answer.status == 422


def test_a_page_without_its_example_begins_anew(client: FlaskClient) -> None:
    assert len(sample(post(client, "/kotak/latihan", {"kode": "satu dua"}).text)) == 8


def test_practice_stretches_no_key_and_reads_no_mailbox(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_args: object) -> None:
        raise AssertionError("a practice page opened a mailbox")

    monkeypatch.setattr("dropbox.pages.mailbox.receipts.derive", never)
    words = " ".join(sample(get(client, "/kotak/latihan").text))
    assert post(client, "/kotak/latihan", {"contoh": words, "kode": words}).status == 200


def test_a_lost_code_leads_to_a_new_report_that_says_so(client: FlaskClient) -> None:
    page = get(client, "/kotak/hilang").text
    assert "tidak dapat dipulihkan" in page and 'href="/lapor"' in page
    assert 'value="kode-hilang"' in get(client, "/lapor").text
    assert 'href="/kotak/hilang"' in get(client, "/kotak").text


@pytest.mark.parametrize(
    "path", ["/", "/panduan", "/lapor", "/kotak", "/kunci", "/kotak/hilang", "/kotak/latihan", "/x"]
)
def test_a_quick_way_out_stands_on_every_page_and_nothing_else_leads_away(client: FlaskClient, path: str) -> None:
    text = get(client, path).text
    assert re.findall(r'href="(https?://[^"]*)"', text) == [LEAVE]
    assert f'<a class="leave" href="{LEAVE}" rel="noreferrer">' in text


def test_the_guide_names_limits_and_other_channels(client: FlaskClient) -> None:
    for prefix in ("", "/en"):
        text = get(client, prefix + "/panduan").text
        assert all(number in text for number in ("198", "137", "148", "112")) and 'id="saluran"' in text


def test_onion_location_is_offered_on_the_clear_site_alone(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    onion = "a" * 56 + ".onion"
    assert "Onion-Location" not in get(client, "/panduan").headers
    monkeypatch.setattr(services, "settings", replace(services.settings, onion=onion))
    clear = client.get("/en/panduan?x=1", headers={"X-Forwarded-Proto": "https"})
    assert clear.headers["Onion-Location"] == f"http://{onion}/en/panduan", "without what stands behind the path"
    assert "Onion-Location" not in client.get("/panduan", headers={"Host": onion}).headers
    assert "Onion-Location" not in client.get("/panduan").headers, "over plain http a browser may not follow it"


def test_no_page_counts_reports_or_names_a_time(client: FlaskClient) -> None:
    for path in Path(__file__).parents[1].joinpath("templates", "dropbox").glob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"jumlah laporan|sudah \d+ laporan|pukul|strftime", text), path.name

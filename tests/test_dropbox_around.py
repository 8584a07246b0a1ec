"""What stands around the form: advice, practice, a lost code, a quick way out, and the onion address on the clear site."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from web import get, post
from werkzeug.test import create_environ, run_wsgi_app

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


ONION = "a" * 56 + ".onion"
HTTPS = {"X-Forwarded-Proto": "https"}


@pytest.fixture
def with_onion(client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setattr(services, "settings", replace(services.settings, onion=ONION))
    return client


def offered(client: FlaskClient, path: str, method: str = "GET", **headers: str) -> str | None:
    """Return the onion address that a page over https offers."""
    return client.open(path, method=method, headers=HTTPS | headers).headers.get("Onion-Location")


def test_every_page_of_the_clear_site_offers_itself_on_the_onion(with_onion: FlaskClient) -> None:
    rules = with_onion.application.url_map.iter_rules()
    pages = [rule.rule for rule in rules if "GET" in (rule.methods or ())]
    assert len(pages) >= 22
    for path in pages:
        assert offered(with_onion, path) == offered(with_onion, path, "HEAD") == f"http://{ONION}{path}"
        page = with_onion.get(path, headers=HTTPS).text
        assert f"<code>{ONION}</code>" in page.split("<footer>")[1], "and its address stands below it"


def test_what_stands_behind_the_path_is_not_offered(with_onion: FlaskClient) -> None:
    assert offered(with_onion, "/en/panduan?x=1#y") == f"http://{ONION}/en/panduan"


@pytest.mark.parametrize(
    "path",
    [
        "/x",
        "/kotak/x?kode=satu",
        "/%0d%0aX:%20y",
        "/%ff",
        "/%C3%A9",
        "/%3Cb%3E",
        "/\\evil.example",
        "/a%20b",
        "/." * 300,
    ],
)
def test_an_address_that_is_none_of_ours_comes_back_in_no_header(with_onion: FlaskClient, path: str) -> None:
    for prefix in ("", "/en"):
        answer = with_onion.get(prefix + path, headers=HTTPS)
        assert answer.status_code == 404 and f"<code>{ONION}</code>" in answer.text
        assert answer.headers["Onion-Location"] == f"http://{ONION}{prefix}/"


def test_an_error_of_ours_offers_the_same_page(with_onion: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> None:
        raise RuntimeError

    monkeypatch.setitem(with_onion.application.view_functions, "id.advice", breaks)
    answer = with_onion.get("/panduan", headers=HTTPS)
    assert answer.status_code == 500 and answer.headers["Onion-Location"] == f"http://{ONION}/panduan"


def test_nobody_is_led_away_from_what_was_typed_or_from_a_code(with_onion: FlaskClient) -> None:
    for path in ("/lapor", "/lapor/periksa", "/kotak", "/kotak/latihan", "/x"):
        assert offered(with_onion, path, "POST") is None
    answer = post(with_onion, "/kotak/latihan", {"kode": "satu"}, headers=HTTPS)
    assert answer.status == 200 and "Onion-Location" not in answer.headers and ONION in answer.text


@pytest.mark.parametrize("host", [ONION, ONION.upper(), ONION + ":80", ONION + ".", "lain." + ONION])
def test_on_the_onion_itself_nothing_is_offered(with_onion: FlaskClient, host: str) -> None:
    for path in ("/", "/lapor", "/x"):
        assert offered(with_onion, path, Host=host) is None
    assert "Anda memakai alamat onion" in with_onion.get("/", headers=HTTPS | {"Host": host}).text


def test_nothing_is_offered_over_plain_http_or_without_an_onion(with_onion: FlaskClient, services: Services) -> None:
    assert "Onion-Location" not in get(with_onion, "/panduan").headers, "a browser may not follow it"
    services.settings = replace(services.settings, onion="")
    assert offered(with_onion, "/") is None and "Alamat onion" not in get(with_onion, "/").text


@pytest.mark.parametrize("path", ["/", "/lapor", "/panduan"])
def test_where_somebody_begins_the_clear_site_says_that_the_onion_is_safer(
    with_onion: FlaskClient, services: Services, path: str
) -> None:
    safer, below = "Lebih aman: Tor Browser", "Alamat onion kami ada di bawah halaman ini."
    page = with_onion.get(path, headers=HTTPS).text
    assert (
        "Operator internet Anda dapat melihat bahwa Anda membuka situs ini" in page
        and f"{safer} (" in page
        and below in page
    )
    assert safer not in with_onion.get(path, headers={"Host": ONION}).text
    services.settings = replace(services.settings, onion="")
    page = with_onion.get(path, headers=HTTPS).text
    assert safer in page and below not in page, "nothing stands there then"


@pytest.mark.parametrize(
    ("path", "status"), [("//evil.example/", 404), ("//lapor", 200), ("/en//lapor", 404), ("/kotak//pesan", 404)]
)
def test_two_slashes_are_no_way_to_another_address(with_onion: FlaskClient, path: str, status: int) -> None:
    # The client would take the second word for a host.
    _, said, headers = run_wsgi_app(with_onion.application, create_environ(headers=HTTPS) | {"PATH_INFO": path})
    assert said.startswith(f"{status} ") and "Location" not in headers
    assert headers["Onion-Location"].removeprefix(f"http://{ONION}") in ("/", "/en/", "/lapor")


def test_no_page_counts_reports_or_names_a_time(client: FlaskClient) -> None:
    for path in Path(__file__).parents[1].joinpath("templates", "dropbox").glob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"jumlah laporan|sudah \d+ laporan|pukul|strftime", text), path.name

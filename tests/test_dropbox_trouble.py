"""When the machine fails, the person keeps what was typed and nothing half-way is stored."""

import os
import re

import pytest
from flask.testing import FlaskClient
from live import REPORT
from sqlalchemy.exc import OperationalError
from web import get, open_box, post, report, waiting

from dropbox.errors import Busy
from dropbox.headers import PAGE_STEP
from dropbox.services import Services

FILE = ("f.bin", os.urandom(600_000), "application/pdf")


def break_commits(services: Services, monkeypatch: pytest.MonkeyPatch, after: int = 0) -> None:
    """Let the database refuse every commit after the first few, as a full disk or a failed sync does."""
    done = []
    real = services.store.engine.dialect.do_commit

    def fail(connection: object) -> None:
        done.append(1)
        if len(done) > after:
            services.store.engine.dialect.do_rollback(connection)  # what SQLite does when a sync fails
            raise OperationalError("COMMIT", {}, Exception("disk I/O error"))
        real(connection)

    monkeypatch.setattr(services.store.engine.dialect, "do_commit", fail)


@pytest.mark.parametrize("files", [[], [FILE]])
def test_a_report_that_cannot_be_stored_shows_no_code_and_keeps_the_text(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch, files
) -> None:
    with monkeypatch.context() as patch:
        break_commits(services, patch)
        answer = report(client, files)
    assert answer.status == 503 and "kode-tanda-terima" not in answer.text and REPORT["uraian"] in answer.text
    assert waiting(services) == []
    fields = {"benih": answer.hidden("benih"), **REPORT}
    assert post(client, "/lapor", fields, files).status == 200


def test_what_cannot_be_stored_takes_nothing_of_the_days_room(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(client, [FILE])
    counts = bytes(services.tally._memory)
    with monkeypatch.context() as patch:
        break_commits(services, patch)
        assert report(client, [FILE]).status == 503
    assert bytes(services.tally._memory) == counts
    assert report(client, [FILE]).status == 200 and bytes(services.tally._memory) != counts


def test_a_message_that_cannot_be_stored_keeps_the_text(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_box(client, report(client).words)
    before = len(waiting(services))
    break_commits(services, monkeypatch)
    answer = post(client, "/kotak/pesan", {"sesi": page.hidden("sesi"), "pesan": "tetap ada"}, [FILE])
    assert answer.status == 503 and "tetap ada" in answer.text and len(waiting(services)) == before


def test_while_the_database_cannot_be_read_pages_come_and_nothing_typed_is_lost(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = report(client).words
    fields = {"benih": get(client, "/lapor").hidden("benih"), **REPORT}
    with monkeypatch.context() as patch:
        patch.setattr(services.store.engine, "connect", lambda: (_ for _ in ()).throw(OperationalError("", {}, None)))
        assert [get(client, path).status for path in ("/", "/lapor", "/kotak", "/kunci")] == [200] * 4
        for files in ([], [FILE]):
            answer = post(client, "/lapor", fields, files)
            assert answer.status == 503 and REPORT["uraian"] in answer.text and "bermasalah" in answer.text
        answer = open_box(client, words)
        assert answer.status == 503 and "bermasalah" in answer.text
    assert post(client, "/lapor", fields).status == 200


def test_a_busy_moment_after_the_code_was_asked_again_keeps_the_text(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = report(client).words

    def busy() -> None:
        raise Busy("too many are waiting")

    monkeypatch.setattr(services.mailbox_lane, "enter", busy)
    answer = post(client, "/kotak/pesan", {"kode": " ".join(words), "pesan": "tetap ada"}, [FILE])
    assert answer.status == 503 and "tetap ada" in answer.text


def test_a_busy_moment_at_the_end_of_a_report_keeps_text_and_files(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(services.report_lane, "enter", lambda: (_ for _ in ()).throw(Busy("x")))
        answer = report(client, [FILE])
    assert answer.status == 503 and REPORT["uraian"] in answer.text and "f.bin" in answer.text
    fields = {"benih": answer.hidden("benih"), "berkas": answer.hidden("berkas"), **REPORT}
    assert post(client, "/lapor", fields).status == 200


def test_an_error_of_ours_shows_a_calm_page_that_says_what_to_do(
    client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("dropbox.pages.report.receipts.make_code", lambda *_: 1 / 0)
    answer = report(client)
    assert answer.status == 500 and "tidak tercatat dua kali" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert REPORT["uraian"] not in caplog.text and capsys.readouterr().err == ""


def test_after_three_missed_rounds_every_page_says_so(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = ("/", "/lapor", "/kotak", "/kunci", "/tidak-ada")
    assert not any("terlambat" in get(client, path).text for path in pages)
    monkeypatch.setattr(services.rounds, "_started", services.rounds._started - 3 * services.settings.courier_days - 1)
    assert all("terlambat" in get(client, path).text for path in pages)


def test_unknown_addresses_and_methods_look_like_every_other_page(client: FlaskClient) -> None:
    for answer in (get(client, "/tidak/ada"), post(client, "/", {}), post(client, "/kunci", {})):
        assert answer.status in (404, 405) and len(answer.body) % PAGE_STEP == 0
        assert "Content-Security-Policy" in answer.headers and not re.search("Traceback|werkzeug", answer.text, re.I)

"""docs/security-settings.md says what the running code does: a value that changes in one of them alone is seen."""

from pathlib import Path

import pytest
from running_settings import (
    DOCUMENT,
    Settled,
    crowd_limits,
    cryptography,
    directives,
    read_document,
    sections,
    server_files,
    written_as,
)

from crypto import receipt
from dropbox import headers, patience

SAID, OF_FILES = read_document(DOCUMENT.read_text("utf-8"))
ANEW = (
    "python tests/running_settings.py writes docs/security-settings.md anew: read the difference before you commit it"
)


@pytest.fixture(scope="module")
def found(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Settled]:
    return sections(demo, tmp_path_factory.mktemp("settings"))


def test_every_value_is_that_of_the_running_code(found: dict[str, Settled]) -> None:
    assert found == SAID, ANEW
    assert sum(map(len, SAID.values())) > 200


def test_every_file_of_settings_for_the_machine_is_listed_line_by_line() -> None:
    assert server_files() == OF_FILES, ANEW


def test_what_the_document_says_is_read_as_it_was_written(found: dict[str, Settled]) -> None:
    files = {"deploy/server/torrc": ["SocksPort 0", "Log err stderr"]}
    assert read_document(written_as(found, files)) == (found, files)


def test_control_a_constant_that_changes_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cryptography() == SAID["Keys, rows and codes"]
    monkeypatch.setattr(receipt, "ARGON2_PASSES", 2)
    assert [n for n, v in cryptography().items() if SAID["Keys, rows and codes"][n] != v] == [
        "Argon2id of a receipt code"
    ]
    monkeypatch.setattr(patience, "HEAD_SECONDS", 61.0)
    assert crowd_limits() != SAID["Patience, floods and waiting"]


def test_control_a_header_that_is_taken_out_is_seen(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dropbox import create_app
    from dropbox.settings import load_settings

    monkeypatch.delitem(headers.CLOSED, "Referrer-Policy")
    app = create_app(load_settings(demo / "server"))
    sent = {f"{name}:" for name, _ in app.test_client().get("/").headers}
    app.extensions["senyap"].store.engine.dispose()
    assert set(SAID["Answers of the drop box"]) - sent == {"Referrer-Policy:", "Connection:"}


def test_a_line_that_changes_in_a_file_for_the_machine_is_seen(tmp_path: Path) -> None:
    (tmp_path / "torrc").write_text("# why\n\nSocksPort 0\n  Log err stderr\n")
    (tmp_path / "places.txt").write_text("no settings\n")
    assert server_files(tmp_path) == {"deploy/server/torrc": ["SocksPort 0", "Log err stderr"]}
    (tmp_path / "torrc").write_text("SocksPort 9050\nLog err stderr\n")
    assert server_files(tmp_path) != {"deploy/server/torrc": ["SocksPort 0", "Log err stderr"]}
    assert directives("; a comment\n[Service]\nNoNewPrivileges=yes\n") == ["[Service]", "NoNewPrivileges=yes"]

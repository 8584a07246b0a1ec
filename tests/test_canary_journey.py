"""A canary's whole way: recipe → the real form, read as a person reads it → drop box → bundle → station.

The drop box of these tests is honest, or it drops what arrives, or it seals to others: only the station can tell.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask.testing import FlaskClient
from live import Answer, Upload, passphrases
from web import get, open_box, post, report

from crypto.encoding import date_of, today
from dropbox.directory import Directory
from dropbox.form import AREA, EXCLUDED, LEVEL
from dropbox.services import Services
from dropbox.store import slots
from dropbox.transport import receive, write_bundle
from station.__main__ import main

READER = "Inspektorat Provinsi Sumatera Selatan"
_RULE = "-" * 60


@dataclass
class Station:
    """The province's station and two of its reviewers. `day` is what its clock shows."""

    place: Path
    options: list[str] = field(default_factory=list)

    def run(self, *arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, [*arguments, *self.options])
        assert result.exit_code == code, result.output
        return result.stdout

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code))

    def recipe(self, *wishes: str) -> tuple[str, Path | None]:
        """Make a recipe for today; return the paper and the file that lies beside it."""
        folder = self.place / f"kertas-{len(self.json('canary'))}"
        made = self.run("canary", "--to", str(folder), "--on", date_of(today()).isoformat(), *wishes)
        paper, *files = map(Path, made.splitlines())
        return paper.read_text("utf-8"), files[0] if files else None


@pytest.fixture
def station(deployment: Path) -> Station:
    made = Station(deployment, ["--allow-network", "--home", str(deployment / "stations" / "sumsel")])
    words = dict(passphrases(deployment))
    for reviewer in ("sumsel-1", "sumsel-2"):
        (deployment / f"{reviewer}.words").write_text(words[reviewer])
        made.options += ["--passphrase-file", f"{reviewer}={deployment / reviewer}.words"]
    return made


def tomorrow(services: Services, station: Station, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write a bundle of tomorrow, and let the station's clock show it."""
    for module in ("inbox", "__main__", "canary_commands"):
        monkeypatch.setattr(f"station.{module}.today", lambda: today() + 1)
    return str(write_bundle(services, "sumsel", station.place / "stik", day=today() + 1))


class Person:
    """Somebody with a paper and the form: finds questions and choices by what stands there, and knows no field name."""

    def __init__(self, client: FlaskClient, paper: str, file: Path | None) -> None:
        self._client, self._paper, self._file = client, paper, file
        self.typed = self._read(get(client, "/lapor"))

    def _read(self, page: Answer) -> dict[str, str | list[str]]:
        """Answer the form as the paper says."""
        found = re.findall(
            r'<label for="(\w+)">([^<]+?)\s*<|<fieldset id="(\w+)"[^>]*>\s*<legend>([^<]+?)\s*<', page.text
        )
        names = {html.unescape(b or d): a or c for a, b, c, d in found}
        typed: dict[str, str | list[str]] = {"benih": page.hidden("benih")}
        answers = self._paper.partition("Jawaban\n\n")[2]
        pattern = rf"(.+)\n((?:    (?:pilih|centang): .+\n)+|    jangan centang apa pun\n|    ketik.+:\n{_RULE}\n[^\0]*?\n{_RULE}\n)"
        for label, answer in re.findall(pattern, answers):
            name = names[label]
            chosen = [self._value(page, name, text) for text in re.findall(r"(?:pilih|centang): (.+)", answer)]
            text = answer.partition(_RULE + "\n")[2].partition("\n" + _RULE)[0]
            typed[name] = chosen if name == EXCLUDED else chosen[0] if chosen else text
        return typed

    def _value(self, page: Answer, name: str, text: str) -> str:
        inside = re.search(rf'<(select|fieldset) id="{name}".*?</\1>', page.text, re.S)
        assert inside, name
        choices = re.findall(r'value="([^"]*)"(?: selected| checked)?>([^<]+)<', inside[0])
        return {html.unescape(shown): html.unescape(value) for value, shown in choices}[text]

    def send(self, **changes: Any) -> list[str]:
        """Send it as a phone does, with the file to be cleaned; return the eight words."""
        files: list[Upload] = [(self._file.name, self._file.read_bytes(), "application/pdf")] if self._file else []
        answer = post(self._client, "/lapor", self.typed | {"asli": ""} | changes, files)
        assert answer.status == 200, answer.text
        return answer.words


def test_a_canary_sent_as_its_paper_says_arrives_and_is_told_from_a_report(
    client: FlaskClient, services: Services, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    wishes = ("--area", "palembang", "--level", "desa", "--exclude", "inspektorat-daerah")
    paper, file = "", None
    while file is None or file.suffix != ".pdf":
        paper, file = station.recipe(*wishes, "--file")
    others = len(station.json("canary")) - 1  # those with a file of text were drawn in vain
    person = Person(client, paper, file)
    assert (person.typed[AREA], person.typed[LEVEL], person.typed[EXCLUDED]) == (
        "palembang",
        "desa",
        ["inspektorat-daerah"],
    )
    shown = post(client, "/lapor/siapa", person.typed).text
    can, cannot = re.search(r'id="siapa-membaca">(.*?)</div>', shown, re.S)[1].partition("Tidak")[::2]  # type: ignore[index]
    assert READER in can and "Palembang" not in can and "Palembang" in cannot
    words = person.send(uraian=str(person.typed["uraian"]).upper() + " ")
    assert report(client).status == 200

    found = station.json("import", tomorrow(services, station, monkeypatch), code=1 if others else 0)
    assert (found["new"], found["canaries"], found["incomplete"], len(found["alarms"])) == (1, 1, 0, others)
    by_canary = {line["canary"]: line["case"] for line in station.json("list", code=1 if others else 0)}
    assert set(by_canary) == {0, others + 1}
    case = station.json("show", by_canary[others + 1], "--no-conflict")
    assert case["canary"] == others + 1 and case["readers"] == ["sumsel"]
    (attached,) = case["attachments"]
    assert attached["complete"] and attached["cleaned"] == "cleaned" and attached["name"] == file.name
    newest = station.json("canary", code=7 if others else 0)[-1]
    assert (newest["state"], newest["remarks"], newest["cases"]) == ("arrived", [], [case["case"]])

    monkeypatch.undo()
    receive(services, Path(station.run("outbox", "--to", str(station.place / "kembali")).strip()))
    assert 'data-status="received"' in open_box(client, words).text, "to its sender it is a report like any other"


def drops(services: Services, _monkeypatch: pytest.MonkeyPatch) -> None:
    """Say of every row that no bundle has to take it."""
    with services.store.writing() as connection:
        connection.execute(sa.update(slots).values(waiting=0))


def seals_to_others(_services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the keys of another unit, whatever the page says."""
    real = Directory.readers
    monkeypatch.setattr(Directory, "readers", lambda self, _groups, day: real(self, ("palembang",), day))


def is_honest(_services: Services, _monkeypatch: pytest.MonkeyPatch) -> None:
    pass


@pytest.mark.parametrize(
    ("before", "after"), [(is_honest, drops), (seals_to_others, is_honest), (is_honest, is_honest)]
)
def test_a_drop_box_that_drops_reports_or_seals_them_to_others_is_found_out(
    client: FlaskClient, services: Services, station: Station, monkeypatch: pytest.MonkeyPatch,
    before: Callable[..., None], after: Callable[..., None],
) -> None:  # fmt: skip
    person = Person(client, *station.recipe("--no-file"))
    before(services, monkeypatch)
    assert len(person.send()) == 8, "to its sender all looks well"
    after(services, monkeypatch)
    hostile = before is not after
    found = station.json("import", tomorrow(services, station, monkeypatch), code=1 if hostile else 0)
    assert (found["new"], found["canaries"]) == (0, 0 if hostile else 1)
    (canary,) = station.json("canary", code=7 if hostile else 0)
    assert canary["state"] == ("missing" if hostile else "arrived")
    assert found["alarms"] == ([canary["alarm"]] if hostile else [])

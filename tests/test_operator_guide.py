"""docs/guide-operator.md: each block of commands is run as it stands there, and ends as it says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest_moved import Box, Station, filled
from conftest_station import weak, world  # noqa: F401
from live import ROOT, forget
from make_vectors import signer
from released import sign, write_release

from crypto.signing import SigningKey
from dropbox.__main__ import main
from dropbox.transportkey import NEXT, key_words
from keys.ledger import Ledger
from keys.roster import ReleaseKey
from keys.rosterfile import fingerprint_words

GUIDE = (ROOT / "docs" / "guide-operator.md").read_text("utf-8")
OUTBOX, COPY = r"/media/stick/outbox-sumsel-\d{8}\.senyap", r"/media/copies/backup-\d{4}-\d\d-\d\d-\d+"


def blocks(heading: str) -> list[list[str]]:
    """Return the lines of each block of commands below a heading."""
    below = re.split(r"^## ", GUIDE.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]
    return [block.strip().splitlines() for block in re.findall(r"^```sh\n(.*?)^```$", below, re.M | re.S)]


@dataclass
class Desk:
    """A machine with folders of its own in the place of /srv and /media, and the station on the other side."""

    folder: Path
    station: Station
    said: list[str] = field(default_factory=list)
    home: str = "/srv/senyap"

    @property
    def box(self) -> Box:
        return Box(self.there(self.home))

    def there(self, path: str) -> Path:
        return self.folder / path.lstrip("/")

    def outbox(self) -> Path:
        return self.station.outbox(self.there("/media/stick"))

    def bundle(self) -> Path:
        return max(self.there("/media/stick").glob("bundle-*.senyap"))

    def run(self, lines: list[str]) -> None:
        for line in lines:
            self.run_line(line)

    def run_line(self, line: str) -> None:
        text, _, remark = line.partition("#")
        codes = {int(code) for code in re.findall(r"\b\d\b", remark.split(":")[0])} if "ends with" in remark else {0}
        for pattern, newest in ((OUTBOX, "/media/stick/outbox-*"), (COPY, "/media/copies/backup-*")):
            if re.search(pattern, text):
                text = re.sub(
                    pattern, "/" + str(max(self.folder.glob(newest.lstrip("/"))).relative_to(self.folder)), text
                )
        if text.startswith("export SENYAP_HOME="):
            self.home = text.partition("=")[2].strip()
            return
        words = [re.sub(r"^/(srv|media)", rf"{self.folder}/\1", word) for word in shlex.split(text)]
        if words[0] != "senyap-dropbox":
            self.run_other(words)
            return
        done = CliRunner().invoke(
            main, words[1:], input=self.typed(words), env={"SENYAP_HOME": str(self.there(self.home))}
        )
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        self.said.append(done.stderr)
        assert done.exit_code in codes, f"{line}: {done.exit_code} {done.stderr}"
        forget(self.there(self.home))

    def run_other(self, words: list[str]) -> None:
        """Run a command that is not ours, or the installed Python: here that of these tests, isolated as it says."""
        if words[0].endswith("/python"):
            assert words[1] == "-I"
            words = [sys.executable, "-P", *words[2:]]
        env = os.environ | {"PYTHONPATH": str(ROOT), "SENYAP_HOME": str(self.there(self.home))}
        subprocess.run(words, check=True, cwd=ROOT, env=env)

    def typed(self, words: list[str]) -> str:
        """What the operator has at hand: the poster, and the paper from the safe."""
        if words[1] != "restore":
            return ""
        poster = fingerprint_words((filled() / "root.pin").read_bytes())
        paper = key_words(SigningKey.from_seed((filled() / "server.key").read_bytes()))
        return " ".join(poster) + "\n" + ("" if {"--key", "--without-key"} & {*words} else " ".join(paper) + "\n")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    for name in ("media/stick/rosters", "media/copies", "media/key", "srv"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copytree(filled(), tmp_path / "srv" / "senyap")
    return Desk(tmp_path, Station(tmp_path))


def a_round(desk: Desk, text: str) -> None:
    """A report, a bundle and its outbox."""
    desk.box.take(text)
    desk.station.imports(desk.box.path("bundle", "--to", desk.there("/media/stick")))
    desk.outbox()


def a_roster(desk: Desk, **changes: object) -> None:
    _, data = world().next_roster(**changes)
    (desk.there("/media/stick/rosters") / "roster-00000002.senyap").write_bytes(data)


def carried(desk: Desk) -> list[str]:
    """Let the station take the last bundle, without any alarm; return all reports that it has read."""
    assert desk.station.imports(desk.bundle())["alarms"] == []
    return desk.station.texts()


def test_every_block_of_the_guide_is_run_here() -> None:
    tested = sum(len(blocks(heading)) for heading in re.findall(r"^## (.*)$", GUIDE, re.M))
    assert tested + 1 == GUIDE.count("```sh\n"), "the first one stands above all headings"
    assert {h: len(blocks(h)) for h in re.findall(r"^## (.*)$", GUIDE, re.M)} == {
        "Installing": 1, "Updating, and going back": 3,  # these and a copy on one: tests/acceptance/test_server.py
        "Running it": 0, "A release, before it is installed": 1, "The courier": 1, "A copy": 1, "The key on paper": 1, "A copy on an installed machine": 1, "Moving to another machine": 4,
        "Restoring an older copy": 3, "When the provider put the machine back": 1, "When the key is lost or stolen": 2,
        "When the machine is seized": 0, "When somebody else may be in the machine": 1, "When it ends": 0,
        "Tor": 0, "Clear web": 0,
    }  # fmt: skip


def test_a_release_is_verified_before_it_is_installed(desk: Desk) -> None:
    key = ReleaseKey("utama", signer("release").public)
    a_roster(desk, releases=(key,))
    desk.run_line("senyap-dropbox roster /media/stick/rosters")
    given = {"day": world().roster.issued, "deployment": world().roster.deployment}
    release = sign(write_release(desk.there("/media/stick/release")), **given)
    poster = " ".join(Ledger.load(desk.there(desk.home)).fingerprint)
    block = [
        line.replace("WORDS", poster).replace("-version N", "-version 2")
        for line in blocks("A release, before it is installed")[0]
    ]
    desk.run(block)
    (release / "bom.cdx.json").write_bytes(b"{ }")  # on the stick: the block copies it anew
    with pytest.raises(subprocess.CalledProcessError) as refused:
        desk.run(block)
    assert refused.value.returncode == 3


def test_one_command_is_the_whole_visit(desk: Desk) -> None:
    a_round(desk, "satu")
    desk.outbox()
    desk.run(blocks("The courier")[0])
    stick = desk.there("/media/stick")
    assert not list(stick.glob("outbox-*")) and list(stick.glob("sumsel/bundle-*.senyap"))


def test_a_visit_of_the_courier_ends_with_a_copy(desk: Desk) -> None:
    first = re.search(r"^```sh\n(.*?)^```$", GUIDE, re.M | re.S)
    assert first
    desk.run(first[1].splitlines())
    a_round(desk, "satu")
    desk.run(blocks("A copy")[0])
    desk.run(blocks("The key on paper")[0])
    assert len(list(desk.there("/media/copies").iterdir())) == 1
    assert carried(desk) == ["satu"]


def test_moving(desk: Desk) -> None:
    a_round(desk, "satu")
    *moved, first_visit = blocks("Moving to another machine")
    for block in moved:
        desk.run(block)
    assert not desk.there("/media/key/server.key").exists() and not desk.there("/srv/senyap/server.key").exists()
    desk.run(first_visit[:1])
    desk.box.take("dua")
    desk.run(first_visit[1:])
    assert carried(desk) == ["dua", "satu"]


def test_restoring_an_older_copy(desk: Desk) -> None:
    desk.box.run("backup", "--to", desk.there("/media/copies"))
    a_round(desk, "satu")
    desk.box.take("yang hilang")
    a_roster(desk)
    shutil.rmtree(desk.box.home)
    one, two, three = blocks("Restoring an older copy")
    desk.run([*one, *two])
    desk.box.take("dua")
    desk.run(three)
    assert "the chain of sumsel goes on from its bundle 1" in " ".join(desk.said)
    assert carried(desk) == ["dua", "satu"]


def test_when_the_provider_put_the_machine_back(desk: Desk) -> None:
    snapshot = shutil.copytree(desk.box.home, desk.folder / "snapshot")
    a_round(desk, "satu")
    shutil.rmtree(desk.box.home)
    shutil.copytree(snapshot, desk.box.home)
    desk.box.take("dua")
    desk.run(blocks("When the provider put the machine back")[0])
    said = " ".join(desk.said)
    assert "that this drop box did not write" in said and "the chain of sumsel goes on from its bundle 1" in said
    assert carried(desk) == ["dua", "satu"]


def test_when_the_key_is_lost_and_the_paper_is_there(desk: Desk) -> None:
    (desk.box.home / "server.key").unlink()
    with_paper, _ = blocks("When the key is lost or stolen")
    desk.run(with_paper)
    assert desk.there("/srv/new/server.key").read_bytes() == (filled() / "server.key").read_bytes()


def with_a_new_key(desk: Desk, lines: list[str]) -> SigningKey:
    """Run a block in which the root holders sign the next transport key; a second report comes meanwhile. Return that key."""
    for line in lines:
        if line.startswith("senyap-dropbox roster"):
            made = SigningKey.from_seed((desk.box.home / NEXT).read_bytes())
            a_roster(desk, server_key=made.public)
            desk.box.take("dua")
        desk.run_line(line)
    assert desk.there("/srv/new/server.key").read_bytes() == made.seed != (filled() / "server.key").read_bytes()
    return made


def test_when_the_key_is_lost_and_so_is_the_paper(desk: Desk) -> None:
    a_round(desk, "satu")
    (desk.box.home / "server.key").unlink()
    _, without = blocks("When the key is lost or stolen")
    with_a_new_key(desk, without)
    assert carried(desk) == ["dua", "satu"]


def test_what_no_bundle_took_comes_along_from_a_machine_that_somebody_else_was_in(desk: Desk) -> None:
    desk.box.run("backup", "--to", desk.there("/media/copies"))
    a_round(desk, "satu")
    desk.box.take("yang belum dibundel")
    (lines,) = blocks("When somebody else may be in the machine")
    with_a_new_key(desk, lines)
    assert carried(desk) == ["dua", "satu", "yang belum dibundel"]


def test_control_an_older_copy_loses_what_was_confirmed(desk: Desk) -> None:
    desk.box.run("backup", "--to", desk.there("/media/copies"))
    a_round(desk, "satu")
    desk.box.take("yang belum dibundel")
    (lines,) = blocks("When somebody else may be in the machine")
    older = [f"{line}  # ends with 1" if line.startswith("senyap-dropbox receive") else line for line in lines[1:]]
    with_a_new_key(desk, older)
    assert carried(desk) == ["dua", "satu"]

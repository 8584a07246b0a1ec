"""The desk after its reviewers have changed: who opens it, what those who cannot are told, and that nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest_station import Reporter, Stick, give, sit, tree, weak, words_of, world  # noqa: F401

from keys import changes
from station import courier, presence, tables
from station.errors import Refused
from station.home import Home
from station.inbox import import_bundle
from station.rekey import rekey
from station.session import Session, State
from station.web import create_desk

ONE, TWO, THREE, FOUR = "sumsel-1", "sumsel-2", "sumsel-3", "sumsel-4"
BASE = "http://127.0.0.1:8090"


class Browser:
    """The one browser at a desk, whoever sits there."""

    def __init__(self, home: Path) -> None:
        self.session = Session(home, look=lambda: ())
        self._client = create_desk(self.session, 8090).test_client()

    def get(self, path: str) -> str:
        return str(self._client.get(path, base_url=BASE).text)

    def post(self, path: str, **form: str) -> str:
        data = form | {"tanda": self.session.forms}
        return str(self._client.post(path, data=data, base_url=BASE, headers={"Origin": BASE}).text)

    def enter(self, *reviewers: str) -> str:
        for who in reviewers:
            said = self.post("/buka", penelaah=who, frasa=world().passphrases[who])
        return said

    @property
    def is_open(self) -> bool:
        return self.session.state is State.OPEN


def station(folder: Path, group: str, *present: str) -> tuple[Path, Stick]:
    """Make a station with one case, and a stick whose first bundle it has taken."""
    home, stick = world().copy_home(group, folder), Stick(folder / "usb", to=group)
    with sit(home, *present) as desk:
        path = stick.write([world().letter_row(Reporter([group]).report("jembatan retak"))])
        import_bundle(desk, path)
    path.unlink()
    return home, stick


def roster(stay: Sequence[str], k: int, joins: Sequence[Any] = ()) -> bytes:
    members = [*(world().members(*stay) if stay else ()), *joins]
    return world().next_roster(groups=world().groups(members, k=k))[1]


def bundles(home: Path, *present: str) -> int:
    with sit(home, *present) as desk, desk.vault.begin() as transaction:
        return transaction.scalar(sa.select(sa.func.count()).select_from(tables.bundles)) or 0


def test_too_few_who_stay_are_told_the_way_on_and_lose_nothing(tmp_path: Path) -> None:
    home, stick = station(tmp_path, "sumsel", ONE, TWO)
    give(home, roster([THREE], k=1))
    stick.write([world().letter_row(Reporter().report("lagi"))], roster_version=2)
    before, on_stick, browser = tree(home), tree(stick.folder), Browser(home)
    door = browser.get("/buka")
    assert "terbuka dengan 2 pemegang" in door and f"hanya {THREE} yang memegangnya" in door
    assert f"rekey, bersama 2 dari {ONE}, {TWO}, {THREE}" in door and "hubungi pemegang kunci" in door
    assert "Tidak ada yang hilang" in door and 'type="password"' not in door and "2 dari 1" not in door
    said = browser.enter(THREE)
    assert "terbuka dengan 2 pemegang" in said and "tidak cocok" not in said and not browser.session.present
    assert tree(home) == before and tree(stick.folder) == on_stick
    rekey(home, words_of(ONE, THREE))  # who left helps on the last day
    browser.enter(THREE)
    assert browser.is_open and "K-0001" in browser.get("/perkara")
    said = browser.post("/kurir", stik=str(stick.folder))
    assert "bundel 2 (0 baru" in said and "1 baris belum terbuka" in said, "it was sealed for two"
    browser.session.close()
    with sit(home, THREE, ONE, leavers=True) as desk:
        courier.visit(desk, stick.folder)
    browser.enter(THREE)
    assert "K-0002" in browser.get("/perkara") and "baris" not in browser.post("/kurir", stik=str(stick.folder))


def test_new_reviewers_alone_are_told_who_holds_the_shares(tmp_path: Path) -> None:
    home, _ = station(tmp_path, "sumsel", ONE, TWO)
    give(home, roster([], k=1, joins=[world().join(home, FOUR)[0]]))
    assert "tidak seorang pun memegangnya" in Browser(home).get("/buka")
    with pytest.raises(Refused, match="rekey, bersama 2 dari sumsel-1, sumsel-2, sumsel-3"):
        Session(home, look=lambda: ()).enter(FOUR, world().passphrases[FOUR])


def test_a_new_reviewer_counts_when_the_key_was_shared_out_to_him(tmp_path: Path) -> None:
    home, _ = station(tmp_path, "sumsel", ONE, TWO)
    give(home, roster([ONE, TWO], k=2, joins=[world().join(home, FOUR)[0]]))
    browser = Browser(home)
    assert f"Sampai itu 2 dari {ONE}, {TWO} harus hadir" in browser.get("/buka")
    browser.enter(FOUR, ONE)
    assert "Kurang 1 orang" in browser.get("/buka") and not browser.is_open
    browser.enter(TWO)
    assert browser.is_open and "K-0001" in browser.get("/perkara")
    browser.session.close()
    rekey(home, words_of(ONE, TWO))
    assert "rekey" not in browser.get("/buka")
    browser.enter(FOUR, ONE)
    assert browser.is_open


def test_a_lowered_quorum_opens_with_as_many_as_before_until_the_key_is_shared_out(tmp_path: Path) -> None:
    home, _ = station(tmp_path, "sumsel", ONE, TWO)
    give(home, roster([ONE, TWO, THREE], k=1))
    browser = Browser(home)
    browser.enter(ONE)
    assert "2 dari 3 penelaah" in browser.get("/buka") and "Kurang 1 orang" in browser.get("/buka")
    browser.enter(THREE)
    assert browser.is_open


def test_a_raised_quorum_is_asked_for_at_once(tmp_path: Path) -> None:
    home, _ = station(tmp_path, "sumsel", ONE, TWO)
    give(home, roster([ONE, TWO, THREE], k=3))
    browser = Browser(home)
    browser.enter(ONE, TWO)
    assert "Kurang 1 orang" in browser.get("/buka") and not browser.is_open
    browser.enter(THREE)
    assert browser.is_open


@pytest.mark.parametrize("how", ["before", "on the stick"])
def test_a_unit_whose_last_reviewer_left_reads_what_it_has_and_takes_nothing(tmp_path: Path, how: str) -> None:
    home, stick = station(tmp_path, "palembang", "palembang-1")
    after = changes.remove_reviewer("palembang-2")(changes.remove_reviewer("palembang-1")(world().roster))
    data = world().next_roster(groups=after.groups, stations=after.stations)[1]
    browser = Browser(home)
    if how == "before":
        give(home, data)
        assert "dikeluarkan dari roster pada versi 2" in browser.get("/buka")
    browser.enter("palembang-1")
    files = [] if how == "before" else [data]
    stick.write([world().letter_row(Reporter(["palembang"]).report("lagi"))], files=files, roster_version=2)
    on_stick = tree(stick.folder)
    said = browser.post("/kurir", stik=str(stick.folder))
    assert "dikeluarkan dari roster pada versi 2" in said and "Yang di stik tetap di sana" in said
    assert "laporan baru dibaca unit lain" in said and "taken out" not in said and "ditaruh: " not in said
    assert tree(stick.folder) == on_stick and bundles(home, "palembang-1") == 1
    assert browser.is_open and "K-0001" in browser.get("/perkara")
    browser.post("/perkara/K-0001/benturan", **{"benturan-palembang-1": "tidak"})
    assert "jembatan retak" in browser.get("/perkara/K-0001")
    said = browser.post("/perkara/K-0001/jawab", pesan="Terima kasih.")
    assert "dikeluarkan dari roster" in said and "Terima kasih." in said, "what was typed stands there again"


def test_who_left_does_not_stay_at_an_open_desk(tmp_path: Path) -> None:
    home, stick = station(tmp_path, "sumsel", ONE, TWO)
    browser = Browser(home)
    browser.enter(ONE, TWO)
    files, row = [roster([TWO, THREE], k=2)], world().letter_row(Reporter().report("lagi"))
    stick.write([row], files=files, roster_version=2)
    said = browser.post("/kurir", stik=str(stick.folder))
    assert "bundel 2 (1 baru" in said and "ditaruh: outbox-sumsel-00000001" in said, "the visit was finished"
    assert f"{ONE} bukan lagi penelaah unit ini menurut roster versi 2" in said and "rekey" in said
    assert not browser.is_open and "K-0001" not in browser.get("/perkara")
    assert "bukan penelaah di stasiun ini" in browser.enter(ONE)
    browser.enter(TWO, THREE)
    assert browser.is_open and "K-0002" in browser.get("/perkara")


def test_an_old_roster_put_back_is_not_called_a_wrong_passphrase(tmp_path: Path) -> None:
    home, _ = station(tmp_path, "sumsel", ONE, TWO)
    old = (home / "roster.senyap").read_bytes()
    give(home, roster([ONE, TWO, THREE], k=2))
    with sit(home, ONE, TWO):
        pass
    (home / "roster.senyap").write_bytes(old)
    said = Browser(home).enter(ONE, TWO)
    assert "tidak cocok" not in said and "seseorang menaruh berkas lama" in said


def test_without_a_change_nothing_is_said(tmp_path: Path) -> None:
    home = Home.load(world().copy_home("sumsel", tmp_path))
    assert presence.notice(home) == presence.blocked(home) == ""
    assert [presence.lacking(home, here) for here in ((), (ONE,), (ONE, TWO), (ONE, TWO, THREE))] == [2, 1, 0, 0]

"""A report on its whole way through two units: reporter, drop box, origin, drop box, recipient, and all the way back."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from live import passphrases
from web import open_box, report, waiting

from crypto.encoding import today
from crypto.row import ROW_BYTES
from dropbox import courier as box_side
from dropbox.services import Services
from dropbox.store import rows
from station import casework, referral, referrals
from station import courier as station_side
from station.cases import list_cases, show_case
from station.casework import Wish
from station.desk import Desk, open_desk
from station.home import Home
from station.referral import Draft
from station.tables import messages

DAY = today()


@pytest.fixture
def desks(deployment: Path) -> Iterator[dict[str, Desk]]:
    """The desks of the origin and of the recipient, each with a quorum."""
    words = dict(passphrases(deployment))
    with ExitStack() as stack:
        yield {
            group: stack.enter_context(
                open_desk(Home.load(deployment / "stations" / group), {who: words[who] for who in people})
            )
            for group, people in (("sumsel", ("sumsel-1", "sumsel-2")), ("kpk", ("kpk-1",)))
        }


class Rounds:
    """Sticks, one for each station, that a courier carries to the drop box and back."""

    def __init__(self, services: Services, desks: dict[str, Desk], folder: Path) -> None:
        self.services, self.desks, self.folder = services, desks, folder
        self.added: list[int] = []

    def go(self, group: str) -> int:
        """Bring a unit its bundle and its outbox back; return how much came from other units."""
        stick = self.folder / group
        stick.mkdir(exist_ok=True)
        box_side.visit(self.services, stick, [group])
        done = station_side.visit(self.desks[group], stick)
        assert not done.left and done.imported
        assert not [alarm for _, found in done.imported for alarm in found.alarms]
        before = {bytes(row) for row in waiting(self.services)}
        back = box_side.visit(self.services, stick, [group])
        assert [got.station for got in back.received] == [group]
        self.added.append(len({bytes(row) for row in waiting(self.services)} - before))
        return sum(found.forwarded for _, found in done.imported)


def test_a_referred_report_is_worked_on_elsewhere_and_its_reporter_hears_of_it(
    client: FlaskClient, services: Services, desks: dict[str, Desk], tmp_path: Path
) -> None:
    rounds, sumsel, kpk = Rounds(services, desks, tmp_path), desks["sumsel"], desks["kpk"]
    photo = ("catatan.txt", b"daftar bayaran " * 30_000, "text/plain")
    answer = report(client, [photo], uraian="Kepala dinas meminta fee dari kontrak jalan.", izin_teruskan="boleh")
    assert answer.status == 200
    rounds.go("kpk")
    rounds.go("sumsel")
    with sumsel.vault.begin() as transaction:
        shown = show_case(transaction, "K-0001")
        for target in ("screening", "review"):
            casework.take(transaction, sumsel.home, 1, Wish(target, "sumsel-1"), day=DAY)
        draft = Draft("kpk", {"uraian": "Fee dari kontrak jalan."}, files=[shown.attachments[0].id], reason="Wewenang.",
                      text="Laporan Anda kami teruskan ke KPK.")  # fmt: skip
        referral.propose(transaction, sumsel.home, 1, draft, by="sumsel-2", day=DAY)
        found = referrals.prepared(transaction, 1, sumsel.home.id)
        assert found is not None
        digest = referral.digest_of(found[1].body)
        referral.approve(transaction, sumsel.home, 1, "sumsel-3", digest, day=DAY)
    rounds.go("sumsel")
    page = open_box(client, answer.words)
    assert 'data-status="referred"' in page.text and "kami teruskan ke KPK" in page.text
    assert rounds.go("kpk") == 1
    with kpk.vault.begin() as transaction:
        (line,) = list_cases(transaction, kpk.home)
        case = show_case(transaction, line.case)
        assert case.fields == {"uraian": "Fee dari kontrak jalan."} and [f.state for f in case.attachments] == [1]
        for target in ("screening", "review"):
            casework.take(transaction, kpk.home, case.id, Wish(target, "kpk-1"), day=DAY)
        casework.answer(transaction, kpk.home, case.id, "Kami memeriksa kontraknya.", by="kpk-1", day=DAY)
    rounds.go("sumsel")  # the receipt that the first visit had brought
    rounds.go("kpk")
    assert rounds.go("sumsel") == 1
    with sumsel.vault.begin() as transaction:
        (heard,) = referrals.referrals_of(transaction, 1, sumsel.home.id)
        assert heard.is_received and heard.news is not None
        assert (heard.news.status, heard.news.files_whole, heard.parcels[0].arrived) == ("review", 1, 3)
        words = f"Kabar dari KPK: {heard.news.messages[0].text}"
        casework.answer(transaction, sumsel.home, 1, words, by="sumsel-1", day=DAY)
    assert "memeriksa kontraknya" not in open_box(client, answer.words).text, "nothing reaches a reporter by itself"
    rounds.go("sumsel")
    page = open_box(client, answer.words)
    assert "Kabar dari KPK: Kami memeriksa kontraknya." in page.text and 'data-status="referred"' in page.text
    with kpk.vault.begin() as transaction:
        assert "kami teruskan" not in str(transaction.execute(sa.select(messages.c.text)).all())
    forwarded = sumsel.home.roster.sizes.forwarded
    assert set(rounds.added) == {forwarded}, "every outbox added the same number of rows, with and without a referral"
    with services.store.reading() as connection:
        assert set(connection.scalars(sa.select(sa.func.length(rows.c.row)))) == {ROW_BYTES}

"""Several stations with a row for one mailbox: who is heard, and that nobody makes a follow-up impossible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from test_dropbox_mailbox import bring_news, station_key, write
from web import open_box, put_news

from crypto import mailbox, receipt
from crypto.encoding import today
from crypto.signing import SigningKey
from dropbox.directory import Directory
from dropbox.services import Services
from keys.roster import Station

WORDS = receipt.code_words(b"0123456789")
DRAWS = 24


def with_stations(known: Directory, *stations: Station) -> Directory:
    """Return a directory whose roster has these stations, too, or in the place of those with their ids."""
    roster, ids = known.roster, {station.id for station in stations}
    others = tuple(station for station in roster.stations if station.id not in ids)
    return replace(known, ledger=replace(known.ledger, roster=replace(roster, stations=(*others, *stations))))


def say(
    services: Services, secrets: receipt.Receipt, station: str, key: SigningKey, text: str, *, group: str = "sumsel",
    readers: Sequence[str] = ("sumsel",), as_of: int = 0,
) -> None:  # fmt: skip
    """Put a row of a station for a mailbox."""
    message = mailbox.Message(today(), group, text)
    news = mailbox.News(4, today() + as_of, "review", tuple(readers), (message,))
    with services.store.writing() as connection:
        row = mailbox.seal_news(news, secrets.reply.public, secrets.mailbox, key)
        put_news(connection, station, secrets, row)


def heard(services: Services, secrets: receipt.Receipt, directory: Directory) -> set[str]:
    """Return the texts that are shown when a box is opened often: what is drawn by lot differs."""
    opened = [services.mailboxes.open(secrets, today(), directory) for _ in range(DRAWS)]
    return {message.text for found in opened for message in found.news.messages} | {
        "forged" for found in opened if not found.hit
    }


@pytest.fixture
def secrets(services: Services) -> receipt.Receipt:
    return receipt.derive(receipt.read_code(" ".join(WORDS))[0].code, services.directory.roster.deployment)


def test_a_second_group_with_several_stations_does_not_crowd_out_the_one_that_leads(
    services: Services, small: Path, secrets: receipt.Receipt
) -> None:
    more = SigningKey.generate()
    known = with_stations(services.directory, Station("sumsel-b", "sumsel", more.public, False, False))
    key = station_key(small, "palembang")
    say(services, secrets, "palembang", key, "benar", group="palembang", readers=("palembang", "sumsel"))
    for station, signer in (("sumsel", station_key(small, "sumsel")), ("sumsel-b", more)):
        say(services, secrets, station, signer, "palsu", as_of=9)
    assert heard(services, secrets, known) == {"benar"}


def test_a_group_that_follows_and_one_that_knows_the_mailbox_alone_do_not_crowd_out_the_one_that_leads(
    services: Services, small: Path, secrets: receipt.Receipt
) -> None:
    key = station_key(small, "palembang")
    say(services, secrets, "palembang", key, "benar", group="palembang", readers=("palembang", "sumsel"))
    say(services, secrets, "sumsel", station_key(small, "sumsel"), "palsu")
    other = replace(receipt.derive(b"9876543210", "other"), mailbox=secrets.mailbox)
    say(services, other, "kpk", station_key(small, "kpk"), "sampah", group="kpk")
    assert heard(services, secrets, services.directory) == {"benar"}


def test_a_group_that_knows_the_mailbox_alone_does_not_crowd_out_an_answer_with_several_stations(
    services: Services, small: Path, secrets: receipt.Receipt
) -> None:
    """A follow-up that named no readers tells the fallback group the mailbox, never its key."""
    more = SigningKey.generate()
    known = with_stations(services.directory, Station("kpk-b", "kpk", more.public, False, False))
    say(services, secrets, "sumsel", station_key(small, "sumsel"), "benar")
    other = receipt.derive(b"9876543210", "other")
    for station, signer in (("kpk", station_key(small, "kpk")), ("kpk-b", more)):
        say(services, replace(other, mailbox=secrets.mailbox), station, signer, "sampah", group="kpk")
    assert heard(services, secrets, known) == {"benar"}


@pytest.mark.parametrize("ahead", [0, 1])
def test_of_two_stations_of_a_group_the_one_that_answers_now_is_heard_whatever_their_clocks_say(
    services: Services, small: Path, secrets: receipt.Receipt, ahead: int
) -> None:
    more, before = SigningKey.generate(), services.directory.roster.station("sumsel")
    known = with_stations(
        services.directory, replace(before, lead=False), Station("sumsel-b", "sumsel", more.public, True, False)
    )
    say(services, secrets, "sumsel", station_key(small, "sumsel"), "lama", as_of=ahead)
    assert heard(services, secrets, known) == {"lama"}, "until the other one has sent its first outbox"
    say(services, secrets, "sumsel-b", more, "baru")
    assert heard(services, secrets, known) == {"baru"}


@pytest.mark.parametrize(
    "readers", [("palembang",) * 8, ("palembang", "palembang"), ("sumsel", "palembang", "kpk", "oku", "oki", "lahat")]
)
def test_readers_that_no_row_can_have_are_asked_for_and_the_message_is_not_lost(
    client: FlaskClient, services: Services, small: Path, readers: Sequence[str]
) -> None:
    bring_news(services, small, WORDS, readers=readers, texts=["Siapa?"])
    page = open_box(client, WORDS)
    assert page.status == 200 and 'name="wilayah"' in page.text
    sent = write(client, page, "Dia.", wilayah="sumsel", jenjang_terlapor="pegawai-provinsi")
    assert sent.status == 200 and 'id="terkirim"' in sent.text

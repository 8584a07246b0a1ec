"""`senyap-station hold`: keep a case beyond its time, or let it go, as two people who are present."""

from __future__ import annotations

import click

from crypto.encoding import today
from station import cases, retention
from station.asking import ask_statements, no_conflict_option
from station.cli import Door, command
from station.errors import Refused
from station.home import Home
from station.terminal import say
from station.usage import Misused

_TWO = 2


def install() -> None:
    """Add this command to `senyap-station`."""
    command("hold")(hold)


@click.argument("case")
@click.option("--because", default="", metavar="TEXT", help="Alasan, misalnya nomor perkara di pengadilan.")
@click.option("--lift", is_flag=True, help="Lepas penahanannya: dihapus bila waktunya tiba.")
@no_conflict_option
def hold(home: Home, door: Door, case: str, because: str, lift: bool, no_conflict: bool) -> None:
    """Tahan perkara CASE: jangan dihapus. Dua orang memutuskannya, dengan frasa sandi masing-masing."""
    if lift == bool(because):
        raise Misused("sebut --because ALASAN, atau --lift saja")
    home.must_serve()
    door.passphrases(max(_TWO, home.group.k))
    with door.open() as desk:
        people = [ring.reviewer for ring in desk.rings][:_TWO]
        if len(people) < _TWO:
            raise Refused("dua orang harus memutuskannya bersama")
        ask_statements(desk, case, no_conflict=no_conflict)
        with desk.vault.begin() as transaction:
            number, pair = cases.show_case(transaction, case).id, (people[0], people[1])
            if lift:
                retention.lift(transaction, home, number, pair, day=today())
            else:
                retention.hold(transaction, home, number, pair, because, day=today())
    say(f"{case}: {'penahanan dilepas' if lift else 'ditahan'} oleh {' dan '.join(pair)}")

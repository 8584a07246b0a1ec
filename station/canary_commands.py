"""`senyap-station canary`: make a recipe, see which canaries came, note what people found out."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from crypto import medium
from crypto.encoding import date_of, today
from keys.roster import NOBODY
from station import canaries, screen
from station.canaries import EXCLUSIONS, LEVEL, TEXT, Reason
from station.cli import FILE, FOLDER, Door, command, print_json
from station.errors import EXIT_ALARM, Refused
from station.home import Home
from station.questions import question
from station.recipe_texts import recipe_text
from station.recipes import CATEGORY, Recipe, Wishes, draw_look, draw_recipe
from station.terminal import say, warn
from station.usage import Misused

_TEXT_CAP = 65_536
_MOST_DRAWS = 50  # of a thousand pairs of stories one is too much alike
_MAKE = ("on", "text_file", "with_file", "exclude", "area", "level", "category")


def install() -> None:
    """Add this command to `senyap-station`."""
    command("canary")(canary)


@click.option("--to", "folder", type=FOLDER, help="Buat resep: ditulis ke mana.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Hari pengirimannya, TTTT-BB-HH.")
@click.option("--text-file", type=FILE, help="Laporan karangan sendiri, teks biasa.")
@click.option(
    "--file/--no-file", "with_file", default=None, help="Dengan lampiran karangan atau tanpa; tanpa ini diundi."
)
@click.option(
    "--exclude",
    multiple=True,
    type=click.Choice([*EXCLUSIONS, NOBODY]),
    help="Siapa yang dikecualikan; tanpa ini diundi.",
)
@click.option("--area", metavar="AREA", help="Tempat kejadian, seperti di formulir; tanpa ini diundi.")
@click.option(
    "--level",
    type=click.Choice(list(question(LEVEL).choices)),
    metavar="LEVEL",
    help="Jenjang terlapor; tanpa ini diundi.",
)
@click.option(
    "--category",
    type=click.Choice(list(question(CATEGORY).choices)),
    metavar="CATEGORY",
    help="Kategori; tanpa ini diundi.",
)
@click.option(
    "--settle", type=click.IntRange(1), metavar="NUMBER", help="Catat apa yang Anda ketahui tentang sebuah kenari."
)
@click.option("--because", type=click.Choice([reason.value for reason in Reason]), help="Apa yang terjadi.")
@click.option("--json", "as_json", is_flag=True, help="Keluaran untuk program lain.")
def canary(home: Home, door: Door, folder: Path | None, settle: int | None, because: str | None, as_json: bool,
           **given: Any) -> None:  # fmt: skip
    """Daftar kenari, atau buat satu. --to membuat resep, --settle mengakhiri peringatannya."""
    is_made = any(given[name] not in (None, ()) for name in _MAKE)
    if (settle is None) != (because is None):
        raise Misused("--settle NOMOR dan --because ALASAN harus bersama")
    if settle is not None and (folder is not None or is_made or as_json):
        raise Misused("--settle hanya bersama --because")
    if (folder is None) != (given["on"] is None) or (folder is None and is_made) or (folder and as_json):
        raise Misused("untuk membuat resep: --to FOLDER --on TTTT-BB-HH")
    if NOBODY in given["exclude"] and len(given["exclude"]) > 1:
        raise Misused(f"--exclude {NOBODY} harus sendiri")
    if folder is not None:
        _make(home, door, folder, given)
    elif settle is not None and because is not None:
        home.must_serve()
        with door.open() as desk, desk.vault.begin() as transaction:
            canaries.settle(transaction, settle, Reason(because), day=today())
        say(f"kenari {settle}: tercatat")
    else:
        _list(home, door, as_json)


def _make(home: Home, door: Door, folder: Path, given: Mapping[str, Any]) -> None:
    home.must_serve()
    wishes = Wishes(
        text=None if given["text_file"] is None else _read_text(given["text_file"]),
        exclude=given["exclude"] or None,
        area=given["area"],
        level=given["level"],
        category=given["category"],
        with_file=given["with_file"],
    )
    on = (given["on"].date() - date_of(0)) // datetime.timedelta(days=1)
    recipe = draw_recipe(home, wishes, day=today(), on=on)  # first of all: a refusal needs no passphrase
    with door.open() as desk:
        # the vault before the paper: one that the station does not know is a false report
        with desk.vault.begin() as transaction:
            for _ in range(_MOST_DRAWS):
                if wishes.text is not None or not canaries.is_like_another(transaction, recipe.fields[TEXT]):
                    break
                recipe = draw_recipe(home, wishes, day=today(), on=on)
            number = canaries.note(transaction, recipe.fields, files=int(recipe.file is not None), day=on)
        try:
            paths = _write(home, recipe, folder, number, on)
        except BaseException:
            with desk.vault.begin() as transaction:
                canaries.forget(transaction, number)
            raise
    for path in paths:
        click.echo(str(path))
    say(f"kenari {number}: baca dulu resepnya; tidak boleh menyebut orang atau tempat yang ada")
    if others := [s.id for s in home.roster.stations if s.group == home.group.id and s.id != home.id]:
        warn(f"stasiun lain dari unit ini tidak mengenal kenari ini; beri tahu: {', '.join(others)}")


def _read_text(path: Path) -> str:
    try:
        return medium.read_file(path, _TEXT_CAP).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("kenari: berkas teks itu bukan teks biasa (UTF-8); simpan ulang sebagai teks biasa") from None


def _write(home: Home, recipe: Recipe, folder: Path, number: int, on: int) -> list[Path]:
    """Write the recipe and its file, or nothing; what lies there already is never replaced."""
    files = {f"kenari-{number}.txt": recipe_text(home, recipe, number=number, on=on, look=draw_look()).encode("utf-8")}
    if recipe.file is not None:
        files[recipe.file.name] = recipe.file.data
    paths = [folder / name for name in files]
    if any(path.exists() for path in paths):
        raise Refused("kenari: di folder itu sudah ada berkas dengan nama itu; sebut folder kosong")
    written: list[Path] = []
    try:
        for path, data in zip(paths, files.values(), strict=True):
            medium.write_file(path, data)
            written.append(path)
    except BaseException:
        for path in written:
            medium.erase_file(path)
        raise
    return paths


def _list(home: Home, door: Door, as_json: bool) -> None:
    with door.open() as desk, desk.vault.begin() as transaction:
        found = canaries.list_canaries(transaction, station=home.id, day=today(), patience=home.settings.canary_days)
    if as_json:
        print_json([screen.canary_json(each) for each in found])
    else:
        click.echo(screen.canaries_text(found))
    alarms = [each.alarm for each in found if each.alarm]
    for alarm in alarms:
        warn(alarm)
    if alarms:
        sys.exit(EXIT_ALARM)

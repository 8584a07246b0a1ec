"""The commands of a unit: `request`, `renew`, `words`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import click

from crypto import medium
from crypto.encoding import date_of, is_id, today
from crypto.errors import WrongPassphrase
from keys.cli import EXIT_LOCKED, EXIT_WARNING, FILE, FOLDER, command, home_option, refuse, to_option
from keys.keyring import IDENTITY, Keyring
from keys.ledger import MAX_FILE_BYTES, Ledger, batch_name
from keys.prompts import Prompts
from keys.request import read_request, request_file, request_words
from keys.roster import Role
from keys.stationkeys import KEYRING, STATION_ID
from keys.unit import (
    REQUEST,
    ask_change,
    changed_roles,
    check_founding,
    found_unit,
    founding_roles,
    free_reviewers,
    keys_until,
    renew,
    station_of,
    was_begun,
)

_ROLES = ", ".join(Role)
_TO_FOUND = (
    "Bandingkan dengan poster kunci, lalu ketik delapan kata yang tercetak di sana.",
    "Take the printed poster and type the eight words on it.",
)


def install(main: click.Group) -> None:
    """Add the commands of this module."""
    _install_request(main)
    _install_renew(main)


def _install_request(main: click.Group) -> None:
    @command(main, "request")
    @home_option
    @to_option
    @click.option("--group", required=True, help="The unit's id, as in the roster: sumsel, lahat, kpk …")
    @click.option("--from", "public", type=FOLDER, help="A new unit: folder with the root holders' public files.")
    @click.option("--fingerprint", default=None, help="A new unit: the eight words of the poster.")
    @click.option("--reviewers", type=click.IntRange(1, 7), default=2, show_default=True, help="A new unit: how many.")
    @click.option("--k", type=click.IntRange(1, 7), default=None, help="How many must be together.")
    @click.option("--add", type=click.IntRange(0, 6), default=0, help="A unit that works: how many reviewers join.")
    @click.option("--remove", "leaving", multiple=True, metavar="REVIEWER", help="A unit that works: who leaves.")
    @click.option("--role", "roles", multiple=True, metavar="REVIEWER=ROLE", help=f"What somebody does: {_ROLES}.")
    @click.option("--reviewer", "present", multiple=True, help="A unit that works: who is here; else the first k.")
    @click.option("--again", is_flag=True, help="Carry the last request once more.")
    def request(
        prompts: Prompts,
        home: Path,
        stick: Path,
        group: str,
        public: Path | None,
        fingerprint: str | None,
        reviewers: int,
        k: int | None,
        add: int,
        leaving: tuple[str, ...],
        roles: tuple[str, ...],
        present: tuple[str, ...],
        again: bool,
    ) -> None:
        """Make this unit's keys and the request that the root holders admit."""
        asked = _read_roles(roles)
        if again:
            data = medium.read_file(home / REQUEST, MAX_FILE_BYTES)
        elif (home / STATION_ID).is_file():
            data = _change(prompts, home, group, k, add, leaving, asked, present)
        else:
            data = _found(prompts, home, group, public, fingerprint, reviewers, k, asked)
        path = stick / request_file(read_request(data))
        medium.write_file(path, data, mode=0o644)
        prompts.say(
            "Bawa berkas ini ke pemegang kunci akar. Bacakan delapan kata ini, lewat telepon atau langsung:",
            "Carry this file to the root holders. Read these eight words out, by telephone or in person:",
        )
        click.echo("\n    " + " ".join(request_words(data)) + "\n", err=True)
        click.echo(str(path))


def _install_renew(main: click.Group) -> None:
    @command(main, "renew")
    @home_option
    @to_option
    @click.option("--reviewer", "names", multiple=True, help="Who is here; by default everybody of this station.")
    def renew_(prompts: Prompts, home: Path, stick: Path, names: tuple[str, ...]) -> None:
        """Make the next 26 weeks of keys, before the old ones end."""
        ledger = Ledger.load(home)
        here = names or tuple(sorted(p.name for p in (home / KEYRING).iterdir() if p.name in ledger.roster.members))
        if not here:
            refuse(prompts, "Ditolak: daftar tidak menyebut seorang pun yang kuncinya ada di stasiun ini.",
                   "Refused: the roster names nobody whose keys lie on this station.")  # fmt: skip
        _say_day(prompts)
        words = {name: prompts.unlocked(name, partial(_words, home, name)) for name in here}
        prompts.say("Membuat kunci; beberapa detik.", "Making keys; some seconds.")
        made = renew(home, words, day=today())
        for batch in made:
            path = stick / batch_name(batch)
            medium.write_file(path, batch.raw, mode=0o644)
            click.echo(str(path))
        ledger = Ledger.load(home)
        for name in here:
            until = keys_until(ledger, name)
            prompts.say(f"{name}: kunci sampai {until}", f"{name}: keys until {until}")
        absent = sorted({m.id for m in ledger.roster.group_of(here[0]).members} - set(here))
        if absent:
            prompts.say(f"Belum diperpanjang: {', '.join(absent)}", f"Not renewed yet: {', '.join(absent)}")
            raise SystemExit(EXIT_WARNING)

    @command(main, "words", asks=False)
    @click.argument("file", type=FILE)
    def words(prompts: Prompts, file: Path) -> None:
        """Print the eight words of a request FILE."""
        click.echo(" ".join(request_words(medium.read_file(file, MAX_FILE_BYTES))))


def _found(
    prompts: Prompts,
    home: Path,
    group: str,
    public: Path | None,
    fingerprint: str | None,
    reviewers: int,
    k: int | None,
    asked: Mapping[str, Role],
) -> bytes:
    """Found a new station: check the root set with the poster before any key is made."""
    if public is None:
        raise click.UsageError("a new unit wants --from FOLDER: the public files that the root holders gave you")
    ledger = Ledger.load(public)
    k = min(2, reviewers) if k is None else k
    check_founding(home, ledger, group, k, reviewers)
    names = free_reviewers(ledger, group, reviewers)
    roles = founding_roles(names, asked)
    if not prompts.compare_words(fingerprint, ledger.fingerprint, *_TO_FOUND):
        refuse(prompts, "Ditolak: berkas di stik ini bukan dari sistem pada poster. Berhenti; minta yang baru.",
               "Refused: the files on this stick are not those of the poster. Stop; ask for new ones.")  # fmt: skip
    _say_day(prompts)
    _say_roles(prompts, roles)
    poster = ledger.fingerprint  # typed a moment ago: at the wrong question it must not become a passphrase
    about = (group, ledger.roster.deployment, "".join(poster), *poster)
    passphrases = {name: prompts.new_passphrase(name, about=about) for name in names}
    return found_unit(home, ledger, group, k, passphrases, day=today(), roles=roles)


def _change(
    prompts: Prompts,
    home: Path,
    group: str,
    k: int | None,
    add: int,
    leaving: tuple[str, ...],
    asked: Mapping[str, Role],
    named: tuple[str, ...],
) -> bytes:
    """Ask for a change of a unit that works: its quorum is asked for its passphrases first."""
    ledger = Ledger.load(home)
    own = station_of(home, ledger.roster).group
    if group != own:
        refuse(
            prompts,
            f"Ditolak: ini stasiun {own}, bukan {group}.",
            f"Refused: this is a station of {own}, not of {group}.",
        )
    found = ledger.roster.group(group)
    names = free_reviewers(ledger, group, add)
    roles = changed_roles(found, leaving, names, asked)
    if not leaving and k in (None, found.k) and roles == {m.id: m.role for m in found.members}:
        raise click.UsageError("nothing is asked for: give --add, --remove, --k, or --role with another role")
    staying = [m.id for m in found.members if m.id not in leaving and (home / KEYRING / m.id).is_dir()]
    if strangers := sorted(set(named) - set(staying)):
        refuse(prompts, f"Ditolak: {strangers[0]} bukan penelaah yang tinggal di sini; yang ada: {', '.join(staying)}.",
               f"Refused: {strangers[0]} is no reviewer who stays here; those are {', '.join(staying)}.")  # fmt: skip
    given = list(named) or [name for name in staying if name in prompts.files] or staying[: found.k]
    if len(given) < found.k:
        refuse(prompts, f"Ditolak: {len(given)} dari {found.k} penelaah yang diperlukan hadir dan tinggal di unit ini.",
               f"Refused: {len(given)} of the {found.k} reviewers needed are present and stay.",
               code=EXIT_LOCKED)  # fmt: skip
    present = {name: prompts.unlocked(name, partial(_words, home, name)) for name in given}
    _say_roles(prompts, roles)
    joining = {
        name: prompts.unlocked(name, partial(_words, home, name))
        if was_begun(home, name)
        else prompts.new_passphrase(name, about=(group,))
        for name in names
    }
    return ask_change(home, present, day=today(), joining=joining, leaving=leaving, roles=roles, k=k)


def _words(home: Path, reviewer: str, words: str) -> str:
    """Return a reviewer's passphrase when it opens the keyring, or when there is none; raises WrongPassphrase."""
    if not is_id(reviewer) or not (home / KEYRING / reviewer / IDENTITY).is_file():
        return words  # whoever uses it says what is wrong
    try:
        Keyring.open(home / KEYRING / reviewer, reviewer, words)
    except WrongPassphrase:
        raise WrongPassphrase(f"the passphrase of {reviewer} does not open its keyring") from None
    return words


def _read_roles(items: Sequence[str]) -> dict[str, Role]:
    """Split REVIEWER=ROLE options; raises UsageError."""
    found: dict[str, Role] = {}
    for item in items:
        name, _, role = item.partition("=")
        if not name or name in found or role not in list(Role):
            raise click.UsageError(f"--role wants REVIEWER=ROLE, each reviewer once; the roles are {_ROLES}")
        found[name] = Role(role)
    return found


def _say_roles(prompts: Prompts, roles: Mapping[str, Role]) -> None:
    listed = ", ".join(f"{name} {role}" for name, role in roles.items())
    prompts.say(f"Peran yang diminta: {listed}.", f"Roles that are asked for: {listed}.")


def _say_day(prompts: Prompts) -> None:
    day = date_of(today())
    prompts.say(f"Menurut mesin ini hari ini {day}. Bila salah: Ctrl-C, perbaiki jam, ulangi.",
                f"By this machine today is {day}. If that is wrong: Ctrl-C, set the clock, begin again.")  # fmt: skip

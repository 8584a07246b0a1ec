"""The commands of `senyap-dropbox` that look after the machine itself: copies, moving, the key on paper."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from crypto import medium
from crypto.encoding import today
from crypto.longwords import LONG_WORDS
from crypto.receipt import Mistyped, numbers_of, wordlist
from crypto.signing import SEED_BYTES, SigningKey
from dropbox import backup
from dropbox.cli import EXIT_REFUSED, EXIT_USAGE, FILE, FOLDER, command, end
from dropbox.directory import Directory
from dropbox.doctor import doctor
from dropbox.errors import Refused
from dropbox.migrations import NEWEST
from dropbox.noted import noted_alarms, settle_alarms
from dropbox.services import open_store
from dropbox.settings import load_settings
from dropbox.transportkey import key_words, read_key_words
from keys.ledger import Ledger
from keys.roster import Roster

WORDS_IN_A_ROW = 6
RESTORED = """\
This drop box is restored. Before it serves:
- The machine that it was copied from must be off for good: two with one key contradict each other.
- Take the newest roster (senyap-dropbox roster): the copy may name readers who have left since.
- Receive the newest outbox of each station, made after it had imported every stick. No bundle is written before.
- Reports confirmed after the copy was made are lost if no bundle took them along. Answers are those of the copy until
  an outbox comes. Say so on your site or poster: who reported since and finds no news must send again."""
KEYLESS = """\
- The transport key is lost. The next one was made; run senyap-dropbox new-key and have the root holders sign.
  Reports are taken and outboxes received meanwhile; bundles wait for the roster that names the new key."""
_WRONG = "one of the words is another one than on the paper", "these are the words of another key"
ON_PAPER = """\
Write these words down by hand, twice, and keep them sealed in the office's safe, away from the copies of this drop box.
Whoever has them can make bundles that stations take as genuine; they open no report. Restoring asks for them."""


def install(group: click.Group) -> None:
    """Add these commands to `senyap-dropbox`."""
    for made in (backup_, restore, key_words_, alarms, revision, doctor):
        group.add_command(made)


@click.command("backup")
@command
@click.option("--to", "folder", required=True, type=FOLDER, help="Where copies are kept.")
def backup_(home: Path, folder: Path) -> None:
    """Copy all but the private key into a new folder below DIR, while the pages are served."""
    click.echo(str(backup.make_backup(home, folder, day=today())))
    if folder.stat().st_dev == home.stat().st_dev:
        click.echo("warning: this copy lies on the disk of the drop box itself and is lost with it", err=True)
    click.echo("The transport key is not in it: keep its words on paper (senyap-dropbox key-words)", err=True)


@click.command()
@command
@click.argument("source", type=FOLDER, metavar="FROM")
@click.option("--key", "key_file", type=FILE, default=None, help="The server.key of the machine that was copied.")
@click.option("--fingerprint", default=None, help="The eight words of the poster; asked for if missing.")
@click.option("--without-key", is_flag=True, help="The key is lost: make the next one.")
def restore(home: Path, source: Path, key_file: Path | None, fingerprint: str | None, without_key: bool) -> None:
    """Make the home of a drop box from a copy; --home names an empty folder. Asks for the 24 words of its key."""
    if key_file is not None and without_key:
        end(EXIT_USAGE, "--key and --without-key exclude each other")

    def find_key(ledger: Ledger) -> SigningKey | None:
        _compare(fingerprint, ledger.fingerprint)
        if without_key:
            return None
        if key_file is not None:
            return SigningKey.from_seed(medium.read_file(key_file, SEED_BYTES))
        return _ask_key(ledger.roster)

    try:
        made = backup.restore(source, home, find_key)
    except click.Abort:
        end(EXIT_REFUSED, "nothing was restored")
    onion = f"; its onion address is {made.onion}" if made.onion else ""
    click.echo(f"restored under roster version {made.roster.version}{onion}", err=True)
    click.echo(RESTORED, err=True)
    if not made.has_key:
        click.echo(KEYLESS, err=True)
    if key_file is not None:
        click.echo("- The key lies in this home now: erase the file that it came in.", err=True)


def _compare(given: str | None, wanted: Sequence[str]) -> None:
    """Compare eight words with the fingerprint of a copy: whoever kept it could have put their own readers in.

    Raises Refused.
    """
    if given is None:
        click.echo("The eight words of the poster, from a printed one and not from this copy:", err=True)
        given = click.prompt("8 words", err=True)
    try:
        same = numbers_of(given) == numbers_of(" ".join(wanted))
    except Mistyped:
        same = False
    if not same:
        raise Refused("restore: the copy has another fingerprint; type the words again, or this is not your drop box")


def _ask_key(roster: Roster) -> SigningKey:
    """Ask for the 24 words on paper, in as many lines as they are typed in, until they are right."""
    click.echo(f"The 24 words of the transport key that roster version {roster.version} names:", err=True)
    words: list[str] = []
    while True:
        typed = click.prompt(f"words {len(words) + 1} to {LONG_WORDS}", err=True)
        try:
            words += [wordlist()[number] for number in numbers_of(typed)]
        except Mistyped as error:
            click.echo(f"word {len(words) + error.word} is not in the list; type this line again", err=True)
        if len(words) < LONG_WORDS:
            continue
        try:
            key = read_key_words(" ".join(words))
        except Mistyped:
            key = None
        if key is not None and key.public == roster.server_key:
            return key
        wrong = f"{len(words)} words, want {LONG_WORDS}" if len(words) > LONG_WORDS else _WRONG[key is not None]
        click.echo(f"{wrong}; type all of them again, or end with Ctrl-C", err=True)
        words = []


@click.command("key-words")
@command
@click.option("--force", is_flag=True, help="Print to a file or a pipe, too.")
def key_words_(home: Path, force: bool) -> None:
    """Show the transport key in 24 words, for paper."""
    if not force and not sys.stdout.isatty():
        end(EXIT_REFUSED, "refused: stdout is no terminal, and these words belong on paper alone; --force prints them")
    directory = Directory.load(home)
    if not directory.can_sign:
        end(EXIT_REFUSED, "refused: the transport key is lost, and the next one is not in force yet")
    words = key_words(directory.server_key)
    for at in range(0, len(words), WORDS_IN_A_ROW):
        row = words[at : at + WORDS_IN_A_ROW]
        click.echo("  ".join(f"{number:>2} {word:<8}" for number, word in enumerate(row, at + 1)).rstrip())
    click.echo(ON_PAPER, err=True)


@click.command()
@command
@click.option("--settle", is_flag=True, help="Forget them: the key holders know.")
def alarms(home: Path, settle: bool) -> None:
    """List the alarms of courier and rosters that nobody has settled."""
    load_settings(home)  # refuse a folder that is no drop box
    for line in settle_alarms(home) if settle else noted_alarms(home):
        click.echo(line)


@click.command()
@command
@click.option("--back-to", default=None, help="Bring the tables back to this one: for the program of before.")
def revision(home: Path, back_to: str | None) -> None:
    """Say which revision the tables of this program have; nothing else may run while they are brought back."""
    if back_to is None:
        click.echo(NEWEST)
        return
    store = open_store(load_settings(home))
    if back_to != NEWEST:
        store.go_back(back_to)
    click.echo(store.revision())

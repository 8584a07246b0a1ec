"""What `senyap-keys` asks people at the terminal: passphrases, eight words, yes or no. Secrets are not echoed."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import click

from crypto import medium
from crypto.errors import WrongPassphrase
from keys.errors import OtherWords
from keys.plain import plain
from keys.strength import ADVICE, check_passphrase, generate_passphrase, is_text, normalise
from keys.words import same_words

_CAP = 4_096
_MOST_TRIES = 3
_YES, _NO = {"y", "ya", "yes"}, {"", "t", "tidak", "n", "no"}
LANGUAGES = ("id", "en")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Prompts:
    """Asks in one language. `files` answer in place of a person: name → file with a passphrase. `yes`: ask nothing."""

    language: str = "id"
    files: Mapping[str, Path] = field(default_factory=dict, repr=False)
    yes: bool = False

    def say(self, indonesian: str, english: str) -> None:
        """Show a text on stderr, at a terminal broken between words; its line feeds are ours.

        Other characters that no printer shows are replaced.
        """
        for line in map(plain, self.pick(indonesian, english).split("\n")):
            click.echo(broken(line), err=True)

    def pick(self, indonesian: str, english: str) -> str:
        """Return the one of the two in this person's language."""
        return indonesian if self.language == "id" else english

    def unlocked(self, name: str, opens: Callable[[str], T]) -> T:
        """Ask for the passphrase of somebody who has one, at a terminal up to three times; return what it opens.

        `opens` raises WrongPassphrase; so does this, in the end.
        """
        if name in self.files:
            return opens(self._from_file(name))
        refusal = WrongPassphrase(f"the passphrase of {name} is missing")
        for number in range(_MOST_TRIES):
            try:
                words = self._ask_hidden(f"Frasa sandi {name}", f"Passphrase of {name}")
            except click.Abort:
                if number:
                    break
                raise
            try:
                if not is_text(words):
                    raise WrongPassphrase(f"the passphrase of {name} has a key in it that is no letter (an arrow key?)")
                return opens(words)
            except WrongPassphrase as error:
                refusal = error
                self.say("Tidak cocok. Periksa Caps Lock, ketik lagi.", "It does not fit. Check Caps Lock, try again.")
        raise refusal

    def _ask_hidden(self, indonesian: str, english: str) -> str:
        return str(click.prompt(self.pick(indonesian, english), hide_input=True, err=True))

    def new_passphrase(self, name: str, *, about: Sequence[str] = ()) -> str:
        """Let somebody choose a passphrase: one is offered first, another must be strong enough; typed once more.

        Raises UsageError after three tries that did not match, or when one from a file is too weak.
        """
        if name in self.files:
            words = self._from_file(name)
            if (advice := check_passphrase(words, about=(name, *about)).advice) is not None:
                raise click.UsageError(f"{name}: {ADVICE[advice][self.language == 'en']}")
            return words
        self._change_places(name)
        offered = generate_passphrase()
        self.say(f"\nFrasa sandi baru untuk {name}. Salin ke kertas, atau ketik pilihan Anda sendiri:",
                 f"\nA new passphrase for {name}. Copy it to paper, or type one of your own:")  # fmt: skip
        click.echo(f"\n    {offered}\n", err=True)
        for _ in range(_MOST_TRIES):
            words = self._ask_hidden("Ketik frasa sandi (tidak terlihat)", "Type the passphrase (it is not shown)")
            if normalise(words) == offered:
                self.clear()
                return offered
            if (advice := check_passphrase(words, about=(name, *about)).advice) is not None:
                click.echo(ADVICE[advice][self.language == "en"], err=True)
                continue
            if normalise(self._ask_hidden("Sekali lagi", "Once more")) == normalise(words):
                self.clear()
                return words
            self.say("Keduanya tidak sama.", "The two are not the same.")
        raise click.UsageError(
            self.pick("frasa sandi belum jadi; ulangi perintah ini", "no passphrase yet; run it again")
        )

    def _change_places(self, name: str) -> None:
        """Wait, at a terminal, until the next person sits here alone: words must not stand before somebody else."""
        if sys.stdin.isatty():
            self.clear()
            self.say(f"Sekarang giliran {name}. Hanya orang itu yang melihat layar.",
                     f"It is the turn of {name}. Only that person looks at the screen.")  # fmt: skip
            click.prompt("Enter", default="", show_default=False, err=True)

    def agree(self, indonesian: str, english: str) -> None:
        """Ask for a yes, in either language; raises Abort otherwise."""
        while not self.yes:
            asked = self.pick(indonesian, english) + self.pick(" [ya/tidak]", " [yes/no]")
            answer = str(click.prompt(asked, default="", show_default=False, err=True)).strip().casefold()
            if answer in _YES:
                return
            if answer in _NO:
                raise click.Abort

    def compare_words(self, given: str | None, wanted: Sequence[str], indonesian: str, english: str) -> bool:
        """Ask up to three times for eight words that somebody reads out; tell whether they are the wanted ones."""
        if given is not None:
            return same_words(given, wanted)
        self.say(indonesian, english)
        for number in range(_MOST_TRIES):
            try:
                given = self._ask_words()
            except click.Abort:
                if number:
                    return False
                raise
            if same_words(given, wanted):
                return True
            self.say("Belum cocok. Bandingkan kata demi kata, lalu ketik lagi.",
                     "They do not fit yet. Compare word by word, then type them again.")  # fmt: skip
        return False

    def checked_words(self, indonesian: str, english: str, check: Callable[[str], T]) -> T:
        """Ask up to three times for eight words that somebody has on paper; return what `check` makes of them.

        `check` changes nothing and raises OtherWords; so does this, in the end.
        """
        self.say(indonesian, english)
        for _ in range(_MOST_TRIES - 1):
            try:
                return check(self._ask_words())
            except OtherWords:
                self.say("Belum cocok. Bandingkan kata demi kata, lalu ketik lagi.",
                         "They do not fit yet. Compare word by word, then type them again.")  # fmt: skip
        return check(self._ask_words())

    def _ask_words(self) -> str:
        return str(click.prompt(self.pick("Delapan kata", "Eight words"), err=True))

    @staticmethod
    def clear() -> None:
        """Take what stands on the terminal away, and what scrolled off it: the next person sits down here."""
        if sys.stderr.isatty():
            click.echo("\033[2J\033[3J\033[H", err=True, nl=False)

    def _from_file(self, name: str) -> str:
        try:
            return medium.read_file(self.files[name], _CAP).decode("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise click.UsageError(f"the passphrase file of {name} cannot be read") from None


def broken(line: str, *, err: bool = True) -> str:
    """Break a line for stderr, or stdout, between words where a terminal would break it anywhere; else it stays."""
    if not (sys.stderr if err else sys.stdout).isatty():
        return line
    indent = line[: len(line) - len(line.lstrip(" -!"))]
    width = max(40, min(100, shutil.get_terminal_size().columns - 1))
    return textwrap.fill(  # what may be a command or a path is not parted at its hyphens
        line, width, subsequent_indent=" " * len(indent), break_long_words=False, break_on_hyphens=False
    )


def read_pairs(items: Sequence[str], what: str) -> dict[str, Path]:
    """Split NAME=FILE options; raises UsageError."""
    found: dict[str, Path] = {}
    for item in items:
        name, mark, path = item.partition("=")
        if not mark or not name or not path or name in found:
            raise click.UsageError(f"{what} wants NAME=FILE, each name once")
        found[name] = Path(path)
    return found

"""What `senyap-keys` asks people at the terminal: passphrases, eight words, yes or no. Secrets are not echoed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from crypto import medium
from crypto.errors import WrongPassphrase
from keys.plain import plain
from keys.strength import ADVICE, check_passphrase, generate_passphrase, is_text, normalise
from keys.words import same_words

_CAP = 4_096
_MOST_TRIES = 3
LANGUAGES = ("id", "en")


@dataclass(frozen=True, slots=True)
class Prompts:
    """Asks in one language. `files` answer in place of a person: name → file with a passphrase. `yes`: ask nothing."""

    language: str = "id"
    files: Mapping[str, Path] = field(default_factory=dict, repr=False)
    yes: bool = False

    def say(self, indonesian: str, english: str) -> None:
        """Show a sentence on stderr; line feeds are ours, other characters that no printer shows are replaced."""
        click.echo("\n".join(map(plain, self.pick(indonesian, english).split("\n"))), err=True)

    def pick(self, indonesian: str, english: str) -> str:
        """Return the one of the two in this person's language."""
        return indonesian if self.language == "id" else english

    def passphrase(self, name: str) -> str:
        """Ask for the passphrase of somebody who has one; raises WrongPassphrase when it is no text."""
        if name in self.files:
            return self._from_file(name)
        asked = self.pick(f"Frasa sandi {name}", f"Passphrase of {name}")
        words = str(click.prompt(asked, hide_input=True, err=True))
        if not is_text(words):
            raise WrongPassphrase(f"the passphrase of {name} has a key in it that is no letter (an arrow key, perhaps)")
        return words

    def new_passphrase(self, name: str, *, about: Sequence[str] = ()) -> str:
        """Let somebody choose a passphrase: one is offered first, another must be strong enough; typed once more.

        Raises UsageError after three tries that did not match, or when one from a file is too weak.
        """
        if name in self.files:
            words = self._from_file(name)
            if (advice := check_passphrase(words, about=(name, *about)).advice) is not None:
                raise click.UsageError(f"{name}: {ADVICE[advice][self.language == 'en']}")
            return words
        offered = generate_passphrase()
        self.say(f"\nFrasa sandi baru untuk {name}. Salin ke kertas, atau ketik pilihan Anda sendiri:",
                 f"\nA new passphrase for {name}. Copy it to paper, or type one of your own:")  # fmt: skip
        click.echo(f"\n    {offered}\n", err=True)
        for _ in range(_MOST_TRIES):
            asked = self.pick("Ketik frasa sandi (tidak terlihat)", "Type the passphrase (it is not shown)")
            words = str(click.prompt(asked, hide_input=True, err=True))
            if normalise(words) == offered:
                return offered
            if (advice := check_passphrase(words, about=(name, *about)).advice) is not None:
                click.echo(ADVICE[advice][self.language == "en"], err=True)
                continue
            again = str(click.prompt(self.pick("Sekali lagi", "Once more"), hide_input=True, err=True))
            if normalise(again) == normalise(words):
                return words
            self.say("Keduanya tidak sama.", "The two are not the same.")
        raise click.UsageError(
            self.pick("frasa sandi belum jadi; ulangi perintah ini", "no passphrase yet; run it again")
        )

    def agree(self, indonesian: str, english: str) -> None:
        """Ask for a yes; raises Abort otherwise."""
        if not self.yes and not click.confirm(self.pick(indonesian, english), default=False, err=True):
            raise click.Abort

    def compare_words(self, given: str | None, wanted: Sequence[str], indonesian: str, english: str) -> bool:
        """Ask for eight words that somebody reads out, and tell whether they are the wanted ones."""
        if given is None:
            self.say(indonesian, english)
            given = str(click.prompt(self.pick("Delapan kata", "Eight words"), err=True))
        return same_words(given, wanted)

    def _from_file(self, name: str) -> str:
        try:
            return medium.read_file(self.files[name], _CAP).decode("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise click.UsageError(f"the passphrase file of {name} cannot be read") from None


def read_pairs(items: Sequence[str], what: str) -> dict[str, Path]:
    """Split NAME=FILE options; raises UsageError."""
    found: dict[str, Path] = {}
    for item in items:
        name, mark, path = item.partition("=")
        if not mark or not name or not path or name in found:
            raise click.UsageError(f"{what} wants NAME=FILE, each name once")
        found[name] = Path(path)
    return found

"""`senyap-keys`: make and check the keys of a deployment."""

from __future__ import annotations

from pathlib import Path

import click

from crypto import medium
from crypto.errors import CryptoError
from keys.demo import make_demo, print_words

EXIT_REFUSED, EXIT_DISK = 3, 6
PIN_BYTES = 64


@click.group()
def main() -> None:
    """Make and check the keys of a Kotak Senyap deployment."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def demo(folder: Path) -> None:
    """Build a demo deployment below FOLDER: all keys in one place, for trying only."""
    try:
        made = make_demo(folder)
    except FileExistsError as error:
        click.echo(str(error), err=True)
        raise SystemExit(EXIT_REFUSED) from None
    except OSError as error:
        click.echo(f"cannot write the demo: {error.strerror}", err=True)
        raise SystemExit(EXIT_DISK) from None
    click.echo(f"root fingerprint: {print_words(made.pin)}", err=True)
    click.echo(f"passphrases of all demo reviewers: {folder / 'demo-passphrases.txt'}", err=True)
    click.echo(str(folder))


@main.command()
@click.argument("home", type=click.Path(path_type=Path, file_okay=False))
def fingerprint(home: Path) -> None:
    """Print the root fingerprint words that the home of a drop box or a station is pinned to."""
    try:
        pin = medium.read_file(home / "root.pin", PIN_BYTES)
    except OSError as error:
        click.echo(f"cannot read root.pin: {error.strerror}", err=True)
        raise SystemExit(EXIT_DISK) from None
    except CryptoError:
        pin = b""
    if len(pin) != PIN_BYTES:
        click.echo(f"refused: root.pin does not have {PIN_BYTES} bytes", err=True)
        raise SystemExit(EXIT_REFUSED)
    click.echo(print_words(pin))


if __name__ == "__main__":
    main()

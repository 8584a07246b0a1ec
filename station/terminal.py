"""What a command says at the terminal: lines broken between words, never in the middle of one; tables stay as they are.

Where no terminal listens, as in a pipe, a line stays whole.
"""

from __future__ import annotations

import click

from keys.prompts import broken


def say(text: str) -> None:
    """Print an explanation to stderr; its line feeds are ours."""
    click.echo("\n".join(broken(line) for line in text.split("\n")), err=True)


def show_text(text: str) -> None:
    """Print what was asked for to stdout."""
    click.echo("\n".join(broken(line, err=False) for line in text.split("\n")))


def warn(text: str) -> None:
    """Print a warning to stderr."""
    say(f"PERINGATAN: {text}")

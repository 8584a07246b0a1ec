"""The words of click in Indonesian: headings of --help, and what is said of a command that was typed wrongly."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, NoReturn

import click

from station.terminal import say

_HEADINGS = {"Options": "Pilihan", "Commands": "Perintah"}
_REMARKS = {"[required]": "[wajib]", "[default: ": "[biasanya: "}
_HELP = "Tampilkan teks ini."
_PLACES = "folder atau berkas itu tidak ada, atau bukan yang diharapkan; periksa namanya"
EXIT_STOPPED = 1


class Misused(click.UsageError):
    """A command was typed in a way that we do not take; its message is Indonesian, unlike those of click itself."""


class Formatter(click.HelpFormatter):
    """Writes help under Indonesian headings."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line that shows how a command is typed."""
        super().write_usage(prog, args, prefix or "Pemakaian: ")

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        super().write_heading(_HEADINGS.get(heading, heading))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names and what they mean."""
        told = []
        for name, text in rows:
            for english, indonesian in _REMARKS.items():
                text = text.replace(english, indonesian)
            told.append((name, text))
        super().write_dl(told, col_max, col_spacing)


class Context(click.Context):
    """Has our formatter."""

    formatter_class = Formatter


class Command(click.Command):
    """A command whose help is Indonesian."""

    context_class = Context

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return --help, in Indonesian."""
        return _in_indonesian(super().get_help_option(ctx))


class Group(click.Group):
    """A group of such commands, whose refusals of what was typed are Indonesian, too."""

    context_class = Context
    command_class = Command

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return --help, in Indonesian."""
        return _in_indonesian(super().get_help_option(ctx))

    def main(self, *arguments: Any, standalone_mode: bool = True, **more: Any) -> Any:
        """Run a command and end the program with its exit code."""
        if not standalone_mode:
            return super().main(*arguments, standalone_mode=False, **more)  # type: ignore[call-overload]
        try:
            code = super().main(*arguments, standalone_mode=False, **more)  # type: ignore[call-overload]
        except click.ClickException as error:
            _refuse(error)
        except click.Abort:
            say("\nDihentikan.")
            sys.exit(EXIT_STOPPED)
        sys.exit(code if isinstance(code, int) else 0)


def _in_indonesian(option: click.Option | None) -> click.Option | None:
    if option is not None:
        option.help = _HELP
    return option


def _refuse(error: click.ClickException) -> NoReturn:
    """Say how a command is typed and what was wrong with it."""
    context = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):  # it carries the whole help
        click.echo(error.message, err=True)
        sys.exit(error.exit_code)
    if context is not None:
        click.echo(context.get_usage(), err=True)
        say(f"Bantuan: {context.command_path} --help\n")
    say(f"Tidak dapat dimulai: {said_of(error)}.")
    sys.exit(error.exit_code)


def said_of(error: click.ClickException) -> str:
    """Return in Indonesian what was wrong with a command that was typed."""
    if isinstance(error, Misused):
        return error.message
    if isinstance(error, click.MissingParameter):
        return f"{_name_of(error)} belum disebut"
    if isinstance(error, click.BadParameter):
        return f"{_name_of(error)}: {_wanted(error.param.type if error.param else None)}"
    if isinstance(error, click.NoSuchOption):
        return f"pilihan {error.option_name} tidak dikenal"
    if isinstance(error, click.BadOptionUsage):
        return f"isi {error.option_name} belum disebut, atau tidak perlu"
    return "perintah itu tidak dikenal, atau terlalu banyak yang disebut"


def _name_of(error: click.BadParameter) -> str:
    if error.param is None:
        return "isinya"
    if isinstance(error.param, click.Option):
        return max(error.param.opts, key=len)
    return error.param.make_metavar(error.ctx or click.Context(click.Command(None))).strip("[]")


def _wanted(kind: object) -> str:
    """Return what a parameter of this type takes."""
    if isinstance(kind, click.Path):
        return _PLACES
    if isinstance(kind, click.Choice):
        return f"pilih salah satu: {', '.join(map(str, kind.choices))}"
    if isinstance(kind, click.DateTime):
        return "harus tanggal seperti 2026-12-01"
    if isinstance(kind, click.IntRange):
        least, most = kind.min if kind.min is not None else 0, kind.max
        return f"harus bilangan bulat mulai {least}" + (f" sampai {most}" if most is not None else "")
    return "isinya tidak dapat dipakai"

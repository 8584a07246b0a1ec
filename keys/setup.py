"""What `setup.cfg` of the source makes of a wheel: the files that are packaged, and what the wheel says of itself."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from crypto.errors import Malformed

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+(?:\[[a-z0-9,]+\])?)([<>=!~0-9.,]*)(?:; (\S.*))?")
_COMMAND = re.compile(r"([a-z][a-z0-9-]*) = ([a-z_.]+:[a-z_]+)")


@dataclass(frozen=True, slots=True)
class Setup:
    """The parts of `setup.cfg` that decide what is installed; `depends` are the lines of METADATA about that."""

    name: str
    version: str
    python: str
    files: Mapping[str, str]
    depends: tuple[str, ...]
    commands: bytes


def read_setup(sources: Mapping[str, bytes]) -> Setup:
    """Read the `setup.cfg` of a source; `files` gives each file's place in the wheel its place in the source.

    Raises Malformed for one that is none, or that says something in a way that this does not know.
    """
    try:
        text = sources["setup.cfg"].decode("ascii")
        if not all(line.isprintable() for line in text.split("\n")):
            raise Malformed("release: setup.cfg has a character that no line of it has")
        setup = configparser.ConfigParser(interpolation=None, default_section="\n")
        setup.optionxform = str  # type: ignore[assignment, method-assign]
        setup.read_string(text)
        return Setup(
            setup["metadata"]["name"], setup["metadata"]["version"], setup["options"]["python_requires"],
            _packaged(setup, sources), tuple(_depends(setup)), _commands(setup),
        )  # fmt: skip
    except (KeyError, UnicodeDecodeError, configparser.Error):
        raise Malformed("release: its source has no setup.cfg that says what is packaged") from None


def _lines(value: str) -> list[str]:
    return [line.strip() for line in value.split("\n") if line.strip()]


def _packaged(setup: configparser.ConfigParser, sources: Mapping[str, bytes]) -> dict[str, str]:
    options = setup["options"]
    pairs = (line.partition("=") for line in _lines(options.get("package_dir", "")))
    elsewhere = {package.strip(): folder.strip() for package, _, folder in pairs}
    data = setup["options.package_data"] if setup.has_section("options.package_data") else {}
    found = {}
    for package in _lines(options["packages"]):
        inside = package.replace(".", "/")
        folder = elsewhere.get(package, inside)
        patterns = ["*.py", *re.split(r"[,\s]+", data.get(package, ""))]
        for name in sources:
            rest = name.removeprefix(f"{folder}/")
            if rest != name and any(_matches(rest, pattern) for pattern in patterns):
                found[f"{inside}/{rest}"] = name
    return found


def _matches(name: str, pattern: str) -> bool:
    parts, wanted = name.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(
        fnmatchcase(part, each) and not part.startswith(".") for part, each in zip(parts, wanted, strict=True)
    )


def _depends(setup: configparser.ConfigParser) -> list[str]:
    """Return the lines that setuptools writes into METADATA, in its order."""
    found = [_depend(line, "") for line in _lines(setup["options"].get("install_requires", ""))]
    extras = setup["options.extras_require"] if setup.has_section("options.extras_require") else {}
    for extra, value in extras.items():
        found += [f"Provides-Extra: {extra}", *(_depend(line, extra) for line in _lines(value))]
    return found


def _depend(line: str, extra: str) -> str:
    match = _REQUIREMENT.fullmatch(line)
    if match is None:
        raise Malformed("release: setup.cfg asks for a library in a way that is not known here")
    name, versions, marker = match.groups()
    if extra:
        only = f'extra == "{extra}"'
        both = f"({marker})" if re.search(r" (and|or) ", marker or "") else marker
        marker = f"{both} and {only}" if marker else only
    return f"Requires-Dist: {name}{','.join(sorted(versions.split(',')))}" + (f"; {marker}" if marker else "")


def _commands(setup: configparser.ConfigParser) -> bytes:
    """Return `entry_points.txt` as setuptools writes it; other kinds of entry points than commands are refused."""
    section = setup["options.entry_points"]
    lines = sorted(_lines(section["console_scripts"]))
    if list(section) != ["console_scripts"] or not all(_COMMAND.fullmatch(line) for line in lines):
        raise Malformed("release: setup.cfg has an entry point that is no plain command")
    return "\n".join(["[console_scripts]", *lines, ""]).encode()

"""What a wheel of this program may hold: what its source holds, and nothing that runs by itself."""

from __future__ import annotations

import configparser
import io
import tarfile
import zipfile

from crypto.errors import Malformed, Tampered

HOUSES = ("crypto", "keys", "dropbox", "station")
SERVER_LIST = "deploy/server-files.txt"
_ABOUT = {"METADATA", "WHEEL", "RECORD", "top_level.txt", "entry_points.txt", "licenses/LICENSE"}
_NOT_PACKAGED = (".po",)  # the source of a translation; its .mo is what runs


def check_wheel(wheel: bytes, source: bytes, about: str) -> None:
    """Demand that each file of a wheel is that of the source archive, and that the drop box's files are all there.

    `about` is the folder of the wheel's own data. Raises Malformed, or Tampered naming the file.
    """
    try:
        packed, sources = _read_wheel(wheel), _read_source(source)
        _check_commands(packed.get(f"{about}/entry_points.txt", b""), sources.get("setup.cfg", b""))
    except (zipfile.BadZipFile, tarfile.TarError, configparser.Error, ValueError, EOFError, NotImplementedError):
        raise Malformed("release: wheel or source is no archive") from None
    for name, data in packed.items():
        if name.startswith(f"{about}/"):
            if name.removeprefix(f"{about}/") not in _ABOUT:
                raise Tampered(f"wheel: {name} is none of its own data")
        elif name.split("/")[0] not in HOUSES or sources.get(_source_of(name)) != data:
            raise Tampered(f"wheel: {name} is not in the source")
    for name in _server_files(sources):
        if _packed_as(name) not in packed:
            raise Tampered(f"wheel: {name} is missing")


def _read_wheel(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        if len(set(names)) != len(names):
            raise Malformed("wheel: one name stands twice")
        return {name: archive.read(name) for name in names}


def _read_source(data: bytes) -> dict[str, bytes]:
    """Return the files of a source archive without the one folder in which they lie."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for member in archive:
            if member.isfile() and (content := archive.extractfile(member)) is not None:
                found[member.name.partition("/")[2]] = content.read()
    return found


def _check_commands(entry_points: bytes, setup: bytes) -> None:
    """Demand that the wheel installs the commands of setup.cfg and no others."""
    made, wanted = (configparser.ConfigParser(interpolation=None) for _ in range(2))
    made.read_string(entry_points.decode("utf-8"))
    wanted.read_string(setup.decode("utf-8"))
    lines = wanted["options.entry_points"]["console_scripts"].strip().splitlines()
    pairs = {name.strip(): target.strip() for name, _, target in (line.partition("=") for line in lines)}
    if made.sections() != ["console_scripts"] or dict(made["console_scripts"]) != pairs:
        raise Tampered("wheel: its commands are not those of the source")


def _server_files(sources: dict[str, bytes]) -> list[str]:
    lines = sources.get(SERVER_LIST, b"").decode("utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    if not wanted:
        raise Malformed("release: its source has no list of the drop box's files")
    folders = {line for line in wanted if line.endswith("/")}
    inside = [n for n in sources if n[: n.rfind("/") + 1] in folders and not n.endswith(_NOT_PACKAGED)]
    return [*inside, *(line for line in wanted if line not in folders)]


def _source_of(packed: str) -> str:
    """Return where a file of the wheel lies in the source: pages lie in a folder of their own there."""
    house, _, rest = packed.partition("/")
    return f"templates/{house}/{rest.removeprefix('templates/')}" if rest.startswith("templates/") else packed


def _packed_as(source: str) -> str:
    if source.startswith("templates/"):
        _, house, rest = source.split("/", 2)
        return f"{house}/templates/{rest}"
    return source

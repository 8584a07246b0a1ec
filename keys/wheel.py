"""What a wheel of this program holds: what its source packages, all of it, and nothing that the source does not say."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping

from crypto.errors import Malformed, Tampered
from keys.archives import read_source, read_wheel
from keys.setup import Setup, read_setup

HOUSES = ("crypto", "keys", "dropbox", "station")
SERVER_LIST = "deploy/server-files.txt"
PROJECT = "kotak-senyap"
_NOT_PACKAGED = (".po",)  # the source of a translation; its .mo is what runs
_WHEEL = re.compile(
    rb"Wheel-Version: 1\.0\nGenerator: setuptools \([0-9.]{1,20}\)\nRoot-Is-Purelib: true\nTag: py3-none-any\n\n"
)
_HEADER = re.compile(r"([A-Z][A-Za-z-]*): ([ -~]*)")
_HEADERS = {
    "Metadata-Version", "Name", "Version", "Summary", "License", "Classifier", "Requires-Python", "License-File",
    "Description-Content-Type", "Provides-Extra", "Requires-Dist", "Dynamic",
}  # fmt: skip


def check_wheel(wheel: bytes, source: bytes, version: str) -> None:
    """Demand that a wheel holds exactly what its source packages, and says of itself what `setup.cfg` says.

    Raises Malformed, or Tampered naming the file.
    """
    packed, sources = read_wheel(wheel), read_source(source, f"{PROJECT}-{version}")
    setup = read_setup(sources)
    if (setup.name, setup.version) != (PROJECT, version):
        raise Tampered("release: setup.cfg is that of another project or version")
    about = f"{PROJECT.replace('-', '_')}-{version}.dist-info/"
    for name, data in packed.items():
        at = setup.files.get(name, "")
        if not name.startswith(about) and (name.split("/")[0] not in HOUSES or sources.get(at) != data):
            raise Tampered(f"wheel: {name} is not in the source")
    for name in [*setup.files, *(_packed_as(each) for each in _server_files(sources))]:
        if name not in packed:
            raise Tampered(f"wheel: {name} is missing")
    _check_about(packed, about, setup, sources)


def _check_about(packed: Mapping[str, bytes], about: str, setup: Setup, sources: Mapping[str, bytes]) -> None:
    own = {name.removeprefix(about): data for name, data in packed.items() if name.startswith(about)}
    tops = sorted({name.split("/")[0] for name in setup.files})
    right = {
        "METADATA": _says_the_same(own.get("METADATA", b""), setup, sources.get("README.md", b"")),
        "WHEEL": _WHEEL.fullmatch(own.get("WHEEL", b"")) is not None,
        "entry_points.txt": own.get("entry_points.txt") == setup.commands,
        "top_level.txt": own.get("top_level.txt") == "\n".join([*tops, ""]).encode(),
        "licenses/LICENSE": own.get("licenses/LICENSE") == sources.get("LICENSE", b""),
        "RECORD": own.get("RECORD") == _record(packed, f"{about}RECORD"),
    }
    for name in (*right, *own):
        if not right.get(name):
            raise Tampered(f"wheel: {name} is not what setup.cfg makes")


def _says_the_same(metadata: bytes, setup: Setup, readme: bytes) -> bool:
    """Compare METADATA: each line before the text is known, name, versions and libraries are those of setup.cfg."""
    head, _, text = metadata.partition(b"\n\n")
    matches = [_HEADER.fullmatch(line) for line in head.decode("utf-8", "replace").split("\n")]
    lines = [(match[1], match[2]) for match in matches if match]
    if len(lines) != len(matches) or not {name for name, _ in lines} <= _HEADERS or text != readme:
        return False
    for name, wanted in (("Name", setup.name), ("Version", setup.version), ("Requires-Python", setup.python)):
        if [value for each, value in lines if each == name] != [wanted]:
            return False
    depends = [f"{name}: {value}" for name, value in lines if name in ("Requires-Dist", "Provides-Extra")]
    return depends == list(setup.depends)


def _record(packed: Mapping[str, bytes], itself: str) -> bytes:
    lines = []
    for name, data in packed.items():
        digest = urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},," if name == itself else f"{name},sha256={digest},{len(data)}")
    return "\n".join([*lines, ""]).encode()


def _server_files(sources: Mapping[str, bytes]) -> list[str]:
    lines = sources.get(SERVER_LIST, b"").decode("utf-8", "replace").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    if not wanted:
        raise Malformed("release: its source has no list of the drop box's files")
    folders = {line for line in wanted if line.endswith("/")}
    inside = [n for n in sources if n[: n.rfind("/") + 1] in folders and not n.endswith(_NOT_PACKAGED)]
    return [*inside, *(line for line in wanted if line not in folders)]


def _packed_as(source: str) -> str:
    if source.startswith("templates/"):
        _, house, rest = source.split("/", 2)
        return f"{house}/templates/{rest}"
    return source

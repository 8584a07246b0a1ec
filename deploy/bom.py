"""Write a CycloneDX 1.6 list of what an installation consists of: `bom.py VERSION COMMIT SECONDS`, JSON on stdout.

Everything comes from the tracked files beside it, so that the same commit gives the same bytes: the pins with their
hashes, deploy/licences.txt, and the Debian packages that are named, whose versions Debian decides.
"""

from __future__ import annotations

import datetime
import json
import re
import sys
import uuid
from pathlib import Path
from typing import Any

DEPLOY = Path(__file__).resolve().parent
NAMESPACE = uuid.UUID("6f0c2f0e-6a53-4b1e-9c55-0d1f0d3f9a57")  # ours; any fixed one does
_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s\\]+)((?:\s*\\\n\s+--hash=sha256:[0-9a-f]{64})+)", re.M)


def licences() -> dict[str, list[dict[str, Any]]]:
    """Return library → its licences: an SPDX expression, or words of its own; none where it says nothing."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in (DEPLOY / "licences.txt").read_text("utf-8").splitlines():
        name, _, text = line.partition(" ")
        if name == "#" or text == "-":
            continue
        is_words = text.startswith('"')
        found[name] = [{"license": {"name": text.strip('"')}} if is_words else {"expression": text}]
    return found


def purl(name: str, version: str) -> str:
    """Return the package URL of a library, in which a name has hyphens."""
    return f"pkg:pypi/{name.replace('_', '-')}@{version}"


def libraries() -> list[dict[str, Any]]:
    """Return the libraries that any installation pins, with the hashes of all wheels that are taken."""
    known, places = licences(), {}
    for path in sorted(DEPLOY.glob("requirements-*.txt")):
        use = path.stem.removeprefix("requirements-")
        for name, version, hashes in _PIN.findall(path.read_text("ascii")):
            digests, uses = places.setdefault((name, version), (set(), []))
            digests |= set(re.findall(r"[0-9a-f]{64}", hashes))
            uses.append(use)
    return [
        {
            "type": "library",
            "bom-ref": purl(name, version),
            "name": name,
            "version": version,
            "purl": purl(name, version),
            "scope": "excluded" if uses == ["build"] else "required",
            "hashes": [{"alg": "SHA-256", "content": digest} for digest in sorted(digests)],
            **({"licenses": known[name]} if name in known else {}),
            "properties": [{"name": "senyap:installation", "value": use} for use in uses],
        }
        for (name, version), (digests, uses) in sorted(places.items())
    ]


def packages() -> list[dict[str, Any]]:
    """Return the Debian packages that are named."""
    places: dict[str, list[str]] = {}
    for path in sorted(DEPLOY.glob("*/packages.txt")):
        for line in path.read_text("ascii").splitlines():
            if line and not line.startswith("#"):
                places.setdefault(line, []).append(path.parent.name)
    return [
        {
            "type": "application",
            "bom-ref": f"pkg:deb/debian/{name}?distro=bookworm",
            "name": name,
            "purl": f"pkg:deb/debian/{name}?distro=bookworm",
            "scope": "required",
            "properties": [{"name": "senyap:installation", "value": use} for use in uses],
        }
        for name, uses in sorted(places.items())
    ]


def bom(version: str, commit: str, seconds: int) -> dict[str, Any]:
    """Return the whole list; `seconds` is the Unix time of the commit."""
    ref = f"pkg:generic/kotak-senyap@{version}"
    parts = [*libraries(), *packages()]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, commit)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": ref,
                "name": "kotak-senyap",
                "version": version,
                "licenses": [{"expression": "GPL-3.0-or-later"}],
                "properties": [{"name": "senyap:commit", "value": commit}],
            },
        },
        "components": parts,
        "dependencies": [{"ref": ref, "dependsOn": [part["bom-ref"] for part in parts if part["scope"] == "required"]}],
    }


if __name__ == "__main__":
    made = bom(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    print(json.dumps(made, indent=2, sort_keys=True, ensure_ascii=True))

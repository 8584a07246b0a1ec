"""Verify a whole deployment as a stranger would: from the eight printed words and the public files alone.

Nothing in the folder is taken on trust, its root.pin neither: the chain of rosters must begin with the root set
whose fingerprint was printed, and each one must be signed by the one before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crypto import medium
from crypto.encoding import date_of, epoch_of
from crypto.envelope import parse_envelope
from crypto.errors import BadSignature, CryptoError
from crypto.mailbox import MAX_DAY
from crypto.signing import SEED_BYTES, SigningKey
from keys.batch import KeyTable
from keys.errors import BrokenChain, OtherWords
from keys.ledger import CLOCK_SLACK_DAYS, MAX_FILE_BYTES, Ledger
from keys.plain import plain
from keys.roster import Group, Roster
from keys.rosterfile import MAGIC, PURPOSE, fingerprint_words, parse_roster, root_pin, verify_roster
from keys.words import same_words, ten_groups

SOON_DAYS = 28
_READERS = ("*.locked", "epoch-*.key", "station.key", "share.sealed")
_SECRETS = (*_READERS, "server*.key")


@dataclass(frozen=True, slots=True)
class Line:
    """One group in the table. `until` is the last day on which every reviewer has a key, None without reviewers."""

    group: str
    k: int
    n: int
    until: int | None
    stations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a deployment's public files say, all of it verified."""

    deployment: str
    version: int
    first_version: int
    issued: int
    expires: int
    signers: tuple[int, ...]
    roots: tuple[int, ...]
    root_k: int
    lines: tuple[Line, ...]
    warnings: tuple[str, ...]
    releases: tuple[str, ...] = ()
    groups: str = ""  # ten of the roster's hash, as publish, poster and card show them


def verify_deployment(folder: Path, fingerprint: str, *, today: int) -> Report:
    """Verify every public folder at or below `folder` from the printed words; all of them must agree.

    Raises OtherWords when the words are not those of a root set in the chain, BrokenChain when two folders
    contradict each other, what `Ledger.load` raises, OSError.
    """
    places = [p.parent for p in sorted(folder.glob("**/roster.senyap"))]
    if not places:
        raise BrokenChain("verify: no roster.senyap in this folder or below it")
    reports = [_verify_folder(place, fingerprint, today) for place in places]
    newest = max(reports, key=lambda r: r.version)
    warnings = [w for r in reports for w in r.warnings]
    behind: dict[int, list[str]] = defaultdict(list)
    for place, report in zip(places, reports, strict=True):
        if report.deployment != newest.deployment:
            raise BrokenChain("verify: folders of two deployments")
        if report.version != newest.version:
            behind[report.version].append(place.relative_to(folder).as_posix())
    _check_agreement(places)
    for version, names in sorted(behind.items()):
        warnings.append(f"roster version {version}, the newest here is {newest.version}, in: {', '.join(names)}")
    warnings += _warn_secrets(folder)
    return replace(newest, warnings=tuple(map(plain, dict.fromkeys(warnings))))


def _verify_folder(folder: Path, fingerprint: str, today: int) -> Report:
    rosters = _verified_chain(folder, fingerprint)
    ledger = Ledger.load(folder)
    roster = rosters[-1]
    data = medium.read_file(folder / "roster.senyap", MAX_FILE_BYTES)
    table = ledger.table()
    return Report(
        deployment=roster.deployment,
        version=roster.version,
        first_version=rosters[0].version,
        issued=roster.issued,
        expires=roster.expires,
        signers=_signers(data, roster),
        roots=tuple(r.id for r in roster.roots),
        root_k=roster.root_k,
        lines=tuple(_line(roster, table, group) for group in roster.groups),
        warnings=(*_warn_ends(roster, table, today), *_warn_server(folder, roster)),
        releases=tuple(each.name for each in roster.releases),
        groups=ten_groups(roster.hash),
    )


def _verified_chain(folder: Path, fingerprint: str) -> list[Roster]:
    """Verify the rosters from the first whose root set has these words to the one in force."""
    files = [*sorted((folder / "rosters").glob("roster-*.senyap")), folder / "roster.senyap"]
    chain: list[Roster] = []
    for path in files:
        data = medium.read_file(path, MAX_FILE_BYTES)
        if chain and parse_envelope(data, MAGIC, "roster").body == chain[-1].raw:
            continue  # kept twice: a power cut came between the two writes of a change
        if chain:
            chain.append(verify_roster(data, previous=chain[-1], pin=None, today=None))
            continue
        roster = parse_roster(parse_envelope(data, MAGIC, "roster").body)
        pin = root_pin(roster.roots, roster.root_k)
        if same_words(fingerprint, fingerprint_words(pin)):
            chain.append(verify_roster(data, previous=None, pin=pin, today=None))
    if not chain:
        raise OtherWords("verify: no root set here has these eight words; compare them with the poster once more")
    return chain


def _check_agreement(places: Sequence[Path]) -> None:
    """Demand that no two folders hold different rosters of one version."""
    seen: dict[int, bytes] = {}
    for place in places:
        for roster in Ledger.load(place).history():
            if seen.setdefault(roster.version, roster.hash) != roster.hash:
                raise BrokenChain(f"verify: two different rosters of version {roster.version}; tell the root holders")


def _signers(data: bytes, roster: Roster) -> tuple[int, ...]:
    envelope = parse_envelope(data, MAGIC, "roster")
    keys = {root.id: root.key for root in roster.roots}
    good = []
    for number, signature in envelope.signatures:
        try:
            keys[number].verify(PURPOSE, envelope.body, signature)
        except (KeyError, BadSignature):
            continue
        good.append(number)
    return tuple(good)


def _line(roster: Roster, table: KeyTable, group: Group) -> Line:
    until = table.last_epoch(group.id) * 7 + 6 if group.members else None
    stations = tuple(s.id + ("*" if s.collector else "") for s in roster.stations if s.group == group.id)
    return Line(group.id, group.k, len(group.members), until, stations)


def _warn_ends(roster: Roster, table: KeyTable, today: int) -> list[str]:
    warnings = []
    if roster.issued > today + CLOCK_SLACK_DAYS:
        warnings.append(f"the roster is of {_date(roster.issued)}, a day to come: check this machine's clock")
    if roster.expires < today:
        warnings.append(f"the roster ended on {_date(roster.expires)}")
    elif roster.expires < today + SOON_DAYS:
        warnings.append(f"the roster ends on {_date(roster.expires)}")
    closed = table.lapsed(epoch_of(today))
    for group in roster.groups:
        if group.id in closed:
            warnings.append(f"{group.id}: weekly keys of this week are missing")
        elif group.members and table.last_epoch(group.id) * 7 + 6 < today + SOON_DAYS:
            warnings.append(f"{group.id}: weekly keys end on {date_of(table.last_epoch(group.id) * 7 + 6)}")
    return warnings


def _warn_secrets(folder: Path) -> list[str]:
    """Look at the private files that lie beside the public ones: who may read them."""
    warnings = []
    for path in sorted(p for pattern in _SECRETS for p in folder.rglob(pattern)):
        try:
            medium.read_secret(path, MAX_FILE_BYTES)
        except CryptoError as error:
            warnings.append(str(error))
    return warnings


def _warn_server(folder: Path, roster: Roster) -> list[str]:
    """Look at the home of a drop box: whether its key is the right one, and that nobody else's lies there."""
    held, warnings = sorted(folder.glob("server*.key")), []
    if held and any(path for pattern in _READERS for path in folder.rglob(pattern)):
        warnings.append("a drop box's home holds keys of reviewers or root holders: take them away")
    keys = {SigningKey.from_seed(medium.read_file(path, SEED_BYTES)).public.raw for path in held}
    if held and roster.server_key.raw not in keys:
        warnings.append("server.key is not the transport key in the roster")
    return warnings


def _date(day: int) -> str:
    return date_of(min(day, MAX_DAY)).isoformat()


def report_text(report: Report, *, language: str = "id") -> str:
    """Return the report as a table for a terminal, at most 80 columns where names allow it."""
    indonesian = language == "id"
    head = (
        ("UNIT", "BERSAMA", "KUNCI SAMPAI", "STASIUN") if indonesian else ("UNIT", "TOGETHER", "KEYS UNTIL", "STATION")
    )
    nobody = "tanpa penelaah" if indonesian else "no reviewers"
    of = "dari" if indonesian else "of"
    rows = [head]
    for line in report.lines:
        quorum = f"{line.k} {of} {line.n}" if line.n else nobody
        until = "-" if line.until is None else "—" if line.until < 0 else date_of(line.until).isoformat()
        rows.append((line.group, quorum, until, " ".join(line.stations) or "-"))
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    signers, roots = ", ".join(map(str, report.signers)), ", ".join(map(str, report.roots))
    issued, expires = _date(report.issued), _date(report.expires)
    facts = (
        [
            f"Sistem {report.deployment}",
            f"Daftar kunci versi {report.version}, terbit {issued}, berlaku sampai {expires}",
            f"Sepuluh kelompoknya: {report.groups}",
            f"Ditandatangani pemegang {signers} (pemegang: {roots}; perlu {report.root_k})",
            f"Rantai diperiksa dari versi {report.first_version}; * = pengumpul",
        ]
        if indonesian
        else [
            f"Deployment {report.deployment}",
            f"Roster version {report.version}, issued {issued}, holds until {expires}",
            f"Its ten groups: {report.groups}",
            f"Signed by holders {signers} (holders: {roots}; {report.root_k} needed)",
            f"Chain verified from version {report.first_version}; * = collector",
        ]
    )
    if report.releases:
        facts.append(("Kunci rilis: " if indonesian else "Release keys: ") + ", ".join(report.releases))
    return "\n".join((*facts, "", *table))

"""Three years of a deployment in simulated time: units join and leave, people come and go, keys are renewed and erased.

Every week reports are sealed as the drop box does it, and every key set that ever existed is tried on each row: it
must open for exactly the readers of that week's roster, any k of a group and never k-1, and for nobody else.
Days are arguments throughout: no clock is touched.
"""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest_station import Reporter, weak_passphrases

from crypto import row
from crypto.bundle import BUNDLE, FIRST_PREVIOUS, Manifest, RecordHash, build_file_records, build_head
from crypto.encoding import epoch_of
from crypto.errors import NotForThisKey
from crypto.letter import build_letter
from crypto.row import Decoys, Kind, Record, Waiting, seal_row
from crypto.signing import SigningKey
from keys import changes, units
from keys.changes import Change, next_roster
from keys.consequences import consequences
from keys.desk import propose, put_in_force, read_proposal, sign_proposal, write_proposal
from keys.errors import BrokenChain, Expired, QuorumNotMet
from keys.keyring import Keyring, kept_epochs
from keys.ledger import Ledger, copy_ledger, take_files, write_ledger
from keys.request import RootRequest, ServerRequest, UnitRequest, request_words, sign_request, verify_request
from keys.roster import Group, Member, Root, Roster, Sizes, Station
from keys.rosterfile import root_pin, sign_roster
from keys.stationkeys import make_station
from keys.unit import ask_change, found_unit, free_reviewers, renew
from keys.verification import verify_deployment
from station.desk import open_desk
from station.home import Home
from station.inbox import import_bundle
from station.rekey import rekey

WEEKS_IN_ALL = 156
FIRST_DAY = 322  # a Monday
DEPLOYMENT = "tiga-tahun"
GRACE_DAYS = 21
DICE = random.Random(20261124)  # which reports are written; keys never come from here


def words_of(reviewer: str) -> str:
    return f"kata {reviewer}"


@dataclass
class Life:
    """A deployment that grows old: the root holders' desk, the drop box's public folder, the stations' homes."""

    folder: Path
    day: int = FIRST_DAY
    roots: dict[int, SigningKey] = field(default_factory=dict)
    rings: dict[str, Keyring] = field(default_factory=dict)  # everybody who ever had keys
    homes: dict[str, Path] = field(default_factory=dict)  # group → home of its station
    operations: Counter[str] = field(default_factory=Counter)
    sealed: Counter[str] = field(default_factory=Counter)
    closed: int = 0
    decoys: Decoys = field(default_factory=Decoys)
    ledgers: dict[Path, Ledger] = field(default_factory=dict)  # as they were last taken or loaded
    server_key: SigningKey = field(default_factory=SigningKey.generate)
    waiting: list[tuple[int, bytes]] = field(default_factory=list)  # (epoch, row) at the drop box
    kept: list[tuple[int, bytes, tuple[str, ...]]] = field(default_factory=list)  # a copy that a thief made of each
    last: Manifest | None = None
    imported: int = 0

    @property
    def desk(self) -> Ledger:
        return self.ledger(self.folder / "desk")

    def ledger(self, home: Path) -> Ledger:
        if home not in self.ledgers:
            self.ledgers[home] = Ledger.load(home)
        return self.ledgers[home]

    def take(self, home: Path, *files: bytes) -> None:
        """Carry files to a home, which takes rosters first."""
        self.ledgers[home], warnings = take_files(self.ledger(home), files, today=self.day)
        assert warnings == ()

    def visit(self, group: str) -> Path:
        """Bring a station all rosters and batches that it has not seen, and return its home."""
        home = self.homes[group]
        server = self.ledger(self.folder / "server")
        known = self.ledger(home)
        have = {b.raw for b in known.batches}
        missing = [b.raw for b in server.batches if b.raw not in have]
        self.take(home, *server.files_after(known.roster.version), *missing)
        return home

    @property
    def epoch(self) -> int:
        return epoch_of(self.day)

    @property
    def roster(self) -> Roster:
        return self.desk.roster

    # --- the beginning ----------------------------------------------------------------------------

    def begin(self) -> None:
        """Start with the province alone: 2 of 3 reviewers, its own station, three root holders of whom two sign."""
        self.roots = {n: SigningKey.generate() for n in (1, 2, 3)}
        home = self.folder / "homes" / "sumsel"
        rings = [
            Keyring.create(home / "keyring" / f"sumsel-{n}", f"sumsel-{n}", words_of(f"sumsel-{n}")) for n in (1, 2, 3)
        ]
        station = make_station(home, "sumsel", {ring.reviewer: ring.signing.public for ring in rings}, 2)
        roots = tuple(Root(n, key.public) for n, key in self.roots.items())
        members = tuple(Member(ring.reviewer, ring.signing.public) for ring in rings)
        groups = tuple(
            Group(g, *units.names_of(g), 2 if g == "sumsel" else 1, members if g == "sumsel" else ())
            for g in (*units.GOVERNMENTS, units.KPK)
        )
        first = Roster(
            deployment=DEPLOYMENT, version=1, previous=bytes(64), issued=self.day, expires=self.day + 400,
            roots=roots, root_k=2, groups=groups, stations=(Station("sumsel", "sumsel", station.public, True, True),),
            server_key=self.server_key.public, routing=units.routing(), province="sumsel", fallback="kpk",
            cover_weights=units.COVER_WEIGHTS, min_suite=1, sizes=Sizes(slots=64, daily_cover=8, mailboxes=32, forwarded=4),
        )  # fmt: skip
        data = sign_roster(first, {n: self.roots[n] for n in (1, 3)})
        write_ledger(self.folder / "desk", root_pin(roots, 2), data)
        copy_ledger(self.desk, home)
        self.homes["sumsel"] = home
        self._remember("sumsel")
        made = renew(home, {name: words_of(name) for name in self.rings}, day=self.day)
        self.take(self.folder / "desk", *(batch.raw for batch in made))
        copy_ledger(self.desk, self.folder / "server")

    # --- operations -------------------------------------------------------------------------------

    def change(self, name: str, change: Change, batches: tuple[bytes, ...] = (), signers: tuple[int, ...] = ()) -> None:
        """Propose, carry from holder to holder, sign, and bring the new roster to the drop box."""
        ledger = self.desk
        proposal = propose(ledger, next_roster(ledger.roster, change, day=self.day), batches)
        assert consequences(ledger.roster, proposal.roster)
        stick = self.folder / "sticks" / f"{proposal.roster.version}"
        for number in signers or [n for n in self.roots if n in {r.id for r in ledger.roster.roots}][:2]:
            write_proposal(proposal, stick)
            proposal = read_proposal(ledger, stick / proposal.name)
            proposal = sign_proposal(ledger, proposal, {number: self.roots[number]})
        assert proposal.missing == 0
        self.ledgers[self.folder / "desk"] = put_in_force(ledger, proposal, today=self.day)
        self.take(self.folder / "server", proposal.data, *proposal.batches)
        self.operations[name] += 1

    def join(self, group: str, count: int, k: int) -> None:
        """A unit makes its own keys and is admitted."""
        home = self.folder / "homes" / f"{group}-{self.day}"
        names = free_reviewers(self.desk, group, count)
        data = found_unit(home, self.desk, group, k, {n: words_of(n) for n in names}, day=self.day)
        self.homes[group] = home
        self.admit("join", data)

    def admit(self, name: str, data: bytes) -> None:
        request = verify_request(data, self.roster)
        assert isinstance(request, UnitRequest) and len(request_words(data)) == 8
        self.change(name, changes.admit_unit(request), request.batches)
        self._remember(request.group)

    def ask(self, name: str, group: str, *, add: int = 0, leaving: tuple[str, ...] = (), k: int | None = None) -> None:
        """A unit that works asks for a change, with as many of its reviewers as its quorum."""
        found = self.roster.group(group)
        present = [m.id for m in found.members if m.id not in leaving][: found.k]
        names = free_reviewers(self.desk, group, add)
        data = ask_change(
            self.visit(group), {n: words_of(n) for n in present},
            day=self.day, joining={n: words_of(n) for n in names}, leaving=leaving, k=k,
        )  # fmt: skip
        self.admit(name, data)

    def leave(self, reviewer: str, k: int | None = None) -> None:
        """The root holders take somebody out."""
        group = self.roster.group_of(reviewer).id
        self.change("remove reviewer", changes.remove_reviewer(reviewer, k=k))
        if not self.roster.group(group).members:
            del self.homes[group]

    def replace_root(self, old: int, new: int) -> None:
        """One holder lost the key: the other two of the old set sign, and so do two of the new one."""
        key = SigningKey.generate()
        data = sign_request(RootRequest(DEPLOYMENT, self.roster.version, Root(new, key.public)), {0: key})
        request = verify_request(data, self.roster)
        assert isinstance(request, RootRequest)
        del self.roots[old]
        before = tuple(self.roots)[:2]
        self.roots[new] = key
        self.change("replace root", changes.replace_root(old, request), signers=before)

    def rotate_server(self) -> None:
        """The drop box makes its next key; bundles are signed with it once the roster names it."""
        key = SigningKey.generate()
        request = verify_request(
            sign_request(ServerRequest(DEPLOYMENT, self.roster.version, key.public), {0: key}), self.roster
        )
        assert isinstance(request, ServerRequest)
        self.change("rotate server key", changes.replace_server_key(request))
        self.server_key = key

    def renew_all(self) -> None:
        """Everybody whose keys end within a quarter makes the next ones; batches go to desk and drop box."""
        for group in list(self.homes):
            home = self.visit(group)
            before = {b.raw for b in self.ledger(home).batches}
            names = [m.id for m in self.roster.group(group).members]
            words = {n: words_of(n) for n in names}
            made = [b.raw for b in renew(home, words, day=self.day) if b.raw not in before]
            if made:
                self.ledgers[home] = Ledger.load(home)
                self.take(self.folder / "server", *made)
                self.take(self.folder / "desk", *made)
                self.operations["renew"] += len(made)

    def _remember(self, group: str) -> None:
        for folder in (self.homes[group] / "keyring").iterdir():
            if folder.name not in self.rings:
                self.rings[folder.name] = Keyring.open(folder, folder.name, words_of(folder.name))

    # --- reports ----------------------------------------------------------------------------------

    def report(self, area: str, level: str, wishes: tuple[str, ...] = ()) -> None:
        """Seal one report as the drop box does, then try every key set on it."""
        ledger = self.ledger(self.folder / "server")
        table, roster = ledger.table(), ledger.roster
        barred = roster.excluded(area, wishes)
        chosen = roster.route(area, level, barred, table.lapsed(self.epoch))
        assert not set(chosen) & ({area} - {"sumsel"} if wishes else set()), (
            "the reporter's own inspectorate is excluded"
        )
        assert all(roster.group(group).members for group in chosen)
        if not chosen:
            self.closed += 1
            return
        try:
            readers = table.readers(chosen, self.epoch)
        except Expired:
            self.closed += 1
            return
        letter = Reporter(chosen).report(f"{area} {level}", day=self.day)
        record = Record(Kind.LETTER, letter.object_id, 0, 1, build_letter(letter))
        sealed = seal_row(readers, self.epoch, record, self.decoys)
        self.sealed["+".join(chosen)] += 1
        self.waiting.append((self.epoch, sealed))
        self.kept.append((self.epoch, sealed, chosen))
        self._check(sealed, record, roster, chosen)

    def _check(self, sealed: bytes, record: Record, roster: Roster, chosen: tuple[str, ...]) -> None:
        keys = {name: key for name, ring in self.rings.items() if (key := ring.opening_key(self.epoch)) is not None}
        permitted = {m.id: g for g in chosen for m in roster.group(g).members}
        strangers = [key for name, key in keys.items() if name not in permitted]
        with pytest.raises(NotForThisKey):
            row.open_row(sealed, strangers)  # every other reviewer, present and former, all together
        for group_id in chosen:
            group = roster.group(group_id)
            ours = [keys[m.id] for m in group.members]
            for some in itertools.combinations(ours, group.k):
                assert row.open_row(sealed, some) == record
            for few in itertools.combinations(ours, group.k - 1):
                if few:
                    assert isinstance(row.open_row(sealed, few), Waiting)

    # --- the province's station ---------------------------------------------------------------------

    def courier(self) -> None:
        """Carry a bundle to the province's station, which takes rosters and batches from it, opens rows, erases keys."""
        home = self.homes["sumsel"]
        known, server = self.ledger(home), self.ledger(self.folder / "server")
        have = {b.raw for b in known.batches}
        files = [*server.files_after(known.roster.version), *(b.raw for b in server.batches if b.raw not in have)]
        records = [record for file in files for record in build_file_records(file)]
        rows = [sealed for _, sealed in self.waiting]
        total = RecordHash()
        for piece in (*rows, *records):
            total.add(piece)
        self.last = Manifest(
            type=BUNDLE, deployment=DEPLOYMENT, sender="server", to="sumsel",
            seq=self.last.seq + 1 if self.last else 1, previous=self.last.hash if self.last else FIRST_PREVIOUS,
            roster_version=server.roster.version, day=self.day,
            sections=(("row", len(rows)), ("mailbox", 0), ("file", len(records))), records=total.digest(),
            oldest_waiting_epoch=min([epoch for epoch, _ in self.waiting], default=self.epoch),
        )  # fmt: skip
        path = self.folder / "bundle.senyap"
        path.write_bytes(build_head(self.last, self.server_key) + b"".join((*rows, *records)))
        self.waiting.clear()
        ours = [m.id for m in known.roster.group("sumsel").members]
        with open_desk(Home.load(home), {name: words_of(name) for name in ours}) as desk:
            found = import_bundle(desk, path, day=self.day)
        assert found.alarms == () and found.incomplete == 0, found
        self.imported += found.new
        self.ledgers[home] = Ledger.load(home)
        if not Home.load(home).shares_fit():
            rekey(home, {name: words_of(name) for name in ours if name in self.roster.members})
            self.operations["rekey"] += 1
        self._check_erased()

    def _check_erased(self) -> None:
        """No key of a week is left whose grace is over, no key that may still be needed is gone."""
        for folder in (self.homes["sumsel"] / "keyring").iterdir():
            epochs = kept_epochs(folder)
            assert all(7 * epoch + 6 + GRACE_DAYS > self.day for epoch in epochs), (folder.name, epochs)
            if folder.name in self.roster.members:
                assert self.epoch in epochs

    def stolen(self) -> None:
        """A thief has copies of all rows, the station's disk as it is now, and every passphrase."""
        opened = 0
        for epoch, sealed, chosen in self.kept:
            keys = {name: key for name, ring in self.rings.items() if (key := ring.opening_key(epoch)) is not None}
            ours = [key for name, key in keys.items() if name.startswith("sumsel-")]
            if 7 * epoch + 6 + GRACE_DAYS <= self.day:
                assert ours == []
            elif "sumsel" in chosen:
                assert isinstance(row.open_row(sealed, ours), Record)
                opened += 1
        assert opened, "control: rows of the last weeks do open"


def plan() -> Mapping[int, list[Callable[[Life], None]]]:
    """Return week → what is done in it."""
    joins = [u for u in (*units.REGENCIES, units.KPK) if u != "muratara"]
    weeks: dict[int, list[Callable[[Life], None]]] = {}

    def at(week: int, *what: Callable[[Life], None]) -> None:
        weeks.setdefault(week, []).extend(what)

    for number, unit in enumerate(joins):
        at(1 + number // 2, lambda life, u=unit, n=number: life.join(u, 1 + n % 3, 1 + n % 2 if n % 3 else 1))  # type: ignore[misc]
    at(12, lambda life: life.join("muratara", 1, 1))
    at(15, lambda life: life.ask("add reviewer", "palembang", add=1))
    at(18, lambda life: life.ask("change quorum", "sumsel", k=3))
    at(20, lambda life: life.leave(life.roster.group("muratara").members[0].id))  # the last one of a unit
    at(24, lambda life: life.join("muratara", 2, 2))
    at(30, lambda life: life.replace_root(2, 4))
    at(33, lambda life: life.ask("change quorum", "sumsel", k=2))
    at(36, lambda life: life.leave("sumsel-3"), lambda life: life.ask("add reviewer", "sumsel", add=2))
    at(40, lambda life: life.rotate_server())
    at(44, lambda life: life.change("collector", changes.set_collector("kpk", True)))
    at(50, lambda life: life.change("extend", changes.keep_all))
    at(
        58,
        lambda life: life.change("revoke station", changes.revoke_station("lahat")),
        lambda life: life.homes.pop("lahat"),
    )
    at(60, lambda life: life.join("lahat", 2, 1))
    at(
        66,
        lambda life: life.change("add group", changes.add_group("kikim", "Inspektorat Kikim", "Inspectorate of Kikim")),
    )
    at(68, lambda life: life.join("kikim", 2, 2))
    at(74, lambda life: life.ask("swap reviewer", "kpk", add=1, leaving=(life.roster.group("kpk").members[-1].id,)))
    at(80, lambda life: life.replace_root(1, 5))
    at(90, lambda life: life.change("extend", changes.keep_all))
    at(
        100,
        lambda life: life.change("remove group", changes.remove_group("kikim")),
        lambda life: life.homes.pop("kikim"),
    )
    at(110, lambda life: life.leave(life.roster.group("pali").members[-1].id, k=1))
    at(120, lambda life: life.rotate_server())
    at(130, lambda life: life.change("extend", changes.keep_all))
    at(140, lambda life: life.replace_root(3, 6))
    for week in range(0, WEEKS_IN_ALL, 13):
        at(week, Life.renew_all)
    return weeks


def test_three_years_of_reports_open_for_exactly_the_readers_of_their_week(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _fd: None)  # what survives a power cut is tested elsewhere
    life = Life(tmp_path)
    todo = plan()
    with weak_passphrases():
        life.begin()
        for week in range(WEEKS_IN_ALL):
            life.day = FIRST_DAY + 7 * week
            for operation in todo.get(week, ()):
                operation(life)
            areas = sorted(life.roster.routing)
            life.report(DICE.choice(areas), DICE.choice(units.LEVELS))
            life.report(
                DICE.choice(["muratara", "lahat", "sumsel"]),
                "pegawai-daerah",
                DICE.choice([(), ("inspektorat-daerah",)]),
            )
            life.courier()
        life.stolen()
        assert life.imported > 100 and life.operations["rekey"] >= 2
        assert sum(life.operations.values()) >= 40, life.operations
        assert len(life.roster.groups) == 19 and sum(life.sealed.values()) > 250
        words = " ".join(Ledger.load(life.folder / "server").fingerprint)
        report = verify_deployment(life.folder / "server", words, today=life.day)
        assert report.first_version == 1 and report.version == life.roster.version
        assert {r.id for r in life.roster.roots} == {4, 5, 6}, "nobody of the first root set is left; the pin holds"


def test_a_station_from_a_backup_has_new_keys_after_two_rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/ceremony.md: the backup holds no weekly keys, and each round wants k of those who stay."""
    monkeypatch.setattr(os, "fsync", lambda _fd: None)
    life = Life(tmp_path)
    with weak_passphrases():
        life.begin()
        home = life.homes["sumsel"]
        for seed in home.glob("keyring/*/epoch-*.key"):
            seed.unlink()  # what a backup does not hold
        with pytest.raises(BrokenChain, match="weeks to come are not on this station"):
            renew(home, {name: words_of(name) for name in life.roster.members}, day=life.day)
        with pytest.raises(QuorumNotMet):
            life.ask("all at once", "sumsel", add=3, leaving=("sumsel-1", "sumsel-2", "sumsel-3"))
        life.ask("first round", "sumsel", add=2, leaving=("sumsel-1",))
        rekey(life.visit("sumsel"), {name: words_of(name) for name in ("sumsel-2", "sumsel-3")})
        life.ask("second round", "sumsel", add=1, leaving=("sumsel-2", "sumsel-3"))
        rekey(life.visit("sumsel"), {name: words_of(name) for name in ("sumsel-4", "sumsel-5")})
        assert [m.id for m in life.roster.group("sumsel").members] == ["sumsel-4", "sumsel-5", "sumsel-6"]
        assert Home.load(home).shares_fit()
        for name in ("sumsel-1", "sumsel-2", "sumsel-3"):
            del life.rings[name]  # their weekly keys are gone
        life.report("sumsel", "pegawai-provinsi")
        assert life.sealed["sumsel"] == 1, "sealed to the three new ones, and any two of them opened it"

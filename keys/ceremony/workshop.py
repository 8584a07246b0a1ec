"""What the ceremony's machine wants done: keys are made, files are written, and all of it is read again at the end.

    FOLDER/roots/root-N/root-N.locked       one folder for each root holder's stick
    FOLDER/server/                          for the drop box: public files, server.key, settings.toml
    FOLDER/stations/<group>/                the home of the first station
    FOLDER/desk/                            public files for the root holders
    FOLDER/paper/                           to be printed, and erased

A root's seed lies on disk only locked under its holder's passphrase, the progress file included. Sheets carry
the fingerprint, which is known when all roots are made: so each holder types the passphrase once more then,
which opens the seed for that moment and proves what was written down while another can still be chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crypto import encoding, medium
from crypto.encoding import b64, date_of, epoch_of, unb64
from crypto.envelope import parse_envelope
from crypto.errors import CryptoError, Tampered, WrongPassphrase
from crypto.signing import PUBLIC_BYTES, SigningKey, VerifyingKey
from keys import keyring, units
from keys.batch import Batch, sign_batch
from keys.ceremony.machine import SHEETS_NEEDED
from keys.ceremony.progress import Progress
from keys.ceremony.states import Clock, Do, Done, Effect, Failed, Input, Made, Restored, State
from keys.keyring import Keyring
from keys.ledger import MAX_FILE_BYTES, Ledger, write_ledger
from keys.recovery import split_seed
from keys.rootkeys import open_root, root_file, write_root
from keys.roster import Group, Member, Root, Roster, Sizes, Station, default_roles
from keys.rosterfile import MAGIC, check_current, fingerprint_words, parse_roster, root_pin, sign_roster
from keys.sheets import Edition, poster, recovery_sheet, reviewer_card
from keys.stationkeys import KEYRING, STATION_ID, STATION_K, STATION_KEY, make_station
from keys.strength import check_passphrase, generate_passphrase, is_text, normalise
from keys.unit import WEEKS
from keys.verification import verify_deployment

SIZES = Sizes(slots=8192, daily_cover=256, mailboxes=256, forwarded=16)
ROOTS, SERVER, STATIONS, DESK, PAPER = PARTS = ("roots", "server", "stations", "desk", "paper")
_SEED_BYTES = 32


def root_set(state: State) -> tuple[Root, ...]:
    """Return the public keys of all root holders."""
    return tuple(Root(h.number, _key(h.key)) for h in state.holders)


def fingerprint(state: State) -> tuple[str, ...]:
    """Return the 8 words of the root set, as soon as all roots are made."""
    return fingerprint_words(root_pin(root_set(state), state.root_k))


def roster_of(state: State) -> Roster:
    """Return the first roster: all units of the province, of which one has reviewers."""
    groups = []
    roles = default_roles(len(state.reviewers))
    people = tuple(
        Member(state.reviewer_id(r.number), _key(r.key), role) for r, role in zip(state.reviewers, roles, strict=True)
    )
    for slug in (*units.GOVERNMENTS, units.KPK):
        first = slug == state.group
        members = people if first else ()
        groups.append(Group(slug, *units.names_of(slug), state.reviewer_k if first else 1, members))
    return Roster(
        deployment=state.deployment,
        version=1,
        previous=bytes(64),
        issued=state.day,
        expires=state.day + state.days,
        roots=root_set(state),
        root_k=state.root_k,
        groups=tuple(groups),
        stations=(Station(state.group, state.group, _key(state.station_key), lead=True, collector=True),),
        server_key=_key(state.server_key),
        routing=units.routing(),
        province=units.PROVINCE,
        fallback=units.KPK,
        cover_weights=units.COVER_WEIGHTS,
        min_suite=1,
        sizes=SIZES,
    )


def closed_kinds(state: State) -> tuple[int, int]:
    """Return how many kinds of reports, area by level, nobody can read yet, and how many kinds there are."""
    roster = roster_of(state)
    kinds = [(area, level) for area, levels in roster.routing.items() for level in levels]
    return sum(not roster.route(area, level) for area, level in kinds), len(kinds)


class Workshop:
    """Carries out effects in one folder. Holds the passphrase that is being agreed on, and opened root keys."""

    def __init__(
        self,
        folder: Path,
        *,
        today: Callable[[], int] = encoding.today,
        draw: Callable[[], str] = generate_passphrase,
    ) -> None:
        self.folder = folder
        self.candidate = ""
        self._today, self._draw_words = today, draw
        self._opened: dict[int, SigningKey] = {}
        self._progress: Progress | None = None
        self._ways: dict[Do, Callable[[State, str], Input]] = {
            Do.READ_CLOCK: self._read_clock,
            Do.OPEN_SESSION: self._open_session,
            Do.DRAW: self._draw,
            Do.WEIGH: self._weigh,
            Do.LOCK_SESSION: self._lock_session,
            Do.MAKE_ROOT: self._make_root,
            Do.WRITE_SHEETS: self._write_sheets,
            Do.MAKE_SERVER: self._make_server,
            Do.MAKE_REVIEWER: self._make_reviewer,
            Do.MAKE_STATION: self._make_station,
            Do.OPEN_ROOT: self._open_root,
            Do.FINISH: self._finish,
            Do.VERIFY: self._verify,
            Do.CLEAN: self._clean,
        }

    def carry_out(self, effect: Effect, state: State) -> Input:
        """Do what an effect says and return what came of it; raises OSError."""
        return self._ways[effect.do](state, effect.words)

    def save(self, state: State) -> None:
        """Keep a settled state; raises OSError."""
        if self._progress is not None:
            self._progress.save(state)

    # --- session and passphrases -----------------------------------------------------------------

    def _read_clock(self, state: State, words: str) -> Input:
        return Clock(self._today())

    def _open_session(self, state: State, words: str) -> Input:
        try:
            if not is_text(words):
                return Failed("wrong")
            self._progress = Progress.open(self.folder, words)
            restored = Restored(self._progress.load())
        except Tampered:
            return Failed("damaged")
        except CryptoError:
            return Failed("wrong")
        for leftover in self.folder.rglob(".*.part"):  # of a write that a power cut ended
            medium.erase_file(leftover)
        return restored

    def _draw(self, state: State, words: str) -> Input:
        self.candidate = self._draw_words()
        return Done()

    def _weigh(self, state: State, words: str) -> Input:
        about = ["senyap", state.deployment, state.name, state.group]
        about += [*units.names_of(state.group)] if state.group else []
        verdict = check_passphrase(words, about=about)
        if verdict.advice is not None:
            return Failed(f"weak-{verdict.advice.value}")
        self.candidate = words
        return Done()

    def _lock_session(self, state: State, words: str) -> Input:
        if not self._agreed(words):
            return Failed("mismatch")
        self._progress = Progress.create(self.folder, words)
        return self._forget(Done())

    def _agreed(self, words: str) -> bool:
        return is_text(words) and normalise(words) == normalise(self.candidate) != ""

    def _forget(self, made: Input) -> Input:
        self.candidate = ""
        return made

    # --- root holders ----------------------------------------------------------------------------

    def _make_root(self, state: State, words: str) -> Input:
        if not self._agreed(words):
            return Failed("mismatch")
        key = SigningKey.generate()
        write_root(self._root_folder(state.number), state.number, key, words)
        return self._forget(Made(b64(key.public.raw)))

    def _write_sheets(self, state: State, words: str) -> Input:
        key = self._unlock(state, words)
        if key is None:
            return Failed("wrong")
        holder = state.holder(state.number)
        for old in self.folder.glob(f"{PAPER}/root-{holder.number}-sheet-*.pdf"):
            medium.erase_file(old)
        needed = 1 if holder.sheets == 1 else SHEETS_NEEDED
        for sheet, line in enumerate(split_seed(key.seed, needed=needed, sheets=holder.sheets), 1):
            page = recovery_sheet(
                deployment=state.deployment,
                number=holder.number,
                holder=holder.name,
                words=line.split(),
                sheet=sheet,
                sheets=holder.sheets,
                needed=needed,
                fingerprint=fingerprint(state),
                date=date_of(state.day),
            )
            medium.write_file(self._sheet_file(holder.number, sheet), page)
        return Done()

    def _open_root(self, state: State, words: str) -> Input:
        key = self._unlock(state, words)
        if key is None:
            return Failed("wrong")
        self._opened[state.number] = key
        return Done()

    def _unlock(self, state: State, words: str) -> SigningKey | None:
        if not is_text(words):
            return None
        try:
            key = open_root(self._root_folder(state.number) / root_file(state.number), state.number, words)
        except WrongPassphrase:
            return None
        return key if key.public == _key(state.holder(state.number).key) else None

    # --- drop box and station --------------------------------------------------------------------

    def _make_server(self, state: State, words: str) -> Input:
        key = SigningKey.generate()
        medium.write_file(self.folder / SERVER / "server.key", key.seed)
        return Made(b64(key.public.raw))

    def _make_reviewer(self, state: State, words: str) -> Input:
        if not self._agreed(words):
            return Failed("mismatch")
        reviewer, first = state.reviewer_id(state.number), epoch_of(state.day)
        folder = self._home(state) / KEYRING / reviewer
        for old in (*folder.glob("*"), *(self._home(state) / "batches").glob(f"{reviewer}-*.senyap")):
            medium.erase_file(old)  # of a key that was given up
        ring = Keyring.create(folder, reviewer, words)
        keys = tuple(pair.public for pair in ring.make_epochs(range(first, first + WEEKS)))
        signed = sign_batch(Batch(state.deployment, reviewer, first, keys, 1), ring.signing)
        medium.write_file(self._batch_file(state, state.number, first), signed)
        return self._forget(Made(b64(ring.signing.public.raw)))

    def _make_station(self, state: State, words: str) -> Input:
        signers = {state.reviewer_id(r.number): _key(r.key) for r in state.reviewers}
        signing = make_station(self._home(state), state.group, signers, state.reviewer_k)
        return Made(b64(signing.public.raw))

    # --- the end ---------------------------------------------------------------------------------

    def _finish(self, state: State, words: str) -> Input:
        signed = sign_roster(roster_of(state), {number: self._opened[number] for number in state.signers})
        batches = [medium.read_file(self._batch_file(state, r.number, r.first_epoch), MAX_FILE_BYTES)
                   for r in state.reviewers]  # fmt: skip
        self._write_paper(state, parse_roster(parse_envelope(signed, MAGIC, "roster").body))
        settings = "courier_days = 7            # days between two rounds of the courier\n"
        settings += f'onion = "{state.onion}"\n' if state.onion else ""
        medium.write_file(self.folder / SERVER / "settings.toml", settings.encode("ascii"))
        for home in self._public_homes(state):
            write_ledger(home, root_pin(root_set(state), state.root_k), signed, batches)
        self._sweep(self._expected(state))
        self._opened.clear()
        return Done()

    def _write_paper(self, state: State, roster: Roster) -> None:
        words, edition = fingerprint(state), Edition.of(roster)
        page = poster(fingerprint=words, edition=edition, onion=state.onion)
        medium.write_file(self.folder / PAPER / "poster.pdf", page)
        roles = default_roles(len(state.reviewers))
        for reviewer, role in zip(state.reviewers, roles, strict=True):
            name = state.reviewer_id(reviewer.number)
            card = reviewer_card(
                deployment=state.deployment,
                reviewer=name,
                unit=units.names_of(state.group)[0],
                role=role,
                k=state.reviewer_k,
                n=state.reviewer_count,
                fingerprint=words,
                edition=edition,
                keys_until=date_of((reviewer.first_epoch + WEEKS) * 7 - 1),
            )
            medium.write_file(self.folder / PAPER / f"{name}.pdf", card)

    def _expected(self, state: State) -> set[Path]:
        """Return every file of the finished deployment."""
        names = [self._batch_file(state, r.number, r.first_epoch).name for r in state.reviewers]
        public = ["root.pin", "roster.senyap", *(f"batches/{name}" for name in names)]
        files = {home / name for home in self._public_homes(state) for name in public}
        files |= {self.folder / SERVER / name for name in ("server.key", "settings.toml")}
        files |= {self._home(state) / name for name in (STATION_ID, STATION_K, STATION_KEY)}
        for reviewer in state.reviewers:
            ring = self._home(state) / KEYRING / state.reviewer_id(reviewer.number)
            files |= {ring / name for name in (keyring.IDENTITY, keyring.SHARE_PUBLIC, keyring.SHARE)}
            epochs = range(reviewer.first_epoch, reviewer.first_epoch + WEEKS)
            files |= {keyring.epoch_file(ring, epoch) for epoch in epochs}
            files.add(self.folder / PAPER / f"{state.reviewer_id(reviewer.number)}.pdf")
        for h in state.holders:
            files.add(self._root_folder(h.number) / root_file(h.number))
            files |= {self._sheet_file(h.number, sheet) for sheet in range(1, h.sheets + 1)}
        return files | {self.folder / PAPER / "poster.pdf"}

    def _sweep(self, expected: set[Path]) -> None:
        """Erase what keys that were given up have left, and half-written files."""
        for part in PARTS:
            below = sorted((self.folder / part).rglob("*"), reverse=True)  # a folder comes after what is in it
            for path in below:
                if path.is_dir():
                    if not any(path.iterdir()):
                        path.rmdir()
                elif path not in expected:
                    medium.erase_file(path)

    def _verify(self, state: State, words: str) -> Input:
        """Read all of it as a stranger would who has the 8 words of the fingerprint and nothing else."""
        day, homes = self._today(), self._public_homes(state)
        try:
            for home in homes:
                verify_deployment(home, " ".join(fingerprint(state)), today=day)
            ledgers = [Ledger.load(home) for home in homes]
            for ledger in ledgers:
                check_current(ledger.roster, day)
                ledger.table().readers([state.group], epoch_of(day))
            server = medium.read_file(self.folder / SERVER / "server.key", _SEED_BYTES)
            good = (
                len({ledger.roster.hash for ledger in ledgers}) == 1
                and ledgers[0].roster.issued <= day
                and SigningKey.from_seed(server).public == ledgers[0].roster.server_key
                and all(path.is_file() for path in self._expected(state))
            )
        except (CryptoError, FileNotFoundError):
            good = False
        return Done() if good else Failed("verify")

    def _clean(self, state: State, words: str) -> Input:
        if self._progress is not None:
            self._progress.erase()
        return Done()

    # --- places ----------------------------------------------------------------------------------

    def _root_folder(self, number: int) -> Path:
        return self.folder / ROOTS / f"root-{number}"

    def _sheet_file(self, number: int, sheet: int) -> Path:
        return self.folder / PAPER / f"root-{number}-sheet-{sheet}.pdf"

    def _home(self, state: State) -> Path:
        return self.folder / STATIONS / state.group

    def _batch_file(self, state: State, number: int, first_epoch: int) -> Path:
        return self._home(state) / "batches" / f"{state.reviewer_id(number)}-{first_epoch:08d}.senyap"

    def _public_homes(self, state: State) -> tuple[Path, ...]:
        return self.folder / SERVER, self._home(state), self.folder / DESK


def _key(text: str) -> VerifyingKey:
    return VerifyingKey.parse(unb64(text, PUBLIC_BYTES, "ceremony: key"))

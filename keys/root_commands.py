"""The commands with which root holders change the roster: `admit`, `sign`, `roster …`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from crypto import medium
from crypto.encoding import date_of, epoch_of, today
from keys import changes, rootkey_commands
from keys.changes import ROSTER_DAYS, Change, next_roster
from keys.cli import EXIT_WARNING, FILE, command, home_option, refuse, to_option, words_option
from keys.consequences import consequences
from keys.desk import (
    Proposal,
    closed_groups,
    helps,
    may_sign,
    propose,
    put_in_force,
    read_proposal,
    sign_proposal,
    write_proposal,
)
from keys.ledger import MAX_FILE_BYTES, Ledger, verify_next
from keys.prompts import Prompts, read_pairs
from keys.request import (
    ReleaseRequest,
    Request,
    ServerRequest,
    UnitRequest,
    request_words,
    verify_request,
)
from keys.rootkeys import open_root, root_file

_HEARD = (
    "Minta pembuat permintaan ini membacakan delapan katanya, lalu ketik yang Anda dengar.",
    "Let the maker of this request read its eight words out, and type what you hear.",
)


root_option = click.option(
    "--root", "root_files", multiple=True, metavar="NUMBER=FILE", help="A root holder's key; repeatable."
)


def signing_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add --home, --to, --root and --days to a command that makes a roster."""

    @home_option
    @to_option
    @root_option
    @click.option(
        "--days",
        type=click.IntRange(30, 800),
        default=ROSTER_DAYS,
        show_default=True,
        help="How long the new roster holds.",
    )
    @wraps(function)
    def run(**given: Any) -> None:
        function(**given)

    return run


def install(main: click.Group) -> None:
    """Add the commands of this module."""
    _install_admit(main)
    _install_sign(main)
    rootkey_commands.install(main)
    group = click.Group("roster", help="Change the roster, or hold it longer.")
    main.add_command(group)
    _install_people(group)
    _install_machines(group)


def _install_admit(main: click.Group) -> None:
    @command(main, "admit")
    @signing_options
    @words_option
    @click.argument("file", type=FILE)
    @click.option("--replaces", type=int, default=None, help="For a new root holder: whose place it takes.")
    @click.option("--root-k", type=int, default=None, help="For a root holder who is added: how many must sign.")
    @click.option("--collector/--no-collector", default=None, help="Whether the station's acknowledgements count.")
    def admit(
        prompts: Prompts,
        home: Path,
        file: Path,
        words: str | None,
        replaces: int | None,
        root_k: int | None,
        collector: bool | None,
        **given: Any,
    ) -> None:
        """Admit what a request FILE asks for, after its eight words were compared."""
        data = medium.read_file(file, MAX_FILE_BYTES)
        ledger = Ledger.load(home)
        request = verify_request(data, ledger.roster, ledger.history())
        change = _change_of(request, replaces, root_k, collector)
        change(ledger.roster)  # what cannot be is said before anybody reads words out
        if not prompts.compare_words(words, request_words(data), *_HEARD):
            refuse(
                prompts,
                "Ditolak: kata-kata itu tidak cocok; berkas ini berubah di jalan, atau permintaan lain.",
                "Refused: the words do not fit this file; it was altered on its way, or is another request.",
            )
        batches = request.batches if isinstance(request, UnitRequest) else ()
        _make(prompts, home, change, batches, **given)


def _change_of(request: Request, replaces: int | None, root_k: int | None, collector: bool | None) -> Change:
    if isinstance(request, UnitRequest):
        return changes.admit_unit(request, collector=collector)
    if isinstance(request, ServerRequest):
        return changes.replace_server_key(request)
    if isinstance(request, ReleaseRequest):
        return changes.add_release_key(request)
    if replaces is not None:
        return changes.replace_root(replaces, request)
    if root_k is None:
        raise click.UsageError("a new root holder wants --replaces NUMBER, or --root-k when one is added")
    return changes.add_root(request, root_k)


def _install_sign(main: click.Group) -> None:
    @command(main, "sign")
    @home_option
    @to_option
    @root_option
    @click.argument("file", type=FILE)
    def sign(prompts: Prompts, home: Path, stick: Path, root_files: tuple[str, ...], file: Path) -> None:
        """Sign a proposal FILE that another root holder began."""
        ledger = Ledger.load(home)
        proposal = read_proposal(ledger, file)
        if proposal.missing and not _roots_at_hand(prompts, ledger, proposal, root_files):
            raise click.UsageError("no root key is at hand: give --root NUMBER=FILE")
        _show(prompts, ledger, proposal)
        _sign(prompts, ledger, proposal, stick, root_files)


def _install_people(group: click.Group) -> None:
    @command(group, "remove-reviewer")
    @signing_options
    @click.argument("reviewer")
    @click.option("--k", type=click.IntRange(1, 7), default=None, help="How many must be together from now on.")
    @click.option("--leaver-helps", is_flag=True, help="The one who leaves comes to the re-keying.")
    def remove_reviewer(prompts: Prompts, reviewer: str, k: int | None, leaver_helps: bool, **given: Any) -> None:
        """Take a REVIEWER out; the unit's vault is shared out anew afterwards."""
        _make(prompts, change=changes.remove_reviewer(reviewer, k=k, leaver_helps=leaver_helps), **given)
        prompts.say("Di stasiun unit itu: ambil daftar baru, lalu jalankan senyap-station rekey.",
                    "At that unit's station: take the new roster, then run senyap-station rekey.")  # fmt: skip

    @command(group, "quorum")
    @signing_options
    @click.argument("unit")
    @click.argument("k", type=click.IntRange(1, 7))
    def quorum(prompts: Prompts, unit: str, k: int, **given: Any) -> None:
        """Say that K reviewers of a UNIT must be together."""
        _make(prompts, change=changes.set_quorum(unit, k), **given)

    @command(group, "add-group")
    @signing_options
    @click.argument("unit")
    @click.argument("name_id")
    @click.argument("name_en")
    def add_group(prompts: Prompts, unit: str, name_id: str, name_en: str, **given: Any) -> None:
        """Add a UNIT without reviewers, with its Indonesian and its English name."""
        _make(prompts, change=changes.add_group(unit, name_id, name_en), **given)

    @command(group, "remove-group")
    @signing_options
    @click.argument("unit")
    def remove_group(prompts: Prompts, unit: str, **given: Any) -> None:
        """Take a UNIT out; others read about its area from now on."""
        _make(prompts, change=changes.remove_group(unit), **given)

    @command(group, "remove-root")
    @signing_options
    @click.argument("number", type=int)
    @click.option("--root-k", type=click.IntRange(1, 9), required=True, help="How many must sign from now on.")
    def remove_root(prompts: Prompts, number: int, root_k: int, **given: Any) -> None:
        """Take root holder NUMBER out and put nobody in the place."""
        _make(prompts, change=changes.remove_root(number, root_k), **given)


def _install_machines(group: click.Group) -> None:
    @command(group, "remove-station")
    @signing_options
    @click.argument("station")
    def remove_station(prompts: Prompts, station: str, **given: Any) -> None:
        """Take a STATION out that is no longer used."""
        _make(prompts, change=changes.remove_station(station), **given)

    @command(group, "revoke-station")
    @signing_options
    @click.argument("station")
    def revoke_station(prompts: Prompts, station: str, **given: Any) -> None:
        """Take a stolen STATION out, and its unit's reviewers, whose keys lay on it."""
        _make(prompts, change=changes.revoke_station(station), **given)

    @command(group, "collector")
    @signing_options
    @click.argument("station")
    @click.argument("answer", type=click.Choice(["yes", "no"]))
    def collector(prompts: Prompts, station: str, answer: str, **given: Any) -> None:
        """Say whether a STATION's acknowledgements free rows: yes or no."""
        _make(prompts, change=changes.set_collector(station, answer == "yes"), **given)

    @command(group, "remove-release-key")
    @signing_options
    @click.argument("name")
    def remove_release_key(prompts: Prompts, name: str, **given: Any) -> None:
        """Take the release key NAME out: what it signed is refused from now on."""
        _make(prompts, change=changes.remove_release_key(name), **given)

    @command(group, "extend")
    @signing_options
    def extend(prompts: Prompts, **given: Any) -> None:
        """Change nothing but the day on which the roster ends."""
        _make(prompts, change=changes.keep_all, **given)


def _make(
    prompts: Prompts,
    home: Path,
    change: Change,
    batches: Iterable[bytes] = (),
    *,
    stick: Path,
    root_files: tuple[str, ...],
    days: int,
) -> None:
    """Propose the next roster, show what it changes, sign it with the keys at hand, write it to the stick."""
    ledger = Ledger.load(home)
    proposal = propose(ledger, next_roster(ledger.roster, change, day=today(), days=days), batches)
    _show(prompts, ledger, proposal)
    _sign(prompts, ledger, proposal, stick, root_files)


def _show(prompts: Prompts, ledger: Ledger, proposal: Proposal) -> None:
    known, issued = ledger.roster.version, date_of(ledger.roster.issued)
    prompts.say(
        f"\nMeja ini mengenal daftar versi {known}, terbit {issued}. Ada yang lebih baru? senyap-keys take.",
        f"\nThis desk knows roster version {known}, issued {issued}. Is there a newer one? senyap-keys take.",
    )
    prompts.say("\nYang berubah bagi pelapor:", "\nWhat changes for the reporter:")
    for sentence in consequences(ledger.roster, proposal.roster, pinned=ledger.pinned):
        mark = "  ! " if sentence.warning else "  - "
        prompts.say(mark + sentence.id, mark + sentence.en)
    for group in closed_groups(ledger, proposal, epoch_of(today())):
        prompts.say(f"  ! {group}: kunci minggu ini belum lengkap; bawa berkas kunci mingguannya.",
                    f"  ! {group}: keys of this week are missing; bring its weekly keys.")  # fmt: skip
    day = date_of(today())
    prompts.agree(f"\nHari ini {day}. Tandatangani ini", f"\nToday is {day}. Sign this")


def _sign(prompts: Prompts, ledger: Ledger, proposal: Proposal, stick: Path, root_files: tuple[str, ...]) -> None:
    at_hand = _roots_at_hand(prompts, ledger, proposal, root_files)
    for path in at_hand.values():
        path.stat()  # a stick that is not there is said before anybody types
    for number, path in at_hand.items():
        if not root_files and not helps(ledger, proposal, number):
            continue  # nobody types a passphrase for nothing
        key = prompts.unlocked(f"root-{number}", partial(open_root, path, number))
        proposal = sign_proposal(ledger, proposal, {number: key})
    if not proposal.missing:
        verify_next(ledger, proposal.data, today=today())
    paths = write_proposal(proposal, stick)
    if not proposal.missing:
        put_in_force(ledger, proposal, today=today())
    for path in paths:
        click.echo(str(path))
    if proposal.missing:
        others = ", ".join(str(root.id) for root in may_sign(ledger, proposal))
        prompts.say(
            f"Masih kurang {proposal.missing} tanda tangan. Bawa ke pemegang kunci lain ({others}): senyap-keys sign",
            f"{proposal.missing} more signatures are needed. Carry it to another holder ({others}): senyap-keys sign",
        )
        raise SystemExit(EXIT_WARNING)
    prompts.say(
        "Daftar baru berlaku di meja ini. Bawa stik ini seutuhnya: senyap-dropbox roster STIK, senyap-station roster "
        "STIK, dan ke meja setiap pemegang kunci lain: senyap-keys take STIK.",
        "The new roster is in force here. Carry the whole stick: senyap-dropbox roster STICK, senyap-station roster "
        "STICK, and to each other holder's desk: senyap-keys take STICK.",
    )


def _roots_at_hand(
    prompts: Prompts, ledger: Ledger, proposal: Proposal, root_files: tuple[str, ...]
) -> Mapping[int, Path]:
    """Return the root keys to sign with: those named, else those in roots/ of this desk, as many as are needed."""
    if root_files:
        named = read_pairs(root_files, "--root")
        if not all(re.fullmatch(r"[0-9]{1,3}", number) for number in named):
            raise click.UsageError("--root wants NUMBER=FILE")
        found = {int(number): path for number, path in named.items()}
        if strangers := set(found) - {root.id for root in (*ledger.roster.roots, *proposal.roster.roots)}:
            number = min(strangers)
            refuse(prompts, f"Ditolak: tidak ada pemegang kunci akar {number} di daftar, lama atau baru.",
                   f"Refused: no root holder {number} in the roster, neither old nor new.")  # fmt: skip
        return found
    here = {root.id: ledger.folder / "roots" / root_file(root.id) for root in may_sign(ledger, proposal)}
    return {number: path for number, path in here.items() if path.is_file()}

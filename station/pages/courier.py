"""The courier's stick: take what is there, put the next outbox."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, render_template, request

from crypto.encoding import today
from crypto.errors import CryptoError
from station import backup, canaries, courier, lost_weeks, outbox, presence, screen, space
from station.desk import Desk, open_desk
from station.errors import StationError
from station.pages import current, viewer
from station.refusals import told
from station.session import State

blueprint = Blueprint("courier", __name__)
_MOUNTS = Path("/media"), Path("/run/media"), Path("/mnt")


def sticks(mounts: tuple[Path, ...] = _MOUNTS) -> list[Path]:
    """Return what is mounted where desktops mount sticks."""
    found = [path for mount in mounts if mount.is_dir() for path in (*mount.iterdir(), *mount.glob("*/*"))]
    return sorted(path for path in found if path.is_mount())


@blueprint.get("/kurir")
def ask() -> str:
    """Ask where the stick is."""
    return _page([], "", "")


def _copy(desk: Desk, made: list[Path]) -> None:
    """Make the backup that was asked for, and name it; its vault is opened with the passphrases of those present."""
    disk, stick = (request.form.get(name, "").strip() for name in ("cadangan", "stik"))
    if disk:
        words = {who: request.form.get(f"frasa-{who}", "").strip() for who in current().present}
        copy = backup.make_backup(desk, Path(disk), lambda home: open_desk(home, words), day=today(), stick=Path(stick))
        made.append(copy)


@blueprint.post("/kurir")
def visit() -> str:
    """Do the whole exchange."""
    session, folder, day = current(), request.form.get("stik", "").strip(), today()
    lines: list[str] = []
    problem = ""
    try:
        if not folder or not Path(folder).is_dir():
            problem = "Folder itu tidak ada. Pasang stiknya, lalu ketik tempatnya."
        else:
            with session.desk() as desk:
                try:
                    lines = _exchange(desk, Path(folder), day)
                finally:
                    session.renew()  # a roster may have come, whatever went wrong after it
            if why := presence.notice(session.home) or presence.blocked(session.home):
                lines.append(f"PERINGATAN: {why}")
    except (StationError, CryptoError) as error:
        problem = told(error)
    except OSError as error:
        problem = f"Disk atau stik tidak dapat dibaca atau ditulis: {space.reason(error)}"
    return _page(lines, problem, folder)


def _exchange(desk: Desk, stick: Path, day: int) -> list[str]:
    """Do it and return what is said of it."""
    made: list[Path] = []
    done = courier.visit(desk, stick, day=day, between=lambda now: _copy(now, made))
    viewer().forget()  # of a case that went now, and the number of its file is given out again
    lines = screen.visit_lines(done, day + outbox.DAYS_TO_NEXT)
    lines += [f"cadangan dibuat dan dibaca ulang: {copy}" for copy in made]
    lines += [f"PERINGATAN: {screen.SAME_DISK}" for copy in made if backup.shares_disk(desk.home, copy)]
    lines += [line for _, found in done.imported for line in screen.swept_lines(found.swept)]
    lines += [f"PERINGATAN: {alarm}" for _, found in done.imported for alarm in found.alarms]
    if not done.imported:
        with desk.vault.begin() as transaction:
            patience = desk.home.settings.canary_days
            missed = canaries.alarms(transaction, station=desk.home.id, day=day, patience=patience)
        lines += [f"PERINGATAN: {alarm}" for alarm in missed]
    return lines


def _page(lines: list[str], problem: str, folder: str) -> str:
    uncopied, gated, missing, alarms = 0, False, None, list[str]()
    if current().state is State.OPEN:
        with current().desk() as desk:
            uncopied, gated = outbox.count_uncopied(desk), desk.home.acks_need_backup
            with desk.vault.begin() as transaction:
                missing = lost_weeks.suggest(transaction, day=today())
                alarms = list(outbox.warnings(transaction, desk))
    return render_template(
        "courier.html",
        sticks=sticks(),
        lines=lines,
        problem=problem,
        folder=folder,
        disk=request.form.get("cadangan", ""),
        uncopied=uncopied,
        gated=gated,
        missing=missing,
        alarms=alarms,
    )

"""Files that arrived whole before a form came to nothing: they stay, and the form names them in a sealed field."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Sequence

from crypto.attachment import MAX_ATTACHMENTS, Attachment
from dropbox.errors import Broken, Busy, Full
from dropbox.form import DROPPED, KEPT
from dropbox.pages.flood import spend_answer
from dropbox.received import Received
from dropbox.services import directory, here
from dropbox.sessions import KeptFiles, SessionEnded
from keys.roster import Group


def all_files(received: Received) -> tuple[Attachment, ...]:
    """Return the files of earlier tries, then those of this one; a file chosen once more counts once."""
    found: dict[tuple[str, bytes], Attachment] = {}
    for file in (*received.kept, *received.files):
        found.setdefault((file.name, file.sha256), file)
    return tuple(found.values())


def owner_of(secret: bytes) -> str:
    """Return the name of a form by its secret, or of a mailbox by its id, in the field that keeps its files."""
    return hashlib.sha256(secret).hexdigest()


def kept_files(typed: Mapping[str, Sequence[str]], group_ids: Sequence[str], owner: bytes) -> tuple[Attachment, ...]:
    """Return the files named in `berkas` if they are of this owner and sealed to these groups of this very roster.

    Raises SessionEnded otherwise: after a change of the roster the groups may have other reviewers.
    """
    text = "".join(typed.get(KEPT, ()))
    if not text:
        return ()
    kept = here().fields.open_files(text)
    if kept.readers != tuple(group_ids) or kept.roster != directory().roster.version or kept.owner != owner_of(owner):
        raise SessionEnded("files: sealed to other readers, or of another form")
    unwanted = set(typed.get(DROPPED, ()))
    return tuple(a for number, a in enumerate(kept.attachments) if str(number) not in unwanted)


def keep(received: Received) -> None:
    """Write what arrived whole, though the form came to nothing: it is among the files at hand then."""
    if received.writer is None:
        return
    try:
        if received.files:
            spend_answer(received.typed)
        received.writer.flush()
        received.kept = all_files(received)[:MAX_ATTACHMENTS]
    except (Busy, Full, Broken) as error:
        received.full = received.full or isinstance(error, Full)
        with contextlib.suppress(Broken):
            received.writer.abandon()
        received.dropped = received.dropped or bool(received.files)


def seal_kept(groups: Sequence[Group], kept: Sequence[Attachment], owner: bytes, ends: int) -> str:
    """Return the hidden field that names the files at hand, empty when there are none."""
    if not kept:
        return ""
    readers = tuple(group.id for group in groups)
    return here().fields.seal_files(KeptFiles(readers, tuple(kept), directory().roster.version, owner_of(owner), ends))

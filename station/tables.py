"""The tables of the vault.

Rows of a bundle are kept here in the clear of SQLCipher; the bundle itself lies beside it, still sealed.
"""

from __future__ import annotations

import enum

import sqlalchemy as sa

REPORTER = "reporter"
NO_EPOCH = -1  # of a row whose prefix is damaged, or of a week that no key here can open


class Outcome(enum.StrEnum):
    """What became of one row. Stored, so that the same row is never judged twice."""

    COVER = "cover"
    FOREIGN = "foreign"
    PART = "part"
    LETTER = "letter"
    REPEAT = "repeat"
    HELD = "held"  # waits for more reviewers
    ORPHAN = "orphan"  # a follow-up that waits for its report
    QUARANTINED = "quarantined"
    REFUSED = "refused"
    FORWARDED = "forwarded"  # of another unit: what it passed on, or where a case stands there


class FileState(enum.IntEnum):
    """How far an attachment has come."""

    WAITING = 0
    WHOLE = 1
    DAMAGED = 2  # all parts are there and their hash is wrong


metadata = sa.MetaData()
Int, Text, Blob = sa.Integer, sa.Text, sa.LargeBinary

# schema · roster: the highest version this vault worked with · of a backup: copied, its day; copied-at, the number of
# the last outbox then · leads: station.case_copies
meta = sa.Table("meta", metadata, sa.Column("name", Text, primary_key=True), sa.Column("value", Text, nullable=False))

bundles = sa.Table(
    "bundles",
    metadata,
    sa.Column("sender", Text, primary_key=True),
    sa.Column("to", Text, primary_key=True),
    sa.Column("seq", Int, primary_key=True, autoincrement=False),
    sa.Column("hash", Blob, nullable=False),
    sa.Column("previous", Blob, nullable=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("applied_seq", Int, nullable=False),
    sa.Column("applied_hash", Blob, nullable=False),
    sa.Column("roster_version", Int, nullable=False),
    sa.Column("oldest_epoch", Int, nullable=False),
)

# `tried`: for a foreign row, the reviewers whose keys were tried, so that others can try again; `epoch` is that
# of its prefix
seen_rows = sa.Table(
    "seen_rows",
    metadata,
    sa.Column("digest", Blob, primary_key=True),
    sa.Column("outcome", Text, nullable=False),
    sa.Column("tried", Text, nullable=False, default=""),
    sa.Column("epoch", Int, nullable=False),
    sqlite_with_rowid=False,
)

held_rows = sa.Table(
    "held_rows",
    metadata,
    sa.Column("digest", Blob, primary_key=True),
    sa.Column("raw", Blob, nullable=False),
    sa.Column("epoch", Int, nullable=False),
    sa.Column("tried", Text, nullable=False),
)

# a share that a reviewer found in a held row, sealed to a later weekly key of that reviewer: that of `epoch`
held_shares = sa.Table(
    "held_shares",
    metadata,
    sa.Column("digest", Blob, primary_key=True),
    sa.Column("reviewer", Text, primary_key=True),
    sa.Column("epoch", Int, nullable=False),
    sa.Column("sealed", Blob, nullable=False),
)

# which weekly keys were erased, on what day, and the bundle that allowed it; written before the file goes
erased_keys = sa.Table(
    "erased_keys",
    metadata,
    sa.Column("reviewer", Text, primary_key=True),
    sa.Column("epoch", Int, primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("to", Text, nullable=False),
    sa.Column("seq", Int, nullable=False),
)

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", Int, primary_key=True),
    sa.Column("mailbox", Blob, nullable=False, unique=True),
    sa.Column("reply_key", Blob, nullable=False),
    sa.Column("thread_key", Blob, nullable=False),
    sa.Column("claim", Blob, nullable=False),
    sa.Column("mailbox_name", Text, nullable=False),
    sa.Column("status", Text, nullable=False),
    sa.Column("language", Text, nullable=False),
    sa.Column("readers", sa.JSON, nullable=False),
    sa.Column("day", Int, nullable=False),
    sa.Index("cases_by_status", "status", "day"),  # a case has kilobytes of keys that a list never reads
)

# `told`: how many messages the reporter had been written when it came
letters = sa.Table(
    "letters",
    metadata,
    sa.Column("id", Int, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("object_id", Blob, nullable=False),
    sa.Column("content", Blob, nullable=False),
    sa.Column("arrived", Int, nullable=False),
    sa.Column("raw", Blob, nullable=False),
    sa.Column("told", Int, nullable=False),
    sa.Index("letters_by_case", "case_id", "arrived"),
)

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("id", Int, primary_key=True),
    sa.Column("letter_id", sa.ForeignKey("letters.id"), nullable=False, index=True),
    sa.Column("object_id", Blob, nullable=False, index=True),
    sa.Column("name", Text, nullable=False),
    sa.Column("media_type", Text, nullable=False),
    sa.Column("size", Int, nullable=False),
    sa.Column("parts", Int, nullable=False),
    sa.Column("sha256", Blob, nullable=False),
    sa.Column("key", Blob, nullable=False),
    sa.Column("cleaned", Text, nullable=False),
    sa.Column("state", Int, nullable=False),
)

parts = sa.Table(
    "parts",
    metadata,
    sa.Column("object_id", Blob, primary_key=True),
    sa.Column("part", Int, primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("data", Blob, nullable=False),
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", Int, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("sender", Text, nullable=False),
    sa.Column("text", Text, nullable=False),
    sa.Index("messages_by_case", "case_id", "sender", "day"),
)

held_letters = sa.Table(
    "held_letters",
    metadata,
    sa.Column("digest", Blob, primary_key=True),
    sa.Column("mailbox", Blob, nullable=False, index=True),
    sa.Column("day", Int, nullable=False),
    sa.Column("raw", Blob, nullable=False),
)

# cases whose reporter asked that the mailbox be given up, and on what day the request came
closed_boxes = sa.Table(
    "closed_boxes",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
)

# letters that the station knows beforehand (station.canaries): the hash of a text and of its runs of words, never
# the text; `fields`: where its recipe sends it; a bundle of a day after `due` must have brought it; `because`: what
# people found out; `settled`: of how many arrivals
canaries = sa.Table(
    "canaries",
    metadata,
    sa.Column("number", Int, primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("due", Int, nullable=False),
    sa.Column("fingerprint", Blob, nullable=False, unique=True),
    sa.Column("pieces", sa.JSON, nullable=False),
    sa.Column("fields", sa.JSON, nullable=False),
    sa.Column("files", Int, nullable=False),
    sa.Column("because", Text, nullable=False),
    sa.Column("settled", Int, nullable=False),
)

# cases that are no reports: a canary made them; `remarks`: what was strange about it
canary_cases = sa.Table(
    "canary_cases",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("number", Int, nullable=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("remarks", sa.JSON, nullable=False),
)

# what the list of cases is filtered by, as the first letter says it (station.search)
facets = sa.Table(
    "facets",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("unit", Text, nullable=False),
    sa.Column("kategori", Text, nullable=False),
    sa.Column("kerugian", Text, nullable=False),
)

outboxes = sa.Table(
    "outboxes",
    metadata,
    sa.Column("seq", Int, primary_key=True, autoincrement=False),
    sa.Column("hash", Blob, nullable=False),
    sa.Column("day", Int, nullable=False),
)

# which outboxes carried the question that a case waits with (station.delivery)
asked = sa.Table(
    "asked",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("seq", Int, primary_key=True, autoincrement=False),
)


# --- what reviewers wrote. A step is never changed: the last one says since when a case stands as it does ---

# `by` took it, `approved` said yes to it where two were needed; `detail`: outcome, reason or recipient; `text`: to
# the reporter; `note`: for the file
steps = sa.Table(
    "steps",
    metadata,
    sa.Column("id", Int, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("day", Int, nullable=False),
    sa.Column("source", Text, nullable=False),
    sa.Column("target", Text, nullable=False),
    sa.Column("detail", Text, nullable=False),
    sa.Column("note", Text, nullable=False),
    sa.Column("by", Text, nullable=False),
    sa.Column("approved", Text, nullable=False),
)

# who did what to which case on which day (station.audit); an entry is never changed, each hashes the one before
log = sa.Table(
    "log",
    metadata,
    sa.Column("number", Int, primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("who", Text, nullable=False),
    sa.Column("deed", Text, nullable=False),
    sa.Column("case_id", Int, nullable=False),
    sa.Column("detail", Text, nullable=False),
    sa.Column("hash", Blob, nullable=False),
)

# one at most for a case; it goes when it is approved, refused or taken back
proposals = sa.Table(
    "proposals",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("source", Text, nullable=False),
    sa.Column("target", Text, nullable=False),
    sa.Column("detail", Text, nullable=False),
    sa.Column("text", Text, nullable=False),
    sa.Column("note", Text, nullable=False),
    sa.Column("by", Text, nullable=False),
)

notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", Int, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("day", Int, nullable=False),
    sa.Column("by", Text, nullable=False),
    sa.Column("text", Text, nullable=False),
)

# cases that two people keep beyond their time (station.retention)
holds = sa.Table(
    "holds",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("by", Text, nullable=False),
    sa.Column("approved", Text, nullable=False),
    sa.Column("why", Text, nullable=False),
)

# cases that went when their time had come, and when; their row in `cases` names nobody any more
purged = sa.Table(
    "purged",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
)

# mailboxes of cases that went, for letters that come late (station.past_boxes); `number` of the case, `day` it went
past_boxes = sa.Table(
    "past_boxes",
    metadata,
    sa.Column("mailbox", Blob, primary_key=True),
    sa.Column("number", Int, nullable=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("reply_key", Blob, nullable=False),
    sa.Column("thread_key", Blob, nullable=False),
    sa.Column("readers", sa.JSON, nullable=False),
    sa.Column("language", Text, nullable=False),
)

# cases that such a letter made, and the number of the one that went
followed_cases = sa.Table(
    "followed_cases",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("number", Int, nullable=False),
)

# said before a case is opened for the first time; `conflict`: 1 where this reviewer must not read it
statements = sa.Table(
    "statements",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("reviewer", Text, primary_key=True),
    sa.Column("day", Int, nullable=False),
    sa.Column("conflict", Int, nullable=False),
)

# cases that came on paper or by a visit and were typed in (station.paper); `told`: 1 where the code was handed over
paper_cases = sa.Table(
    "paper_cases",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("way", Text, nullable=False),
    sa.Column("by", Text, nullable=False),
    sa.Column("told", Int, nullable=False),
)

# what everybody may know of how a weakness of a process was mended (station.lessons); `approved`: "" while it waits
lessons = sa.Table(
    "lessons",
    metadata,
    sa.Column("id", Int, primary_key=True),
    sa.Column("day", Int, nullable=False),
    sa.Column("process", Text, nullable=False),
    sa.Column("title", Text, nullable=False),
    sa.Column("weakness", Text, nullable=False),
    sa.Column("fix", Text, nullable=False),
    sa.Column("by", Text, nullable=False),
    sa.Column("approved", Text, nullable=False),
)

# weeks whose keys were lost, for everybody (station.lost_weeks); `approved`: "" while it waits; `day` is that of the
# proposal, then that of the approval
lost_weeks = sa.Table(
    "lost_weeks",
    metadata,
    sa.Column("first", Int, primary_key=True, autoincrement=False),
    sa.Column("last", Int, nullable=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("by", Text, nullable=False),
    sa.Column("approved", Text, nullable=False),
)

# years of statistics (station.publication): `body` is what was looked at and is published, never counted again;
# `approved`: "" while it waits for another person
publications = sa.Table(
    "publications",
    metadata,
    sa.Column("year", Int, primary_key=True, autoincrement=False),
    sa.Column("day", Int, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("by", Text, nullable=False),
    sa.Column("approved", Text, nullable=False),
)

"""The tables of the vault for what goes to another unit (formats §3), and for cases that came from one."""

from __future__ import annotations

import sqlalchemy as sa

from station.tables import Blob, Int, Text, metadata

# one for each recipient of a case; `sealed`: 1 to a group of the roster, 0 by a printed letter alone
referrals = sa.Table(
    "referrals",
    metadata,
    sa.Column("id", Int, primary_key=True),
    sa.Column("case_id", sa.ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    sa.Column("recipient", Text, nullable=False),
    sa.Column("sealed", Int, nullable=False),
    sa.Column("reference", Blob, nullable=False, unique=True),
    sa.UniqueConstraint("case_id", "recipient"),
)

# what is passed on at once, exactly as it leaves: `body` is what the station will sign; `sources`: what it was made
# of; `seen`: the last letter that people had read when they let it go, or go on; `approved`: 0 while it waits for
# another person, 1 when it was let go, 2 when the rest of it was taken back on its way
parcels = sa.Table(
    "parcels",
    metadata,
    sa.Column("id", Int, primary_key=True),
    sa.Column("referral_id", sa.ForeignKey("referrals.id", ondelete="CASCADE"), nullable=False),
    sa.Column("body", Blob, nullable=False),
    sa.Column("sources", sa.JSON, nullable=False),
    sa.Column("seen", Int, nullable=False),
    sa.Column("approved", Int, nullable=False),
)

# the files of a parcel, in the order of its body; `words`: what was done to their metadata
parcel_files = sa.Table(
    "parcel_files",
    metadata,
    sa.Column("parcel_id", sa.ForeignKey("parcels.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    sa.Column("number", Int, primary_key=True, autoincrement=False),
    sa.Column("data", Blob, nullable=False),
    sa.Column("words", Text, nullable=False),
)

# the rows of an approved parcel: `file` -1 is its body; `sent`: the outbox that took it last, 0 when none did,
# -1 when it left and is to leave again
parcel_rows = sa.Table(
    "parcel_rows",
    metadata,
    sa.Column("parcel_id", sa.ForeignKey("parcels.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    sa.Column("file", Int, primary_key=True, autoincrement=False),
    sa.Column("part", Int, primary_key=True, autoincrement=False),
    sa.Column("sent", Int, nullable=False),
)

# where a case stands with its recipient, by that unit's station: its newest word
referral_news = sa.Table(
    "referral_news",
    metadata,
    sa.Column("referral_id", sa.ForeignKey("referrals.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    sa.Column("station", Text, primary_key=True),
    sa.Column("number", Int, nullable=False),
    sa.Column("came", Int, nullable=False),
    sa.Column("body", Blob, nullable=False),
)

# of referrals that went with their case: the word of a recipient who still works at it is none of a stranger
past_referrals = sa.Table(
    "past_referrals",
    metadata,
    sa.Column("reference", Blob, primary_key=True),
    sa.Column("recipient", Text, nullable=False),
)

# cases that another unit passed on: they have no mailbox here; `told`: hash of what that unit was told last, `sent`:
# the outbox that took it
referred_cases = sa.Table(
    "referred_cases",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    sa.Column("origin", Text, nullable=False),
    sa.Column("reference", Blob, nullable=False),
    sa.Column("body", Blob, nullable=False),
    sa.Column("told", Blob, nullable=False),
    sa.Column("sent", Int, nullable=False),
    sa.UniqueConstraint("origin", "reference"),
)

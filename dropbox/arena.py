"""The arena: a fixed number of slots full of rows that look alike (formats §7).

A slot is free (it holds cover that left already, or never will) or waiting (it is to leave with the
next bundle). Which of the waiting rows are reports, only a station can tell.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from crypto.attachment import MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS, parts_of
from crypto.encoding import today
from crypto.row import ROW_BYTES
from dropbox.clock import this_hour
from dropbox.dialects import Turn
from dropbox.errors import FilesFull, Full
from dropbox.store import Store, exports, rows, slots
from dropbox.tally import Tally

FILES_UP_TO = 0.5  # files stop when half the arena waits
FILES_A_DAY = 1 / 16  # of the arena, but always one report with all its files
LARGEST_REPORT = MAX_ATTACHMENTS * parts_of(MAX_ATTACHMENT_BYTES)
LITTERED_FROM = 1 / 4  # of that: files without a letter are either mistakes in forms or a flood
CROWDED_FROM = 7 / 8  # an eighth is kept for letters: then a question is asked before one is taken
SET_UP_ROWS = 32
_SHUFFLER = random.SystemRandom()


class Arena:
    """Slots of one store."""

    def __init__(self, store: Store, tally: Tally) -> None:
        self._store = store
        self._tally = tally

    def set_up(self, count: int, make_cover: Callable[[], bytes]) -> None:
        """Fill the arena with cover up to `count` slots.

        Goes on where an interrupted run stopped; several processes may do it at once.
        """
        while (missing := count - self.counts()[1]) > 0:
            cover = [make_cover() for _ in range(min(SET_UP_ROWS, missing))]
            with self._store.writing() as connection:
                _, there = _counts(connection)  # another process may have added some meanwhile
                new = [{"id": slot, "row": row} for slot, row in zip(range(there, count), cover, strict=False)]
                if new:
                    connection.execute(insert(slots), [{"id": each["id"], "waiting": 0} for each in new])
                    connection.execute(insert(rows), new)

    def counts(self) -> tuple[int, int]:
        """Return (slots waiting, slots in all)."""
        with self._store.reading() as connection:
            return _counts(connection)

    def is_strained(self) -> bool:
        """Tell whether little but the part kept for letters is left, or this day brought many files without one."""
        waiting, total = self.counts()
        crowded = total * CROWDED_FROM <= waiting < total
        return crowded or self._tally.loose_rows(today()) > _ration(total) * LITTERED_FROM

    def put(self, files: Sequence[bytes], letter: bytes | None = None, *, before: int = 0) -> list[int]:
        """Write rows to random free slots and make them waiting, in one synced transaction.

        Files stop when half the arena waits or a day brought a sixteenth of it, a letter only when no slot is
        free: then nothing is written and FilesFull or Full is raised. `before`: rows of files that were written
        before this letter and belong to it. Returns the slots.
        """
        sealed = [*files, *([letter] if letter is not None else [])]
        if any(len(row) != ROW_BYTES for row in sealed):
            raise ValueError("a row has another size")
        if not sealed:
            return []
        with self._store.writing(Turn.LIMITED if files else Turn.BESIDE, around=self._tally.as_stored()) as connection:
            day = today()  # behind the line: a day that is over would begin the count of yesterday anew
            waiting, total = _counts(connection)
            ration = _ration(total) - self._tally.file_rows(day)
            if files and len(files) > min(total * FILES_UP_TO - waiting, ration):
                raise FilesFull("no room for files")
            chosen = self._claim(connection, len(sealed))
            place(connection, chosen, sealed)
            letters = int(letter is not None)
            self._tally.add_rows(day, len(files), loose=-before if letters else len(files), letters=letters)
            if letters:
                self._tally.add_letter(this_hour())
        return chosen

    def put_cover(self, cover: bytes | None, day: int) -> bool:
        """Let a moment of cover pass; write the row when no real one stands in its place and there is room.

        None lets it pass without one. Cover stops where files stop: what is left then is for letters.
        """
        with self._store.writing(Turn.LIMITED, around=self._tally.as_stored()) as connection:
            waiting, total = _counts(connection)
            if not self._tally.cover_is_due(day):
                if self._tally.owes_transaction(day):
                    self._store.dialect.count(connection)
                return False
            if cover is None or waiting >= total * FILES_UP_TO:
                return False
            place(connection, self._claim(connection, 1), [cover])
        return True

    def _claim(self, connection: Connection, count: int) -> list[int]:
        """Draw free slots and hold them until the transaction ends; raises Full when there are too few.

        Slots that another front end holds at this moment are passed over, and waited for only when no other is left:
        its transaction may yet come to nothing.
        """
        free, held, passed = free_slots(connection), list[int](), list[int]()
        while len(held) < count and free:
            drawn = self.choose(free, min(count - len(held), len(free)))
            got = self._store.dialect.lock_free(connection, drawn)
            held += got
            passed += set(drawn) - set(got)
            free = list(set(free) - set(drawn))
        if len(held) < count and passed:
            held += self._store.dialect.lock_free(connection, passed, wait=True)[: count - len(held)]
        if len(held) < count:
            raise Full("no room for letters")
        return held

    @staticmethod
    def choose(free: Sequence[int], count: int) -> list[int]:
        """Draw slots by the operating system's randomness."""
        return _SHUFFLER.sample(free, count)

    def release(self, taken: Sequence[int], make_cover: Callable[[], bytes], day: int | None = None) -> None:
        """Overwrite slots of a submission that came to nothing with fresh cover and free them.

        A row that a bundle took along meanwhile stays until it is acknowledged: a bundle that is being
        written must not change, and a station drops parts without a letter. `day` is that of the submission, today
        without it: what yesterday's ration paid for gives today's nothing back.
        """
        if not taken:
            return
        cover = [make_cover() for _ in taken]
        with self._store.writing(Turn.BESIDE, around=self._tally.as_stored()) as connection:
            gone = set(connection.scalars(select(exports.c.slot).where(exports.c.slot.in_(taken))))
            ours = [slot for slot in taken if slot not in gone]
            if ours:
                overwrite(connection, zip(ours, cover, strict=False))
                set_waiting(connection, ours, 0)
                if day is None or day == today():
                    self._tally.add_rows(today(), -len(ours), loose=-len(ours))

    def waiting_rows(self, wanted: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Yield (slot, row) of the given slots, in the order given, one at a time."""
        for slot in wanted:
            with self._store.reading() as connection:
                yield slot, connection.scalar(select(rows.c.row).where(rows.c.id == slot)) or b""


def _ration(total: int) -> int:
    return max(int(total * FILES_A_DAY), LARGEST_REPORT)


def place(connection: Connection, chosen: Sequence[int], sealed: Sequence[bytes]) -> None:
    """Write rows to slots that the transaction holds and make them waiting."""
    overwrite(connection, zip(chosen, sealed, strict=True))
    set_waiting(connection, chosen, 1)


def overwrite(connection: Connection, new: Iterable[tuple[int, bytes]]) -> None:
    """Overwrite rows in place: a row of the same size stays on its pages.

    What was recorded of the old row's travels goes with it: an acknowledgement never counts for another row.
    """
    values = [{"number": slot, "sealed": sealed} for slot, sealed in new]
    connection.execute(update(rows).where(rows.c.id == bindparam("number")).values(row=bindparam("sealed")), values)
    connection.execute(delete(exports).where(exports.c.slot == bindparam("number")), values)


def set_waiting(connection: Connection, which: Iterable[int], value: int) -> None:
    """Set the state of slots: 1 waiting, 0 free."""
    statement = update(slots).where(slots.c.id == bindparam("slot")).values(waiting=value)
    connection.execute(statement, [{"slot": slot} for slot in which])


def free_slots(connection: Connection) -> list[int]:
    """Return the slots whose row nobody needs."""
    return list(connection.scalars(select(slots.c.id).where(slots.c.waiting == 0)))


def _counts(connection: Connection) -> tuple[int, int]:
    waiting = connection.scalar(select(func.count()).where(slots.c.waiting == 1)) or 0
    return waiting, connection.scalar(select(func.count()).select_from(slots)) or 0

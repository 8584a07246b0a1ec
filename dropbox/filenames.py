"""Names of files: as the browser says them, and without the moment that a camera or a messenger writes into them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection

from crypto.attachment import MAX_NAME_BYTES

_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_DATE = rf"(?:20\d\d[-_.]?{_MONTH}[-_.]?{_DAY}|{_DAY}[-_.]{_MONTH}[-_.]20\d\d|{_MONTH}[-_.]{_DAY}[-_.]20\d\d)"
_CLOCK = r"(?:[01]\d|2[0-3])[-_.:]?[0-5]\d[-_.:]?[0-5]\d(?:[-_.]?\d{3}(?:\d{3})?)?"  # of a program
_SPOKEN = r"(?:[01]?\d|2[0-3])[.:][0-5]\d(?:[.:][0-5]\d)?(?:[ \u00a0\u202f]?[AaPp][Mm]\b)?"  # as people write it
_MOMENT = re.compile(
    rf"(?<!\d){_DATE}(?:[ _.,T-]{{0,3}}(?:(?:at|pukul|jam)[ _.,-]{{1,3}})?(?:{_CLOCK}|{_SPOKEN})|-WA\d{{4}})(?!\d)"
    r"|(?:^|(?<=[_-]))1[5-9]\d{11}(?!\d)"  # milliseconds since 1970
)
_SUFFIX = re.compile(r"\.(?=[0-9]*[A-Za-z])[0-9A-Za-z]{1,5}\Z")
_AROUND = " _.,-"
_NAMELESS = "lampiran"


def file_name(text: str) -> str:
    """Return a name as it was given, cut to the bytes that a letter has room for."""
    return text.encode("utf-8", "replace")[:MAX_NAME_BYTES].decode("utf-8", "ignore")


def without_moment(name: str) -> str:
    """Return a name without a date that has a time, or a messenger's daily number, behind it.

    A date alone stays: people write it themselves. Where no letter is left, the name becomes “lampiran”.
    """
    stem, suffix = _parts(name)
    pieces, at = [], 0
    for moment in _MOMENT.finditer(stem):
        pieces.append(stem[at : moment.start()].rstrip(_AROUND))
        at = moment.end()
    if not at:
        return name
    left = "".join([*pieces, stem[at:]]).strip(_AROUND)
    folder, slash, last = left.rpartition("/")
    return folder + slash + (last if any(map(str.isalpha, last)) else _NAMELESS + last) + suffix


def distinct(name: str, taken: Collection[str]) -> str:
    """Return a name that is not taken: this one, or with the first number from 2 on that makes it another."""
    stem, suffix = _parts(name)
    numbered = (f"{stem}-{number}{suffix}" for number in itertools.count(2))
    return next(other for other in itertools.chain([name], numbered) if other not in taken)


def _parts(name: str) -> tuple[str, str]:
    found = _SUFFIX.search(name)
    return (name[: found.start()], found[0]) if found and found.start() else (name, "")

"""Names of files: as the browser says them, and without the moment that a camera or a messenger writes into them."""

from __future__ import annotations

import re

from crypto.attachment import MAX_NAME_BYTES

_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_DATE = rf"(?:20\d\d[-_.]?{_MONTH}[-_.]?{_DAY}|{_DAY}[-_.]{_MONTH}[-_.]20\d\d|{_MONTH}[-_.]{_DAY}[-_.]20\d\d)"
_TIME = r"(?:[01]?\d|2[0-3])[-_.:]?[0-5]\d(?:[-_.:]?[0-5]\d(?:[-_.]?\d{1,3})?)?(?: ?[AaPp][Mm]\b)?"
_MOMENT = re.compile(
    rf"[ _.,-]*(?<!\d){_DATE}(?:[ _.,T-]*(?:at|pukul|jam)?[ _.,-]*{_TIME}|-WA\d{{4}})(?!\d)"
    r"|[ _.-]*(?<!\d)1[5-9]\d{11}(?!\d)",  # milliseconds since 1970
)
_NAMELESS = "lampiran"


def file_name(text: str) -> str:
    """Return a name as it was given, cut to the bytes that a letter has room for."""
    return text.encode("utf-8", "replace")[:MAX_NAME_BYTES].decode("utf-8", "ignore")


def without_moment(name: str) -> str:
    """Return a name without a date that has a time, or a messenger's daily number, behind it.

    A date alone stays: people write it themselves. Where no letter is left, the name becomes “lampiran”.
    """
    stem, dot, suffix = name.rpartition(".")
    if not dot or not suffix[:1].isalpha():
        stem, dot, suffix = name, "", ""
    left = _MOMENT.sub("", stem)
    if left == stem:
        return name
    left = left.strip(" _.,-")
    return (left if any(map(str.isalpha, left)) else _NAMELESS + left) + dot + suffix

"""A disk without room: how it is told from other troubles, and what people are told of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError

from crypto.medium import NO_ROOM
from station.errors import DiskFull

HERE: Final = (
    "Disk mesin ini penuh. Yang baru saja diminta tidak tersimpan; semua yang sudah ada tetap utuh. Jangan matikan "
    "mesin: panggil yang merawatnya untuk menambah ruang, lalu ulangi."
)
AT_VISIT: Final = (
    "Disk mesin ini penuh. Tidak ada yang hilang: yang belum diambil tetap di stik dan tidak dinyatakan diterima, yang "
    "sudah diambil tersimpan. Panggil yang merawat mesin untuk menambah ruang, lalu ulangi dengan stik yang sama."
)
ON_STICK: Final = (
    "Stik ini penuh. Yang diambil sudah tersimpan, tetapi jawaban dan tanda terima belum ditaruh. Pindahkan berkas "
    "lain dari stik (jangan bundle-… dan outbox-…) atau pasang stik yang lebih besar, lalu ulangi."
)


def is_full(error: BaseException) -> bool:
    """Tell whether a disk had no room left: said by the system, or by the vault's own library."""
    if isinstance(error, OSError):
        return error.errno in NO_ROOM
    if isinstance(error, DBAPIError):
        return is_full(error.orig) if error.orig is not None else False
    return "disk is full" in str(error)


def reason(error: OSError) -> str:
    """Return why something could not be written."""
    return "tidak ada ruang lagi di sana" if is_full(error) else str(error.strerror)


@contextmanager
def wanted(vault: str = HERE, files: str = "") -> Iterator[None]:
    """Raise DiskFull with these words where the vault, or a file, has no room; without words for files, OSError."""
    try:
        yield
    except (OSError, DBAPIError) as error:
        words = files if isinstance(error, OSError) else vault
        if not words or not is_full(error):
            raise
        raise DiskFull(words) from None

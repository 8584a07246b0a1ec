"""A disk without room: how it is told from other troubles, and what people are told of it."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError

from crypto.medium import NO_ROOM
from station.errors import DiskFull

HERE: Final = (
    "Disk mesin ini penuh. Yang baru saja diminta belum, atau baru sebagian, tersimpan; semua yang sudah ada tetap "
    "utuh. Jangan matikan mesin: panggil yang merawatnya untuk menambah ruang, lihat dulu hasilnya, lalu ulangi."
)
AT_VISIT: Final = (
    "Disk mesin ini penuh. Tidak ada yang hilang: yang belum diambil tetap di stik dan tidak dinyatakan diterima, yang "
    "sudah diambil tersimpan. Panggil yang merawat mesin untuk menambah ruang, lalu ulangi dengan stik yang sama."
)
ON_STICK: Final = (
    "Stik ini penuh. Yang diambil sudah tersimpan, tetapi jawaban dan tanda terima belum ditaruh. Pindahkan berkas "
    "lain dari stik (jangan bundle-… dan outbox-…) atau pasang stik yang lebih besar, lalu ulangi."
)

VAULT: Final = (
    "Brankas tidak dapat dibaca atau ditulis. Yang terakhir diminta mungkin belum, atau baru sebagian, tersimpan. "
    "Jangan matikan mesin: panggil yang merawatnya"
)
_REASONS: Final[Mapping[int, str]] = {
    errno.EROFS: "disk itu hanya dapat dibaca, tidak ditulis",
    errno.EIO: "disk itu tidak terbaca di bagian itu, mungkin rusak",
    errno.ENOENT: "tidak ditemukan; mungkin disk atau stiknya sudah dilepas",
    errno.ENODEV: "disk itu sudah dilepas",
    errno.ENXIO: "disk itu sudah dilepas",
    errno.EACCES: "pengguna ini tidak berhak di sana",
    errno.EPERM: "disk itu tidak mengizinkannya; pakai disk dengan sistem berkas Linux (ext4), bukan FAT",
    errno.ENOTDIR: "itu bukan folder",
    errno.EISDIR: "itu folder, bukan berkas",
    errno.EEXIST: "di sana sudah ada berkas dengan nama itu",
    errno.ENOTEMPTY: "folder itu tidak kosong",
    errno.EBUSY: "sedang dipakai program lain",
    errno.EFBIG: "berkasnya terlalu besar untuk disk itu; pakai disk dengan sistem berkas ext4",
    errno.ENAMETOOLONG: "namanya terlalu panjang",
    errno.ELOOP: "itu tautan, bukan berkas",
}


def is_full(error: BaseException) -> bool:
    """Tell whether a disk had no room left: said by the system, or by the vault's own library."""
    if isinstance(error, OSError):
        return error.errno in NO_ROOM
    if isinstance(error, DBAPIError):
        return is_full(error.orig) if error.orig is not None else False
    return "disk is full" in str(error)


def reason(error: OSError) -> str:
    """Return why something could not be read or written."""
    if is_full(error):
        return "tidak ada ruang lagi di sana"
    return _REASONS.get(error.errno or 0, f"kesalahan sistem nomor {error.errno or 0}")


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

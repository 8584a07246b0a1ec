"""What a reporter is told about a refusal that is not their doing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext

from crypto.attachment import MAX_ATTACHMENTS, Attachment
from dropbox.errors import Broken, Busy, Closed, DropboxError, FilesFull, Full, Why
from dropbox.form import FILES, Problem
from dropbox.incoming import NO_ROOM, one_too_many
from dropbox.received import Received


def problem_text(error: DropboxError) -> Any:
    """Return what a reporter is told about a refusal that is not their doing."""
    if isinstance(error, Closed):
        return closed_text(error.why)
    return {
        Busy: lazy_gettext("Sedang banyak yang mengirim. Tulisan Anda masih di bawah: "
                           "tunggu satu menit, lalu kirim lagi."),
        FilesFull: NO_ROOM,
        Full: lazy_gettext("Kotak sedang penuh. Coba lagi besok; tulisan Anda masih di bawah."),
        Broken: lazy_gettext("Penyimpanan kami sedang bermasalah, jadi belum ada yang tersimpan. Tulisan Anda masih di "
                             "bawah: kirim lagi beberapa menit lagi."),
    }[type(error)]  # fmt: skip


def opening_text(error: DropboxError) -> Any:
    """Return what is told to somebody whose box could not be opened just now."""
    if isinstance(error, Busy):
        return lazy_gettext("Sedang banyak yang membuka kotak. Tunggu satu menit, lalu tekan tombolnya lagi.")
    return lazy_gettext("Penyimpanan kami sedang bermasalah. Coba lagi beberapa menit lagi.")


def closed_text(why: Why) -> Any:
    """Return what a reporter is told when nothing may be sealed."""
    return {
        Why.NOBODY: lazy_gettext("Untuk pilihan ini tidak ada petugas yang boleh membaca, jadi tidak ada yang "
                                 "disimpan. Ubah pilihan di bagian pertama, atau pakai saluran lain: KPK 198, "
                                 "Ombudsman 137."),
        Why.LAPSED: lazy_gettext("Unit yang akan membacanya sedang tidak memegang kunci yang berlaku, jadi tidak ada "
                                 "yang disimpan. Coba lagi beberapa hari lagi, atau pakai saluran lain: KPK 198, "
                                 "Ombudsman 137."),
        Why.SHUT: lazy_gettext("Kotak ini tidak dapat menerima tulisan sekarang, jadi tidak ada yang disimpan. Coba "
                               "lagi beberapa hari lagi, atau pakai saluran lain: KPK 198, Ombudsman 137."),
    }[why]  # fmt: skip


def choose_again(received: Received, problems: Sequence[Problem]) -> list[Problem]:
    """Return what is said of files that were not kept, unless a problem speaks of them already.

    Nothing while the box takes nothing: there is no use in choosing files once more.
    """
    if not received.dropped or any(p.key == FILES for p in problems) or received.closed:
        return []
    return [Problem(FILES, NO_ROOM if received.full else lazy_gettext("Pilih lampiran Anda sekali lagi."))]


def too_many_files(files: Sequence[Attachment]) -> Any:
    """Return what is said when a form has more files than one submission may have, None when it has not."""
    over = ", ".join(f"“{file.name}”" for file in files[MAX_ATTACHMENTS:])
    return one_too_many(over) if over else None

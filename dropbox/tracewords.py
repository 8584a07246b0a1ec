"""The words for what `crypto.prose.traces` finds, as reporters read them."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext as _

KINDS: Final[dict[str, Any]] = {
    "email": _("alamat email"),
    "akun": _("nama akun"),
    "nip": _("NIP"),
    "nik": _("NIK atau nomor KK"),
    "npwp": _("NPWP"),
    "hp": _("nomor HP"),
    "telepon": _("nomor telepon"),
    "plat": _("nomor kendaraan"),
    "paspor": _("nomor paspor"),
    "nomor": _("nomor panjang"),
    "diri": _("kata yang menunjuk Anda"),
    "jam": _("jam yang persis"),
    "tempat": _("titik di peta"),
}

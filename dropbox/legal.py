"""What the law calls a reporter's choice of category (UU 31/1999 jo. UU 20/2001; PP 94/2021 for discipline).

Reporters need not know it: the program adds it to the letter. It narrows what reviewers look at and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext as _

from dropbox.form import Field, Options

GROUPS: Options = (
    ("kerugian_negara", _("Kerugian keuangan negara")),
    ("suap", _("Suap-menyuap")),
    ("penggelapan", _("Penggelapan dalam jabatan")),
    ("pemerasan", _("Pemerasan")),
    ("curang", _("Perbuatan curang")),
    ("benturan_pengadaan", _("Benturan kepentingan dalam pengadaan")),
    ("gratifikasi", _("Gratifikasi")),
    ("disiplin", _("Disiplin atau kode etik")),
    ("menghalangi", _("Menghalangi pemeriksaan")),
    ("pembalasan", _("Pembalasan terhadap pelapor")),
)
DEGREES: Options = (("ringan", _("Ringan")), ("sedang", _("Sedang")), ("berat", _("Berat")))
ANY_DEGREE = ("ringan", "sedang", "berat")  # by whom the effect reaches: the unit, the agency, the state
FIELDS = (
    Field("golongan", "checks", _("Golongan menurut hukum (mungkin)"), options=GROUPS),
    Field("tingkat_disiplin", "checks", _("Tingkat pelanggaran disiplin (mungkin)"), options=DEGREES),
)
CATEGORY_GROUPS: Mapping[str, tuple[str, ...]] = {
    "suap": ("suap", "gratifikasi"),
    "pungli": ("pemerasan",),
    "pengadaan": ("kerugian_negara", "curang", "benturan_pengadaan"),
    "aset": ("penggelapan",),
    "perjalanan": ("kerugian_negara",),
    "dana": ("kerugian_negara",),
    "jabatan": ("suap",),
    "benturan": ("benturan_pengadaan", "disiplin"),
    "menutupi": ("menghalangi",),
    "disiplin": ("disiplin",),
    "pembalasan": ("pembalasan",),
    "lainnya": (),
}
CATEGORY_DEGREES: Mapping[str, tuple[str, ...]] = {
    "suap": ("berat",),  # accepting or asking for something because of one's office
    "pungli": ("berat",),  # levies outside the rules
    "lainnya": (),
}
NO_CIVIL_SERVANTS = frozenset({"gubernur", "bupati", "desa", "bumd", "swasta"})  # PP 94/2021 does not bind them


def classified(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that tell reviewers what an answer may fall under; those that would be empty are left out."""
    category = fields.get("kategori", "")
    groups = CATEGORY_GROUPS.get(category, ())
    degrees = CATEGORY_DEGREES.get(category, ANY_DEGREE if groups else ())
    if fields.get("jenjang_terlapor") in NO_CIVIL_SERVANTS:
        degrees = ()
    found = zip(FIELDS, (groups, degrees), strict=True)
    return {field.key: ",".join(values) for field, values in found if values}

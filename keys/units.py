"""The units of South Sumatra, the levels of the accused, and the routing between them.

Names and codes: UU 7/2001, UU 16/2013 and Kemendagri codes; the routing follows Permendagri 8/2023 and
PP 72/2019 as the inspectorates explain them, and is for the Inspektorat to confirm before use.
"""

from __future__ import annotations

from typing import Final

from keys.roster import Route

PROVINCE: Final = "sumsel"
KPK: Final = "kpk"
UNKNOWN_AREA: Final = "tidak-tahu"

# slug → name of the government (Kemendagri code)
GOVERNMENTS: Final[dict[str, str]] = {
    "sumsel": "Provinsi Sumatera Selatan",  # 16
    "oku": "Kabupaten Ogan Komering Ulu",  # 16.01
    "oki": "Kabupaten Ogan Komering Ilir",  # 16.02
    "muara-enim": "Kabupaten Muara Enim",  # 16.03
    "lahat": "Kabupaten Lahat",  # 16.04
    "musi-rawas": "Kabupaten Musi Rawas",  # 16.05
    "musi-banyuasin": "Kabupaten Musi Banyuasin",  # 16.06
    "banyuasin": "Kabupaten Banyuasin",  # 16.07
    "oku-timur": "Kabupaten Ogan Komering Ulu Timur",  # 16.08
    "oku-selatan": "Kabupaten Ogan Komering Ulu Selatan",  # 16.09
    "ogan-ilir": "Kabupaten Ogan Ilir",  # 16.10
    "empat-lawang": "Kabupaten Empat Lawang",  # 16.11
    "pali": "Kabupaten Penukal Abab Lematang Ilir",  # 16.12
    "muratara": "Kabupaten Musi Rawas Utara",  # 16.13
    "palembang": "Kota Palembang",  # 16.71
    "pagar-alam": "Kota Pagar Alam",  # 16.72
    "lubuk-linggau": "Kota Lubuk Linggau",  # 16.73
    "prabumulih": "Kota Prabumulih",  # 16.74
}
REGENCIES: Final = tuple(slug for slug in GOVERNMENTS if slug != PROVINCE)

LEVELS: Final = (
    "gubernur", "pimpinan-provinsi", "pegawai-provinsi", "bupati", "pimpinan-daerah", "pegawai-daerah",
    "desa", "sekolah", "bumd", "swasta", "tidak-tahu",
)  # fmt: skip


def names_of(slug: str) -> tuple[str, str]:
    """Return the Indonesian and English name of a reading group."""
    if slug == KPK:
        return "Komisi Pemberantasan Korupsi (KPK)", "Corruption Eradication Commission (KPK)"
    name = GOVERNMENTS[slug]
    english = name.replace("Provinsi", "Province of").replace("Kabupaten", "Regency of").replace("Kota", "City of")
    return f"Inspektorat {name}", f"Inspectorate of the {english}"


def routing() -> dict[str, dict[str, Route]]:
    """Return area × level → who reads, who reads instead, who never may."""
    areas = (*GOVERNMENTS, UNKNOWN_AREA)
    return {area: {lv: _route(area if area in REGENCIES else None, lv) for lv in LEVELS} for area in areas}


def regency_routes(slug: str) -> dict[str, Route]:
    """Return level → route for the area of a regency or city whose own unit has that id."""
    return {level: _route(slug, level) for level in LEVELS}


def _route(unit: str | None, level: str) -> Route:
    if level in ("gubernur", "pimpinan-provinsi"):
        return Route((KPK,), (), (PROVINCE, *([unit] if unit else [])))
    if unit is None:
        return Route((PROVINCE,), (KPK,), ())
    if level in ("bupati", "pimpinan-daerah", "tidak-tahu", "pegawai-provinsi"):
        return Route((PROVINCE,), (KPK,), (unit,))
    if level == "sekolah":  # SD and SMP are the regency's, SMA and SMK the province's: both may need it
        return Route((unit, PROVINCE), (KPK,), (), lapsed=True)
    return Route((unit,), (PROVINCE,), (), lapsed=True)


COVER_WEIGHTS: Final[dict[str, dict[str, int]]] = {
    "areas": {area: 6 if area == PROVINCE else 2 for area in (*GOVERNMENTS, UNKNOWN_AREA)},
    "levels": dict.fromkeys(LEVELS, 1),
    "exclusions": {"tidak-ada": 6, "inspektorat-daerah": 2, "inspektorat-provinsi": 1},
}

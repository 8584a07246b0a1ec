"""Who must be present, by the roster and by the shares of the vault key: after a change of reviewers the two differ.

Until `rekey` the vault opens for those to whom its key was shared out, whatever the roster says by now.
"""

from __future__ import annotations

from collections.abc import Collection

from crypto import medium
from keys.stationkeys import STATION_K
from station.home import Home


def shares_wanted(home: Home) -> int:
    """Return how many holders of a share open the vault."""
    try:
        found = medium.read_file(home.folder / STATION_K, 2)
    except FileNotFoundError:
        return home.group.k
    return int(found) if found.isdigit() else home.group.k


def holders(home: Home) -> tuple[str, ...]:
    """Return the unit's reviewers who hold a share, in roster order."""
    return tuple(who for who in home.members if who in home.sharers)


def lacking(home: Home, present: Collection[str]) -> int:
    """Return how many more must come: as many as the roster asks for, and enough of them with a share."""
    with_share = sum(who in present for who in holders(home))
    return max(home.group.k - len(present), shares_wanted(home) - with_share, 0)


def blocked(home: Home) -> str:
    """Return why the unit's reviewers cannot open its vault however many come, with the way on; "" when they can."""
    wanted, there = shares_wanted(home), holders(home)
    if len(there) >= wanted:
        return ""
    held = f"hanya {', '.join(there)} yang memegangnya" if there else "tidak seorang pun memegangnya"
    return (
        f"Brankas ini terbuka dengan {wanted} pemegang bagian kuncinya; dari penelaah menurut roster versi "
        f"{home.roster.version} {held}. Tidak ada yang hilang: perkara tetap di brankas, laporan baru menunggu di stik "
        f"dan di kotak. Panggil yang merawat mesin: senyap-station rekey, bersama {wanted} dari "
        f"{', '.join(home.sharers)}; yang sudah keluar boleh membantu. Bila mereka tidak dapat datang, hubungi "
        "pemegang kunci."
    )


def notice(home: Home) -> str:
    """Return what those who come should know of a change of reviewers, "" when there was none."""
    if home.taken_out:
        return (
            f"Unit ini dikeluarkan dari roster pada versi {home.taken_out}. Perkara di sini tetap dapat dibaca; tidak "
            "ada yang diambil atau dijawab dari meja ini, dan laporan baru dibaca unit lain. Tentang perkara yang "
            "belum selesai, hubungi pemegang kunci."
        )
    if home.shares_fit() or blocked(home):
        return ""
    return (
        "Penelaah unit ini berubah, kunci brankas belum dibagi ulang. Panggil yang merawat mesin: senyap-station "
        f"rekey. Sampai itu {shares_wanted(home)} dari {', '.join(holders(home))} harus hadir."
    )

"""What a new roster changes for the reporter, in words: shown before anybody signs it.

Each sentence stands in Indonesian and in English. Who can open a report is the question they answer; nothing that
a roster says may change without a sentence, for whoever signs sees nothing else of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, product

from crypto.encoding import date_of
from crypto.mailbox import MAX_DAY
from keys.plain import plain
from keys.roster import AREA_INSPECTORATE, PROVINCE_INSPECTORATE, Group, Role, Roster, Route, Sizes

Readers = tuple[str, ...]
Levels = dict[str, list[str]]  # area → levels
_WISHES = ((AREA_INSPECTORATE,), (PROVINCE_INSPECTORATE,), (AREA_INSPECTORATE, PROVINCE_INSPECTORATE))
_ROLES = {
    Role.VERIFIKATOR: ("verifikator (pemeriksaan awal)", "verifikator (first check)"),
    Role.TELAAH: ("telaah (menelaah)", "telaah (reviews)"),
    Role.INSPEKTUR: ("inspektur (memutuskan)", "inspektur (decides)"),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One consequence in both languages. `warning`: somebody should think before signing."""

    id: str
    en: str
    warning: bool = False


def consequences(old: Roster, new: Roster, *, pinned: Roster | None = None) -> tuple[Sentence, ...]:
    """Compare two rosters and return what changes; the last sentence always says until when the new one holds.

    `pinned` is the roster whose root set stands on posters, by default the old one.
    """
    until = date_of(min(new.expires, MAX_DAY))
    found = (
        *_people(old, new),
        *_routes(old, new),
        *_stations(old, new),
        *_roots(old, new, pinned or old),
        *_releases(old, new),
        *_settings(old, new),
        Sentence(
            f"Daftar kunci versi {new.version} berlaku sampai {until}.",
            f"Roster version {new.version} holds until {until}.",
            warning=new.expires < old.expires,
        ),
    )
    return tuple(Sentence(plain(s.id), plain(s.en), s.warning) for s in found)


def _people(old: Roster, new: Roster) -> Iterator[Sentence]:
    before, after = {g.id: g for g in old.groups}, {g.id: g for g in new.groups}
    for group in new.groups:
        was = before.get(group.id, Group(group.id, group.name_id, group.name_en, 1, ()))
        if group.id not in before:
            yield Sentence(f"{group.name_id} masuk ke sistem.", f"{group.name_en} joins the system.")
        if (was.name_id, was.name_en) != (group.name_id, group.name_en):
            yield Sentence(
                f"{was.name_id} ({group.id}) bernama {group.name_id} mulai sekarang.",
                f"{was.name_en} ({group.id}) is called {group.name_en} from now on.",
                warning=True,
            )
        yield from _reviewers(was, group)
        yield from _quorum(was, group)
    for gone in sorted(set(before) - set(after)):
        yield Sentence(
            f"{before[gone].name_id} keluar dari sistem.", f"{before[gone].name_en} leaves the system.", warning=True
        )


def _reviewers(was: Group, group: Group) -> Iterator[Sentence]:
    here, there, roles = _keys(group), _keys(was), {m.id: m.role for m in group.members}
    for name in sorted(set(here) - set(there)):
        as_id, as_en = _ROLES[roles[name]]
        yield Sentence(
            f"{name} ikut membuka laporan bagi {group.name_id} mulai sekarang, sebagai {as_id}.",
            f"{name} takes part in opening reports for {group.name_en} from now on, as {as_en}.",
        )
    for name in sorted(set(there) - set(here)):
        yield Sentence(
            f"{name} tidak lagi dapat membuka laporan baru bagi {group.name_id}.",
            f"{name} can no longer open new reports for {group.name_en}.",
        )
    for name in sorted(n for n in set(here) & set(there) if here[n] != there[n]):
        yield Sentence(
            f"{name} memakai kunci lain: bisa jadi orang lain.",
            f"{name} uses another key: it may be another person.",
            warning=True,
        )
    yield from _roles(was, group)


def _roles(was: Group, group: Group) -> Iterator[Sentence]:
    before, after = ({m.id: m.role for m in g.members} for g in (was, group))
    for name in sorted(n for n in set(after) & set(before) if after[n] != before[n]):
        (was_id, was_en), (now_id, now_en) = _ROLES[before[name]], _ROLES[after[name]]
        yield Sentence(
            f"{name} berganti peran: sebelumnya {was_id}, sekarang {now_id}.",
            f"{name} changes role: {was_en} before, {now_en} now.",
        )
    if after and Role.INSPEKTUR not in after.values() and (not before or Role.INSPEKTUR in before.values()):
        yield Sentence(
            f"{group.name_id} tidak punya inspektur: tidak ada yang memutuskan.",
            f"{group.name_en} has no inspektur: nobody decides there.",
            warning=True,
        )


def _quorum(was: Group, group: Group) -> Iterator[Sentence]:
    n = len(group.members)
    if not n:
        if was.members:
            yield Sentence(
                f"{group.name_id} tidak punya penelaah lagi: laporannya dibaca pihak lain, dan formulir mengatakannya.",
                f"{group.name_en} has no reviewers any more: others read its reports, and the form says so.",
                warning=True,
            )
        return
    if (was.k, len(was.members)) != (group.k, n):
        alone = group.k == 1 and (was.k != 1 or not was.members)
        before_id = f" (sebelumnya {was.k} dari {len(was.members)})" if was.members else ""
        before_en = f" (before: {was.k} of {len(was.members)})" if was.members else ""
        yield Sentence(
            f"Laporan bagi {group.name_id} terbuka oleh {group.k} dari {n} penelaah bersama{before_id}."
            + (" Satu orang saja cukup." if alone else ""),
            f"A report for {group.name_en} opens for {group.k} of {n} reviewers together{before_en}."
            + (" One person alone is enough." if alone else ""),
            warning=alone,
        )
    if group.k == n > 1 and (was.k, _keys(was)) != (group.k, _keys(group)):
        yield Sentence(
            f"{group.name_id}: bila satu penelaah berhalangan, tidak ada laporan yang terbuka; bila satu penelaah "
            "keluar, berkas lama hanya terbuka dengan bantuannya.",
            f"{group.name_en}: while one reviewer is absent no report opens, and when one leaves, the station's vault "
            "opens only with that person's help.",
            warning=True,
        )


def _keys(group: Group) -> dict[str, bytes]:
    return {m.id: m.key.raw for m in group.members}


def _routes(old: Roster, new: Roster) -> Iterator[Sentence]:
    """Say for each kind of report, by area and level, who reads it now, and where others step in than before."""
    moved: dict[tuple[Readers | None, Readers], Levels] = defaultdict(lambda: defaultdict(list))
    ruled, stepping, closed = (defaultdict[str, list[str]](list) for _ in range(3))
    for area, level in dict.fromkeys(chain(_kinds(new), _kinds(old))):
        if level not in new.routing.get(area, {}):
            closed[area].append(level)
            continue
        known = level in old.routing.get(area, {})
        before, after = old.route(area, level) if known else None, new.route(area, level)
        if before != after:
            moved[before, after][area].append(level)
        if known and _rule(old, new, area, level):
            ruled[area].append(level)
        elif before == after and _stand_ins(old, new, area, level):
            stepping[area].append(level)
    for (was, now), kinds in moved.items():
        yield from _moved(old, new, was, now, kinds)
    for where_id, where_en in _where(new, ruled):
        yield Sentence(
            f"Laporan tentang {where_id}: aturan siapa yang menggantikan (dikecualikan pelapor, tidak boleh, kunci "
            "berakhir) berubah.",
            f"Reports about {where_en}: the rule who steps in (excluded by the reporter, never permitted, keys ended) "
            "changes.",
            warning=True,
        )
    for where_id, where_en in _where(new, stepping):
        yield Sentence(
            f"Laporan tentang {where_id}: bila pelapor mengecualikan pembaca biasa, pihak lain yang membaca.",
            f"Reports about {where_en}: when the reporter excludes the usual readers, others read than before.",
        )
    for where_id, where_en in _where(old, closed):
        yield Sentence(
            f"Laporan tentang {where_id}: tidak dapat dipilih lagi di formulir.",
            f"Reports about {where_en}: the form offers this no more.",
            warning=True,
        )


def _moved(old: Roster, new: Roster, was: Readers | None, now: Readers, kinds: Levels) -> Iterator[Sentence]:
    for where_id, where_en in _where(new, kinds):
        if was is None:
            first_id, first_en = "baru di formulir; pembaca", "new in the form; read by"
        else:
            first_id = f"pembaca sebelumnya {_names(old, was, 'id')}, sekarang"
            first_en = f"read by {_names(old, was, 'en')} before, now by"
        yield Sentence(
            f"Laporan tentang {where_id}: {first_id} {_names(new, now, 'id')}.",
            f"Reports about {where_en}: {first_en} {_names(new, now, 'en')}.",
            warning=not now,
        )


def _kinds(roster: Roster) -> Iterator[tuple[str, str]]:
    return ((area, level) for area, levels in roster.routing.items() for level in levels)


def _where(roster: Roster, kinds: Levels) -> Iterator[tuple[str, str]]:
    """Put areas that share their levels together: `lahat, oku (bupati, desa)`, in both languages."""
    together: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for area, levels in kinds.items():
        whole = set(levels) == set(roster.routing[area])
        together[() if whole else tuple(sorted(levels))].append(area)
    for chosen, areas in together.items():
        names, levels_shown = ", ".join(sorted(areas)), ", ".join(chosen)
        yield f"{names} ({levels_shown or 'semua jenjang'})", f"{names} ({levels_shown or 'all levels'})"


def _rule(old: Roster, new: Roster, area: str, level: str) -> bool:
    """Tell whether a route says something else about groups that are still there."""
    before, after = old.routing[area][level], new.routing[area][level]
    lists = ([tuple(g for g in names if g in new.group_ids) for names in _lists(r)] for r in (before, after))
    return before.lapsed != after.lapsed or next(lists) != next(lists)


def _lists(route: Route) -> tuple[Readers, Readers, Readers]:
    return route.readers, route.instead, route.never


def _stand_ins(old: Roster, new: Roster, area: str, level: str) -> bool:
    """Tell whether others read when the reporter excludes the usual readers."""
    return any(
        old.route(area, level, old.excluded(area, wishes)) != new.route(area, level, new.excluded(area, wishes))
        for wishes in _WISHES
    )


def _names(roster: Roster, groups: Readers, language: str) -> str:
    if not groups:
        return "tidak ada (formulir menutup)" if language == "id" else "nobody (the form closes)"
    found = [roster.group(g) for g in groups]
    return " + ".join(g.name_id if language == "id" else g.name_en for g in found)


def _stations(old: Roster, new: Roster) -> Iterator[Sentence]:
    before, after = {s.id: s for s in old.stations}, {s.id: s for s in new.stations}
    for name in sorted(set(before) - set(after)):
        yield Sentence(
            f"Stasiun {name} dicabut: jawabannya tidak diterima lagi. Impor dahulu bundel terakhirnya di sana.",
            f"Station {name} is taken out: its answers are no longer accepted. Import its last bundle there first.",
            warning=True,
        )
    for name in sorted(set(after) - set(before)):
        group = after[name].group
        yield Sentence(f"Stasiun {name} mulai bekerja bagi {group}.", f"Station {name} begins to work for {group}.")
    for name in sorted(set(after) & set(before)):
        was, now = before[name], after[name]
        if was.key.raw != now.key.raw:
            yield Sentence(f"Stasiun {name} memakai kunci baru.", f"Station {name} uses a new key.")
        if was.group != now.group:
            yield Sentence(
                f"Stasiun {name} bekerja bagi {now.group}, bukan lagi {was.group}.",
                f"Station {name} works for {now.group} and no longer for {was.group}.",
                warning=True,
            )
        if was.lead != now.lead:
            yield Sentence(
                f"Stasiun {name} {'menjawab pelapor mulai sekarang' if now.lead else 'tidak lagi menjawab pelapor'}.",
                f"Station {name} {'answers reporters from now on' if now.lead else 'answers reporters no longer'}.",
            )
    if {s.id for s in old.collectors} != {s.id for s in new.collectors}:
        names = ", ".join(sorted(s.id for s in new.collectors))
        yield Sentence(
            f"Laporan baru boleh dihapus dari server setelah disimpan oleh: {names}.",
            f"Reports may leave the server once these have stored them: {names}.",
        )
    if old.server_key.raw != new.server_key.raw:
        yield Sentence(
            "Server memakai kunci baru; semua stasiun perlu menerima daftar ini.",
            "The drop box uses a new key; every station needs this roster.",
        )


def _roots(old: Roster, new: Roster, pinned: Roster) -> Iterator[Sentence]:
    before, after = {r.id: r.key.raw for r in old.roots}, {r.id: r.key.raw for r in new.roots}
    if before == after and old.root_k == new.root_k:
        return
    gone = sorted(n for n in before if after.get(n) != before[n])
    come = sorted(n for n in after if before.get(n) != after[n])
    yield Sentence(
        f"Pemegang kunci akar: keluar {_numbers(gone) or 'tidak ada'}, masuk {_numbers(come) or 'tidak ada'}; "
        f"{new.root_k} dari {len(after)} harus menandatangani. Delapan kata di poster tetap berlaku."
        + (" Satu orang saja cukup." if new.root_k == 1 else ""),
        f"Root holders: out {_numbers(gone) or 'none'}, in {_numbers(come) or 'none'}; {new.root_k} of {len(after)} "
        "must sign. The eight words on posters stay the same."
        + (" One person alone is enough." if new.root_k == 1 else ""),
        warning=new.root_k == 1,
    )
    if len([r for r in pinned.roots if after.get(r.id) == r.key.raw]) < pinned.root_k:
        yield Sentence(
            "Pemegang kunci dari poster tinggal terlalu sedikit: jalankan senyap-keys repin, lalu cetak poster baru.",
            "Too few of the root holders of the poster are left: run senyap-keys repin, then print new posters.",
            warning=True,
        )


def _releases(old: Roster, new: Roster) -> Iterator[Sentence]:
    before, after = ({x.name: x.key.raw for x in r.releases} for r in (old, new))
    for name in sorted(set(after) - set(before)):
        yield Sentence(
            f"Rilis program yang ditandatangani kunci {name} diterima mulai sekarang. Daftar ini dan semua sesudahnya "
            "hanya dibaca program yang mengenal kunci rilis: pastikan dulu server dan semua stasiun sudah diperbarui.",
            f"Releases of the program that key {name} signs are accepted from now on. Only programs that know release "
            "keys read this roster and all later ones: wait until drop box and all stations say that they are updated.",
            warning=not before,
        )
    for name in sorted(set(before) - set(after)):
        yield Sentence(
            f"Rilis program yang ditandatangani kunci {name} tidak diterima lagi.",
            f"Releases of the program that key {name} signed are no longer accepted.",
        )
    for name in sorted(n for n in set(before) & set(after) if before[n] != after[n]):
        yield Sentence(
            f"Kunci rilis {name} diganti kunci lain: bisa jadi orang lain.",
            f"Release key {name} becomes another key: it may be another person.",
            warning=True,
        )


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _settings(old: Roster, new: Roster) -> Iterator[Sentence]:
    for what_id, what_en, was, now in (
        ("Kelompok provinsi", "The province's group", old.province, new.province),
        ("Kelompok penerima surat tanpa tujuan", "The group of messages without a route", old.fallback, new.fallback),
        ("Suite kriptografi terendah", "The lowest suite", old.min_suite, new.min_suite),
        *((f"Ukuran {name}", f"Size {name}", getattr(old.sizes, name), getattr(new.sizes, name))
          for name in Sizes.__slots__),
    ):  # fmt: skip
        if was != now:
            yield Sentence(f"{what_id}: {was} menjadi {now}.", f"{what_en}: {was} becomes {now}.", warning=True)
    for axis, name in product(("areas", "levels", "exclusions"), dict.fromkeys(chain(*map(_weighted, (old, new))))):
        was, now = (r.cover_weights[axis].get(name, 0) for r in (old, new))
        if was != now:
            yield Sentence(
                f"Laporan penyamar tentang {name}: bobot {was} menjadi {now}.",
                f"Cover reports about {name}: weight {was} becomes {now}.",
            )


def _weighted(roster: Roster) -> Iterator[str]:
    return (name for weights in roster.cover_weights.values() for name in weights)

"""What a command prints. A reporter's words are hostile input to a terminal: nothing in them may steer it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from crypto.encoding import date_of, visible
from station.canaries import REMARKS, Canary, State
from station.cases import Case, Line, case_name, case_number
from station.courier import BACKUP, Left, Visit
from station.dates import written
from station.erasure import Status, Swept, last_day
from station.home import Home
from station.inbox import Imported
from station.questions import answer_in_words, question
from station.tables import REPORTER, FileState
from station.texts import STATUS_WORDS

FOLLOWS = "Menyusul {}, yang sudah dihapus ketika masa simpannya habis; suratnya ditulis dengan kode yang sama."
CANARY = "KENARI {}: surat uji yang isinya karangan. Bukan laporan, jangan ditindaklanjuti."
GOING = "{} perkara akan dihapus dalam 30 hari. Yang masih diperlukan: senyap-station hold PERKARA --because ALASAN"
_STATES = {"member": "penelaah", "left": "sudah keluar", "new": "belum di roster"}
_FILE_STATES = {FileState.WAITING: "belum lengkap", FileState.WHOLE: "lengkap", FileState.DAMAGED: "rusak"}


def imported_json(found: Imported) -> dict[str, Any]:
    """Return the JSON of `import`."""
    return {
        "new": found.new,
        "repeated": found.repeated,
        "cover": found.cover,
        "foreign": found.foreign,
        "incomplete": found.incomplete,
        "alarms": list(found.alarms),
        "canaries": found.canaries,
        "forwarded": found.forwarded,
    }


_WASHED = {
    "cleaned": "dibersihkan", "not_cleanable": "tidak dapat dibersihkan", "kept": "asli", "untouched": "teks biasa",
}  # fmt: skip


def line_json(line: Line) -> dict[str, Any]:
    """Return the JSON of one case in `list`."""
    return {name: getattr(line, name) for name in Line.__slots__}


def case_json(case: Case) -> dict[str, Any]:
    """Return the JSON of `show`."""
    return {
        "case": case.name,
        "mailbox_name": case.mailbox_name,
        "status": case.status,
        "language": case.language,
        "day": case.day,
        "fields": dict(case.fields),
        "readers": list(case.readers),
        "attachments": [
            {
                "name": a.name,
                "media_type": a.media_type,
                "size": a.size,
                "sha256": a.sha256.hex(),
                "complete": a.state is FileState.WHOLE,
                "cleaned": a.cleaned,
            }
            for a in case.attachments
        ],
        "messages": [{"from": m.sender, "day": m.day, "text": m.text} for m in case.messages],
        "box_closed": case.box_closed,
        "canary": case.canary,
    }


def imported_text(found: Imported) -> str:
    """Return the summary of an import; alarms are printed elsewhere."""
    labels = ("baru", "sudah ada", "samaran", "bukan untuk kita", "belum lengkap", "kenari", "antarunit")
    values = (found.new, found.repeated, found.cover, found.foreign, found.incomplete, found.canaries, found.forwarded)
    return "\n".join(f"{label:<18}{value:>6}" for label, value in zip(labels, values, strict=True))


_UNCOPIED = (
    "{} bundel belum dinyatakan tersimpan: belum ada dalam cadangan. Buat cadangan, lalu ulangi dengan stik ini "
    "(courier STIK --backup DISK)"
)

_HELD = (
    "{} baris belum terbuka: untuk lebih banyak penelaah daripada yang pernah hadir. Tidak hilang: ulangi dengan "
    "penelaah lain; yang sudah keluar dapat membantu (senyap-station courier STIK)"
)


def _left_line(left: Left) -> str:
    where = "tidak dibuat" if left.name == BACKUP else "tetap di stik"
    return f"{where}: {visible(left.name)}: {left.words}"


SAME_DISK = "cadangan ini ada di disk stasiun sendiri; bila disk itu rusak, keduanya hilang. Pakai disk lain"


def visit_lines(done: Visit, following: int) -> list[str]:
    """Return what is said of a courier's visit: what was taken, what was put, when to come again; then what stays."""
    taken = [
        f"bundel {number} ({found.new} baru, {found.repeated} sudah ada, {found.cover} samaran"
        + (f", {found.canaries} kenari" if found.canaries else "")
        + (f", {found.forwarded} dari unit lain)" if found.forwarded else ")")
        for number, found in done.imported
    ]
    taken += [f"roster versi {done.version}"] if done.version else []
    put = f"{done.outbox.name} ({_megabytes(done.outbox.stat().st_size)})" if done.outbox else "-"
    others = f"; {done.others} bundel di stik ini untuk stasiun lain" if done.others else ""
    return [
        f"diambil: {'; '.join(taken) or 'tidak ada bundel'}",
        f"ditaruh: {put}",
        f"berikut: bawa stik ini ke kotak, bundel baru paling lambat {written(following)}{others}",
        *([_UNCOPIED.format(done.uncopied)] if done.uncopied else ()),
        *([_HELD.format(done.held)] if done.held else ()),
        *(_left_line(left) for left in done.left),
    ]


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB".replace(".", ",")


def swept_lines(swept: Swept) -> list[str]:
    """Return what is said of weekly keys after an import: how many went, and which stay longer than they should."""
    lines = []
    if swept.erased:
        lines.append(f"{len(swept.erased)} kunci mingguan dihapus")
    late: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for kept in swept.kept:
        if kept.due:
            late.setdefault((kept.reviewer, kept.reasons), []).append(kept.epoch)
    for (reviewer, reasons), epochs in late.items():
        lines.append(f"PERINGATAN: kunci {reviewer} untuk minggu {_ranges(epochs)} belum dihapus: {'; '.join(reasons)}")
    return lines


def keys_json(status: Status) -> dict[str, Any]:
    """Return the JSON of `keys`."""
    return {
        "grace_days": status.grace_days,
        "erased": [{"reviewer": reviewer, "epoch": epoch} for reviewer, epoch in status.swept.erased],
        "reviewers": [
            {
                "reviewer": x.reviewer,
                "state": x.state,
                "epochs": list(x.epochs),
                "ended": [
                    {"epoch": k.epoch, "until": k.until, "due": k.due, "reasons": list(k.reasons)}
                    for k in status.swept.kept
                    if k.reviewer == x.reviewer
                ],
            }
            for x in status.reviewers
        ],
    }


def keys_text(status: Status) -> str:
    """Return the list of weekly keys for people to read."""
    out = [f"masa tunggu {status.grace_days} hari"]
    for x in status.reviewers:
        until = f"sampai {date_of(last_day(x.epochs[-1])).isoformat()}" if x.epochs else "tidak ada"
        out.append(f"{x.reviewer}  {_STATES[x.state]}  kunci mingguan {until}: minggu {_ranges(x.epochs) or '-'}")
        for k in status.swept.kept:
            if k.reviewer == x.reviewer:
                mark = "terlambat sejak" if k.due else "disimpan sampai"
                out.append(f"    minggu {k.epoch}  {mark} {date_of(k.until).isoformat()}  {'; '.join(k.reasons)}")
    return "\n".join(out)


def _ranges(numbers: Sequence[int]) -> str:
    """Write ascending numbers as ranges: 3-5, 9."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1] = [found[-1][0], number]
        else:
            found.append([number])
    return ", ".join("-".join(str(n) for n in dict.fromkeys(pair)) for pair in found)


def canary_json(canary: Canary) -> dict[str, Any]:
    """Return the JSON of one canary in `canary`."""
    return {
        "number": canary.number,
        "day": canary.day,
        "state": canary.state.value,
        "because": canary.because,
        "cases": [case_name(number) for number in canary.cases],
        "remarks": list(canary.remarks),
        "alarm": canary.alarm,
    }


_CANARY_STATES = {
    State.OUT: "menunggu", State.ARRIVED: "tiba", State.SETTLED: "dicatat", State.MISSING: "TIDAK TIBA",
    State.SILENCE: "TIDAK ADA BUNDEL", State.INCOMPLETE: "BERKAS KURANG", State.AGAIN: "TIBA LEBIH DARI SEKALI",
    State.CONTRARY: "TIBA, PADAHAL DICATAT TIDAK",
}  # fmt: skip


def canaries_text(canaries: Sequence[Canary]) -> str:
    """Return the list of canaries for people to read."""
    out = []
    for x in canaries:
        came = f"  {', '.join(case_name(number) for number in x.cases)}" if x.cases else ""
        noted = f"  ({x.because})" if x.because else ""
        out.append(f"kenari {x.number}  {date_of(x.day).isoformat()}  {_CANARY_STATES[x.state]}{came}{noted}")
        out += [f"    {REMARKS[name]}" for name in x.remarks]
    return "\n".join(out) or "belum ada kenari"


def list_text(lines: Sequence[Line], soon: Collection[int] = ()) -> str:
    """Return the table of cases; it marks those that go soon."""
    if not lines:
        return "belum ada perkara"
    table = [("PERKARA", "KOTAK", "STATUS", "BAHASA", "MASUK", "SURAT", "")]
    for x in lines:
        marks = (
            f"KENARI {x.canary}: bukan laporan" * bool(x.canary),
            "berkas belum lengkap" * bool(x.incomplete),
            "AKAN DIHAPUS" * (case_number(x.case) in soon),
        )
        mark = ", ".join(filter(None, marks))
        when = date_of(x.day).isoformat()
        cells = (x.case, x.mailbox_name, STATUS_WORDS.get(x.status, x.status), x.language, when, str(x.letters), mark)
        table.append(tuple(visible(cell) for cell in cells))  # type: ignore[arg-type]
    widths = [max(len(row[at]) for row in table) for at in range(7)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in table)


def case_text(case: Case, home: Home) -> str:
    """Return one case for people to read, with units by their names."""
    out = [CANARY.format(case.canary), ""] if case.canary else []
    out += [FOLLOWS.format(case_name(case.follows)), ""] if case.follows else []
    out += [
        f"Perkara   {case.name}",
        f"Kotak     {visible(case.mailbox_name)}",
        f"Status    {STATUS_WORDS.get(case.status, case.status)}",
        f"Masuk     {date_of(case.day).isoformat()}",
        f"Bahasa    {visible(case.language)}",
        f"Pembaca   {visible(', '.join(map(home.name_of, case.readers)))}",
        "",
    ]
    for name, text in sorted(case.fields.items(), key=lambda item: (question(item[0]).place, item[0])):
        out += [visible(question(name).label), "    " + visible(answer_in_words(name, text), indent="    ")]
    if case.attachments:
        out += ["", "Lampiran"]
    for number, a in enumerate(case.attachments, 1):
        state = f"{_FILE_STATES[a.state]}, {_WASHED[a.cleaned]}"
        out.append(f"  {number:03d}  {a.size:>10} B  {state}  {visible(a.media_type)}  {visible(a.name)}")
    if case.box_closed:
        out += ["", "Kotak dihapus oleh pelapor: jawaban tidak akan terbaca lagi."]
    if case.messages:
        out += ["", "Pesan (yang sehari tidak berurutan: hanya harinya yang diketahui)"]
    number = 0  # of the officers' messages, as answers name them
    for m in case.messages:
        number += m.sender != REPORTER
        who = "pelapor" if m.sender == REPORTER else f"{visible(home.name_of(m.sender))}  (pesan {number})"
        out += [f"  {date_of(m.day).isoformat()}  {who}", "    " + visible(m.text, indent="    ")]
    return "\n".join(out)

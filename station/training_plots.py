"""The twelve cases of a training station: when each was reported, and what was done with it since."""

from __future__ import annotations

from dataclasses import dataclass, field

from station.texts import offered


@dataclass(frozen=True, slots=True)
class Act:
    """What was done so many days ago: a further letter of the reporter, or a step of a reviewer.

    `by` and `approved` are numbers of reviewers; a step that must be approved and is not waits.
    """

    ago: int
    target: str = ""
    by: int = 1
    approved: int = 0
    detail: str = ""
    text: str = field(default="", repr=False)
    note: str = field(default="", repr=False)
    letter: str = field(default="", repr=False)
    files: int = 0


@dataclass(frozen=True, slots=True)
class Plot:
    """One case. `text` is told instead of a drawn story; `ends` is the status in which reviewers find it."""

    ago: int
    ends: str
    level: str
    category: str
    acts: tuple[Act, ...] = ()
    files: int = 0
    language: str = "id"
    text: str = field(default="", repr=False)


_V, _T, _I = 1, 2, 3  # verifikator, telaah, inspektur
_ASK = "Kami memerlukan tambahan informasi. Tahun berapa hal itu terjadi, dan dokumen apa yang menunjukkannya? Jika "
_ASK += 'tidak aman atau tidak tahu, tulis saja "tidak tahu".'
_TASK, _RESULT = "Surat tugas 700/LATIHAN-1 (karangan)", "Laporan hasil pemeriksaan 700/LATIHAN-2 (karangan)"
_ENGLISH = (
    "An office rents the same three cars twice each month. I saw both invoices in the folder of the treasurer: same "
    "number plates, same days, two amounts. The drivers say that they never drove on half of those days. Everything "
    "here is invented so that reviewers can practise with a report in English."
)
ANSWER = "Seingat saya itu dua tahun lalu. Ada kuitansi di map biru, fotonya saya lampirkan kalau sudah aman."


def _worked(first: int, *more: Act) -> tuple[Act, ...]:
    """Return the way to `review`, the first check so many days ago, and what followed."""
    told = offered("id", "review")
    return (Act(first, "screening", _V), Act(first - 2, "review", _V, text=told), *more)


def _examined(first: int, *more: Act) -> tuple[Act, ...]:
    begun = Act(first - 6, "examination", _T, _I, note=_TASK, text=offered("id", "examination"))
    return _worked(first, begun, *more)


def _examined_to_the_end(first: int, finished: int, *more: Act) -> tuple[Act, ...]:
    done = Act(finished, "follow_up", _T, _I, note=_RESULT, text=offered("id", "follow_up"))
    return _examined(first, done, *more)


PLOTS = (
    Plot(140, "examination", "pegawai-provinsi", "pengadaan", _examined(139), files=2),
    Plot(120, "closed_done", "pegawai-provinsi", "perjalanan", _examined_to_the_end(119, 50, Act(
        20, "closed_done", _T, _I, "terbukti_sebagian", offered("id", "closed_done", "terbukti_sebagian"),
    ), Act(2, letter="Terima kasih. Yang satu lagi masih bekerja seperti dulu, apakah itu juga diperiksa?"))),
    Plot(100, "follow_up", "bumd", "aset", _examined_to_the_end(99, 25), files=1),
    Plot(75, "need_info", "pegawai-provinsi", "jabatan", (
        Act(74, "screening", _V), Act(70, "need_info", _V, text=_ASK),
    )),
    Plot(60, "referred", "swasta", "suap", _worked(59, Act(
        30, "referred", _T, _I, "kejaksaan", offered("id", "referred"), "Pejabat di luar kewenangan (karangan)",
    ))),
    Plot(40, "closed_not_actionable", "pegawai-provinsi", "disiplin", (Act(39, "screening", _V), Act(
        35, "closed_not_actionable", _V, _I, "duplikat", offered("id", "closed_not_actionable", "duplikat"),
    ))),
    Plot(30, "review", "pegawai-provinsi", "menutupi", _worked(
        29, Act(26, "need_info", _T, text=_ASK), Act(14, letter="Tahun lalu. Ini salinan catatannya.", files=1),
    ), files=1),
    Plot(21, "received", "pegawai-provinsi", "pungli"),
    Plot(20, "need_info", "pegawai-provinsi", "pengadaan", (
        Act(19, "screening", _V), Act(17, "need_info", _V, text=_ASK),
    )),
    Plot(15, "screening", "pegawai-provinsi", "disiplin", (Act(14, "screening", _V), Act(
        1, "closed_not_actionable", _V, detail="bukan_pelanggaran",
        text=offered("id", "closed_not_actionable", "bukan_pelanggaran"),
    ))),
    Plot(2, "screening", "pegawai-provinsi", "pengadaan", (Act(1, "screening", _V),), language="en", text=_ENGLISH),
    Plot(0, "received", "pegawai-provinsi", "benturan", files=1),
)  # fmt: skip
ANSWERED = 8  # the place in PLOTS of the case whose answer lies on the stick

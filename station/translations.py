"""What `crypto` and `keys` say in English, word for word, and what it means here: Indonesian, with what to do.

A group of a pattern stands in the text under its name; one that begins with `day` is a day and stands there as a date.
"""

from __future__ import annotations

import re
from typing import Final

ALTERED: Final = (
    "Berkas ini rusak atau berubah di jalan; tidak ada laporan yang diambil darinya. Salin lagi dari asalnya; bila "
    "tetap begini, tanyakan pembuatnya"
)
_ON_THE_WAY = "Rusak di jalan: bawa stik ini ke kotak, yang hilang ditulis lagi di sana"
_KEEP = "Berhenti: simpan berkas ini apa adanya, dan beri tahu pemegang kunci"
_TELL = "Jangan pakai stik itu lagi dan beri tahu pemegang kunci"
_NEW_KEYS = "Minta berkas kunci mingguan yang baru kepada penelaahnya; yang lain di stik ini tetap diambil"
_TYPE_AGAIN = "Periksa Caps Lock, huruf dan spasinya, lalu ketik lagi"
_NOT_SEALED = (
    "Kunci di mesin ini tidak cocok dengan brankas ini; isinya tetap utuh. Panggil yang merawat mesin: pulihkan folder "
    "stasiun dari cadangan (senyap-station restore)"
)
_COPY_AGAIN = "Salin lagi cadangan itu ke disk lain, atau pakai cadangan sebelumnya"
_LOG = "Catatan pengawas {}. Beri tahu pengawas sebelum bekerja"
_LOG_FILES = "Berkas catatan yang disebut {}. Sebut semua berkas dari satu ekspor, tanpa yang lain"
_CERTIFICATE = "Surat bukti ini {}. Jangan dipercaya; tanyakan unit yang disebut di dalamnya"

_REST: Final = (  # of what nobody must tell apart: tried last
    (r"roster\b.*", "Roster ini rusak atau tidak lengkap; tidak dipakai. Minta salinan baru kepada pemegang kunci"),
    (r"batch\b.*", "Berkas kunci mingguan ini rusak atau tidak lengkap; tidak dipakai. " + _NEW_KEYS),
    (r"log\b.*|senyap/v1/audit\b.*", "Catatan ini rusak atau diubah. Minta ekspor yang baru: senyap-station log"),
    (r"(?:senyap/v1/)?certificate\b.*", _CERTIFICATE.format("rusak atau bukan surat bukti")),
    (r"(?:bundle|manifest|transport|section|file record|magic)\b.*", _ON_THE_WAY),
    (
        r"senyap/v1/bundle\b.*",
        "Tanda tangan bundel ini tidak cocok: rusak di jalan, atau bukan buatan kotak kita. Bawa stik ini ke kotak "
        "untuk bundel baru; bila tetap begini, beri tahu pemegang kunci",
    ),
)
_ROSTERS: Final = (
    (
        r"roster: version (?P<wanted>\d+) is not at hand, in force is (?P<ours>\d+)",
        "Bundel ini memakai roster versi {wanted}, yang tidak ada di sini lagi (yang berlaku versi {ours}). Ambil "
        "bundel yang lebih baru dari kotak",
    ),
    (
        r"roster: version (?P<version>\d+) at hand is not the one that was replaced",
        "Roster versi {version} di folder stasiun ini bukan yang dulu berlaku. Jangan hapus apa pun; panggil yang "
        "merawat mesin dan beri tahu pemegang kunci",
    ),
    (
        r"(?:roster: version (?P<version>\d+) lies there, in force here is \d+; take it"
        r"|public files of another root set lie there; take an empty folder)",
        "Di folder itu sudah ada berkas lain; sebut folder kosong",
    ),
    (
        r"roster: another program has just put one in force here; start again",
        "Program lain baru saja memberlakukan roster di sini; ulangi perintah ini",
    ),
    (
        r"roster: another roster of version (?P<version>\d+) (?:is in force; tell the root holders"
        r"|was signed beside the one here)",
        "ALARM: ada dua roster berbeda untuk versi {version}. Berhenti: simpan berkas ini apa adanya, dan beri tahu "
        "pemegang kunci",
    ),
    (
        r"roster: version (?P<version>\d+), take version (?P<missing>\d+) first",
        "Sebelum roster versi {version}, ambil dulu versi {missing}: senyap-station roster BERKAS",
    ),
    (
        r"roster: issued on day (?P<day>\d+), today is day (?P<day_here>\d+); check this machine's clock",
        "Roster ini bertanggal {day}, sedangkan jam mesin ini {day_here}. Betulkan tanggal mesin ini, lalu ulangi",
    ),
    (
        r"roster: another key for reviewer (?P<who>.+); a new key needs a new id",
        "ALARM: roster ini memberi {who} kunci yang bukan miliknya di sini. Berhenti: simpan berkas ini, dan beri tahu "
        "pemegang kunci",
    ),
    (
        r"roster: neither its root set nor one before it is the pinned one|roster: its root set is not the pinned one",
        "Roster ini bukan buatan pemegang kunci yang dikenal stasiun ini; tidak dipakai. " + _TELL,
    ),
    (
        r"(?P<what>roster|batch): of another deployment",
        "Berkas ini milik lembaga lain; tidak dipakai. Kembalikan kepada pemiliknya",
    ),
    (
        r"roster: version (?P<version>\d+), want (?P<wanted>\d+)",
        "Roster ini versi {version}, di sini berikutnya versi {wanted}: tidak lebih baru, maka tidak dipakai",
    ),
    (
        r"roster: version (?P<version>\d+) does not follow version (?P<before>\d+)",
        "Roster versi {version} ini bukan lanjutan versi {before} yang berlaku di sini; tidak dipakai. " + _TELL,
    ),
    (
        r"roster: ended on day (?P<day>\d+), today is day (?P<day_here>\d+)",
        "Roster ini berakhir pada {day}, jam mesin ini {day_here}. Bila jamnya benar, minta roster baru kepada "
        "pemegang kunci, lalu: senyap-station roster BERKAS",
    ),
    (
        r"clock: this machine shows day (?P<day_here>\d+), the roster (?:was issued on|ended on) day (?P<day>\d+).*",
        "Jam mesin ini menunjukkan {day_here}, roster bertanggal {day}. Betulkan tanggal mesin ini; bila jamnya benar, "
        "minta roster baru kepada pemegang kunci",
    ),
    (
        r"roster: (?P<good>\d+) signatures of its old root set, want (?P<k>\d+)",
        "Roster ini baru ditandatangani {good} dari {k} pemegang kunci yang diperlukan; tidak dipakai. Minta yang "
        "lengkap kepada pemegang kunci",
    ),
    (
        r"roster: (?P<good>\d+) signatures of its \w+ root set, want (?P<k>\d+)",
        "Roster ini baru ditandatangani {good} dari {k} orang yang disebutnya sendiri sebagai pemegang kunci; tidak "
        "dipakai. Minta yang lengkap kepada pemegang kunci",
    ),
    (
        r"roster: asks for suite .+, this program knows .+",
        "Roster ini menuntut program yang lebih baru; perbarui dulu stasiun ini (docs/guide-station.md)",
    ),
    (
        r"file: neither a roster nor a batch",
        "Berkas ini bukan roster dan bukan kunci mingguan; tidak dipakai. Sebut berkas roster-….senyap atau "
        "folder batches",
    ),
    (
        r"folder: no rosters and no batches in it",
        "Di folder itu tidak ada roster dan tidak ada kunci mingguan; sebut folder atau berkas lain",
    ),
)
_BATCHES: Final = (
    (
        r"batch: its keys reach to epoch \d+, this is epoch \d+; check the clocks",
        "Kunci mingguan ini untuk minggu yang terlalu jauh. Periksa tanggal mesin ini dan mesin pembuatnya",
    ),
    (
        r"batch: \d+ batches of one reviewer are here already, want \d+ or fewer",
        "ALARM: terlalu banyak berkas kunci mingguan dari satu penelaah. Berhenti: simpan berkas ini, dan tanyakan "
        "penelaahnya",
    ),
    (
        r"batch: its keys ended with epoch \d+, this is epoch \d+",
        "Kunci mingguan ini sudah lewat masanya; tidak dipakai. Yang lebih baru datang dengan stik berikutnya",
    ),
    (
        r"batch: made for roster version (?P<theirs>\d+), in use is (?P<ours>\d+)",
        "Kunci mingguan ini dibuat untuk roster versi {theirs}, di sini berlaku versi {ours}. Ambil dulu roster versi "
        "{theirs}: senyap-station roster BERKAS",
    ),
    (
        r"batch: its reviewer is not in the roster",
        "Kunci mingguan ini milik orang yang tidak ada di roster; tidak dipakai. Ambil dulu roster yang memuatnya",
    ),
    (
        r"batch: one key stands for two epochs",
        "ALARM: berkas ini memberi satu kunci mingguan untuk dua minggu. " + _KEEP,
    ),
    (
        r"batch: a second key for epoch (?P<epoch>\d+) of one reviewer",
        "ALARM: berkas ini memberi kunci kedua untuk minggu {epoch}, yang sudah punya kunci di sini. " + _KEEP,
    ),
    (
        r"batch: a key that stands elsewhere already",
        "ALARM: berkas ini memuat kunci mingguan yang sudah menjadi milik orang atau minggu lain. " + _KEEP,
    ),
    (
        r"batch: \d+ of \d+ keys of one group for epoch \d+|cover: the weighted routes lead to no group whose keys .*",
        "Kunci mingguan sebuah unit sudah habis, maka outbox tidak dapat dibuat. Minta kunci mingguan yang baru: "
        "senyap-keys renew di stasiun unit itu, lalu ambil dengan stik",
    ),
)
_PEOPLE: Final = (
    (
        r"(?P<here>\d+) of the (?P<k>\d+) reviewers needed are present",
        "Baru {here} dari {k} penelaah yang diperlukan hadir; ulangi bersama yang lain",
    ),
    (
        r"a reviewer of that name has no keyring on this station",
        "Penelaah dengan nama itu tidak punya kunci di stasiun ini; periksa ejaan namanya, lalu ulangi",
    ),
    (r"no reviewer is present", "Belum ada penelaah yang hadir; ulangi, dan ketik nama penelaahnya"),
    (
        r"no reviewer present has a share of the vault key yet: run senyap-station rekey",
        "Yang hadir belum memegang bagian kunci brankas. Jalankan senyap-station rekey bersama yang memegangnya",
    ),
    (
        r"the passphrase of (?P<who>.+) does not open its keyring",
        "Frasa sandi itu tidak cocok dengan {who}. " + _TYPE_AGAIN,
    ),
    (r"the passphrase does not open this file", "Frasa sandi itu tidak cocok. " + _TYPE_AGAIN),
    (r"the key does not open (?:this file|this share of the vault key)|shares?\b.*|quorum\b.*", _NOT_SEALED),
    (
        r"the \w+ (?P<name>.+) has mode .*",
        "{name} di folder stasiun dapat dibaca orang lain di mesin ini, atau milik pengguna lain. Panggil yang merawat "
        "mesin: folder harus bermode 700 dan berkas 600, milik pengguna stasiun",
    ),
    (
        r"rekey: the share key of (?P<who>.+) is not signed by the reviewer in the roster",
        "Kunci {who} di mesin ini bukan milik {who} menurut roster. Brankas tidak berubah. Tanyakan {who} di mana "
        "kuncinya dibuat",
    ),
)
_COPIES: Final = (
    (
        r"backup: (?P<name>.+) reads back as other bytes; the medium may be failing",
        "Cadangan tidak dibuat: {name} terbaca lain daripada yang ditulis, mungkin disknya rusak. Pakai disk lain",
    ),
    (
        r"restore: .+ is not the list of a backup",
        "Folder itu bukan cadangan stasiun; sebut folder backup-… yang utuh",
    ),
    (
        r"restore: (?P<count>\d+) files that every backup has are not in this one",
        "Cadangan itu tidak lengkap: {count} berkas yang wajib tidak ada. " + _COPY_AGAIN,
    ),
    (
        r"restore: (?P<name>.+) is not what the backup's list says",
        "Cadangan itu rusak: {name} tidak sama dengan daftarnya. Tidak ada yang dipulihkan. " + _COPY_AGAIN,
    ),
    (
        r"roster: version (?P<there>\d+) lies in this station's folder, its vault has worked with version "
        r"(?P<known>\d+); somebody put an old file back",
        "ALARM: di folder stasiun ada roster versi {there}, padahal brankas sudah bekerja dengan versi {known}: "
        "seseorang menaruh berkas lama. Berhenti, dan beri tahu pemegang kunci",
    ),
    (
        r"file: (?:more than \d+ bytes|\d+ bytes, want \d+ or fewer)",
        "Berkas ini terlalu besar untuk yang diharapkan; tidak diambil. Periksa apakah berkasnya benar",
    ),
    (
        r"file: (?:a link, want a regular file|not a regular file)",
        "Ini bukan berkas biasa (folder atau tautan); tidak diambil. Sebut berkasnya sendiri",
    ),
)
_PAPERS: Final = (
    (r"log: it ends elsewhere than the vault remembers", _LOG.format("berakhir lain daripada yang dicatat brankas")),
    (r"log: entry (?P<number>\d+) is missing", _LOG.format("tidak lengkap: nomor {number} hilang")),
    (r"log: entry (?P<number>\d+) was changed", _LOG.format("tidak utuh: nomor {number} diubah")),
    (r"log: entry (?P<number>\d+) stands in two files", _LOG_FILES.format("memuat nomor {number} dua kali")),
    (r"log: want the files of one export", _LOG_FILES.format("bukan dari satu ekspor")),
    (r"log: of another station", _LOG_FILES.format("berasal dari stasiun lain")),
    (
        r"log: entries (?P<first>\d+) to (?P<last>\d+) are missing",
        _LOG_FILES.format("tidak memuat nomor {first} sampai {last}"),
    ),
    (
        r"log: (?:entry (?P<number>\d+) does not follow .*|it goes beyond entry \d+, where it ends)",
        "Catatan ini diubah setelah ditulis: urutannya terputus. Simpan berkasnya, dan tanyakan stasiun itu",
    ),
    (r"certificate: of another kind or another deployment", _CERTIFICATE.format("bukan dari lembaga ini")),
    (r"certificate: the PDF is not the one that was signed", _CERTIFICATE.format("diubah setelah ditandatangani")),
    (r"certificate: not signed by that station", _CERTIFICATE.format("tidak ditandatangani stasiun yang disebutnya")),
    (
        r"words: (?P<count>\d+), want (?P<wanted>\d+)",
        "Yang diketik {count} kata, harus {wanted}. Hitung lagi, lalu ketik semuanya sekali lagi",
    ),
    (
        r"(?:words|code): the checksum does not fit",
        "Salah satu kata keliru atau tertukar tempat. Bandingkan kata demi kata, lalu ketik lagi",
    ),
    (
        r"code: word (?P<place>\d+) is not in the list",
        "Kata nomor {place} tidak ada dalam daftar. Periksa ejaannya, lalu ketik lagi",
    ),
)

TRANSLATIONS: Final = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (*_ROSTERS, *_BATCHES, *_PEOPLE, *_COPIES, *_PAPERS, *_REST)
)

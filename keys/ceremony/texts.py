"""All words of the key ceremony, Indonesian and English. `{name}` is filled in by `keys.ceremony.terminal`.

ask-STAGE      what a question is about, in one sentence         prompt-STAGE   what stands before the cursor
want-STAGE     what is wanted there, after an answer that is not doing-EFFECT   what the machine does meanwhile
"""

from __future__ import annotations

from typing import Final

from keys.ceremony.states import SECRET_STAGES, YES_NO_STAGES, Do, Stage
from keys.strength import ADVICE, MIN_LETTERS

STEPS: Final = (
    ("Bahasa dan tanggal", "Language and date"),
    ("Frasa sandi sesi", "Session passphrase"),
    ("Nama sistem", "Name of the deployment"),
    ("Pemegang kunci akar", "Root holders"),
    ("Kunci akar", "Root keys"),
    ("Lembar pemulihan", "Recovery sheets"),
    ("Unit pertama", "First unit"),
    ("Penelaah", "Reviewers"),
    ("Masa berlaku dan alamat", "Term and address"),
    ("Ringkasan", "Summary"),
    ("Tanda tangan", "Signatures"),
    ("Pemeriksaan dan pembagian", "Check and hand-over"),
)
_WAIT = ("Tunggu sebentar.", "One moment.")
_YES_NO = ("Ketik ya atau tidak.", "Type yes or no.")
_TYPE_IT = ("Ketik frasa sandinya.", "Type the passphrase.")
_HIDDEN = ("Frasa sandi (tidak tampil)", "Passphrase (not shown)")
_GO_ON = ("ya / tidak", "yes / no")

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Upacara kunci Kotak Senyap", "Kotak Senyap key ceremony"),
    "step": ("langkah {step} dari {steps}", "step {step} of {steps}"),
    "keys-back": ("<  kembali      Ctrl-C  berhenti; yang selesai tetap tersimpan",
                  "<  back      Ctrl-C  stop; what is finished is kept"),
    "keys": ("Ctrl-C  berhenti; yang selesai tetap tersimpan", "Ctrl-C  stop; what is finished is kept"),
    "ready": ("{what}: selesai.", "{what}: done."),
    "yes": ("ya y", "yes y"),
    "no": ("tidak t", "no n"),
    # --- questions ---
    "ask-language": ("Dalam bahasa apa upacara ini?\n\n  1  Bahasa Indonesia\n  2  English",) * 2,
    "prompt-language": ("1 / 2",) * 2,
    "ask-clock": (
        "Menurut mesin ini, yang tidak boleh tersambung ke jaringan apa pun, hari ini {date}. Benar?",
        "This machine, which must not be connected to any network, says that today is {date}. Is that right?",
    ),
    "ask-unlock": (
        "Upacara di folder ini belum selesai; ketik frasa sandi sesi untuk melanjutkannya.",
        "The ceremony in this folder is not finished; type the session passphrase to go on.",
    ),
    "ask-resumed": ("Yang sudah selesai tetap ada:\n\n{finished}\n\nLanjutkan?",
                    "What is finished is kept:\n\n{finished}\n\nGo on?"),
    "ask-stale": (
        "Kunci para penelaah dibuat untuk minggu lain daripada minggu ini, jadi harus dibuat lagi. Buat sekarang?",
        "The reviewers' keys were made for other weeks than this one and must be made again. Make them now?",
    ),
    "ask-offer": (
        "Frasa sandi {who}.\n{why} Hanya orang itu yang melihat layar: tulis enam kata ini di kertas."
        "\n\n{frame}\n\n  1  Sudah saya tulis\n  2  Undi kata lain\n  3  Saya pilih frasa sandi sendiri",
        "Passphrase of {who}.\n{why} Only that person looks at the screen: write these six words on paper."
        "\n\n{frame}\n\n  1  I have written them down\n  2  Draw other words\n  3  I choose a passphrase myself",
    ),
    "prompt-offer": ("1 / 2 / 3",) * 2,
    "ask-turn": (
        "Sekarang giliran: {who}.\nHanya orang itu yang melihat layar. Tekan Enter setelah duduk sendiri di depannya.",
        "It is the turn of: {who}.\nOnly that person looks at the screen. Press Enter when sitting alone before it.",
    ),
    "prompt-turn": ("Enter",) * 2,
    "ask-choose": (
        f"Frasa sandi {{who}}.\nPilih lima kata atau lebih yang tidak berkaitan, minimal {MIN_LETTERS} huruf.",
        f"Passphrase of {{who}}.\nChoose five or more words without a connection, {MIN_LETTERS} letters at least.",
    ),
    "ask-repeat-drawn": (
        "Frasa sandi {who}.\nKetik keenam kata dari kertas Anda, dengan spasi di antaranya; tidak tampil di layar.",
        "Passphrase of {who}.\nType the six words from your paper with spaces between them; they are not shown.",
    ),
    "ask-repeat-own": ("Frasa sandi {who}.\nKetik sekali lagi, sama persis.",
                       "Passphrase of {who}.\nType it once more, exactly the same."),
    "ask-deployment": (
        "Nama tetap sistem ini, tidak dapat diubah lagi: 1 sampai 32 huruf, angka, titik, tanda hubung.",
        "The lasting name of this deployment, which cannot be changed: 1 to 32 letters, digits, dots and hyphens.",
    ),
    "prompt-deployment": ("Nama", "Name"),
    "ask-root-count": (
        "Berapa orang memegang kunci akar, yang bersama-sama mengesahkan siapa boleh membaca? "
        "Sebaiknya seorang di antaranya dari luar Inspektorat.",
        "How many people hold a root key, with which together they confirm who may read? "
        "One of them is best not from the Inspectorate.",
    ),
    "prompt-root-count": ("Jumlah, 1-9", "How many, 1-9"),
    "ask-root-quorum": ("Berapa dari {root_count} pemegang kunci akar harus setuju setiap kali?",
                        "How many of the {root_count} root holders must agree each time?"),
    "prompt-root-quorum": ("Jumlah, 1-{root_count}", "How many, 1-{root_count}"),
    "ask-root-name": ("Pemegang kunci akar {number} dari {root_count}: nama atau jabatan untuk lembar pemulihan.",
                      "Root holder {number} of {root_count}: name or office for the recovery sheet."),
    "prompt-root-name": ("Nama", "Name"),
    "ask-root-sheets": (
        "Lembar pemulihan {who}, bila stik kuncinya rusak:\n\n  1  satu lembar\n"
        "  3  tiga lembar di tiga tempat; dua di antaranya cukup",
        "Recovery sheets of {who}, for when the key stick breaks:\n\n  1  one sheet\n"
        "  3  three sheets in three places; any two will do",
    ),
    "prompt-root-sheets": ("1 / 3",) * 2,
    "ask-redo": (
        "Kunci {who} sudah selesai. Membuatnya lagi membuang kunci itu dan frasa sandinya. Buang dan buat lagi?",
        "The key of {who} is finished. To make it again throws that key and its passphrase away. Do so?",
    ),
    "ask-prove": (
        "{Who} mengetik frasa sandinya sekali lagi: itu menguji catatannya dan membuat lembar pemulihannya.",
        "{Who} types the passphrase once more: it proves the note and makes the recovery sheet.",
    ),
    "ask-group": ("Unit mana yang mulai lebih dahulu?\n\n{units}", "Which unit begins?\n\n{units}"),
    "prompt-group": ("Nomor", "Number"),
    "ask-reviewer-count": ("Berapa penelaah membaca laporan di {unit}?", "How many reviewers read for the {unit}?"),
    "prompt-reviewer-count": ("Jumlah, 1-7", "How many, 1-7"),
    "ask-reviewer-quorum": ("Berapa dari {reviewer_count} penelaah harus hadir bersama untuk membuka laporan?\n\n"
                            "Peran mereka: {roles}.",
                            "How many of the {reviewer_count} reviewers must be present to open reports?\n\n"
                            "Their roles: {roles}."),
    "prompt-reviewer-quorum": ("Jumlah, 1-{reviewer_count}", "How many, 1-{reviewer_count}"),
    "ask-days": ("Berapa hari daftar kunci berlaku, sebelum para pemegang kunci akar harus menandatangani yang baru?",
                 "For how many days does the roster hold before the root holders must sign a new one?"),
    "prompt-days": ("Hari, 30-800", "Days, 30-800"),
    "ask-onion": ("Alamat onion untuk poster; kosongkan bila server belum ada.",
                  "The onion address for the poster; leave it empty when there is no server yet."),
    "prompt-onion": ("Alamat", "Address"),
    "ask-summary": ("{summary}\n\nSemuanya benar?", "{summary}\n\nIs all of this right?"),
    "ask-signer": (
        "Siapa menandatangani daftar kunci sekarang? Perlu {root_k} pemegang, sudah {signed}.\n\n{unsigned}",
        "Who signs the roster now? {root_k} root holders are needed, {signed} have signed.\n\n{unsigned}",
    ),
    "prompt-signer": ("Nomor", "Number"),
    "ask-sign": ("{Who} mengetik frasa sandinya dan dengan itu menandatangani daftar kunci.",
                 "{Who} types the passphrase and with it signs the roster."),
    "ask-checklist": ("{checklist}\n\nSudah dibaca? Setelah ya, catatan kemajuan dihapus.",
                      "{checklist}\n\nRead all of it? After yes the progress file is erased."),
    # --- what was not right ---
    "no-back": ("Langkah sebelumnya sudah selesai dan tetap tersimpan.", "The step before is finished and is kept."),
    "clock-wrong": ("Jam mesin ini salah (sebelum 5 Januari 2026 atau sesudah 2100). Betulkan, lalu jalankan lagi.",
                    "This machine's clock is wrong (before 5 January 2026 or after 2100). Set it and run this again."),
    "clock-to-set": ("Betulkan jam mesin ini, lalu jalankan lagi.", "Set this machine's clock and run this again."),
    "wrong": ("Frasa sandi tidak cocok. Periksa Caps Lock dan ketik lagi; tidak ada yang berubah.",
              "The passphrase does not fit. Look at Caps Lock and type it again; nothing was changed."),
    "damaged": (
        "Frasa sandi cocok, tetapi catatan kemajuan rusak. Kosongkan folder ini dan mulai dari awal.",
        "The passphrase fits, but the progress file is damaged. Empty this folder and begin again.",
    ),
    "mismatch": ("Tidak sama. Ketik lagi, atau < untuk kembali dan melihatnya.",
                 "Not the same. Type it again, or < to go back and look."),
    "mismatch-own": ("Tidak sama. Ketik lagi, atau < untuk memilih frasa sandi dari awal.",
                     "Not the same. Type it again, or < to choose a passphrase anew."),
    "verify": ("Pemeriksaan gagal: berkas di folder ini bukan yang baru dibuat. Tandatangani sekali lagi.",
               "The check failed: the files in this folder are not those that were made. Sign once more."),
    "want-language": ("Ketik 1 atau 2. / Type 1 or 2.",) * 2,
    "want-offer": ("Ketik 1, 2 atau 3.", "Type 1, 2 or 3."),
    "want-deployment": ("Ketik 1 sampai 32 huruf, angka, titik atau tanda hubung, tanpa spasi, tidak diawali demo-.",
                        "Type 1 to 32 letters, digits, dots or hyphens, no spaces, not beginning with demo-."),
    "want-root-count": ("Ketik angka 1 sampai 9.", "Type a number from 1 to 9."),
    "want-root-quorum": ("Ketik angka 1 sampai {root_count}.", "Type a number from 1 to {root_count}."),
    "want-root-name": ("Ketik nama atau jabatan, paling banyak 60 huruf.",
                       "Type a name or office, at most 60 letters."),
    "want-root-sheets": ("Ketik 1 atau 3.", "Type 1 or 3."),
    "want-group": ("Ketik nomor dari daftar, misalnya 1.", "Type a number from the list, 1 for example."),
    "want-reviewer-count": ("Ketik angka 1 sampai 7.", "Type a number from 1 to 7."),
    "want-reviewer-quorum": ("Ketik angka 1 sampai {reviewer_count}; 4 dari 7 tidak dapat dibuat.",
                             "Type a number from 1 to {reviewer_count}; 4 of 7 cannot be made."),
    "want-days": ("Ketik angka 30 sampai 800.", "Type a number from 30 to 800."),
    "want-onion": ("Alamat itu salah ketik: 56 huruf dan angka, lalu .onion; atau kosongkan.",
                   "That address has a typing error: 56 letters and digits, then .onion; or leave it empty."),
    "want-summary": ("Hari, alamat: <. Yang lain salah: Ctrl-C, kosongkan folder, mulai lagi.",
                     "Days, address: <. Anything else: Ctrl-C, empty the folder, begin again."),
    "want-signer": ("Ketik nomor dari daftar di atas.", "Type a number from the list above."),
    "want-checklist": ("Ketik ya bila sudah dibaca.", "Type yes when you have read it."),
    "want-done": ("Upacara sudah selesai.", "The ceremony is finished."),
    "want-stopped": ("Jalankan lagi untuk melanjutkan.", "Run this again to go on."),
    # --- people, lists ---
    "who-session": ("sesi ini (pemimpin upacara)", "this session (whoever leads the ceremony)"),
    "who-root": ("pemegang kunci akar {number} ({name})", "root holder {number} ({name})"),
    "who-reviewer": ("penelaah {reviewer} ({role})", "reviewer {reviewer} ({role})"),
    "so-many": ("{made} dari {wanted}", "{made} of {wanted}"),
    "none": ("(belum ada)", "(none yet)"),
    "finished": (
        "  Sistem               {deployment}\n  Kunci akar           {roots_done}\n"
        "  Lembar pemulihan     {proven_done}\n  Unit pertama         {group}\n"
        "  Penelaah             {reviewers_done}",
        "  Deployment           {deployment}\n  Root keys            {roots_done}\n"
        "  Recovery sheets      {proven_done}\n  First unit           {group}\n"
        "  Reviewers            {reviewers_done}",
    ),
    "why-session": ("Ia mengunci catatan kemajuan sampai upacara selesai.",
                    "It locks the progress file until the ceremony is over."),
    "why-root": ("Ia melindungi kunci akar ini.",
                 "It protects this root key."),
    "why-reviewer": ("Dengan ini, bersama penelaah lain, laporan dibuka.",
                     "With it, and with other reviewers, reports are opened."),
    "summary": (
        "  Sistem      {deployment}\n  Berlaku     {date} sampai {until}\n  Onion       {onion}\n"
        "  Sidik kunci {fingerprint_1}\n              {fingerprint_2}\n"
        "  Laporan     dibuka {reviewer_k} dari {reviewer_count} penelaah bersama-sama, di stasiun\n"
        "              {unit}\n"
        "  Daftar      diubah {root_k} dari {root_count} pemegang kunci akar bersama-sama:\n{names}\n"
        "  Server      tidak dapat membuka apa pun\n"
        "  Unit lain   {others} belum punya penelaah; {closed} dari {kinds} jenis laporan tertutup",
        "  Deployment  {deployment}\n  Holds       {date} to {until}\n  Onion       {onion}\n"
        "  Fingerprint {fingerprint_1}\n              {fingerprint_2}\n"
        "  Reports     open to {reviewer_k} of {reviewer_count} reviewers together, at the station of the\n"
        "              {unit}\n"
        "  The roster  is changed by {root_k} of {root_count} root holders together:\n{names}\n"
        "  The server  can open nothing\n"
        "  Other units {others} without reviewers yet; {closed} of {kinds} kinds of reports closed",
    ),
    "checklist": (
        "Semua sudah dibaca ulang dan cocok dengan sidik kunci ini:\n\n  {fingerprint_1}\n  {fingerprint_2}\n\n"
        "  Tiap pemegang kunci akar   roots/root-N dan desk, ke stiknya sendiri\n"
        "  Petugas server             server\n"
        "  Stasiun {group:<18} stations/{group}\n"
        "  Cetak, lalu hapus          paper: lembar pemulihan ke amplop bersegel,\n"
        "                             kartu untuk penelaah, poster untuk dinding\n\n"
        "Cocokkan delapan kata itu dengan tiap cetakan. Setelah semua disalin dan\n"
        "dicetak, hapus seluruh folder ini.",
        "All of it was read again and agrees with this key fingerprint:\n\n  {fingerprint_1}\n  {fingerprint_2}\n\n"
        "  Each root holder           roots/root-N and desk, to a stick of their own\n"
        "  Whoever runs the server    server\n"
        "  Station {group:<18} stations/{group}\n"
        "  Print, then erase          paper: recovery sheets for sealed envelopes,\n"
        "                             cards for reviewers, a poster for the wall\n\n"
        "Compare the eight words with every printed page. When all is copied and\n"
        "printed, erase this whole folder.",
    ),
    # --- the machine at work ---
    "doing-read-clock": ("Membaca jam", "Reading the clock"),
    "doing-open-session": ("Membuka catatan kemajuan", "Opening the progress file"),
    "doing-draw": ("Mengundi kata", "Drawing words"),
    "doing-weigh": ("Menimbang frasa sandi", "Weighing the passphrase"),
    "doing-lock-session": ("Mengunci catatan kemajuan", "Locking the progress file"),
    "doing-make-root": ("Membuat kunci akar", "Making the root key"),
    "doing-write-sheets": ("Membuat lembar pemulihan", "Making the recovery sheets"),
    "doing-make-server": ("Membuat kunci server", "Making the drop box's key"),
    "doing-make-reviewer": ("Membuat kunci penelaah untuk 26 minggu", "Making the reviewer's keys for 26 weeks"),
    "doing-make-station": ("Membuat kunci stasiun", "Making the station's key"),
    "doing-open-root": ("Tanda tangan pemegang kunci akar", "Signature of a root holder"),
    "doing-finish": ("Menandatangani dan menulis semuanya", "Signing and writing everything"),
    "doing-verify": ("Membaca ulang semuanya", "Reading all of it again"),
    "doing-clean": ("Menghapus catatan kemajuan", "Erasing the progress file"),
    "doing-save": ("Menyimpan kemajuan", "Saving the progress"),
    # --- the end ---
    "disk": (
        "{what}: gagal ({reason}). Yang selesai sebelumnya tetap ada. Kosongkan ruang di disk, lalu jalankan "
        "lagi.",
        "{what}: failed ({reason}). What was finished before is kept. Free some space on the disk, then run "
        "this again.",
    ),
    "disk-full": ("disk penuh", "the disk is full"),
    "refused": ("{what}: ditolak ({reason}).", "{what}: refused ({reason})."),
    "interrupted": ("Berhenti. Yang sudah selesai tetap tersimpan; jalankan lagi untuk melanjutkan.",
                    "Stopped. What is finished is kept; run this again to go on."),
    "finished-before": ("Folder ini sudah berisi sistem yang sudah selesai. Pakailah folder kosong.",
                        "This folder holds a finished deployment already. Take an empty folder."),
    "not-empty": ("Folder ini sudah berisi berkas sistem lain. Pakailah folder kosong.",
                  "This folder holds files of another deployment. Take an empty folder."),
    "in-use": ("Upacara lain sedang berjalan di folder ini.", "Another ceremony is under way in this folder."),
    "done": ("Selesai. Catatan frasa sandi sesi boleh dimusnahkan. Bagikan isi folder ini, lalu hapus.",
             "Done. The note of the session passphrase may be destroyed. Hand out this folder, then erase it."),
}  # fmt: skip

TEXTS.update({f"prompt-{stage}": _GO_ON for stage in YES_NO_STAGES})
TEXTS.update({f"prompt-{stage}": _HIDDEN for stage in SECRET_STAGES})
TEXTS.update({f"weak-{advice.value}": texts for advice, texts in ADVICE.items()})
for _stage in Stage:
    _usual = _YES_NO if _stage in YES_NO_STAGES else _TYPE_IT if _stage in SECRET_STAGES else _WAIT
    TEXTS.setdefault(f"want-{_stage}", _usual)


def say(key: str, language: str, /, **facts: object) -> str:
    """Return one text with its facts filled in; raises KeyError for a text that does not exist."""
    return TEXTS[key][language == "en"].format(**facts)


def doing(do: Do) -> str:
    """Return the key of the text that says what an effect does."""
    return f"doing-{do}"

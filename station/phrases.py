"""What invented reports are made of: persons, places and sentences that never were, by category of the intake form.

`{name}` stands for an entry of the pool of that name. Within one story it is drawn once, apart from the pools in
`FRESH`. No sentence speaks of its writer, names a real unit, or holds what the pages would ask about before sending.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Pool = tuple[str, ...]

# who is accused, by the level that the form asks for; nobody of whom there is only one in an area
KINDS: Final[Mapping[str, str]] = {
    "pegawai-provinsi": "kantor", "pegawai-daerah": "kantor", "tidak-tahu": "kantor", "pimpinan-provinsi": "dewan",
    "pimpinan-daerah": "dewan", "desa": "desa", "sekolah": "sekolah", "bumd": "bumd", "swasta": "rekanan",
}  # fmt: skip
CATEGORIES: Final[Mapping[str, Pool]] = {
    "suap": ("kantor", "dewan", "rekanan", "bumd"),
    "pungli": ("kantor", "sekolah", "desa"),
    "pengadaan": ("kantor", "sekolah", "desa", "bumd", "rekanan"),
    "aset": ("kantor", "sekolah", "desa", "bumd"),
    "perjalanan": ("kantor", "dewan", "bumd"),
    "dana": ("desa", "sekolah"),
    "jabatan": ("kantor", "bumd"),
    "benturan": ("kantor", "dewan", "desa", "bumd"),
    "menutupi": ("kantor", "dewan", "desa", "sekolah", "bumd", "rekanan"),
    "disiplin": ("kantor", "sekolah", "desa"),
}
FRESH: Final = frozenset({"uang", "kali", "dia", "jeda"})

_FIRST = (
    "Harjono", "Sumantri", "Rusdi", "Yuliana", "Marhaban", "Suprapti", "Zainal", "Herlina", "Tarmizi", "Endang",
    "Kusnadi", "Fatmawati", "Bahtiar", "Nurlela", "Syarkowi", "Ratnasari", "Jumadi", "Maimunah", "Effendi", "Rosmala",
    "Hasanudin", "Yusnita", "Amrullah", "Sulastri", "Darmawi", "Lismawati", "Iskandar", "Juairiah", "Rohadi", "Misna",
)  # fmt: skip
_LAST = (
    "Darmaseta", "Wirakelana", "Suryalangit", "Pradipaning", "Kertabuana", "Lembahsari", "Rangkayuda", "Tirtalaga",
    "Banyuwening", "Jayasemesta", "Purbakala", "Sendangarum", "Mandalasih", "Karangwungu", "Wiraselaya", "Gentalasari",
    "Randusari", "Panjikelana", "Cakrabirama", "Sutalaksana", "Maheswaru", "Kalingsari", "Trunalaya", "Bimasekti",
    "Nagaratih", "Surodirja", "Wanasepi", "Lintangpura", "Argawijil", "Kenconosari",
)  # fmt: skip
_WATERS = (
    "Sungai", "Tanjung", "Muara", "Talang", "Lubuk", "Karang", "Rantau", "Ulak", "Simpang", "Pematang", "Bumi", "Teluk",
)  # fmt: skip
_LANDS = (
    "Jernihan", "Selasar", "Kemilauan", "Rambunan", "Cendanau", "Berangin Lama", "Serumpunan", "Tebingan", "Melayangan",
    "Pelangian", "Kemuningan", "Sejukan", "Anggrekan", "Bayanan", "Meruyung", "Kelapian", "Sawitan Tua", "Tembesuan",
    "Seroja Ilir", "Kenangaan", "Lumbungan", "Gemilangan", "Petaian", "Ketapangan", "Jatian", "Nipahan",
)  # fmt: skip
_COMPANY = (
    "Sinar", "Karya", "Mitra", "Cahaya", "Berkah", "Citra", "Bintang", "Graha", "Wahana", "Puspa", "Anugerah", "Tunas",
)  # fmt: skip
_COMPANIES = (
    "Semestaraya", "Belidamas", "Kemalaranta", "Ampera Nusa", "Sembilangan", "Tembesumas", "Serasaniaga", "Lintasmuri",
    "Kelekarindo", "Gelumbangan", "Rawasindo", "Jakabaringa", "Merantiraya", "Pedamarindo", "Lematangan", "Komerindah",
)  # fmt: skip

POOLS: Final[Mapping[str, Pool]] = {
    "orang": tuple(f"{first} {last}" for first in _FIRST for last in _LAST),
    "teman": tuple(f"{first} {last}" for first in reversed(_FIRST) for last in reversed(_LAST)),
    "desa": tuple(f"{water} {land}" for water in _WATERS for land in _LANDS),
    "cv": tuple(f"{kind} {a} {b}" for kind in ("CV", "PT") for a in _COMPANY for b in _COMPANIES),
    "uang": (
        *(f"Rp{n} juta" for n in range(4, 96)),
        *(f"Rp{n}.{h}00.000" for n in range(1, 30) for h in (2, 5, 7)),
        *(f"{n} juta rupiah" for n in range(3, 60)),
    ),
    "sedikit": tuple(f"Rp{n}.000" for n in range(25, 480, 5)),
    "persen": tuple(f"{n} persen" for n in range(5, 31)),
    "jumlah": tuple(str(n) for n in range(6, 70)),
    "kali": ("dua kali", "tiga kali", "empat kali", "lima kali", "enam kali", "berulang kali", "belasan kali"),
    "bulan": ("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober"),
    "tahun": ("2024", "2025", "tahun lalu", "tahun ini"),
    "jeda": ("", "", "", "selain itu ", "lalu ", "setahu orang di sana ", "kabarnya ", "yang jelas ", "belakangan ",
             "menurut beberapa orang ", "anehnya ", "sejak itu ", "di luar itu ", "ternyata "),
    "dia": ("yang bersangkutan", "orang itu", "dia", "beliau", "oknum tersebut", "si {orang}"),
    "barang": ("laptop", "kursi rapat", "genset", "mesin pompa", "printer", "bibit karet", "pupuk", "lampu jalan",
               "alat peraga", "meja belajar", "obat-obatan", "tenda", "proyektor", "ban mobil", "kamera pengawas"),
    "proyek": ("rehab gedung", "jalan setapak", "drainase", "pagar keliling", "siring", "jembatan kayu", "sumur bor",
               "atap balai", "lapangan parkir", "rabat beton", "toilet umum", "gudang arsip", "pengecatan", "paving"),
    "acara": ("bimtek", "rapat koordinasi", "studi tiru", "pelatihan", "monitoring", "sosialisasi", "konsultasi"),
    "kota": ("Jakarta", "Bandung", "Yogyakarta", "Batam", "Bogor", "Surabaya", "Lampung", "Padang", "Medan"),
    "milik": ("mobil operasional", "motor dinas", "genset kantor", "tanah kas", "rumah jabatan", "traktor tangan",
              "hasil sewa kios", "uang kas", "solar jatah", "besi bekas bongkaran", "perahu fiber", "pompa air"),
    "surat": ("surat keterangan", "izin usaha", "surat pindah", "rekomendasi", "legalisir", "berkas kenaikan pangkat"),
    "simpan": ("lemari arsip bendahara", "map hijau di ruang arsip", "komputer bagian keuangan", "buku tulis sampul "
               "biru", "grup percakapan pegawai", "laci meja staf", "flashdisk operator", "papan pengumuman lama"),
    "dana.desa": ("BLT", "dana ketahanan pangan", "upah padat karya", "dana posyandu", "dana BUMDes", "bantuan bibit"),
    "dana.sekolah": ("dana BOS", "uang PIP", "dana BOS kinerja", "uang komite", "dana perpustakaan", "uang praktik"),
    "penerima.desa": ("warga", "keluarga penerima", "kader posyandu", "kelompok tani", "pekerja harian"),
    "penerima.sekolah": ("siswa", "wali murid", "guru honorer", "siswa kelas akhir", "penerima beasiswa"),
    "unit.kantor": ("UPTD {desa}", "kantor cabang {desa}", "balai benih {desa}", "puskesmas pembantu {desa}",
                    "kantor Kecamatan {desa}", "terminal {desa}", "kantor pelayanan {desa}", "pasar {desa}"),
    "unit.desa": ("Desa {desa}", "kantor Desa {desa}", "Pemerintah Desa {desa}"),
    "unit.sekolah": ("SD {desa}", "SMP {desa}", "SMP Terpadu {desa}", "SD Inpres {desa}", "SMP Satu Atap {desa}"),
    "unit.bumd": ("perusahaan air minum {desa}", "BUMD pasar {desa}", "perusahaan daerah {desa} Mandiri"),
    "unit.rekanan": ("{cv}",),
    "unit.dewan": ("komisi yang membidangi pembangunan", "sekretariat dewan", "fraksi kecil di dewan"),
    "siapa.kantor": ("kepala seksi bernama {orang}", "seorang kabid, {orang}", "PPK kegiatan bernama {orang}",
                     "bendahara {orang}", "kasubag umum {orang}", "petugas loket bernama {orang}"),
    "siapa.desa": ("kades {orang}", "sekdes {orang}", "bendahara desa {orang}", "kaur pembangunan {orang}"),
    "siapa.sekolah": ("kepala sekolah {orang}", "bendahara sekolah {orang}", "ketua komite {orang}", "guru {orang}"),
    "siapa.bumd": ("manajer keuangan {orang}", "kepala gudang {orang}", "direktur umum bernama {orang}"),
    "siapa.rekanan": ("pemilik {cv}, {orang}", "pelaksana {cv} bernama {orang}", "orang lapangan {cv}, {orang}"),
    "siapa.dewan": ("anggota dewan bernama {orang}", "tenaga ahli dewan {orang}", "anggota komisi, {orang}"),
}  # fmt: skip

OPENINGS: Final[Mapping[str, Pool]] = {
    "suap": (
        "{siapa} diduga meminta bagian {persen} dari nilai paket {proyek}",
        "ada permintaan uang {uang} oleh {siapa} supaya berkas {proyek} ditandatangani",
        "sejak {bulan} {tahun} amplop menjadi kebiasaan di {unit}, dan yang menerima adalah {siapa}",
        "rekanan {proyek} mengeluh karena {siapa} menagih setoran lewat {teman}",
        "untuk memenangkan {proyek} harus menyetor dulu kepada {siapa}, kisarannya {uang}",
    ),
    "pungli": (
        "di {unit} setiap mengurus {surat} dimintai {sedikit}, padahal di dinding tertulis gratis",
        "{siapa} menarik uang {sedikit} per orang tanpa kuitansi",
        "pungutan di {unit} sudah berjalan sejak {bulan} {tahun}, tarifnya {sedikit} dan disebut uang kas",
        "tidak ada {surat} yang keluar dari {unit} kalau belum memberi {sedikit} kepada {siapa}",
        "orang yang tidak mampu pun tetap ditagih {sedikit} oleh {siapa}",
    ),
    "pengadaan": (
        "pengadaan {barang} di {unit} {tahun} nilainya jauh di atas harga toko",
        "pemenang {proyek} sudah ditentukan oleh {siapa} sebelum diumumkan",
        "{barang} sebanyak {jumlah} unit tercatat diterima di {unit} tetapi yang ada hanya separuh",
        "pekerjaan {proyek} di {unit} dibayar lunas, padahal belum selesai",
        "{cv} selalu mendapat pekerjaan {proyek} dan {siapa} yang mengatur berkasnya",
    ),
    "aset": (
        "{milik} di {unit} dipakai untuk keperluan pribadi oleh {siapa}",
        "{milik} yang dulu ada di {unit} sekarang tidak kelihatan lagi, terakhir dipegang {siapa}",
        "{siapa} menyewakan {milik} kepada {teman} dan uangnya tidak masuk kas",
        "sejak {bulan} {tahun} {milik} dititipkan di rumah {siapa}",
        "kas di {unit} berkurang {uang} dan penjelasan {siapa} berubah-ubah",
    ),
    "perjalanan": (
        "perjalanan dinas ke {kota} pada {bulan} {tahun} hanya di atas kertas, yang mengatur {siapa}",
        "{siapa} mencairkan uang {acara} ke {kota} untuk {jumlah} orang, yang berangkat tidak sampai separuh",
        "kuitansi hotel di {kota} dipakai {kali} untuk {acara} yang berbeda oleh {siapa}",
        "{acara} di {unit} tidak pernah ada, tetapi daftar hadirnya lengkap",
        "tanda tangan peserta {acara} ditiru, yang menyuruh {siapa}",
    ),
    "dana": (
        "{dana} {tahun} di {unit} dipotong {sedikit} untuk tiap orang",
        "{penerima} di {unit} disuruh tanda tangan penuh tetapi {dana} yang diterima kurang",
        "laporan {dana} di {unit} berisi belanja {barang} yang tidak pernah ada",
        "{siapa} memegang sendiri buku dan kartu {dana} milik {penerima}",
        "nama {penerima} yang sudah pindah masih tercantum sebagai penerima {dana} di {unit}",
    ),
    "jabatan": (
        "untuk menjadi tenaga honor di {unit} diminta {uang}, pengumpulnya {siapa}",
        "hasil seleksi di {unit} sudah diketahui sebelum tes, titipannya lewat {siapa}",
        "{siapa} menawarkan kenaikan jabatan dengan tarif {uang}",
        "nama {teman} lulus padahal tidak ikut tes, yang menguruskan {siapa}",
        "pindah tugas dari {unit} ada harganya, kata {siapa} {uang} boleh dicicil",
    ),
    "benturan": (
        "{cv} yang mengerjakan {proyek} ternyata milik keluarga {siapa}",
        "{siapa} ikut memutuskan paket {proyek} yang diambil iparnya, {teman}",
        "belanja {barang} untuk {unit} selalu di toko istri {siapa}",
        "nama {teman} di akta {cv} hanya dipinjam, pemilik sebenarnya {siapa}",
        "sewa tempat {acara} dibayar {uang} kepada keponakan {siapa}",
    ),
    "menutupi": (
        "menjelang pemeriksaan {siapa} menyuruh mengganti nota {barang}",
        "berkas {proyek} di {unit} dibakar pada {bulan} {tahun} atas perintah {siapa}",
        "{siapa} mengumpulkan orang dan meminta jawaban disamakan soal {proyek}",
        "yang bertanya soal {barang} dipindah atau didiamkan oleh {siapa}",
        "catatan asli {milik} disembunyikan {siapa} dan diganti yang baru",
    ),
    "disiplin": (
        "{siapa} jarang masuk sejak {bulan} {tahun} tetapi absennya selalu penuh",
        "pada jam kerja {siapa} lebih sering menjaga usaha {barang} miliknya",
        "{siapa} merangkap kerja di {cv} dan gaji keduanya jalan terus",
        "di {unit} absen dititipkan {kali}, dan {siapa} membiarkan",
        "{siapa} sering marah dan memaki di depan orang banyak, sudah {kali}",
    ),
}

FACTS: Final[Mapping[str, Pool]] = {
    "suap": (
        "uang diserahkan {kali} di warung dekat {unit}, terakhir {uang}",
        "yang tidak mau memberi disuruh menunggu sampai {bulan}",
        "perantaranya {teman}, biasa datang menjelang pencairan",
        "{cv} pernah menyetor {uang} dan langsung keluar tanda tangannya",
        "bahasanya bukan uang tetapi minta dibantu untuk {acara}",
        "{dia} memakai nama istrinya untuk menampung",
        "paket dipecah supaya di bawah batas, masing-masing sekitar {uang}",
        "ada yang disuruh membelikan {barang} sebagai ganti uang",
    ),
    "pungli": (
        "dalam seminggu bisa {jumlah} orang yang membayar",
        "kalau ditanya {dia} menjawab sudah kesepakatan bersama",
        "uangnya dicatat di buku tulis oleh {teman}",
        "yang menolak berkasnya ditaruh paling bawah, sampai {kali} disuruh pulang",
        "menjelang {bulan} tarifnya naik dengan alasan {acara}",
        "pernah dikembalikan kepada satu orang karena dia kenal wartawan",
        "setoran ke atas disebut-sebut {uang} sebulan",
        "tidak ada papan tarif dan tidak pernah ada kuitansi",
    ),
    "pengadaan": (
        "harga satu {barang} ditulis {uang}, di toko hanya setengahnya",
        "{cv} alamatnya rumah kosong di {desa}",
        "berita acara ditandatangani sebelum barang datang",
        "spesifikasi dibuat supaya cocok dengan punya {cv} saja",
        "{barang} yang dikirim bekas dan dicat ulang",
        "pekerjanya orang harian dari {desa}, bukan dari perusahaan",
        "{dia} menyimpan stempel {cv} di laci",
        "sisa anggaran {uang} dibelanjakan dalam tiga hari di akhir {bulan}",
        "lapisan bawah tidak dikerjakan, baru {kali} hujan sudah retak",
    ),
    "aset": (
        "pernah terlihat di {desa} dengan tanda kantor sudah dilepas",
        "biaya perawatannya tetap dicairkan, terakhir {uang}",
        "ditukar dengan yang lebih tua supaya jumlahnya pas waktu didata",
        "{teman} mengaku membelinya {uang} pada {bulan}",
        "berita acara pinjam pakai tidak ada yang pernah melihat",
        "{dia} bilang sedang diperbaiki, sudah {kali} ditanya jawabannya sama",
        "nomor inventarisnya dikerik",
        "hasilnya sekitar {uang} setahun, masuk kas hanya {sedikit}",
    ),
    "perjalanan": (
        "yang namanya dipakai hanya diberi {sedikit} sebagai uang rokok",
        "foto kegiatan diambil dari kegiatan lama",
        "satu lembar surat tugas dipakai {kali}",
        "selisih uang hariannya dikumpulkan {teman}, katanya untuk kas bersama",
        "pada tanggal itu orangnya ada di {desa}, bukan di {kota}",
        "cap hotel dibuat sendiri, nilainya {uang} semalam untuk rombongan",
        "{dia} meminta KTP pegawai lain untuk daftar peserta",
        "kegiatan yang sama ditagih lagi pada {bulan}",
    ),
    "dana": (
        "yang tercatat {jumlah} orang, yang benar-benar menerima jauh lebih sedikit",
        "alasannya untuk {acara}, tetapi tidak pernah ada musyawarah",
        "sisa uang {uang} katanya disimpan {dia}",
        "{penerima} takut bertanya karena diancam dicoret",
        "nota {barang} memakai nama toko yang sudah tutup",
        "pembagiannya malam-malam di rumah {teman}",
        "papan informasi dicopot sejak {bulan}",
        "tanda tangan beberapa {penerima} bentuknya sama semua",
    ),
    "jabatan": (
        "uang muka {uang}, sisanya setelah surat keluar",
        "ada {jumlah} orang yang sudah menyetor menurut cerita",
        "yang nilainya tinggi malah digugurkan dengan alasan berkas",
        "{teman} yang mencatat nama dan jumlahnya",
        "{dia} berjanji uang kembali kalau gagal, sampai {bulan} belum kembali",
        "pegawai lama diberhentikan supaya ada tempat",
        "pertemuan diadakan {kali} di rumah makan, bukan di kantor",
        "formasi baru diumumkan setelah namanya ada",
    ),
    "benturan": (
        "alamat {cv} sama dengan rumahnya di {desa}",
        "penawar lain hanya pendamping dan dibuat di komputer yang sama",
        "nilainya {uang}, langsung ditunjuk tanpa pembanding",
        "{dia} tidak pernah menyatakan hubungan keluarga itu",
        "yang mengantar berkas selalu {teman}",
        "pekerjaan yang sama diberikan lagi pada {bulan}",
        "barangnya lebih mahal dari toko sebelah, bedanya {sedikit} tiap satu",
        "keluarganya yang menerima pembayaran, sudah {kali}",
    ),
    "menutupi": (
        "dua kardus dibawa keluar malam hari memakai mobil {teman}",
        "tanggal di nota dimundurkan ke {bulan}",
        "data di komputer dihapus dan laptopnya dibilang rusak",
        "yang diam dijanjikan {acara} ke {kota}",
        "{dia} bilang sudah ada yang mengurus di atas",
        "selisihnya sekitar {uang} dan itu yang mau disembunyikan",
        "buku kas ditulis ulang dengan tinta yang sama dari awal sampai akhir",
        "satu orang menolak dan sekarang tidak diberi pekerjaan",
    ),
    "disiplin": (
        "tugasnya dikerjakan pegawai honor dengan imbalan {sedikit}",
        "sudah ditegur {kali} tetapi tidak ada suratnya",
        "tunjangannya tetap diterima penuh, sekitar {uang}",
        "orang yang datang untuk {surat} harus pulang lagi",
        "mesin absen dipegang {teman}",
        "atasan tahu, tetapi {dia} masih saudara",
        "kejadian terakhir pada {bulan} di depan tamu",
        "waktu ada {acara} namanya selalu tercantum walau tidak hadir",
    ),
}

EVIDENCE: Final[Pool] = (
    "bukti ada di {simpan}",
    "catatannya bisa dicari di {simpan}",
    "coba cocokkan dengan isi {simpan} sebelum dibersihkan",
    "orang yang paham berkasnya adalah {teman}",
    "yang bisa ditanya pelan-pelan {teman}, tetapi jangan di kantor",
    "foto ada pada beberapa orang, belum ada yang berani memberikan",
    "kalau diperiksa mendadak pada akhir bulan pasti kelihatan",
    "bandingkan saja tanda tangannya dengan daftar {acara}",
)
CLOSINGS: Final[Pool] = (
    "mohon diperiksa tanpa menyebut asal laporan ini",
    "orang takut bicara karena dianggap membangkang",
    "semoga ditindak, sudah terlalu lama",
    "jangan sampai surat ini dikirim balik ke {unit}",
    "tolong ditanya dulu ke pihak lain, jangan langsung ke orangnya",
    "yang tahu hal ini cukup banyak",
    "tidak ada maksud menjatuhkan, hanya supaya berhenti",
    "kalau kurang jelas silakan ditanyakan lewat kotak ini",
    "terima kasih",
    "",
    "",
)
SHORT: Final[Mapping[str, str]] = {
    "yang": "yg", "dengan": "dgn", "tidak": "tdk", "sudah": "sdh", "untuk": "utk", "karena": "krn", "orang": "org",
    "tetapi": "tp", "pada": "pd", "dari": "dr", "sampai": "smp", "belum": "blm", "kepada": "kpd", "bisa": "bs",
}  # fmt: skip
FILE_NAMES: Final[Pool] = (
    "catatan {barang}", "rincian {bulan}", "daftar {acara}", "rekap {jumlah}", "scan {jumlah}", "dokumen {jumlah}",
    "pembayaran {bulan}", "lampiran {proyek}", "nota {barang}",
)  # fmt: skip
FILE_LINES: Final[Pool] = (
    "{barang}", "{proyek}", "{acara} {kota}", "upah kerja", "uang makan", "sewa mobil", "fotokopi", "titipan",
    "setoran {bulan}", "beli bahan", "ongkos kirim", "lain-lain",
)  # fmt: skip

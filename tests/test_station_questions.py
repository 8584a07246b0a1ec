"""What reviewers read are the questions of the form and the choices by their names."""

from conftest_station import world

from crypto.letter import REPORT, Letter
from dropbox import form, legal
from station.cases import Case, Said
from station.home import Home
from station.letters import letter_text
from station.questions import question, questions
from station.screen import case_text
from station.tables import REPORTER


def test_the_questions_are_those_of_the_form_in_its_order() -> None:
    fields = [*form.FIELDS, *legal.FIELDS]
    assert list(questions()) == [field.key for field in fields]
    for place, field in enumerate(fields):
        asked = question(field.key)
        assert (asked.place, asked.label) == (place, str(field.label))
        assert asked.choices == {slug: str(name) for slug, name in field.options}


def test_choices_are_named_and_anything_else_is_left_as_it_is() -> None:
    assert question("kategori").answer("lainnya") == "Lainnya, atau tidak yakin"
    assert question("jangan_dibuka").answer("inspektorat-provinsi,palembang") == "Inspektorat Provinsi, palembang"
    assert question("uraian").answer("satu,dua") == "satu,dua"
    assert question("besok").label == "besok" and question("besok").place > question("tingkat_disiplin").place


def test_a_repeated_report_reads_as_the_form_does() -> None:
    fields = {"kategori": "suap", "wilayah": "sumsel", "uraian": "Dua kali.", "baru": "?", "instansi": ""}
    letter = Letter(
        type=REPORT, object_id=bytes(16), fields=fields, language="id", day=1, readers=(), mailbox=bytes(16)
    )
    assert letter_text(letter) == (
        "Kejadian di mana: Provinsi Sumatera Selatan\n"
        "Jenis masalah: Meminta atau menerima uang, hadiah, “fee proyek”, atau jatah pokir\n"
        "Ceritakan apa yang terjadi: Dua kali.\n"
        "baru: ?"
    )


def test_a_case_shows_the_questions_and_numbers_the_officers_messages_as_answers_name_them() -> None:
    home = world().folder / "stations" / "sumsel"
    said = (Said("sumsel", 1, "Siapa?"), Said(REPORTER, 2, "(jawaban atas pesan 1)\nDia."), Said("sumsel", 3, "Kapan?"))
    fields = {"uraian": "Begini.", "kategori": "suap", "tingkat_disiplin": "ringan,berat"}
    shown = case_text(Case(1, "sumpit akibat", "need_info", "id", 1, fields, ("sumsel",), (), said), Home.load(home))
    at = [shown.index(words) for words in ("Jenis masalah\n", "Ceritakan apa yang terjadi\n", "Ringan, Berat")]
    assert at == sorted(at), "in the order of the form"
    assert "Selatan  (pesan 1)\n    Siapa?" in shown and "Selatan  (pesan 2)\n    Kapan?" in shown
    assert "pelapor\n    (jawaban atas pesan 1)" in shown

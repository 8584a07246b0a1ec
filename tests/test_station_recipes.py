"""station.recipes and station.stories: what a sender is given fits the form, leads here alone, and differs each time."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest
from conftest_station import Terminal, give, weak, world  # noqa: F401
from pypdf import PdfReader

from crypto import medium
from crypto.encoding import date_of, today
from crypto.prose.traces import find_traces
from crypto.signing import SigningKey
from dropbox import form
from dropbox.cleaning import clean as clean_file
from keys.roster import PROVINCE_INSPECTORATE, Station
from station import canaries, phrases, stories
from station.errors import Refused
from station.home import Home
from station.recipe_texts import recipe_text, spoken_date
from station.recipes import Recipe, Wishes, clean, draw_look, draw_recipe

GROUPS = ("sumsel", "palembang", "kpk")
OWN = (
    "Di sebuah kantor, bendahara meminta tanda tangan kosong kepada semua orang sebelum libur panjang, lalu kuitansinya "
    "diisi sendiri."
)


@pytest.fixture(autouse=True)
def _one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    table = world().table
    monkeypatch.setattr("station.home.Home.key_table", lambda self: table)


def home_of(group: str) -> Home:
    return Home.load(world().folder / "stations" / group)


def draw(group: str = "sumsel", **wishes: object) -> Recipe:
    return draw_recipe(home_of(group), Wishes(**wishes), day=today(), on=today())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[Recipe]]:
    """Many recipes of some units."""
    homes = {group: home_of(group) for group in GROUPS}
    return {
        group: [draw_recipe(home, Wishes(), day=today(), on=today()) for _ in range(150)]
        for group, home in homes.items()
    }


@pytest.mark.parametrize("group", GROUPS)
def test_the_form_takes_every_recipe_and_its_readers_are_this_unit_alone(drawn: dict[str, list[Recipe]], group: str):
    roster = world().roster
    for recipe in drawn[group]:
        typed = {name: value.split(",") if name == form.EXCLUDED else [value] for name, value in recipe.fields.items()}
        fields, problems = form.read_fields(typed, form.FIELDS, roster)
        assert not problems and fields == dict(recipe.fields)
        wishes = [wish for wish in fields.get(form.EXCLUDED, "").split(",") if wish]
        area = fields[form.AREA]
        readers = roster.route(area, fields[form.LEVEL], roster.excluded(area, wishes))
        assert readers == (group,), "another unit would take it for a report"


def test_some_recipes_have_a_file_and_some_exclude_a_unit(drawn: dict[str, list[Recipe]]):
    for recipes in drawn.values():
        with_file = sum(recipe.file is not None for recipe in recipes)
        assert 20 < with_file < 90
    excluding = [sum(form.EXCLUDED in r.fields for r in drawn[group]) for group in GROUPS]
    assert all(0 < count < 120 for count in excluding)


def test_the_pages_would_ask_nothing_before_they_send_one(drawn: dict[str, list[Recipe]]):
    assert find_traces("Hubungi saya di 0812-3456-7890"), "what they would ask about"
    for recipe in itertools.chain(*drawn.values()):
        texts = [*recipe.fields.values(), *([recipe.file.name] if recipe.file else [])]
        assert not [text for text in texts if find_traces(text)]


def test_nobody_of_whom_there_is_only_one_stands_accused(drawn: dict[str, list[Recipe]]):
    for recipe in itertools.chain(*drawn.values()):
        assert recipe.fields[form.LEVEL] not in ("gubernur", "bupati")
        assert not re.search(
            r"\b(gubernur|bupati|wali ?kota|inspektur|sekda|kadis)\b", str(recipe.fields), re.IGNORECASE
        )


def test_few_texts_are_so_alike_that_one_is_drawn_again(drawn: dict[str, list[Recipe]]):
    texts = [recipe.fields["uraian"] for recipe in itertools.chain(*drawn.values())]
    pieces = [canaries._pieces(text) for text in texts]
    likeness = [canaries._likeness(list(a), b) for a, b in itertools.combinations(pieces, 2)]
    assert sum(each > canaries._NEAR for each in likeness) < len(likeness) / 300, "rarely is one drawn in vain"


@pytest.mark.parametrize("category", phrases.CATEGORIES)
def test_stories_of_one_category_are_not_of_one_template(category: str, monkeypatch: pytest.MonkeyPatch):
    level = next(level for level, kind in phrases.KINDS.items() if kind in phrases.CATEGORIES[category])
    made = [stories.tell(level, category) for _ in range(100)]
    assert min(story.draws.bits for story in made) >= stories.LEAST_BITS
    assert len({story.text for story in made}) == 100
    monkeypatch.setattr(stories.Draws, "fill", lambda self, pattern: pattern)
    monkeypatch.setattr(stories, "LEAST_BITS", 0)
    bare = Counter(stories.tell(level, category).text for _ in range(100))
    assert len(bare) >= 95, "without the names and sums"


def test_a_story_with_too_few_draws_is_drawn_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stories, "LEAST_BITS", 80)
    assert all(stories.tell("desa", "dana").draws.bits >= 80 for _ in range(40))


def test_every_level_and_category_of_the_stories_is_one_of_the_form():
    assert set(phrases.KINDS) == {slug for slug, _name in form.LEVELS} - {"gubernur", "bupati"}
    assert set(phrases.CATEGORIES) == set(phrases.OPENINGS) == set(phrases.FACTS)
    assert set(phrases.CATEGORIES) <= {slug for slug, _name in form.CATEGORIES}


def test_every_slot_has_a_pool():
    known = {name.split(".")[0] for name in phrases.POOLS}
    assert set(re.findall(r"\{([a-z]+)\}", Path(phrases.__file__).read_text("utf-8"))) - {"name"} <= known | {
        "n", "h", "first", "last", "water", "land", "kind", "a", "b"
    }  # fmt: skip
    for level, kind in phrases.KINDS.items():
        for category in stories.categories_for(level):
            patterns = (*phrases.OPENINGS[category], *phrases.FACTS[category], *phrases.FILE_LINES, *phrases.FILE_NAMES)
            filled = [
                stories.Draws(kind).fill(pattern) for pattern in (*patterns, *phrases.EVIDENCE, *phrases.CLOSINGS)
            ]
            assert not re.search(r"[{}()\\]", "".join(filled)), (level, category)


def test_invented_files_are_clean_or_can_be_cleaned(drawn: dict[str, list[Recipe]]):
    files = [recipe.file for recipe in itertools.chain(*drawn.values()) if recipe.file is not None]
    kinds = Counter(file.name.rpartition(".")[2] for file in files)
    assert set(kinds) == {"pdf", "txt"} and min(kinds.values()) > 5
    some = {kind: next(file for file in files if file.name.endswith(kind)) for kind in kinds}
    (page,) = PdfReader(BytesIO(some["pdf"].data), strict=True).pages
    title = some["pdf"].name.removesuffix(".pdf").capitalize()
    assert page.extract_text().splitlines()[0] == title and len(page.extract_text().splitlines()) > 4
    data = some["pdf"].data
    places = [int(place) for place in re.findall(rb"\n(\d{10}) 00000 n ", data)]
    objects = [data[place:].partition(b"\nendobj")[0] for place in places]
    assert [body.split(b"\n")[0] for body in objects] == [b"%d 0 obj" % number for number in range(1, 6)]
    assert b"/Pages 2 0 R" in objects[0] and b"/Type /Pages" in objects[1], "readers mend what is wrong, and say so"
    cleaned = clean_file(some["pdf"].data)
    assert cleaned.data and b"Tj" in some["pdf"].data and "kenari" not in str(files)
    assert b"Producer" not in some["pdf"].data and b"\r\n" in some["txt"].data


# --- wishes ------------------------------------------------------------------------------------------


def test_what_is_wished_is_kept():
    recipe = draw(exclude=["inspektorat-daerah"], area="lahat", level="desa", category="dana", with_file=True)
    wanted = {"wilayah": "lahat", "jenjang_terlapor": "desa", "kategori": "dana", "jangan_dibuka": "inspektorat-daerah"}
    assert recipe.fields.items() >= wanted.items() and recipe.file is not None
    plain = draw(exclude=["tidak-ada"], with_file=False)
    assert "jangan_dibuka" not in plain.fields and plain.file is None


def test_exclusions_that_lead_elsewhere_are_refused():
    with pytest.raises(Refused, match="tidak dibaca unit ini sendirian"):
        draw(exclude=[PROVINCE_INSPECTORATE])
    with pytest.raises(Refused, match="pilih pengecualian"):
        draw("palembang", exclude=["inspektorat-daerah"])
    with pytest.raises(Refused, match="tempat atau jenjang lain"):
        draw("palembang", area="lahat")


def test_a_route_that_two_units_read_is_never_drawn():
    roster = world().roster
    assert roster.route("palembang", "sekolah") == ("palembang", "sumsel")
    for group in ("palembang", "sumsel"):
        with pytest.raises(Refused):
            draw(group, area="palembang", level="sekolah", exclude=["tidak-ada"])
    assert draw("palembang", area="palembang", level="sekolah", exclude=[PROVINCE_INSPECTORATE]).fields


def test_own_texts_go_as_they_are_and_of_the_wrong_length_not_at_all():
    recipe = draw(text="  " + OWN.replace(" ", "\r\n", 1) + "\x00")
    assert recipe.fields["uraian"] == OWN.replace(" ", "\n", 1)
    assert set(recipe.fields) <= {"uraian", "wilayah", "jenjang_terlapor", "kategori", "jangan_dibuka"}
    assert draw(text=OWN, level="tidak-tahu", category="lainnya").fields["kategori"] == "lainnya"
    for text in ("pendek", "x" * 10_001, " " * 200):
        with pytest.raises(Refused, match="huruf, harus 80 sampai 10000"):
            clean(text)
    with pytest.raises(Refused, match="tempat atau jenjang lain"):
        draw(text=OWN, level="bupati")
    with pytest.raises(Refused, match="tidak ada karangan"):
        draw(category="lainnya")


@pytest.mark.parametrize("days", [-1, 184])
def test_a_day_that_is_past_or_far_is_refused(days: int):
    with pytest.raises(Refused, match="harus dari hari ini sampai"):
        draw_recipe(home_of("sumsel"), Wishes(), day=today(), on=today() + days)


def test_a_day_without_keys_is_refused_in_words_that_say_what_to_do():
    last = 7 * (world().table.last_epoch("sumsel") + 1) - 1  # of the weeks that this deployment has keys for
    assert draw_recipe(home_of("sumsel"), Wishes(), day=today(), on=last).fields
    with pytest.raises(Refused, match="perbarui dulu"):
        draw_recipe(home_of("sumsel"), Wishes(), day=today(), on=last + 1)


# --- paper and files ---------------------------------------------------------------------------------


def test_the_paper_names_day_reader_answers_and_file():
    home = home_of("sumsel")
    recipe = draw(with_file=True, area="lahat", level="desa", exclude=["inspektorat-daerah"], category="aset")
    paper = recipe_text(home, recipe, number=7, on=330)
    assert recipe.file is not None
    for words in (
        "KENARI 7", "Selasa, 1 Desember 2026", "Inspektorat Provinsi Sumatera Selatan", "pilih: Kabupaten Lahat",
        "pilih: Kepala desa atau perangkat desa", "centang: Inspektorat kabupaten/kota di wilayah itu",
        recipe.file.name, recipe.fields["uraian"], "Bakar kertas ini", "Jangan dari kantor", "poster",
    ):  # fmt: skip
        assert words in paper, words
    assert not re.search("!|[a-z2-7]{16,}[.]onion|https?:", paper.replace(recipe.fields["uraian"], ""))
    bare = recipe_text(home, draw(with_file=False, exclude=["tidak-ada"]), number=8, on=330)
    assert "Jangan melampirkan apa pun" in bare and "jangan centang apa pun" in bare


def test_some_senders_open_the_box_once_as_reporters_do():
    home = home_of("sumsel")
    seen = {draw_look() for _ in range(300)}
    assert 0 in seen and len(seen) > 3
    never, once = (recipe_text(home, draw(), number=1, on=330, look=days) for days in (0, 3))
    assert "tidak dipakai\n   lagi" in never and "Buka kotaknya" not in never
    assert "Buka kotaknya satu kali" in once and "3 hari kemudian" in once and "kertas ini" in once


def test_the_buttons_on_the_paper_are_those_of_the_pages():
    paper = recipe_text(home_of("sumsel"), draw(), number=1, on=330)
    pages = "".join(p.read_text("utf-8") for p in (Path(__file__).parents[1] / "templates" / "dropbox").glob("*.html"))
    buttons = set(re.findall(r'tekan "([^"]+)"', paper, re.IGNORECASE))
    assert buttons == {"Mulai melapor", "Lihat siapa", "Kirim laporan"}
    assert all(f"_('{button}')" in pages for button in buttons)


def test_days_are_written_as_people_say_them():
    assert [spoken_date(day) for day in (0, 330)] == ["Senin, 5 Januari 2026", "Selasa, 1 Desember 2026"]


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, "sumsel", ("sumsel-1", "sumsel-3"))


def make(terminal: Terminal, folder: Path, *more: str) -> tuple[int, list[Path], str]:
    result = terminal.run("canary", "--to", str(folder), "--on", date_of(today()).isoformat(), *more)
    return result.exit_code, [Path(line) for line in result.stdout.splitlines()], result.stderr


def test_a_recipe_and_its_file_are_written_once_and_only_their_paths_are_said(terminal: Terminal, tmp_path: Path):
    folder = tmp_path / "stick"
    code, paths, said = make(terminal, folder, "--file")
    assert code == 0 and [path.parent for path in paths] == [folder] * 2
    assert sorted(paths) == sorted(folder.iterdir()) and paths[0].name == "kenari-1.txt"
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    paper = paths[0].read_text("utf-8")
    assert paths[1].name in paper and "kenari" not in paths[1].name
    story = paper.split("-" * 60)[1].strip()
    assert len(story) > 80 and story not in said
    assert make(terminal, folder, "--no-file")[1] == [folder / "kenari-2.txt"]
    (found, _) = json.loads(terminal.run("canary", "--json").stdout)
    assert (found["number"], found["day"], found["state"], found["cases"]) == (1, today(), "out", [])


def test_officers_are_told_of_a_station_that_does_not_know_the_canary(terminal: Terminal, tmp_path: Path):
    assert "stasiun lain" not in make(terminal, tmp_path / "one")[2]
    second = Station("sumsel-dua", "sumsel", SigningKey.generate().public, False, False)
    give(terminal.home, world().next_roster(stations=(*world().roster.stations, second))[1])
    code, paths, said = make(terminal, tmp_path / "two")
    assert code == 0 and paths and "beri tahu: sumsel-dua" in said


def test_a_recipe_that_cannot_be_written_lets_no_canary_out(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "stick"
    folder.mkdir()
    (folder / "kenari-1.txt").write_text("lama")
    code, _, said = make(terminal, folder)
    assert code == 3 and "sudah ada berkas dengan nama itu" in said and (folder / "kenari-1.txt").read_text() == "lama"
    write, count = medium.write_file, itertools.count()

    def fill_up(path: Path, pieces: bytes, *, mode: int = 0o600) -> None:
        if path.parent == tmp_path / "full" and next(count) == 1:
            raise OSError(28, "No space left on device")
        write(path, pieces, mode=mode)

    monkeypatch.setattr(medium, "write_file", fill_up)
    assert make(terminal, tmp_path / "full", "--file")[0] == 6
    assert list((tmp_path / "full").iterdir()) == []
    assert terminal.run("canary", "--json").stdout == "[]\n"


def test_a_story_like_that_of_a_canary_from_before_is_drawn_again(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first, other = draw(level="desa", category="dana"), draw(level="tidak-tahu", category="jabatan")
    told = iter([first, first, first, other])
    monkeypatch.setattr("station.canary_commands.draw_recipe", lambda *_, **__: next(told))
    papers = [make(terminal, tmp_path / name)[1][0].read_text("utf-8") for name in ("a", "b")]
    assert [first.fields["uraian"] in paper for paper in papers] == [True, False]
    assert next(told, None) is None


def test_a_text_file_is_read_with_care(terminal: Terminal, tmp_path: Path):
    own = tmp_path / "karangan.txt"
    own.write_text("\ufeff" + OWN, "utf-8")
    code, (paper, *_), _ = make(terminal, tmp_path / "out", "--text-file", str(own), "--no-file")
    assert code == 0 and f"\n{OWN}\n" in paper.read_text("utf-8")
    refusals = {}
    for name, data in {"again": OWN.encode(), "latin": b"\xe9" * 200, "huge": b"a " * 40_000, "short": b"a"}.items():
        own.write_bytes(data)
        code, paths, refusals[name] = make(terminal, tmp_path / "no", "--text-file", str(own))
        assert (code, paths) == (3, []), name
    assert "tiap teks dipakai sekali" in refusals["again"] and "UTF-8" in refusals["latin"]
    assert "terlalu besar" in refusals["huge"] and "1 huruf" in refusals["short"]
    assert make(terminal, tmp_path / "no", "--text-file", str(tmp_path / "none"))[0] == 2
    assert not (tmp_path / "no").exists()
    assert OWN not in "".join(refusals.values())


def test_choices_are_drawn_by_the_weights_of_cover(monkeypatch: pytest.MonkeyPatch):
    seen = {}
    monkeypatch.setattr("station.recipes._DICE", random.Random(7))
    for _ in range(60):
        recipe = draw()
        seen.setdefault(recipe.fields["wilayah"], []).append(recipe.fields["jenjang_terlapor"])
    assert len(seen) > 5 and len(set(itertools.chain(*seen.values()))) > 3

"""The intake form as data: nothing asks who the reporter is, and every plain choice leads to what the law calls it."""

from __future__ import annotations

import re

import pytest

from dropbox import form, legal

SEVEN = {
    "kerugian_negara", "suap", "penggelapan", "pemerasan", "curang", "benturan_pengadaan", "gratifikasi",
}  # fmt: skip
BESIDES = {"disiplin", "menghalangi", "pembalasan"}


def test_each_category_leads_to_legal_groups_and_each_group_is_reached() -> None:
    assert set(legal.CATEGORY_GROUPS) == {slug for slug, _name in form.CATEGORIES}
    reached = {group for groups in legal.CATEGORY_GROUPS.values() for group in groups}
    assert reached == SEVEN | BESIDES == {slug for slug, _name in legal.GROUPS}
    assert legal.classified({"kategori": "suap"}) == {"golongan": "suap,gratifikasi", "tingkat_disiplin": "berat"}
    assert legal.classified({"kategori": "lainnya"}) == legal.classified({}) == {}


def test_a_breach_of_discipline_may_have_each_degree_and_only_that_of_civil_servants() -> None:
    assert legal.classified({"kategori": "disiplin"})["tingkat_disiplin"] == "ringan,sedang,berat"
    assert set(legal.CATEGORY_DEGREES) <= {slug for slug, _name in form.CATEGORIES}
    for level, _name in form.LEVELS:
        found = legal.classified({"kategori": "suap", "jenjang_terlapor": level})
        assert ("tingkat_disiplin" in found) == (level not in legal.NO_CIVIL_SERVANTS)
    assert {level for level, _name in form.LEVELS} > legal.NO_CIVIL_SERVANTS


def test_the_program_classifies_within_the_names_that_reviewers_read() -> None:
    for category, _name in form.CATEGORIES:
        found = legal.classified({"kategori": category})
        for field in legal.FIELDS:
            assert set(filter(None, found.get(field.key, "").split(","))) <= {slug for slug, _name in field.options}


def test_each_category_but_the_last_has_an_example() -> None:
    assert set(form.EXAMPLES) == {slug for slug, _name in form.CATEGORIES} - {"lainnya"}


def test_four_questions_are_required_and_none_asks_who_writes() -> None:
    assert [f.key for f in form.FIELDS if f.required] == ["wilayah", "jenjang_terlapor", "kategori", "uraian"]
    asked = " ".join(str(f.label).casefold() for f in form.FIELDS)
    assert not re.search(r"nama anda|nik|nip|nomor hp|email|alamat anda|umur|jenis kelamin|jabatan anda", asked)


def test_what_only_reviewers_may_decide_is_no_field_of_the_form() -> None:
    """A reporter sends answers; the legal group is added to the letter by the program."""
    assert not {field.key for field in legal.FIELDS} & set(form.BY_KEY)
    assert not {"ringan", "sedang", "berat"} & {slug for f in form.FIELDS for slug, _name in f.options}


@pytest.mark.parametrize("key", [f.key for f in form.FIELDS])
def test_no_option_stands_twice_and_every_text_has_a_limit(key: str) -> None:
    field = form.BY_KEY[key]
    slugs = [slug for slug, _name in field.options]
    assert len(slugs) == len(set(slugs)) and set(field.examples) <= set(slugs)
    assert (field.limit > 0) == (field.kind in ("text", "area"))

"""The intake form as data: nothing asks who the reporter is, and every plain choice leads to what the law calls it."""

from __future__ import annotations

import re

import pytest

from dropbox import form

SEVEN = {
    "kerugian_negara", "suap", "penggelapan", "pemerasan", "curang", "benturan_pengadaan", "gratifikasi",
}  # fmt: skip
BESIDES = {"disiplin", "menghalangi", "pembalasan"}


def test_each_category_leads_to_legal_groups_and_each_group_is_reached() -> None:
    assert set(form.LEGAL_GROUPS) == {slug for slug, _name in form.CATEGORIES}
    reached = {group for groups in form.LEGAL_GROUPS.values() for group in groups}
    assert reached == SEVEN | BESIDES
    assert form.legal_groups({"kategori": "suap"}) == {"golongan": "suap,gratifikasi"}
    assert form.legal_groups({"kategori": "lainnya"}) == form.legal_groups({}) == {}


def test_each_category_but_the_last_has_an_example() -> None:
    assert set(form.EXAMPLES) == {slug for slug, _name in form.CATEGORIES} - {"lainnya"}


def test_four_questions_are_required_and_none_asks_who_writes() -> None:
    assert [f.key for f in form.FIELDS if f.required] == ["wilayah", "jenjang_terlapor", "kategori", "uraian"]
    asked = " ".join(str(f.label).casefold() for f in form.FIELDS)
    assert not re.search(r"nama anda|nik|nip|nomor hp|email|alamat anda|umur|jenis kelamin|jabatan anda", asked)


def test_what_only_reviewers_may_decide_is_no_field_of_the_form() -> None:
    """A reporter sends answers; the legal group is added to the letter by the program."""
    assert form.GROUPS_FIELD not in form.BY_KEY
    assert not {"ringan", "sedang", "berat"} & {slug for f in form.FIELDS for slug, _name in f.options}


@pytest.mark.parametrize("key", [f.key for f in form.FIELDS])
def test_no_option_stands_twice_and_every_text_has_a_limit(key: str) -> None:
    field = form.BY_KEY[key]
    slugs = [slug for slug, _name in field.options]
    assert len(slugs) == len(set(slugs)) and set(field.examples) <= set(slugs)
    assert (field.limit > 0) == (field.kind in ("text", "area"))

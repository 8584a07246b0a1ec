"""The units of South Sumatra and who reads a report about whom."""

import itertools

import pytest

from crypto.encoding import is_id
from keys import units
from keys.demo import OTHER_QUORUM, QUORUMS

MEMBERS = {group: QUORUMS.get(group, OTHER_QUORUM)[1] for group in (*units.GOVERNMENTS, units.KPK)}
PAIRS = list(itertools.product((*units.GOVERNMENTS, units.UNKNOWN_AREA), units.LEVELS))


def test_there_are_the_province_and_its_seventeen_regencies_and_cities() -> None:
    assert len(units.GOVERNMENTS) == 18
    assert len(units.REGENCIES) == 17 and units.PROVINCE not in units.REGENCIES
    assert sum(name.startswith("Kota ") for name in units.GOVERNMENTS.values()) == 4
    assert sum(name.startswith("Kabupaten ") for name in units.GOVERNMENTS.values()) == 13
    assert len(set(units.GOVERNMENTS.values())) == 18


def test_every_slug_is_a_legal_id() -> None:
    for slug in (*units.GOVERNMENTS, units.KPK, units.UNKNOWN_AREA, *units.LEVELS):
        assert is_id(slug)


def test_names_are_given_in_both_languages() -> None:
    assert units.names_of("sumsel") == (
        "Inspektorat Provinsi Sumatera Selatan", "Inspectorate of the Province of Sumatera Selatan",
    )  # fmt: skip
    assert units.names_of("palembang") == ("Inspektorat Kota Palembang", "Inspectorate of the City of Palembang")
    assert units.names_of("kpk")[0] == "Komisi Pemberantasan Korupsi (KPK)"
    for slug in units.GOVERNMENTS:
        assert all(units.names_of(slug))


def test_every_area_and_level_has_a_route_and_readers() -> None:
    routing = units.routing()
    assert set(routing) == {*units.GOVERNMENTS, units.UNKNOWN_AREA}
    for area, level in PAIRS:
        assert routing[area][level].readers


@pytest.mark.parametrize(("area", "level"), PAIRS)
def test_who_is_accused_never_reads_and_a_route_has_at_most_eight_readers(area: str, level: str) -> None:
    route = units.routing()[area][level]
    chosen = {*route.readers, *route.instead}
    assert not chosen & set(route.never)
    for choice in (route.readers, route.instead):
        assert sum(MEMBERS[g] for g in choice) <= 8
    if level in ("gubernur", "pimpinan-provinsi"):
        assert chosen == {units.KPK} and units.PROVINCE in route.never
        assert area not in units.REGENCIES or area in route.never
    if level in ("bupati", "pimpinan-daerah", "tidak-tahu") and area in units.REGENCIES:
        assert area in route.never and route.readers == (units.PROVINCE,)


def test_a_unit_reads_about_no_area_but_its_own() -> None:
    for area, level in PAIRS:
        route = units.routing()[area][level]
        assert {*route.readers, *route.instead} <= {area, units.PROVINCE, units.KPK}


def test_ordinary_reports_stay_in_the_regency_and_schools_go_to_both() -> None:
    routing = units.routing()
    for level in ("pegawai-daerah", "desa", "bumd", "swasta"):
        assert (routing["oki"][level].readers, routing["oki"][level].instead) == (("oki",), ("sumsel",))
    assert routing["oki"]["sekolah"].readers == ("oki", "sumsel")
    assert routing["tidak-tahu"]["sekolah"].readers == ("sumsel",)
    assert routing["sumsel"]["bupati"].readers == ("sumsel",)


def test_cover_weights_name_every_area_and_level_so_that_no_pair_shows() -> None:
    weights = units.COVER_WEIGHTS
    assert set(weights["areas"]) == set(units.routing())
    assert set(weights["levels"]) == set(units.LEVELS)
    assert all(w > 0 for axis in weights.values() for w in axis.values())

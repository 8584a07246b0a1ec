"""The life of a roster, and what each change means: nothing that a roster says changes without a sentence."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from desks import after, member, root_set, with_group
from hypothesis import given, settings
from hypothesis import strategies as st
from make_vectors import DAY, DEPLOYMENT, new_unit, signer, small_roster, unit_change

from crypto.encoding import date_of
from crypto.envelope import parse_envelope
from crypto.errors import CryptoError, Malformed
from keys import changes, units
from keys.changes import Change, next_roster
from keys.consequences import Sentence, consequences
from keys.errors import BrokenChain, WrongClock
from keys.request import RootRequest, ServerRequest
from keys.roster import Group, Role, Root, Roster, Route, Station
from keys.rosterfile import MAGIC, parse_roster, sign_roster

FIRST = small_roster()
ROOT4 = RootRequest(DEPLOYMENT, 1, root_set(4)[0])


def made(change: Change, old: Roster = FIRST, day: int = DAY) -> Roster:
    """Return the next roster as everybody reads it, or raise what its format forbids."""
    new = next_roster(old, change, day=day)
    return parse_roster(parse_envelope(sign_roster(new, {}), MAGIC, "roster").body)


def refused(change: Change, error: type[CryptoError], match: str, old: Roster = FIRST) -> None:
    with pytest.raises(error, match=match):
        made(change, old)


def said(old: Roster, new: Roster) -> str:
    return "\n".join(s.en for s in consequences(old, new))


def warned(old: Roster, new: Roster) -> str:
    return "\n".join(s.en for s in consequences(old, new) if s.warning)


# --- versions and days --------------------------------------------------------------------------------


def test_the_next_roster_follows_and_holds_for_400_days() -> None:
    new = made(changes.keep_all)
    assert (new.version, new.previous, new.issued, new.expires) == (2, FIRST.hash, DAY, DAY + 400)
    assert replace(new, version=1, previous=bytes(64), issued=FIRST.issued, expires=FIRST.expires) == FIRST
    assert next_roster(FIRST, changes.keep_all, day=DAY, days=30).expires == DAY + 30


def test_a_clock_that_is_behind_makes_no_roster() -> None:
    with pytest.raises(WrongClock, match=f"shows day 3, the roster was issued on day {FIRST.issued}"):
        made(changes.keep_all, day=3)


# --- people -------------------------------------------------------------------------------------------


def test_a_new_unit_is_admitted_and_its_station_leads() -> None:
    new = made(changes.admit_unit(new_unit()))
    assert [m.id for m in new.group("sunyi").members] == ["sunyi-1", "sunyi-2"]
    station = new.station("sunyi")
    assert (station.lead, station.collector, station.group) == (True, False, "sunyi")  # there are two collectors


def test_the_second_unit_of_a_deployment_becomes_the_second_collector() -> None:
    alone = replace(FIRST, stations=FIRST.stations[:1])
    assert made(changes.admit_unit(new_unit()), alone).station("sunyi").collector
    refused(changes.admit_unit(new_unit(), collector=False), Malformed, "collectors of 1 groups, want 2", alone)
    assert made(changes.admit_unit(new_unit(), collector=True)).station("sunyi").collector


def test_a_change_of_a_unit_keeps_what_its_station_is() -> None:
    quiet = replace(FIRST, stations=(replace(FIRST.stations[0], collector=False), FIRST.stations[1],
                                     Station("sunyi", "sunyi", signer("station sunyi").public, True, True)))  # fmt: skip
    new = made(changes.admit_unit(unit_change()), quiet)
    assert new.station("prov") == quiet.stations[0]
    assert [m.id for m in new.group("prov").members] == ["prov-1", "prov-2", "prov-4"]


def with_roles(group: str, *roles: Role, old: Roster = FIRST) -> Roster:
    members = tuple(replace(m, role=role) for m, role in zip(old.group(group).members, roles, strict=True))
    return after(old, groups=with_group(old, group, members=members))


def test_a_request_brings_its_roles_and_who_stays_elsewhere_keeps_them() -> None:
    members = with_roles("prov", Role.INSPEKTUR, Role.TELAAH, Role.VERIFIKATOR).group("prov").members
    new = made(changes.admit_unit(replace(unit_change(), members=members, batches=())))
    assert [m.role for m in new.group("prov").members] == [Role.INSPEKTUR, Role.TELAAH, Role.VERIFIKATOR]
    assert [new.group(g).members for g in ("kota", "kpk")] == [FIRST.group(g).members for g in ("kota", "kpk")]
    left = made(changes.remove_reviewer("prov-2"), new)
    assert [m.role for m in left.group("prov").members] == [Role.INSPEKTUR, Role.VERIFIKATOR]


def test_a_second_station_of_a_unit_does_not_lead() -> None:
    asked = replace(unit_change(), station="prov-2", station_key=signer("station new").public)
    new = made(changes.admit_unit(asked))
    assert [(s.id, s.lead) for s in new.stations] == [("prov", True), ("kota", True), ("prov-2", False)]


def test_a_reviewer_is_taken_out() -> None:
    new = made(changes.remove_reviewer("prov-3"))
    assert (new.group("prov").k, [m.id for m in new.group("prov").members]) == (2, ["prov-1", "prov-2"])
    assert made(changes.remove_reviewer("prov-3", k=1)).group("prov").k == 1


def test_an_impossible_quorum_is_refused_and_the_way_out_is_named() -> None:
    two = made(changes.set_quorum("kota", 2))
    refused(changes.remove_reviewer("kota-1"), Malformed, "quorum: 2 of 1; say with --k", two)
    assert made(changes.remove_reviewer("kota-1", k=1, leaver_helps=True), two).group("kota").k == 1
    refused(changes.remove_reviewer("prov-1", k=3), Malformed, "quorum: 3 of 2")


def test_the_last_reviewer_takes_the_units_station_along() -> None:
    four = replace(FIRST, stations=(*FIRST.stations, Station("kpk", "kpk", signer("station kpk").public, True, True)))
    new = made(changes.remove_reviewer("kpk-1", k=5), four)
    assert (new.group("kpk").members, new.group("kpk").k) == ((), 1)
    assert [s.id for s in new.stations] == ["prov", "kota"]


def test_a_reviewer_nobody_knows_cannot_be_taken_out() -> None:
    refused(changes.remove_reviewer("prov-9"), BrokenChain, "no reviewer prov-9")


@pytest.mark.parametrize(("k", "fine"), [(0, False), (1, True), (2, True), (3, True), (4, False)])
def test_a_quorum_is_one_of_its_people(k: int, fine: bool) -> None:
    if fine:
        assert made(changes.set_quorum("prov", k)).group("prov").k == k
    else:
        refused(changes.set_quorum("prov", k), Malformed, f"quorum: {k} of 3")


def test_a_quorum_of_nobody_is_refused() -> None:
    refused(changes.set_quorum("sunyi", 2), BrokenChain, "sunyi has no reviewers")
    refused(changes.set_quorum("desa", 2), BrokenChain, "no group desa")


# --- groups -------------------------------------------------------------------------------------------


def whole() -> Roster:
    """A deployment of the real units: sumsel 2 of 3, lahat 1 of 2, the others and KPK empty."""
    groups = []
    for slug in (*units.GOVERNMENTS, units.KPK):
        n = {"sumsel": 3, "lahat": 2}.get(slug, 0)
        people = tuple(member(f"{slug}-{i}") for i in range(1, n + 1))
        groups.append(Group(slug, *units.names_of(slug), 2 if n == 3 else 1, people))
    return replace(
        FIRST, groups=tuple(groups), routing=units.routing(), province=units.PROVINCE, fallback=units.KPK,
        cover_weights=units.COVER_WEIGHTS,
        stations=tuple(Station(s, s, signer(f"station {s}").public, True, True) for s in ("sumsel", "lahat")),
    )  # fmt: skip


WHOLE = whole()


def test_a_group_is_added_with_the_routes_of_a_regency() -> None:
    new = made(changes.add_group("kikim", "Inspektorat Kikim", "Inspectorate of Kikim"), WHOLE)
    assert new.routing["kikim"] == units.regency_routes("kikim")
    assert new.route("kikim", "desa") == ("sumsel",) and new.group("kikim").members == ()
    assert new.cover_weights["areas"]["kikim"] == 2
    refused(changes.add_group("lahat", "x", "y"), BrokenChain, "lahat is there already", WHOLE)


def test_a_group_that_comes_back_gets_its_routes_back() -> None:
    """Its area stayed, and every route of it had forgotten the unit."""
    without = made(changes.remove_group("lahat"), WHOLE)
    again = made(changes.add_group("lahat", *units.names_of("lahat")), without)
    assert again.routing["lahat"] == WHOLE.routing["lahat"]


def test_a_group_id_leaves_room_for_its_reviewers_and_is_no_area_of_ours() -> None:
    refused(changes.add_group("a" * 22, "x", "y"), Malformed, "at most 21", WHOLE)
    assert made(changes.add_group("a" * 21, "x", "y"), WHOLE).group("a" * 21)
    refused(changes.add_group("../x", "x", "y"), Malformed, "at most 21", WHOLE)
    refused(changes.add_group("tidak-tahu", "x", "y"), BrokenChain, "does not know the area", WHOLE)


def test_a_group_is_taken_out_and_its_stand_in_reads_alone() -> None:
    new = made(changes.remove_group("lahat"), WHOLE)
    assert "lahat" not in new.group_ids and [s.group for s in new.stations] == ["sumsel"]
    assert new.route("lahat", "desa") == ("sumsel",) and new.route("lahat", "sekolah") == ("sumsel",)
    assert not any("lahat" in (*r.readers, *r.instead, *r.never) for x in new.routing.values() for r in x.values())


@pytest.mark.parametrize("group", ["sumsel", "kpk"])
def test_the_province_and_the_fallback_must_stay(group: str) -> None:
    refused(changes.remove_group(group), BrokenChain, "must stay", WHOLE)


def test_a_group_nobody_knows_cannot_be_taken_out() -> None:
    refused(changes.remove_group("desa"), BrokenChain, "no group desa")


# --- machines and root holders ------------------------------------------------------------------------


def test_a_station_is_taken_out_and_its_reviewers_stay() -> None:
    new = made(changes.remove_station("kota"))
    assert [s.id for s in new.stations] == ["prov"] and new.group("kota") == FIRST.group("kota")
    refused(changes.remove_station("desa"), BrokenChain, "no station desa")


def test_a_stolen_station_takes_its_reviewers_along() -> None:
    new = made(changes.revoke_station("kota"))
    assert [s.id for s in new.stations] == ["prov"] and new.group("kota").members == ()
    assert new.route("kota", "pegawai") == ("prov",)
    refused(changes.revoke_station("desa"), BrokenChain, "no station desa")


def test_the_only_station_cannot_be_taken_out_because_rows_would_never_leave() -> None:
    alone = replace(FIRST, stations=FIRST.stations[:1])
    for change in (changes.revoke_station("prov"), changes.remove_station("prov")):
        refused(change, Malformed, "collectors of 0 groups", alone)


def test_collectors_of_two_groups_are_asked_for_outside_a_demo() -> None:
    refused(changes.set_collector("kota", False), Malformed, "collectors of 1 groups, want 2")
    refused(changes.set_collector("desa", True), BrokenChain, "no station desa")
    demo = replace(FIRST, deployment="demo-x")
    assert [s.id for s in made(changes.set_collector("kota", False), demo).collectors] == ["prov"]
    third = replace(FIRST, stations=(*FIRST.stations, Station("kpk", "kpk", signer("x").public, True, False)))
    moved = made(changes.set_collector("kpk", True), third)
    assert [s.id for s in made(changes.set_collector("kota", False), moved).collectors] == ["prov", "kpk"]


def test_the_servers_key_is_replaced() -> None:
    request = ServerRequest(DEPLOYMENT, 1, signer("server next").public)
    assert made(changes.replace_server_key(request)).server_key == request.key


def test_root_holders_come_and_go_and_numbers_are_not_given_twice() -> None:
    assert [r.id for r in made(changes.replace_root(2, ROOT4)).roots] == [1, 3, 4]
    more = made(changes.add_root(ROOT4, 3))
    assert ([r.id for r in more.roots], more.root_k) == ([1, 2, 3, 4], 3)
    less = made(changes.remove_root(1, 1))
    assert ([r.id for r in less.roots], less.root_k) == ([2, 3], 1)
    taken = replace(ROOT4, root=Root(3, ROOT4.root.key))
    refused(changes.add_root(taken, 2), BrokenChain, "root holder 3 is there already")
    refused(changes.replace_root(3, taken), BrokenChain, "root holder 3 is there already")
    refused(changes.replace_root(9, ROOT4), BrokenChain, "no root holder 9")
    refused(changes.remove_root(9, 2), BrokenChain, "no root holder 9")
    refused(changes.remove_root(1, 3), Malformed, "root_k")
    refused(changes.add_root(ROOT4, 0), Malformed, "root_k")
    refused(changes.add_root(ROOT4, 5), Malformed, "root_k")


# --- consequences: routes by brute force --------------------------------------------------------------


def changed_routes(old: Roster, new: Roster) -> dict[str, set[str]]:
    """Return area → levels whose readers differ, by looking at every one."""
    found: dict[str, set[str]] = {}
    for area, levels in new.routing.items():
        for level in levels:
            known = level in old.routing.get(area, {})
            if not known or old.route(area, level) != new.route(area, level):
                found.setdefault(area, set()).add(level)
    return found


def named_routes(old: Roster, new: Roster) -> dict[str, set[str]]:
    """Return the same from the sentences."""
    found: dict[str, set[str]] = {}
    for sentence in consequences(old, new):
        if sentence.en.startswith("Reports about ") and (
            " now by " in sentence.en or " new in the form" in sentence.en
        ):
            head = sentence.en.removeprefix("Reports about ").split("): ")[0]
            areas, _, levels = head.partition(" (")
            for area in areas.split(", "):
                whole_area = set(new.routing[area]) if levels == "all levels" else set(levels.split(", "))
                assert not found.setdefault(area, set()) & whole_area, "named twice"
                found[area] |= whole_area
    return found


VERBS = {
    "extend": changes.keep_all,
    "remove a reviewer": changes.remove_reviewer("sumsel-3"),
    "remove the last of lahat": lambda r: changes.remove_reviewer("lahat-2")(changes.remove_reviewer("lahat-1")(r)),
    "quorum": changes.set_quorum("lahat", 2),
    "add a group": changes.add_group("kikim", "Kikim", "Kikim"),
    "remove a group": changes.remove_group("lahat"),
    "remove an empty group": changes.remove_group("oku"),
    "fill a group": lambda r: replace(r, groups=with_group(r, "oku", members=(member("oku-1"), member("oku-2")))),
    "fill KPK": lambda r: replace(r, groups=with_group(r, "kpk", members=(member("kpk-1"),))),
    "empty the province": lambda r: replace(r, groups=with_group(r, "sumsel", k=1, members=())),
    "revoke": changes.revoke_station("lahat"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_changed_route_is_named_and_no_other(verb: str) -> None:
    new = next_roster(WHOLE, VERBS[verb], day=DAY)
    assert named_routes(WHOLE, new) == changed_routes(WHOLE, new)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["sumsel", "lahat", "oku", "kpk", "pali"]), st.integers(0, 2)), st.data())
def test_every_changed_route_is_named_whatever_changes(people: dict[str, int], data: st.DataObject) -> None:
    groups = tuple(
        replace(g, k=1, members=tuple(member(f"{g.id}-{i}") for i in range(1, people[g.id] + 1)))
        if g.id in people else g for g in WHOLE.groups
    )  # fmt: skip
    lists = st.lists(st.sampled_from(["sumsel", "lahat", "oku", "kpk"]), max_size=2, unique=True).map(tuple)
    routing = dict(WHOLE.routing)
    for area in data.draw(st.lists(st.sampled_from(["oku", "lahat", "sumsel", "baru"]), max_size=2)):
        routing[area] = {lv: Route(data.draw(lists), data.draw(lists), data.draw(lists)) for lv in ("desa", "bupati")}
    new = after(WHOLE, groups=groups, routing=routing)
    assert named_routes(WHOLE, new) == changed_routes(WHOLE, new)
    assert_stand_ins_are_named(WHOLE, new)


def assert_stand_ins_are_named(old: Roster, new: Roster) -> None:
    """Whoever reads after any exclusion, or while keys have ended: no change of it without a sentence on that area."""
    text = [s.en for s in consequences(old, new) if s.en.startswith("Reports about ")]
    wishes = ([], ["inspektorat-daerah"], ["inspektorat-provinsi"], ["inspektorat-daerah", "inspektorat-provinsi"])
    for area, levels in new.routing.items():
        for level, wish in itertools.product(levels, wishes):
            known = level in old.routing.get(area, {})
            before = old.route(area, level, old.excluded(area, wish)) if known else None
            if before != new.route(area, level, new.excluded(area, wish)):
                assert any(area in s.split(" (")[0].replace(",", "").split() for s in text), (area, level, wish)


def test_stand_ins_are_named_when_people_come() -> None:
    for verb in ("fill KPK", "fill a group", "remove a group"):
        assert_stand_ins_are_named(WHOLE, next_roster(WHOLE, VERBS[verb], day=DAY))
    assert "others read than before" in said(WHOLE, next_roster(WHOLE, VERBS["fill KPK"], day=DAY))


# --- consequences: nothing changes without a sentence -------------------------------------------------


def rerouted(**changed: Any) -> Roster:
    routing = {**FIRST.routing, "kota": {**FIRST.routing["kota"]}}
    routing["kota"]["pegawai"] = replace(routing["kota"]["pegawai"], **changed)
    return after(FIRST, routing=routing)


def stations(**changed: Any) -> tuple[Station, ...]:
    return FIRST.stations[0], replace(FIRST.stations[1], **changed)


WEIGHTS = FIRST.cover_weights
SILENT_ATTACKS = {
    "a reviewer's key": (after(FIRST, groups=with_group(FIRST, "kota", members=(
        replace(member("spy"), id="kota-1"), member("kota-2")))), "kota-1 uses another key"),
    "a reviewer's role": (with_roles("prov", Role.INSPEKTUR, Role.TELAAH, Role.INSPEKTUR),
                          "prov-1 changes role: verifikator (first check) before, inspektur (decides) now."),
    "a new reviewer's role": (after(FIRST, groups=with_group(FIRST, "sunyi", members=(
        replace(member("spy"), role=Role.TELAAH),))), "for Inspectorate sunyi from now on, as telaah (reviews)."),
    "nobody who decides": (with_roles("kpk", Role.VERIFIKATOR), "Inspectorate kpk has no inspektur"),
    "a reviewer of another unit": (after(FIRST, groups=with_group(FIRST, "sunyi", members=(member("spy"),))),
                                   "spy takes part in opening reports for Inspectorate sunyi"),
    "a swap of two people": (after(FIRST, groups=with_group(FIRST, "kpk", members=(member("spy"),))),
                             "kpk-1 can no longer open"),
    "a unit with people at once": (after(FIRST, groups=(*FIRST.groups, Group("x", "X", "X", 1, (member("spy"),)))),
                                   "A report for X opens for 1 of 1 reviewers together. One person alone is enough."),
    "an empty unit": (after(FIRST, groups=(*FIRST.groups, Group("x", "X", "X", 1, ()))), "X joins the system"),
    "a unit's name": (after(FIRST, groups=with_group(FIRST, "kpk", name_en="Inspectorate")), "is called Inspectorate"),
    "a unit's Indonesian name": (after(FIRST, groups=with_group(FIRST, "kpk", name_id="x")), "is called"),
    "who steps in": (rerouted(instead=("kpk",)), "the rule who steps in"),
    "who never may": (rerouted(never=("prov",)), "the rule who steps in"),
    "what ended keys do": (rerouted(lapsed=True), "the rule who steps in"),
    "who reads": (rerouted(readers=("kpk",)), "Reports about kota (pegawai): read by Inspectorate kota before, now by"),
    "who leads": (rerouted(readers=("prov", "kota")), "now by Inspectorate prov + Inspectorate kota"),
    "a kind is gone": (after(FIRST, routing={"kota": FIRST.routing["kota"]}), "sunyi (all levels): the form offers"),
    "a level is gone": (after(FIRST, routing={**FIRST.routing, "kota": {
        k: v for k, v in FIRST.routing["kota"].items() if k != "bupati"}}), "kota (bupati): the form offers this no"),
    "a kind is new": (after(FIRST, routing={**FIRST.routing, "desa": {"x": Route((), (), ())}}),
                      "desa (all levels): new in the form; read by nobody (the form closes)"),
    "the province": (after(FIRST, province="kota"), "The province's group: prov becomes kota"),
    "the fallback": (after(FIRST, fallback="prov"), "without a route: kpk becomes prov"),
    "the suite": (after(FIRST, min_suite=0), "The lowest suite: 1 becomes 0"),
    "a size": (after(FIRST, sizes=replace(FIRST.sizes, slots=8)), "Size slots: 64 becomes 8"),
    "a weight": (after(FIRST, cover_weights={**WEIGHTS, "areas": {"kota": 9}}), "about kota: weight 2 becomes 9"),
    "a weight is gone": (after(FIRST, cover_weights={**WEIGHTS, "levels": {"pegawai": 3}}), "sekolah: weight 1 becomes 0"),
    "a station's key": (after(FIRST, stations=stations(key=signer("spy").public)), "Station kota uses a new key"),
    "a station's unit": (after(FIRST, stations=stations(group="prov")), "Station kota works for prov and no longer"),
    "a station's lead": (after(FIRST, stations=stations(lead=False)), "Station kota answers reporters no longer"),
    "a collector": (after(FIRST, stations=stations(collector=False)), "once these have stored them: prov."),
    "a new station": (after(FIRST, stations=(*FIRST.stations, Station("x", "kpk", signer("spy").public, True, False))),
                      "Station x begins to work for kpk"),
    "the server": (after(FIRST, server_key=signer("spy").public), "The drop box uses a new key"),
    "a root holder": (after(FIRST, roots=root_set(1, 2, 4)), "Root holders: out 3, in 4; 2 of 3 must sign"),
    "a root holder's key": (after(FIRST, roots=(*root_set(1, 2), Root(3, signer("spy").public))),
                            "Root holders: out 3, in 3"),
    "how many root holders": (after(FIRST, root_k=1), "1 of 3 must sign. The eight words on posters stay the same. One"),
    "a shorter life": (after(FIRST, expires=DAY + 30), f"Roster version 2 holds until {date_of(DAY + 30)}"),
}  # fmt: skip


@pytest.mark.parametrize("what", SILENT_ATTACKS)
def test_nothing_changes_without_a_sentence_in_both_languages(what: str) -> None:
    new, sentence = SILENT_ATTACKS[what]
    found = consequences(FIRST, new)
    assert sentence in said(FIRST, new)
    assert len(found) > 1 or what == "a shorter life"
    assert all(s.id and s.en and s.id != s.en for s in found)


@pytest.mark.parametrize("what", [
    "a reviewer's key", "nobody who decides", "a unit's name", "who steps in", "what ended keys do", "a kind is gone", "the province",
    "the fallback", "a size", "a station's unit", "how many root holders", "a shorter life", "a kind is new",
])  # fmt: skip
def test_what_nobody_should_sign_unread_is_a_warning(what: str) -> None:
    new, sentence = SILENT_ATTACKS[what]
    assert sentence in warned(FIRST, new)


def test_when_nothing_changes_only_the_last_day_is_said() -> None:
    new = made(changes.keep_all)
    day = date_of(DAY + 400)
    assert consequences(FIRST, new) == (
        Sentence(f"Daftar kunci versi 2 berlaku sampai {day}.", f"Roster version 2 holds until {day}."),
    )


def test_a_day_beyond_all_calendars_is_shown_and_crashes_nothing() -> None:
    assert "holds until 4763" in said(FIRST, after(FIRST, expires=2**62))


def test_names_cannot_paint_over_the_other_sentences() -> None:
    """A root holder proposes a group whose name moves the cursor, breaks lines and turns the writing around."""
    name = "Inspektorat\x1b[2K\x1b[1A\n  - Tidak ada\u202e\u200b\x07"
    new = after(FIRST, groups=with_group(FIRST, "kpk", name_id=name, name_en=name),
                routing={**FIRST.routing, "desa\x1b[8m": {"x\r": Route(("kpk",), (), ())}})  # fmt: skip
    for sentence in consequences(FIRST, new):
        assert sentence.id.isprintable() and sentence.en.isprintable()
    assert "Inspektorat\ufffd[2K" in said(FIRST, new)


# --- consequences: warnings about people --------------------------------------------------------------


def test_one_person_who_is_enough_is_a_warning() -> None:
    assert "One person alone is enough" in warned(FIRST, made(changes.set_quorum("prov", 1)))
    assert "One person alone is enough" in warned(FIRST, made(changes.admit_unit(new_unit())))
    less = made(changes.remove_reviewer("kota-2"))
    assert "1 of 1 reviewers together (before: 1 of 2)" in said(FIRST, less) and "alone" not in said(FIRST, less)


def test_a_route_that_nobody_can_read_is_a_warning() -> None:
    closed = after(FIRST, groups=with_group(FIRST, "prov", k=1, members=()))
    text = warned(FIRST, closed)
    assert "Inspectorate prov has no reviewers any more" in text
    assert "sunyi (all levels): read by Inspectorate prov before, now by nobody (the form closes)" in text


def test_a_group_or_station_that_leaves_is_a_warning() -> None:
    assert "leaves the system" in warned(WHOLE, made(changes.remove_group("lahat"), WHOLE))
    assert "Station kota is taken out" in warned(FIRST, made(changes.revoke_station("kota")))


@pytest.mark.parametrize("change", [
    changes.set_quorum("prov", 3), changes.set_quorum("kota", 2), changes.remove_reviewer("prov-3"),
])  # fmt: skip
def test_when_all_must_be_there_one_absence_closes_everything_and_that_is_a_warning(change: Change) -> None:
    text = warned(FIRST, made(change))
    assert "while one reviewer is absent no report opens, and when one leaves, the station's vault opens only" in text


def test_all_of_one_and_quorums_that_stay_are_not_warned_about() -> None:
    assert "absent" not in said(FIRST, made(changes.remove_reviewer("kota-2")))
    two = made(changes.set_quorum("kota", 2))
    assert "absent" not in said(two, made(changes.keep_all, two))
    swapped = after(two, groups=with_group(two, "kota", members=(member("kota-1"), member("kota-3"))))
    assert "absent" in warned(two, swapped)


def test_a_role_alone_says_the_role_and_nothing_of_quorums() -> None:
    all_of_three = made(changes.set_quorum("prov", 3))
    new = with_roles("prov", Role.TELAAH, Role.VERIFIKATOR, Role.INSPEKTUR, old=all_of_three)
    assert [s.en for s in consequences(all_of_three, new)][:-1] == [
        "prov-1 changes role: verifikator (first check) before, telaah (reviews) now.",
        "prov-2 changes role: telaah (reviews) before, verifikator (first check) now.",
    ]
    assert "prov-1 berganti peran: sebelumnya verifikator (pemeriksaan awal), sekarang telaah (menelaah)." in [
        s.id for s in consequences(all_of_three, new)
    ]


def test_a_unit_without_an_inspektur_is_warned_about_once() -> None:
    gone = made(changes.remove_reviewer("prov-3"))
    assert "Inspectorate prov has no inspektur: nobody decides there." in warned(FIRST, gone)
    assert "inspektur" not in said(gone, made(changes.keep_all, gone))
    assert "no inspektur" not in said(FIRST, made(changes.remove_reviewer("kpk-1")))
    assert "no inspektur" in warned(FIRST, after(FIRST, groups=with_group(FIRST, "sunyi", members=(
        replace(member("sunyi-1"), role=Role.VERIFIKATOR),))))  # fmt: skip


def test_too_few_former_root_holders_ask_for_new_posters() -> None:
    assert "new posters" in warned(FIRST, after(FIRST, roots=root_set(1, 4, 5)))
    assert "new posters" not in said(FIRST, after(FIRST, roots=root_set(1, 2, 4)))


def test_a_unit_is_not_left_with_fewer_than_open_its_vault_unless_the_one_who_leaves_helps() -> None:
    pair = replace(FIRST, groups=tuple(replace(g, k=2) if g.id == "kota" else g for g in FIRST.groups))
    refused(changes.remove_reviewer("kota-2", k=1), Malformed, "1 of the 2 who open the vault of kota", pair)
    new = made(changes.remove_reviewer("kota-2", k=1, leaver_helps=True), pair)
    assert (new.group("kota").k, len(new.group("kota").members)) == (1, 1)

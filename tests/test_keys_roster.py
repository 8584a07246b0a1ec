"""Rosters: each refusal has its own error, and only the root holders, old and new, make one valid."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest
import vectors
from make_vectors import DAY, roots, signer, small_roster

from crypto.encoding import b64, canonical_json
from crypto.errors import CryptoError, Malformed
from crypto.receipt import wordlist
from keys import rosterfile as rosters
from keys.errors import BrokenChain, Expired, RolledBack, RosterError, TooFewSignatures
from keys.roster import Group, Role, Root, Roster, Route, default_roles
from keys.rosterfile import check_current, fingerprint_words, parse_roster, root_pin, sign_roster, verify_roster

FIRST = small_roster()
PIN = root_pin(FIRST.roots, FIRST.root_k)


def first() -> Roster:
    return verify_roster(sign_roster(FIRST, roots(1, 2)), previous=None, pin=PIN, today=DAY)


def successor(**changes: Any) -> Roster:
    return small_roster(**({"version": 2, "previous": first().hash} | changes))


def check(roster: Roster, signers: dict, *, previous: Roster | None = None, today: int = DAY) -> Roster:
    return verify_roster(sign_roster(roster, signers), previous=previous or first(), pin=PIN, today=today)


@pytest.mark.parametrize("vector", vectors.load("roster", "file"))
def test_vector_file(vector: vectors.Vector) -> None:
    with vector.outcome():
        assert verify_roster(vector["file"], previous=None, pin=PIN, today=DAY) == FIRST


@pytest.mark.parametrize("vector", vectors.load("roster", "body"))
def test_vector_body(vector: vectors.Vector) -> None:
    with vector.outcome():
        assert parse_roster(vector["body"]) == FIRST


def test_a_roster_goes_there_and_back_and_keeps_what_was_signed() -> None:
    made = first()
    assert made == FIRST
    assert made.raw == canonical_json(rosters._to_json(FIRST))
    assert made.hash == hashlib.sha512(made.raw).digest()


@pytest.mark.parametrize("role", Role)
def test_a_role_survives_signing_and_belongs_to_what_is_signed(role: Role) -> None:
    groups = tuple(replace(g, members=tuple(replace(m, role=role) for m in g.members)) for g in FIRST.groups)
    data = sign_roster(replace(FIRST, groups=groups), roots(1, 2))
    made = verify_roster(data, previous=None, pin=PIN, today=DAY)
    assert {m.role for m in made.members.values()} == {role} and made != FIRST
    assert data.count(b'"role":"%s"' % role.encode()) == len(FIRST.members)
    other = next(r for r in Role if r is not role)
    body = made.raw.replace(b'"role":"%s"' % role.encode(), b'"role":"%s"' % other.encode(), 1)
    altered = data[:4] + len(body).to_bytes(4, "big") + body + data[8 + len(made.raw) :]
    with pytest.raises(TooFewSignatures):
        verify_roster(altered, previous=None, pin=PIN, today=DAY)


def test_a_successor_may_give_the_same_reviewer_and_key_another_role() -> None:
    group = FIRST.group("prov")
    changed = replace(group, members=(replace(group.members[0], role=Role.INSPEKTUR), *group.members[1:]))
    made = check(successor(groups=(changed, *FIRST.groups[1:])), roots(1, 2))
    assert made.members["prov-1"].role is Role.INSPEKTUR and made.members["prov-1"].key == group.members[0].key


@pytest.mark.parametrize(
    ("n", "names"),
    [(1, "inspektur"), (2, "telaah inspektur"), (3, "verifikator telaah inspektur"),
     (5, "verifikator telaah telaah telaah inspektur"), (7, "verifikator telaah telaah telaah telaah telaah inspektur")],
)  # fmt: skip
def test_somebody_decides_in_every_new_unit(n: int, names: str) -> None:
    assert default_roles(n) == tuple(map(Role, names.split()))


# --- the first roster --------------------------------------------------------------------------------


def test_any_two_of_three_roots_or_all_three_are_enough() -> None:
    for numbers in ((1, 2), (1, 3), (2, 3), (1, 2, 3)):
        assert verify_roster(sign_roster(FIRST, roots(*numbers)), previous=None, pin=PIN, today=DAY) == FIRST


@pytest.mark.parametrize("numbers", [(), (1,), (3,)])
def test_fewer_roots_than_root_k_are_too_few(numbers: tuple[int, ...]) -> None:
    with pytest.raises(TooFewSignatures):
        verify_roster(sign_roster(FIRST, roots(*numbers)), previous=None, pin=PIN, today=DAY)


def test_strangers_signatures_do_not_count() -> None:
    signers = {1: signer("root 1"), 2: signer("stranger"), 7: signer("root 2")}
    with pytest.raises(TooFewSignatures):
        verify_roster(sign_roster(FIRST, signers), previous=None, pin=PIN, today=DAY)


@pytest.mark.parametrize("pin", [None, bytes(64), PIN[:63], b""])
def test_a_root_set_that_is_not_pinned_is_refused(pin: bytes | None) -> None:
    with pytest.raises(BrokenChain):
        verify_roster(sign_roster(FIRST, roots(1, 2)), previous=None, pin=pin, today=DAY)


def test_the_pin_covers_keys_ids_and_root_k() -> None:
    other = (Root(1, signer("stranger").public), *FIRST.roots[1:])
    renamed = (*FIRST.roots[:2], Root(4, FIRST.roots[2].key))
    pins = {
        root_pin(*args) for args in ((FIRST.roots, 2), (FIRST.roots, 1), (other, 2), (renamed, 2), (FIRST.roots[:2], 2))
    }
    assert len(pins) == 5
    body = canonical_json({"roots": [{"id": r.id, "key": b64(r.key.raw)} for r in FIRST.roots], "root_k": 2})
    assert hashlib.sha512(b"senyap/v1/root-set\0" + body).digest() == PIN


def test_a_root_set_with_a_lower_root_k_is_not_the_pinned_one() -> None:
    with pytest.raises(BrokenChain):
        verify_roster(sign_roster(replace(FIRST, root_k=1), roots(1)), previous=None, pin=PIN, today=DAY)


def test_the_fingerprint_is_88_bits_of_the_pin_as_eight_words() -> None:
    bits = "".join(f"{byte:08b}" for byte in PIN)
    assert fingerprint_words(PIN) == tuple(wordlist()[int(bits[i : i + 11], 2)] for i in range(0, 88, 11))


def test_a_roster_ends_with_its_last_day() -> None:
    data = sign_roster(FIRST, roots(1, 2))
    assert verify_roster(data, previous=None, pin=PIN, today=FIRST.expires) == FIRST
    with pytest.raises(Expired):
        verify_roster(data, previous=None, pin=PIN, today=FIRST.expires + 1)
    check_current(FIRST, FIRST.expires)
    with pytest.raises(Expired):
        check_current(FIRST, FIRST.expires + 1)


# --- its successors ----------------------------------------------------------------------------------


def test_a_successor_signed_by_the_same_roots_is_taken() -> None:
    assert check(successor(), roots(2, 3)).version == 2


def test_the_same_version_again_is_rolled_back() -> None:
    with pytest.raises(RolledBack):
        check(FIRST, roots(1, 2))
    second = check(successor(), roots(1, 2))
    with pytest.raises(RolledBack):
        check(successor(expires=DAY + 500), roots(1, 2), previous=second)


def test_a_lower_version_is_rolled_back() -> None:
    second = check(successor(), roots(1, 2))
    with pytest.raises(RolledBack):
        check(FIRST, roots(1, 2, 3), previous=second)


def test_a_skipped_version_breaks_the_chain() -> None:
    with pytest.raises(BrokenChain):
        check(successor(version=3), roots(1, 2, 3))


@pytest.mark.parametrize("previous", [bytes(64), b"\1" * 64])
def test_a_wrong_previous_hash_breaks_the_chain(previous: bytes) -> None:
    with pytest.raises(BrokenChain):
        check(successor(previous=previous), roots(1, 2, 3))


def test_another_deployment_breaks_the_chain() -> None:
    with pytest.raises(BrokenChain):
        check(successor(deployment="other"), roots(1, 2, 3))


def test_a_pin_does_not_help_a_successor_with_a_broken_chain() -> None:
    data = sign_roster(replace(FIRST, version=5), roots(1, 2, 3))
    with pytest.raises(BrokenChain):
        verify_roster(data, previous=first(), pin=PIN, today=DAY)


def test_an_expired_successor_is_refused() -> None:
    with pytest.raises(Expired):
        check(successor(), roots(1, 2), today=successor().expires + 1)


NEW_ROOTS = (FIRST.roots[0], FIRST.roots[1], Root(4, signer("root 4").public))


def test_a_root_holder_is_replaced_when_both_sets_sign() -> None:
    """Root 3 goes, root 4 comes; roots 1 and 2 belong to both sets."""
    second = check(successor(roots=NEW_ROOTS), roots(1, 2))
    third = small_roster(version=3, previous=second.hash, roots=NEW_ROOTS)
    assert check(third, roots(2, 4), previous=second).version == 3
    with pytest.raises(TooFewSignatures):
        check(third, roots(2, 3), previous=second)


def test_the_new_set_alone_does_not_replace_the_old_one() -> None:
    with pytest.raises(TooFewSignatures) as caught:
        check(successor(roots=NEW_ROOTS), roots(1, 4))
    assert "old" in str(caught.value)


def test_the_old_set_alone_does_not_appoint_the_new_one() -> None:
    with pytest.raises(TooFewSignatures) as caught:
        check(successor(roots=NEW_ROOTS), roots(1, 3))
    assert "own" in str(caught.value)


def test_two_sets_without_a_common_holder_need_two_signatures_of_each() -> None:
    fresh = tuple(Root(i, signer(f"root {i}").public) for i in (4, 5, 6))
    for numbers in ((1, 2, 4), (1, 4, 5), (4, 5, 6), (1, 2, 3)):
        with pytest.raises(TooFewSignatures):
            check(successor(roots=fresh), roots(*numbers))
    assert check(successor(roots=fresh), roots(1, 2, 4, 5)).roots == fresh


def test_an_id_given_to_another_holder_counts_for_one_set_only() -> None:
    """Id 3 gets a new key: its signature is the new set's, not the old one's."""
    changed = (*FIRST.roots[:2], Root(3, signer("root 4").public))
    with pytest.raises(TooFewSignatures):
        check(successor(roots=changed), {1: signer("root 1"), 3: signer("root 4")})
    assert check(successor(roots=changed), {1: signer("root 1"), 2: signer("root 2")}).roots == changed


@pytest.mark.parametrize("half", [slice(0, 64), slice(64, 3373)])
def test_half_a_signature_is_none(half: slice) -> None:
    """Two signatures are needed; of the second only one half is right."""
    data = bytearray(sign_roster(successor(), roots(1, 2)))
    at = len(data) - 3373
    stranger = signer("stranger").sign(rosters.PURPOSE, canonical_json(rosters._to_json(successor())))
    data[at + half.start : at + half.stop] = stranger[half]
    with pytest.raises(TooFewSignatures):
        verify_roster(bytes(data), previous=first(), pin=PIN, today=DAY)


def test_a_batch_signature_does_not_serve_for_a_roster() -> None:
    body = canonical_json(rosters._to_json(FIRST))
    data = b"SNYR" + len(body).to_bytes(4, "big") + body + b"\2"
    data += b"".join(bytes([i]) + signer(f"root {i}").sign("senyap/v1/batch", body) for i in (1, 2))
    with pytest.raises(TooFewSignatures):
        verify_roster(data, previous=None, pin=PIN, today=DAY)


# --- which report goes where -------------------------------------------------------------------------


def test_a_route_gives_its_readers_in_order() -> None:
    assert FIRST.route("kota", "pegawai") == ("kota",)
    assert FIRST.route("kota", "sekolah") == ("kota", "prov")


def test_who_is_excluded_or_never_permitted_does_not_read() -> None:
    assert FIRST.route("kota", "sekolah", {"kota"}) == ("prov",)
    assert FIRST.route("kota", "sekolah", {"kota", "prov"}) == ("kpk",)
    assert FIRST.route("kota", "pegawai", {"kota"}) == ("prov",)
    assert FIRST.route("kota", "pegawai", {"kota", "prov"}) == ()
    forbidden = small_roster(routing={"kota": {"x": Route(("kota", "prov"), ("kota",), ("kota",))}})
    assert forbidden.route("kota", "x") == ("prov",)
    assert forbidden.route("kota", "x", {"prov"}) == ()


def test_a_group_without_reviewers_is_legal_and_its_reports_go_to_the_stand_in() -> None:
    assert first().group("sunyi").members == ()
    assert FIRST.route("sunyi", "pegawai") == ("prov",)


def test_wishes_become_group_ids() -> None:
    assert FIRST.excluded("kota", ["inspektorat-daerah"]) == {"kota"}
    assert FIRST.excluded("kota", ["inspektorat-provinsi"]) == {"prov"}
    assert FIRST.excluded("kota", ["inspektorat-daerah", "kpk"]) == {"kota", "kpk"}
    assert FIRST.excluded("tidak-tahu", ["inspektorat-daerah"]) == frozenset()
    assert FIRST.excluded("kota", ["tidak-ada", "x"]) == frozenset()


def test_an_unknown_area_level_group_or_station_is_a_keyerror() -> None:
    for ask in (lambda: FIRST.route("desa", "pegawai"), lambda: FIRST.route("kota", "x"), lambda: FIRST.group("x"),
                lambda: FIRST.station("x")):  # fmt: skip
        with pytest.raises(KeyError):
            ask()


def test_stations_and_collectors_are_found() -> None:
    assert FIRST.station("kota").key == signer("station kota").public
    assert [s.id for s in FIRST.collectors] == ["prov", "kota"]


def test_a_group_with_the_most_members_fits() -> None:
    seven = Group("prov", "a", "b", 3, tuple(rosters.Member(f"p-{i}", signer(f"spare {i}").public) for i in range(7)))
    made = small_roster(groups=(seven, *FIRST.groups[1:]), routing={"kota": {"x": Route(("prov", "kpk"), (), ())}},
                        cover_weights={"areas": {"kota": 1}, "levels": {"x": 1}, "exclusions": {"a": 1}})  # fmt: skip
    assert parse_roster(canonical_json(rosters._to_json(made))) == made


def test_every_refusal_is_a_crypto_error_and_holds_no_key() -> None:
    data = sign_roster(FIRST, roots(1, 2))
    keys = [b64(root.key.raw)[:20] for root in FIRST.roots] + [repr(root.key.raw)[:20] for root in FIRST.roots]
    for wrong, pin, today in (
        (data, None, DAY),
        (data, PIN, 10**6),
        (data[:-1], PIN, DAY),
        (data[:-1] + b"\0", PIN, DAY),
    ):
        with pytest.raises(CryptoError) as caught:
            verify_roster(wrong, previous=None, pin=pin, today=today)
        assert not [key for key in keys if key in str(caught.value)]
    for error in (Expired, RolledBack, BrokenChain, TooFewSignatures):
        assert issubclass(error, RosterError) and not issubclass(error, Malformed)


def test_a_deployment_id_is_ascii() -> None:
    with pytest.raises(Malformed):
        parse_roster(canonical_json(rosters._to_json(small_roster(deployment="köta"))))


def test_every_weighted_area_has_every_weighted_level() -> None:
    """Area sunyi has no level sekolah: draw_cover would raise KeyError when it draws the two together."""
    weights = {"areas": {"kota": 1, "sunyi": 1}, "levels": {"sekolah": 1}, "exclusions": {"tidak-ada": 1}}
    with pytest.raises(Malformed):
        parse_roster(canonical_json(rosters._to_json(small_roster(cover_weights=weights))))


def test_the_weighted_routes_reach_somebody() -> None:
    empty = small_roster(routing={"kota": {"pegawai": Route(("sunyi",), (), ())}},
                         cover_weights={"areas": {"kota": 1}, "levels": {"pegawai": 1}, "exclusions": {"tidak-ada": 1}})  # fmt: skip
    with pytest.raises(Malformed):
        parse_roster(canonical_json(rosters._to_json(empty)))


# --- collectors, empty groups, lapsed keys ------------------------------------------------------------


def test_a_province_alone_may_have_one_collector_and_a_demo_always_may() -> None:
    alone = small_roster(stations=FIRST.stations[:1])
    assert parse_roster(canonical_json(rosters._to_json(alone))) == alone
    one = tuple(replace(s, collector=s.id == "prov") for s in FIRST.stations)
    with pytest.raises(Malformed, match="collectors of 1 groups, want 2"):
        parse_roster(canonical_json(rosters._to_json(small_roster(stations=one))))
    demo = small_roster(stations=one, deployment="demo-x")
    assert parse_roster(canonical_json(rosters._to_json(demo))) == demo


def test_a_fallback_group_without_reviewers_is_legal() -> None:
    groups = tuple(replace(g, members=()) if g.id == FIRST.fallback else g for g in FIRST.groups)
    assert parse_roster(canonical_json(rosters._to_json(small_roster(groups=groups)))).group("kpk").members == ()


def test_a_lapsed_group_is_left_out_only_where_the_route_says_so() -> None:
    assert FIRST.route("kota", "pegawai", lapsed=["kota"]) == ("kota",)
    routing = {"kota": {"pegawai": Route(("kota",), ("prov",), (), lapsed=True)}}
    assert small_roster(routing=routing).route("kota", "pegawai", lapsed=["kota"]) == ("prov",)
    assert small_roster(routing=routing).route("kota", "pegawai", ["prov"], lapsed=["kota"]) == ()


def test_a_roster_without_reviewers_and_stations_is_legal_and_reaches_nobody() -> None:
    """The only station of a deployment was stolen: everything closes until new keys are there."""
    nobody = small_roster(groups=tuple(replace(g, members=()) for g in FIRST.groups), stations=())
    assert parse_roster(canonical_json(rosters._to_json(nobody))) == nobody
    assert all(nobody.route(area, level) == () for area, levels in nobody.routing.items() for level in levels)
    with pytest.raises(Malformed, match="collectors of 0 groups, want 1"):
        one = (replace(FIRST.stations[0], collector=False),)
        parse_roster(canonical_json(rosters._to_json(small_roster(stations=one))))

"""Requests: whoever asks proves the keys; what was altered, is unknown, or was overtaken is refused."""

from dataclasses import replace
from typing import Any

import pytest
import vectors
from desks import after, batch_of, member, root_set, with_group
from make_vectors import DEPLOYMENT, new_unit, opener, signer, small_batch, small_roster, unit_change

from crypto.envelope import build_envelope, parse_envelope
from crypto.errors import BadSignature, CryptoError, Malformed
from crypto.receipt import wordlist
from crypto.signing import SigningKey
from keys import request as requests
from keys.batch import sign_batch
from keys.errors import BrokenChain, KeyAlarm, TooFewSignatures
from keys.request import (
    Request,
    RootRequest,
    ServerRequest,
    UnitRequest,
    read_request,
    request_batches,
    request_file,
    request_words,
    sign_request,
    verify_request,
)
from keys.roster import Role, Roster, Station, default_roles
from keys.words import same_words

ROSTER = small_roster()
CHANGED, JOINING = unit_change(), new_unit()  # made once: signatures differ at each call
CHANGE = {0: "station prov", 1: "prov-1", 2: "prov-2", 3: "prov-4"}
NEW = {0: "station sunyi", 1: "sunyi-1", 2: "sunyi-2"}
SERVER = ServerRequest(DEPLOYMENT, 1, signer("server next").public)
ROOT = RootRequest(DEPLOYMENT, 1, replace(root_set(4)[0], id=4))


def signed(request: Request, names: dict[int, str]) -> bytes:
    return sign_request(request, {number: signer(name) for number, name in names.items()})


def raw(vector: vectors.Vector) -> bytes:
    """Return the file of a vector; a JSON body is signed here, so that its own defect is what is refused."""
    if "file" in vector.fields:
        return vector["file"]
    seeds = {int(n): SigningKey.from_seed(vector[f"seed_{n}"]) for n in vector.get("signers").split()}
    return build_envelope(vector["body"], b"SNYQ", "senyap/v1/request", seeds)


@pytest.mark.parametrize("vector", vectors.load("request", "file") + vectors.load("request", "body"))
def test_vector(vector: vectors.Vector) -> None:
    data = raw(vector)
    with vector.outcome():
        assert verify_request(data, ROSTER) == read_request(data)


@pytest.mark.parametrize("vector", vectors.load("request", "file"))
def test_whatever_is_altered_on_the_way_has_other_words(vector: vectors.Vector) -> None:
    try:
        words = request_words(vector["file"])
    except Malformed:
        return
    same_body = (
        parse_envelope(vector["file"], requests.MAGIC, "request").body
        == parse_envelope(vectors.one("request", "accept")["file"], requests.MAGIC, "request").body
    )
    assert same_words(" ".join(words), request_words(vectors.one("request", "accept")["file"])) == same_body


@pytest.mark.parametrize(
    ("request_", "names", "file"),
    [
        (CHANGED, CHANGE, "request-prov.senyap"),
        (JOINING, NEW, "request-sunyi.senyap"),
        (SERVER, {0: "server next"}, "request-server.senyap"),
        (ROOT, {0: "root 4"}, "request-root-4.senyap"),
    ],
    ids=["change", "new", "server", "root"],
)
def test_a_request_goes_there_and_back_and_has_a_name(request_: Request, names: dict[int, str], file: str) -> None:
    data = signed(request_, names)
    assert verify_request(data, ROSTER) == read_request(data) == request_
    assert request_file(request_) == file


def test_eight_words_stand_for_the_body_and_not_for_the_signatures() -> None:
    data, again = (signed(SERVER, {0: "server next"}) for _ in range(2))
    assert data != again and request_words(data) == request_words(again)
    assert len(request_words(data)) == 8 and set(request_words(data)) <= set(wordlist())
    assert request_words(data) != request_words(signed(replace(SERVER, roster_version=0), {0: "server next"}))


def test_the_batches_of_a_request_are_those_of_its_new_reviewers() -> None:
    assert [b.reviewer for b in request_batches(JOINING, ROSTER)] == ["sunyi-1", "sunyi-2"]


def test_a_unit_that_works_may_rebuild_its_station_and_a_unit_may_have_two() -> None:
    moved = replace(CHANGED, station_key=signer("station new").public)
    assert verify_request(signed(moved, CHANGE | {0: "station new"}), ROSTER) == moved
    second = replace(moved, station="prov-2")
    assert verify_request(signed(second, CHANGE | {0: "station new"}), ROSTER) == second


def test_half_a_signature_of_a_new_reviewer_is_none() -> None:
    data = bytearray(signed(CHANGED, CHANGE))
    other = signer("stranger").sign(requests.PURPOSE, parse_envelope(bytes(data), b"SNYQ", "request").body)
    data[-3309:] = other[64:]
    with pytest.raises(BadSignature):
        verify_request(bytes(data), ROSTER)


def test_a_signature_for_another_use_is_none() -> None:
    body = parse_envelope(signed(SERVER, {0: "server next"}), b"SNYQ", "request").body
    for purpose in ("senyap/v1/roster", "senyap/v1/batch", "senyap/v1/bundle"):
        with pytest.raises(BadSignature):
            verify_request(build_envelope(body, b"SNYQ", purpose, {0: signer("server next")}), ROSTER)


def test_those_who_leave_do_not_decide_and_the_new_ones_neither() -> None:
    """prov is 2 of 3: prov-1 with two new ones, and the station, are still one reviewer of prov."""
    members = tuple(map(member, ("prov-1", "prov-4", "prov-5")))
    asked = replace(CHANGED, members=members, batches=(batch_of("prov-4"), batch_of("prov-5")))
    with pytest.raises(TooFewSignatures, match="signed by 1 of this unit's reviewers, want 2"):
        verify_request(signed(asked, {0: "station prov", 1: "prov-1", 2: "prov-4", 3: "prov-5"}), ROSTER)


def test_a_stranger_cannot_take_a_unit_over_that_works() -> None:
    asked = replace(
        JOINING, group="kota", members=(member("kota-8"), member("kota-9")), station="kota-2",
        batches=(batch_of("kota-8"), batch_of("kota-9")),
    )  # fmt: skip
    with pytest.raises(TooFewSignatures, match="signed by 0 of this unit's reviewers, want 1"):
        verify_request(signed(asked, {0: "station sunyi", 1: "kota-8", 2: "kota-9"}), ROSTER)


# --- roles --------------------------------------------------------------------------------------------

PROV = ROSTER.group("prov").members
PROMOTED = replace(CHANGED, members=(replace(PROV[0], role=Role.INSPEKTUR), *PROV[1:]), batches=())
TWO = {1: "prov-1", 2: "prov-2"}


def test_roles_stand_in_a_request() -> None:
    request = read_request(signed(CHANGED, CHANGE))
    assert isinstance(request, UnitRequest)
    assert tuple(m.role for m in request.members) == default_roles(3)


@pytest.mark.parametrize("other", ["telaah", "inspektur"])
def test_another_role_is_another_request_for_signatures_and_words(other: str) -> None:
    data = signed(CHANGED, CHANGE)
    old = parse_envelope(data, b"SNYQ", "request").body
    body = old.replace(b'"role":"verifikator"', b'"role":"%s"' % other.encode())
    altered = data[:4] + len(body).to_bytes(4, "big") + body + data[8 + len(old) :]
    assert isinstance(asked := read_request(altered), UnitRequest) and asked.members[0].role == other
    assert request_words(altered) != request_words(data)
    with pytest.raises(BadSignature):
        verify_request(altered, ROSTER)


def test_a_role_alone_is_asked_for_by_k_reviewers_and_no_less() -> None:
    assert verify_request(signed(PROMOTED, TWO), ROSTER) == PROMOTED
    for one in ({1: "prov-1"}, {1: "prov-1", 0: "station prov"}):
        with pytest.raises(TooFewSignatures, match="signed by 1 of this unit's reviewers, want 2"):
            verify_request(signed(PROMOTED, one), ROSTER)


# --- what a later roster has decided is not undone ----------------------------------------------------


def in_force(*changes: dict[str, Any]) -> tuple[Roster, list[Roster]]:
    """Return the newest of a row of rosters, and all of them, newest first, as `Ledger.history` does."""
    rosters = [ROSTER]
    for change in changes:
        rosters.append(after(rosters[-1], **change))
    return rosters[-1], rosters[::-1]


def refuse(data: bytes, error: type[CryptoError], match: str, *changes: dict[str, Any]) -> None:
    newest, history = in_force(*changes)
    with pytest.raises(error, match=match):
        verify_request(data, newest, history)


ADMITTED = {"groups": with_group(ROSTER, "prov", members=CHANGED.members)}
UNDONE = {"groups": ROSTER.groups}
OTHERS = {"groups": with_group(ROSTER, "kota", k=2)}


def test_a_request_is_admitted_under_a_later_roster_that_changed_others_only() -> None:
    data = signed(CHANGED, CHANGE)
    newest, history = in_force(OTHERS, {})
    assert verify_request(data, newest, history) == CHANGED


def test_a_request_that_was_admitted_is_not_admitted_twice() -> None:
    refuse(signed(CHANGED, CHANGE), BrokenChain, "changed what it asks about", ADMITTED)


def test_an_older_request_does_not_undo_a_change_of_roles() -> None:
    """CHANGED was made while prov-1 was verifikator; the unit has made prov-1 inspektur since."""
    refuse(signed(CHANGED, CHANGE), BrokenChain, "changed what it asks about",
           {"groups": with_group(ROSTER, "prov", members=PROMOTED.members)})  # fmt: skip


def test_a_request_does_not_come_back_after_its_change_was_undone() -> None:
    """prov-4 was admitted and dismissed; the file still lies on a stick, and its signatures are good."""
    data = signed(CHANGED, CHANGE)
    assert verify_request(data, in_force(ADMITTED, UNDONE)[0]) == CHANGED  # the newest roster alone cannot tell
    refuse(data, BrokenChain, "changed what it asks about", ADMITTED, UNDONE)


def test_a_request_from_before_somebody_was_dismissed_does_not_bring_them_back() -> None:
    without = {"groups": with_group(ROSTER, "prov", members=ROSTER.groups[0].members[1:])}
    asked = replace(CHANGED, members=(*ROSTER.groups[0].members, member("prov-4")),
                    batches=(batch_of("prov-1"), batch_of("prov-4")))  # fmt: skip
    data = signed(asked, {1: "prov-1", 2: "prov-2", 3: "prov-3", 4: "prov-4"})
    assert verify_request(data, ROSTER) == asked
    refuse(data, BrokenChain, "changed what it asks about", without)


def test_a_new_request_cannot_bring_back_what_was_taken_out() -> None:
    taken = replace(CHANGED, roster_version=3)
    refuse(signed(taken, CHANGE), KeyAlarm, "never comes back", ADMITTED, UNDONE)
    same_id = replace(taken, members=(*taken.members[:2], replace(member("prov-5"), id="prov-4")),
                      batches=(sign_as("prov-5", "prov-4"),))  # fmt: skip
    refuse(signed(same_id, CHANGE | {3: "prov-5"}), BrokenChain, "given before", ADMITTED, UNDONE)


def sign_as(who: str, name: str) -> bytes:
    return sign_batch(small_batch(reviewer=name, keys=(opener(f"{who} 45").public,)), signer(who))


def test_a_station_that_was_taken_out_stays_out() -> None:
    gone = {"stations": ROSTER.stations[1:]}
    asked = replace(CHANGED, roster_version=2)
    refuse(signed(asked, CHANGE), KeyAlarm, "never comes back", gone)
    fresh = replace(asked, station_key=signer("station new").public)
    refuse(signed(fresh, CHANGE | {0: "station new"}), BrokenChain, "given before", gone)
    moved = replace(fresh, station="prov-2")
    newest, history = in_force(gone)
    assert verify_request(signed(moved, CHANGE | {0: "station new"}), newest, history) == moved


def test_a_key_never_moves_to_another_use() -> None:
    gone = {"stations": (Station("prov", "prov", signer("station new").public, True, True), ROSTER.stations[1])}
    asked = ServerRequest(DEPLOYMENT, 2, signer("station prov").public)
    refuse(signed(asked, {0: "station prov"}), KeyAlarm, "never comes back", gone)


def test_a_stolen_transport_key_does_not_come_back() -> None:
    old, new = signer("server next").public, signer("server third").public
    refuse(signed(SERVER, {0: "server next"}), BrokenChain, "changed what", {"server_key": old}, {"server_key": new})
    again = replace(SERVER, roster_version=3)
    refuse(signed(again, {0: "server next"}), KeyAlarm, "never comes", {"server_key": old}, {"server_key": new})


def test_a_root_holders_number_and_key_are_never_given_twice() -> None:
    changes = {"roots": root_set(1, 2, 4)}, {"roots": root_set(1, 2, 5)}
    refuse(signed(ROOT, {0: "root 4"}), KeyAlarm, "never comes back", *changes)
    fresh = replace(ROOT, root=replace(ROOT.root, key=signer("root 6").public))
    refuse(signed(fresh, {0: "root 6"}), BrokenChain, "given before", *changes)
    newest, history = in_force(*changes)
    sixth = replace(fresh, root=replace(fresh.root, id=6))
    assert verify_request(signed(sixth, {0: "root 6"}), newest, history) == sixth


def test_no_refusal_holds_a_key_and_a_request_shows_none_of_its_batches() -> None:
    assert "SNYK" not in repr(CHANGED)
    assert isinstance(CHANGED, UnitRequest)
    for vector in (v.values[0] for v in vectors.load("request", "body") if v.values[0].expect != "open"):
        with pytest.raises(CryptoError) as caught:
            verify_request(raw(vector), ROSTER)
        assert len(str(caught.value)) < 200

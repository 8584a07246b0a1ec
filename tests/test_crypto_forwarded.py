"""What one unit passes on to another: canonical JSON that names everything once, and a signature of a station."""

from dataclasses import replace

import pytest
import vectors
from hypothesis import given, settings
from hypothesis import strategies as st
from make_vectors import signer, small_forwarded, small_referral_status

from crypto import row
from crypto.errors import BadSignature, Malformed
from crypto.forwarded import (
    MAX_BODY_BYTES,
    Forwarded,
    Message,
    ReferralStatus,
    Said,
    build_body,
    parse_body,
    parse_signed,
    sign_body,
)

QUICK = settings(max_examples=60, deadline=None)
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)


@pytest.mark.parametrize("vector", vectors.load("forwarded"))
def test_vector(vector: vectors.Vector) -> None:
    with vector.outcome():
        assert build_body(parse_body(vector["body"])) == vector["body"]


@pytest.mark.parametrize("vector", vectors.load("forwarded", "file"))
def test_vector_file(vector: vectors.Vector) -> None:
    with vector.outcome():
        name = vector.get("signer")
        assert parse_signed(vector["data"]).signer({name: signer(name).public}) == name


@QUICK
@given(st.dictionaries(TEXT, TEXT, max_size=4), st.lists(st.tuples(st.integers(0, 9999), TEXT), max_size=4), TEXT)
def test_cases_go_there_and_back(fields: dict, said: list, reason: str) -> None:
    made = small_forwarded(fields=fields, said=tuple(Said(d, "unit", t) for d, t in said), reason=reason)
    assert parse_body(build_body(made)) == made


@QUICK
@given(st.lists(st.tuples(st.integers(0, 9999), TEXT), max_size=15), st.integers(0, 2**63 - 1))
def test_statuses_go_there_and_back(said: list, number: int) -> None:
    made = small_referral_status(messages=tuple(Message(d, t) for d, t in said), number=number)
    assert parse_body(build_body(made)) == made


def test_the_longest_one_fits_a_row_with_its_signature() -> None:
    spare = MAX_BODY_BYTES - len(build_body(small_forwarded(reason="")))
    body = build_body(small_forwarded(reason="x" * spare))
    assert len(body) == MAX_BODY_BYTES
    assert len(sign_body(body, signer("station prov"))) <= row.MAX_DATA_BYTES
    with pytest.raises(Malformed):
        build_body(small_forwarded(reason="x" * (spare + 1)))


def test_the_station_that_signed_is_found_among_several() -> None:
    signed = parse_signed(sign_body(build_body(small_forwarded()), signer("station prov")))
    keys = {name: signer(f"station {name}").public for name in ("kota", "prov")}
    assert signed.signer(keys) == "prov" and isinstance(signed.passed, Forwarded)
    for fewer in ({}, {"kota": keys["kota"]}):
        with pytest.raises(BadSignature):
            signed.signer(fewer)


def test_nothing_of_a_text_is_shown_by_accident() -> None:
    for made in (small_forwarded(), small_referral_status()):
        assert "Jalan" not in repr(made) and "menelaah" not in repr(made) and "silakan" not in repr(made)
    assert isinstance(replace(small_referral_status(), day=1), ReferralStatus)

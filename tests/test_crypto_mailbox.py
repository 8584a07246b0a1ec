"""Mailbox rows: 16,384 bytes, news or no news, that one code opens and one station signed."""

import struct

import pytest
import vectors
from hypothesis import given, settings
from hypothesis import strategies as st
from make_vectors import opener, signer, small_news

from crypto import mailbox
from crypto.encoding import canonical_json
from crypto.errors import BadSignature, Malformed, NotForThisKey
from crypto.letter import mailbox_of
from crypto.mailbox import Arrival, Message, News, open_news, seal_news
from crypto.signing import SigningKey, VerifyingKey
from crypto.xwing import OpeningKey

QUICK = settings(max_examples=40, deadline=None)
KEY = opener("reply")
BOX = mailbox_of(KEY.public.raw)
STATION = signer("station prov")
TEXT = st.text(st.characters(codec="utf-8"), max_size=60)


def round_trip(news: News) -> News:
    return open_news(seal_news(news, KEY.public, BOX, STATION), KEY, BOX, [STATION.public])


@pytest.mark.parametrize("vector", vectors.load("mailbox", "row"))
def test_vector(vector: vectors.Vector) -> None:
    station = VerifyingKey.parse(vector["station"])
    with vector.outcome():
        news = open_news(vector["row"], OpeningKey.from_seed(vector["seed"]), vector["mailbox"], [station])
        assert news == small_news()


@pytest.mark.parametrize("vector", vectors.load("mailbox", "inner"))
def test_vector_inner(vector: vectors.Vector) -> None:
    """Sign and seal what the vector says, by hand."""
    key, station, body = (
        OpeningKey.from_seed(vector["seed"]),
        SigningKey.from_seed(vector["station_seed"]),
        vector["body"],
    )
    length = len(body) if vector.get("length") == "true" else int(vector.get("length"))
    head = struct.pack(">QII", int(vector.get("seq")), int(vector.get("as_of")), length)
    padding = bytes.fromhex(vector.get("padding"))
    signed = (head + body).ljust(11_875 - len(padding), b"\0") + padding
    purpose = "senyap/v1/bundle" if vector.get("sign") == "purpose" else "senyap/v1/reply"
    named = bytes(16) if vector.get("sign") == "other" else vector["mailbox"]
    plain = signed + station.sign(purpose, named + signed)
    row = key.public.seal(b"senyap/v1/mailbox\0" + vector["mailbox"], plain)
    with vector.outcome():
        news = open_news(row, key, vector["mailbox"], [station.public])
        assert (news.seq, news.as_of, news.status) == (7, 315, "need_info")


def test_the_sizes_are_those_of_the_format() -> None:
    assert mailbox.ROW_BYTES == 16_384
    assert (mailbox._PLAIN_BYTES, mailbox._SIGNED_BYTES) == (15_248, 11_875)


@QUICK
@given(
    st.sampled_from(mailbox.STATUSES), st.integers(0, 2**64 - 1), st.integers(0, mailbox.MAX_DAY),
    st.lists(st.builds(Message, st.integers(0, 9999), st.text("abc-", max_size=9), TEXT), max_size=5),
    st.lists(st.builds(Arrival, st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32),
                       st.integers(0, 999), st.integers(0, 5), st.integers(0, 5)), max_size=4), TEXT, st.integers(0, 99),
)  # fmt: skip
def test_news_goes_there_and_back_in_rows_of_one_size(status, seq, as_of, messages, arrivals, detail, left_out) -> None:
    news = News(seq, as_of, status, ("prov", "kota"), tuple(messages), tuple(arrivals), 3, detail, left_out)
    sealed = seal_news(news, KEY.public, BOX, STATION)
    assert len(sealed) == mailbox.ROW_BYTES
    assert open_news(sealed, KEY, BOX, [STATION.public]) == news


def test_no_news_looks_like_much_news() -> None:
    much = small_news(messages=tuple(Message(1, "prov", "x" * 3_000) for _ in range(3)))
    assert len(seal_news(small_news(messages=()), KEY.public, BOX, STATION)) == len(
        seal_news(much, KEY.public, BOX, STATION)
    )


def test_the_newest_messages_that_fit_stay_and_the_rest_is_counted() -> None:
    messages = tuple(Message(day, "prov", f"{day:02}" + "é" * 1_200) for day in range(20))
    news = round_trip(small_news(messages=messages))
    assert 3 <= len(news.messages) < 20
    assert news.messages == messages[20 - len(news.messages) :]
    assert news.left_out == 20 - len(news.messages)
    one_more = small_news(messages=messages[19 - len(news.messages) :], left_out=news.left_out - 1)
    assert len(canonical_json(mailbox._to_json(one_more), ascii_only=False)) > mailbox.MAX_JSON_BYTES


def test_messages_left_out_before_are_counted_on() -> None:
    messages = tuple(Message(day, "prov", "x" * 4_000) for day in range(4))
    news = round_trip(small_news(messages=messages, left_out=5))
    assert (len(news.messages), news.left_out) == (2, 7)


def test_two_longest_messages_fit_beside_twenty_arrivals() -> None:
    arrivals = tuple(Arrival(bytes([n]) * 16, bytes(32), 9999, 5, 5) for n in range(30))
    messages = tuple(Message(9999, "ogan-komering-ulu-timur-", "x" * 4_000) for _ in range(2))
    news = round_trip(small_news(messages=messages, arrivals=arrivals))
    assert news.arrivals == arrivals[10:]
    assert news.messages == messages or news.left_out == 2 - len(news.messages)
    assert news.messages


def test_a_message_has_at_most_4000_bytes_not_letters() -> None:
    round_trip(small_news(messages=(Message(1, "prov", "é" * 2_000),)))
    with pytest.raises(Malformed):
        seal_news(small_news(messages=(Message(1, "prov", "é" * 2_000 + "x"),)), KEY.public, BOX, STATION)


def test_news_that_fits_in_no_row_or_has_no_known_status_is_refused() -> None:
    for news in (small_news(detail="x" * 20_000), small_news(status="lost"), small_news(status="")):
        with pytest.raises(Malformed):
            seal_news(news, KEY.public, BOX, STATION)


def test_a_station_that_is_not_in_the_list_is_refused() -> None:
    sealed = seal_news(small_news(), KEY.public, BOX, signer("stranger"))
    for stations in ([], [STATION.public], [STATION.public, signer("station kota").public]):
        with pytest.raises(BadSignature):
            open_news(sealed, KEY, BOX, stations)
    assert open_news(sealed, KEY, BOX, [STATION.public, signer("stranger").public]) == small_news()


def test_a_row_for_another_mailbox_is_refused_though_the_reply_key_is_the_same() -> None:
    other = bytes(16)
    sealed = seal_news(small_news(), KEY.public, other, STATION)
    with pytest.raises(NotForThisKey):
        open_news(sealed, KEY, BOX, [STATION.public])


def test_an_old_row_played_back_opens_and_shows_its_number_and_day() -> None:
    """A hostile server can play back an old row; the number on the page is what shows it."""
    old = seal_news(small_news(seq=7, as_of=300), KEY.public, BOX, STATION)
    new = seal_news(small_news(seq=9, as_of=314), KEY.public, BOX, STATION)
    shown = [(n.seq, n.as_of) for n in (open_news(r, KEY, BOX, [STATION.public]) for r in (old, new, old))]
    assert shown == [(7, 300), (9, 314), (7, 300)]


@QUICK
@given(st.integers(0, mailbox.ROW_BYTES * 8 - 1))
def test_any_flipped_bit_of_a_row_is_refused(bit: int) -> None:
    sealed = bytearray(vectors.one("mailbox", "accept")["row"])
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(NotForThisKey):
        open_news(bytes(sealed), KEY, BOX, [STATION.public])


def test_news_and_refusals_do_not_show_texts() -> None:
    news = small_news(messages=(Message(1, "prov", "rahasia" * 600),), arrivals=())
    assert "rahasia" not in repr(news) and repr(bytes(16)) not in repr(small_news())
    with pytest.raises(Malformed) as caught:
        seal_news(news, KEY.public, BOX, STATION)
    assert "rahasia" not in str(caught.value)

"""Make the project's own test vectors again: `python tests/make_vectors.py` (from the repository's root).

Every private key comes from a seed named below. Sealing (HPKE) and ML-DSA signing are randomised, so the
bytes of sealed rows and of signatures differ from run to run, and a run rewrites them all; what the files
say and which defect each carries stays the same. The vectors of X-Wing and HPKE that others published
(tests/vectors/xwing/published_*.txt) are not made here and are never touched.

The receipt vectors hold words, so they are made again whenever the word list changes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from functools import cache
from pathlib import Path
from typing import Any

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt

from crypto import attachment, bundle, forwarded, letter, mailbox, passphrase, receipt, row, sharing, statistics
from crypto.encoding import canonical_json
from crypto.signing import SigningKey
from crypto.xwing import OpeningKey
from keys import release
from keys.batch import Batch, sign_batch
from keys.request import ReleaseRequest, Request, RootRequest, ServerRequest, UnitRequest, sign_request
from keys.roster import Group, Member, ReleaseKey, Role, Root, Roster, Route, Sizes, Station, default_roles
from keys.rosterfile import sign_roster

FOLDER = Path(__file__).parent / "vectors"
DEPLOYMENT = "vectors"
DAY = 315  # in epoch 45
EPOCH = 45


def seed(name: str) -> bytes:
    """Return the 32-byte seed of a test key."""
    return hashlib.sha256(b"kotak senyap test vectors: " + name.encode()).digest()


@cache
def signer(name: str) -> SigningKey:
    """Return a test signing key by name."""
    return SigningKey.from_seed(seed("signing " + name))


@cache
def opener(name: str) -> OpeningKey:
    """Return a test opening key by name."""
    return OpeningKey.from_seed(seed("opening " + name))


def write(kind: str, name: str, about: str, expect: str, *header: str, **fields: tuple[str, Any]) -> None:
    """Write one vector file; each field is (form, value)."""
    lines = [f"about: {about}", f"expect: {expect}", *header, ""]
    for field, (form, value) in fields.items():
        lines.append(f"[{field} {form}]")
        if form in ("text", "file"):
            lines.append(value)
        else:
            text = value.hex() if form == "hex" else base64.b64encode(value).decode()
            lines += [text[i : i + 100] for i in range(0, len(text), 100)]
    path = FOLDER / kind / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")


def write_binary(kind: str, name: str, data: bytes) -> None:
    """Write the one binary of a kind, from which its other vectors are mutated."""
    (FOLDER / kind).mkdir(parents=True, exist_ok=True)
    (FOLDER / kind / name).write_bytes(data)


def mutants(kind: str, base: str, table: list[tuple[str, ...]]) -> None:
    """Write vectors that are another one with one defect: (name, about, expect, header lines…)."""
    for name, about, expect, *header in table:
        write(kind, name, about, expect, f"from: {base}.txt", *header)


# --- what the vectors are made of -------------------------------------------------------------------


def small_roster(**changes: Any) -> Roster:
    """Return a small roster, signed by nobody yet: `prov` 2 of 3, `kota` 1 of 2, `kpk` 1 of 1, `sunyi` empty."""
    quorums = {"prov": (2, 3), "kota": (1, 2), "kpk": (1, 1), "sunyi": (1, 0)}
    routes = {
        "pegawai": Route(("kota",), ("prov",), ()),
        "bupati": Route(("prov",), ("kpk",), ("kota",)),
        "sekolah": Route(("kota", "prov"), ("kpk",), ()),
    }
    values: dict[str, Any] = {
        "deployment": DEPLOYMENT, "version": 1, "previous": bytes(64), "issued": DAY - 10, "expires": DAY + 400,
        "roots": tuple(Root(i, signer(f"root {i}").public) for i in (1, 2, 3)), "root_k": 2,
        "groups": tuple(
            Group(g, f"Inspektorat {g}", f"Inspectorate {g}", k,
                  tuple(_member(f"{g}-{i}", role) for i, role in enumerate(default_roles(n), 1)))
            for g, (k, n) in quorums.items()
        ),
        "stations": (Station("prov", "prov", signer("station prov").public, True, True),
                     Station("kota", "kota", signer("station kota").public, True, True)),
        "server_key": signer("server").public,
        "routing": {"kota": routes, "sunyi": {"pegawai": Route(("sunyi",), ("prov",), ())}},
        "province": "prov", "fallback": "kpk",
        "cover_weights": {"areas": {"kota": 2}, "levels": {"pegawai": 3, "sekolah": 1}, "exclusions": {"tidak-ada": 1}},
        "min_suite": 1, "sizes": Sizes(64, 8, 16, 4),
    }  # fmt: skip
    return Roster(**(values | changes))


def _member(name: str, role: Role) -> Member:
    return Member(name, signer(name).public, role)


def roots(*numbers: int) -> dict[int, SigningKey]:
    """Return root keys by their ids."""
    return {i: signer(f"root {i}") for i in numbers}


def small_batch(**changes: Any) -> Batch:
    """Return the batch of prov-1 for epochs 45 and 46."""
    values: dict[str, Any] = {
        "deployment": DEPLOYMENT, "reviewer": "prov-1", "first_epoch": EPOCH,
        "keys": (opener("prov-1 45").public, opener("prov-1 46").public), "roster_version": 1,
    }  # fmt: skip
    return Batch(**(values | changes))


def small_attachment() -> attachment.Attachment:
    """Return one file of two parts."""
    return attachment.Attachment(
        bytes(16), "foto 1.jpg", "image/jpeg", 300_000, 2, bytes(32), seed("file key"), "cleaned"
    )


def small_report(**changes: Any) -> letter.Letter:
    """Return a report with one attachment."""
    reply = opener("reply").public.raw
    values: dict[str, Any] = {
        "type": letter.REPORT, "object_id": bytes(range(16)),
        "fields": {"uraian": "Jalan desa dibayar dua kali – “tunai”.", "wilayah": "kota"}, "language": "id",
        "day": DAY, "readers": ("kota", "prov"), "mailbox": letter.mailbox_of(reply),
        "attachments": (small_attachment(),),
        "reply_key": reply, "thread_key": seed("thread"), "claim": seed("claim"), "mailbox_name": "sungai redup",
    }  # fmt: skip
    return letter.Letter(**(values | changes))


def small_follow_up() -> letter.Letter:
    """Return a follow-up with its MAC."""
    reply = opener("reply").public.raw
    bare = letter.Letter(
        type=letter.FOLLOW_UP, object_id=bytes(16), fields={"pesan": "Ada saksi."}, language="id", day=DAY,
        readers=("prov",), mailbox=letter.mailbox_of(reply), reply_key_hash=hashlib.sha256(reply).digest(),
    )  # fmt: skip
    return letter.seal_thread(bare, seed("thread"))


def small_forwarded(**changes: Any) -> forwarded.Forwarded:
    """Return a report that prov passes on to kpk, with one message and one file."""
    values: dict[str, Any] = {
        "object_id": bytes(range(16)), "deployment": DEPLOYMENT, "origin": "prov", "recipient": "kpk",
        "reference": bytes(range(16, 32)), "day": DAY, "arrived": DAY - 9, "language": "id",
        "fields": {"uraian": "Jalan desa dibayar dua kali – “tunai”."},
        "said": (forwarded.Said(DAY - 2, "reporter", "Ada saksi."),), "attachments": (small_attachment(),),
        "consent": "tanya", "ground": "jawaban", "basis": "Surat pelapor: silakan.", "reason": "Kewenangan KPK.",
    }  # fmt: skip
    return forwarded.Forwarded(**(values | changes))


def small_referral_status(**changes: Any) -> forwarded.ReferralStatus:
    """Return what kpk tells prov of it."""
    values: dict[str, Any] = {
        "object_id": bytes(16), "deployment": DEPLOYMENT, "origin": "kpk", "recipient": "prov",
        "reference": bytes(range(16, 32)), "day": DAY + 7, "number": 3, "status": "review", "detail": "",
        "received": 1, "files_whole": 1, "files_sent": 1,
        "messages": (forwarded.Message(DAY + 6, "Kami sedang menelaah."),),
    }  # fmt: skip
    return forwarded.ReferralStatus(**(values | changes))


def small_news(**changes: Any) -> mailbox.News:
    """Return news with one message and one arrival."""
    values: dict[str, Any] = {
        "seq": 7, "as_of": DAY, "status": "need_info", "readers": ("prov",),
        "messages": (mailbox.Message(DAY, "prov", "Apakah ada kuitansi?"),),
        "arrivals": (mailbox.Arrival(bytes(16), bytes(32), DAY, 1, 1),), "next_update": DAY + 14,
    }  # fmt: skip
    return mailbox.News(**(values | changes))


def build_transport(kind: str, records: list[tuple[str, bytes]], key: SigningKey, **changes: Any) -> bytes:
    """Return a whole bundle or outbox file."""
    total = bundle.RecordHash()
    for _, record in records:
        total.add(record)
    values: dict[str, Any] = {
        "type": kind, "deployment": DEPLOYMENT, "sender": "server", "to": "prov", "seq": 1,
        "previous": bundle.FIRST_PREVIOUS, "roster_version": 1, "day": DAY, "records": total.digest(),
        "sections": tuple((t, sum(1 for k, _ in records if k == t)) for t in bundle.SECTION_ORDER),
    }  # fmt: skip
    manifest = bundle.Manifest(**(values | changes))
    return bundle.build_head(manifest, key) + b"".join(record for _, record in records)


# --- one function a kind ----------------------------------------------------------------------------


def make_xwing() -> None:
    key, info = opener("xwing"), b"kotak senyap\0"
    sealed = key.public.seal(info, b"one line of plaintext")
    write("xwing", "accept_sealed_box", "a box sealed with HPKE base mode opens", "open", "through: open",
          seed=("hex", key.seed), info=("hex", info), sealed=("base64", sealed),
          plaintext=("hex", b"one line of plaintext"))  # fmt: skip
    mutants("xwing", "accept_sealed_box", [
        ("other_info", "the info of another purpose", "NotForThisKey", "mutate: flip info 0 0"),
        ("other_key", "sealed to another key", "NotForThisKey", "mutate: flip seed 0 0"),
        ("mlkem_ciphertext_bit_flipped", "first bit of the ML-KEM part", "NotForThisKey", "mutate: flip sealed 0 7"),
        ("x25519_share_bit_flipped", "one bit of the X25519 part", "NotForThisKey", "mutate: flip sealed 1100 0"),
        ("x25519_share_all_zero", "the X25519 part is zero", "NotForThisKey", f"mutate: set sealed 1088 {'00' * 32}"),
        ("last_tag_bit_flipped", "last bit of the tag", "NotForThisKey", "mutate: flip sealed -1 0"),
        ("box_of_1135_bytes", "one byte less than an empty box has", "Malformed", "mutate: keep sealed 1135"),
        ("box_of_1136_bytes", "cut down to the length of an empty box", "NotForThisKey", "mutate: keep sealed 1136"),
        ("opening_seed_of_31_bytes", "a seed one byte short", "Malformed", "mutate: keep seed 31"),
    ])  # fmt: skip
    write("xwing", "accept_public_key", "a public key loads", "open", "through: parse", key=("base64", key.public.raw))
    mutants("xwing", "accept_public_key", [
        ("key_x25519_part_all_zero", "loads, but nothing can be sealed to it", "Malformed",
         f"mutate: set key 1184 {'00' * 32}"),
        ("key_x25519_part_of_order_two", "u = 1: a point of low order", "Malformed",
         f"mutate: set key 1184 01{'00' * 31}"),
        ("key_mlkem_coefficient_above_q", "a coefficient of 4095 (FIPS 203 §7.2)", "Malformed",
         "mutate: set key 0 ffff"),
        ("key_of_1215_bytes", "one byte short", "Malformed", "mutate: keep key 1215"),
        ("key_of_1217_bytes", "one byte long", "Malformed", "mutate: append key 00"),
    ])  # fmt: skip


def make_signing() -> None:
    key, other = signer("a"), signer("b")
    payload, purpose = b"payload", "senyap/v1/test"
    signature, foreign = key.sign(purpose, payload), other.sign(purpose, payload)
    write("signing", "accept", "both halves verify", "open", f"purpose: {purpose}", seed=("hex", key.seed),
          public=("base64", key.public.raw), payload=("hex", payload), signature=("base64", signature))  # fmt: skip
    write("signing", "accept_empty_payload", "an empty payload is a payload", "open", f"purpose: {purpose}",
          seed=("hex", key.seed), public=("base64", key.public.raw), payload=("hex", b""),
          signature=("base64", key.sign(purpose, b"")))  # fmt: skip
    mutants("signing", "accept", [
        ("ed25519_half_bit_flipped", "only ML-DSA verifies", "BadSignature", "mutate: flip signature 0 0"),
        ("mldsa_half_bit_flipped", "only Ed25519 verifies", "BadSignature", "mutate: flip signature 64 0"),
        ("mldsa_half_last_byte_changed", "only Ed25519 verifies", "BadSignature", "mutate: flip signature -1 7"),
        ("mldsa_half_all_zero", "only Ed25519 verifies", "BadSignature", f"mutate: set signature 64 {'00' * 3309}"),
        ("ed25519_half_all_zero", "only ML-DSA verifies", "BadSignature", f"mutate: set signature 0 {'00' * 64}"),
        ("payload_changed", "signed was another payload", "BadSignature", "mutate: flip payload 0 0"),
        ("payload_extended_by_zero", "signed was a shorter payload", "BadSignature", "mutate: append payload 00"),
        ("other_purpose", "signed for another purpose", "BadSignature", "purpose: senyap/v1/tesu"),
        ("purpose_cut_short", "signed for a purpose that this one begins", "BadSignature", "purpose: senyap/v1/tes"),
        ("signature_of_3372_bytes", "one byte short", "BadSignature", "mutate: keep signature 3372"),
        ("signature_of_3374_bytes", "one byte long", "BadSignature", "mutate: append signature 00"),
        ("public_key_of_1983_bytes", "one byte short", "Malformed", "mutate: keep public 1983"),
        ("public_key_of_1985_bytes", "one byte long", "Malformed", "mutate: append public 00"),
    ])  # fmt: skip
    for name, about, mixed in (
        ("ed25519_half_by_another_signer", "Ed25519 by another key", foreign[:64] + signature[64:]),
        ("mldsa_half_by_another_signer", "ML-DSA by another key", signature[:64] + foreign[64:]),
        ("both_halves_by_another_signer", "signed with another key", foreign),
    ):
        write("signing", name, about, "BadSignature", "from: accept.txt", signature=("base64", mixed))


def make_sharing() -> None:
    for k, n, member in ((1, 1, 0), (2, 3, 1), (3, 7, 6), (7, 7, 3)):
        secret = seed("shared secret")
        shares = sharing.split(secret, k, n, group=2, random=_drip(f"{k} of {n}"))
        write("sharing", f"accept_{k}_of_{n}", f"member {member} of {k} of {n}", "open", f"quorum: {k} {n}",
              f"member: {member}", "group: 2", secret=("hex", secret),
              data=("hex", sharing.build_share(shares[member])))  # fmt: skip
    mutants("sharing", "accept_2_of_3", [
        ("reserved_byte_set", "byte 5 is not zero", "Malformed", "mutate: set data 5 01"),
        ("last_padding_byte_set", "byte 511 is not zero", "Malformed", "mutate: set data -1 01"),
        ("first_padding_byte_set", "the byte behind the parts is not zero", "Malformed", "mutate: set data 74 80"),
        ("k_is_zero", "0 of 3", "Malformed", "mutate: set data 1 00"),
        ("k_above_n", "4 of 3", "Malformed", "mutate: set data 1 04"),
        ("n_is_eight", "2 of 8", "Malformed", "mutate: set data 2 08"),
        ("four_of_seven", "needs 20 parts, a record holds 15", "Malformed", "mutate: set data 1 0407"),
        ("member_equals_n", "member 3 of 3", "Malformed", "mutate: set data 3 03"),
        ("group_is_eight", "groups are 0 to 7", "Malformed", "mutate: set data 0 08"),
        ("one_part_fewer_than_due", "count 1, due 2", "Malformed", "mutate: set data 4 01"),
        ("one_part_more_than_due", "count 3, due 2", "Malformed", "mutate: set data 4 03"),
        ("part_of_another_member", "index 1 is withheld from member 1", "Malformed", "mutate: set data 8 01"),
        ("a_part_twice", "index 0 stands twice", "Malformed", "mutate: set data 41 00"),
        ("parts_not_ascending", "index 2 before index 0", "Malformed", "mutate: set data 8 02", "mutate: set data 41 00"),
        ("other_quorum_same_count", "3 of 3: other parts are due", "Malformed", "mutate: set data 1 03"),
        ("record_of_511_bytes", "one byte short", "Malformed", "mutate: keep data 511"),
        ("record_of_513_bytes", "one byte long", "Malformed", "mutate: append data 00"),
        ("record_of_4_bytes", "ends in the head", "Malformed", "mutate: keep data 4"),
        ("filler_of_an_unused_slot", "all zero: what unused slots hold", "Malformed", f"mutate: set data 0 {'00' * 100}"),
    ])  # fmt: skip


def _drip(name: str) -> Any:
    count = iter(range(10_000))
    return lambda size: hashlib.shake_256(f"{name} {next(count)}".encode()).digest(size)


def make_row() -> None:
    prov = row.Readers(2, tuple(opener(f"prov-{i} 45").public for i in (1, 2, 3)))
    kota = row.Readers(1, tuple(opener(f"kota-{i} 45").public for i in (1, 2)))
    record = row.Record(row.Kind.LETTER, bytes(range(16)), 0, 1, b"what the reporter says")
    write_binary("row", "base.bin", row.seal_row([prov, kota], EPOCH, record, row.Decoys(4)))
    seeds = {
        f"seed_{g}_{i}": ("hex", opener(f"{g}-{i} 45").seed)
        for g, n in (("prov", 3), ("kota", 2))
        for i in range(1, n + 1)
    }
    head = row.build_record(record)[:64]
    write("row", "accept_two_of_three", "prov is 2 of 3", "open", "through: open", "keys: prov_1 prov_3",
          row=("file", "base.bin"), record_head=("hex", head), data=("hex", record.data), **seeds,
          seed_nobody=("hex", opener("nobody").seed))  # fmt: skip
    far = "mutate: flip row"
    mutants("row", "accept_two_of_three", [
        ("accept_one_of_two", "kota is 1 of 2 and opens alone", "open", "keys: kota_2"),
        ("accept_all_five", "more keys than needed", "open", "keys: prov_1 prov_2 prov_3 kota_1 kota_2"),
        ("accept_foreign_key_beside", "a key without a slot changes nothing", "open", "keys: nobody prov_2 prov_1"),
        ("one_of_three_waits", "fewer than k present", "Waiting", "keys: prov_2"),
        ("no_slot_for_this_key", "sealed to others", "NotForThisKey", "keys: nobody"),
        ("no_keys_at_all", "nobody is present", "NotForThisKey", "keys: "),
        ("magic_of_a_bundle", "SNYB", "Malformed", "mutate: set row 3 42"),
        ("format_2", "an unknown format", "Malformed", "mutate: set row 4 02"),
        ("suite_0", "an unknown suite", "Malformed", "mutate: set row 5 00"),
        ("first_reserved_byte_set", "prefix byte 10", "Malformed", "mutate: set row 10 01"),
        ("last_reserved_byte_set", "prefix byte 31", "Malformed", "mutate: set row 31 01"),
        ("epoch_changed", "the slots were sealed for another epoch", "NotForThisKey", f"{far} 9 0"),
        ("one_byte_short", "262,143 bytes", "Malformed", "mutate: keep row 262143"),
        ("one_byte_long", "262,145 bytes", "Malformed", "mutate: append row 00"),
        ("empty", "no bytes", "Malformed", "mutate: keep row 0"),
        ("commit_first_bit_flipped", "the commitment", "Tampered", f"{far} 13216 7"),
        ("commit_last_bit_flipped", "the commitment", "Tampered", f"{far} 13247 0"),
        ("body_first_bit_flipped", "the body", "Tampered", f"{far} 13248 7"),
        ("body_middle_bit_flipped", "the body", "Tampered", f"{far} 131072 3"),
        ("tag_last_bit_flipped", "the body's tag", "Tampered", f"{far} -1 0"),
    ])  # fmt: skip
    write("row", "accept_record", "an inner record; the test pads it to 248,880 bytes", "open", "through: record",
          record=("hex", head + record.data))  # fmt: skip
    mutants("row", "accept_record", [
        ("accept_record_cover", "kind 0, no data", "open", "mutate: keep record 20", "mutate: set record 0 00"),
        ("accept_record_last_part", "part 4 of 5", "open", "mutate: set record 20 0000000400000005"),
        ("accept_record_parts_unknown", "part 9 of a number not known yet", "open",
         "mutate: set record 20 0000000900000000"),
        ("record_kind_4", "an unknown kind", "Malformed", "mutate: set record 0 04"),
        ("record_kind_255", "an unknown kind", "Malformed", "mutate: set record 0 ff"),
        ("record_flags_set", "flags are zero", "Malformed", "mutate: set record 1 01"),
        ("record_reserved_set", "bytes 2 and 3 are zero", "Malformed", "mutate: set record 3 01"),
        ("record_head_padding_set", "byte 63 is zero", "Malformed", "mutate: set record 63 01"),
        ("record_part_equals_parts", "part 1 of 1 (counted from 0)", "Malformed", "mutate: set record 23 01"),
        ("record_length_above_the_most", "248,817", "Malformed", "mutate: set record 28 0003cbf1"),
        ("record_length_shorter_than_data", "a byte of data stands in the padding", "Malformed",
         "mutate: set record 28 00000001"),
        ("record_of_248879_bytes", "one byte short", "Malformed", "pad: 248879"),
        ("record_of_248881_bytes", "one byte long", "Malformed", "pad: 248881"),
    ])  # fmt: skip


def _letter_edits(a: str) -> list[tuple[str, ...]]:
    """Return what is edited in a report, one defect each; `a` is the way to its attachment."""
    return [
        ("unknown_name", "a name that the format does not know", 'edit: note = "x"'),
        ("name_missing", "no day", "delete: day"),
        ("type_unknown", "type is neither report nor follow_up", 'edit: type = "reply"'),
        ("type_not_text", "type is a number", "edit: type = 1"),
        ("day_is_a_float", "numbers are integers", "edit: day = 315.0"),
        ("day_is_a_boolean", "true is no integer", "edit: day = true"),
        ("day_is_negative", "numbers are not negative", "edit: day = -1"),
        ("day_is_null", "null is no integer", "edit: day = null"),
        ("content_of_other_fields", "content is not the hash of the fields", 'edit: fields.wilayah = "kotb"'),
        ("content_of_other_files", "content is not the hash of the files",
         f'edit: {a}.sha256 = "{base64.b64encode(seed("x")).decode()}"'),
        ("readers_empty", "nobody reads", "edit: readers = []"),
        ("nine_readers", "a row has 8 slots", f"edit: readers = {json.dumps([f'g{i}' for i in range(9)])}"),
        ("reader_of_12000_letters", "an id has at most 24", f'edit: readers = ["kota","{"x" * 12_000}"]'),
        ("reader_of_25_letters", "an id has at most 24", f'edit: readers = ["kota","{"x" * 25}"]'),
        ("reader_empty", "an id has 1 letter at least", 'edit: readers = ["kota",""]'),
        ("reader_with_a_capital", "an id has lower-case letters", 'edit: readers = ["Kota"]'),
        ("reader_with_a_hyphen_first", "an id begins with a letter or digit", 'edit: readers = ["-kota"]'),
        ("reader_with_a_line_end", "an id has none", 'edit: readers = ["kota\\n"]'),
        ("reader_twice", "each reads once", 'edit: readers = ["kota","kota"]'),
        ("reader_not_text", "a group id is a number", "edit: readers = [1]"),
        ("object_id_of_15_bytes", "one byte short", f'edit: object_id = "{base64.b64encode(bytes(15)).decode()}"'),
        ("reply_key_of_32_bytes", "no reply key", f'edit: reply_key = "{base64.b64encode(bytes(32)).decode()}"'),
        ("base64_not_canonical", "a second spelling of the same bytes", 'edit: object_id = "AAECAwQFBgcICQoLDA0ODx=="'),
        ("base64_with_line_break", "a second spelling of the same bytes",
         'edit: object_id = "AAECAwQFBgcI\\nCQoLDA0ODw=="'),
        ("base64_not_padded", "padding is missing", 'edit: object_id = "AAECAwQFBgcICQoLDA0ODw"'),
        ("attachment_unknown_name", "a name that the format does not know", f"edit: {a}.path = 1"),
        ("attachment_too_large", "25,000,001 bytes", f"edit: {a}.size = 25000001", f"edit: {a}.parts = 101"),
        ("attachment_parts_do_not_fit", "300,000 bytes take two rows", f"edit: {a}.parts = 3"),
        ("attachment_of_248801_bytes_in_one_part", "a part holds 248,800 bytes", f"edit: {a}.size = 248801",
         f"edit: {a}.parts = 1"),
        ("attachment_of_248816_bytes_in_one_part", "a row holds as many, but 16 of them are the part's tag",
         f"edit: {a}.size = 248816", f"edit: {a}.parts = 1"),
        ("attachment_of_248800_bytes_in_two_parts", "they fill one part", f"edit: {a}.size = 248800"),
        ("attachment_without_key", "no file key", f"delete: {a}.key"),
        ("attachment_key_of_31_bytes", "one byte short", f'edit: {a}.key = "{base64.b64encode(bytes(31)).decode()}"'),
        ("attachment_key_of_33_bytes", "one byte long", f'edit: {a}.key = "{base64.b64encode(bytes(33)).decode()}"'),
        ("attachment_key_not_text", "a number", f"edit: {a}.key = 1"),
        ("attachment_without_parts", "even an empty file takes a row", f"edit: {a}.size = 0", f"edit: {a}.parts = 0"),
        ("attachment_cleaned_unknown", "cleaned is one of four words", f'edit: {a}.cleaned = "yes"'),
        ("report_with_a_mac", "a follow-up's name in a report",
         f'edit: thread_mac = "{base64.b64encode(bytes(64)).decode()}"'),
        ("report_without_thread_key", "no thread key", "delete: thread_key"),
    ]  # fmt: skip


def make_letter() -> None:
    report = letter.build_letter(small_report()).decode()
    follow_up = letter.build_letter(small_follow_up()).decode()
    write("letter", "accept_report", "a report with one attachment", "open", body=("text", report))
    write("letter", "accept_follow_up", "a follow-up", "open", body=("text", follow_up))
    write("letter", "accept_eight_readers_of_24_letters", "as long as they may be", "open",
          body=("text", _edited(report, [f"edit: readers = {json.dumps([f'{i}' + 'x' * 23 for i in range(8)])}"])))  # fmt: skip
    a = "attachments.0"
    for size, parts in ((0, 1), (248_800, 1), (248_801, 2), (25_000_000, 101)):
        text = _edited(report, [f"edit: {a}.size = {size}", f"edit: {a}.parts = {parts}"])
        write("letter", f"accept_attachment_of_{size}_bytes", f"parts: {parts}", "open", body=("text", text))
    # edit: takes JSON; letters are UTF-8 with their own letters, so that the loader's ASCII form is refused
    # for another reason. The letters below are therefore written whole.
    for name, about, *edits in _letter_edits(a):
        write("letter", name, about, "Malformed", body=("text", _edited(report, edits)))
    six = json.loads(report)
    six["attachments"] *= 6
    odd = json.loads(report)
    odd["fields"]["wilayah"] = 1
    raw = {
        "six_attachments": ("at most five", _with_content(six)),
        "field_not_text": ("a form field is a number", _with_content(odd)),
        "json_with_spaces": ("not canonical", report.replace(",", ", ")),
        "json_with_escapes": ("letters stand as themselves", report.replace("–", "\\u2013")),
        "json_unsorted": ("names are not sorted", report.replace('"uraian"', '"zuraian"', 1)),
        "json_name_twice": ("a name stands twice", report.replace('"language"', '"day":315,"language"', 1)),
        "json_lone_surrogate": ("no text of Unicode", report.replace("–", "\\ud800")),
        "json_byte_order_mark": ("begins with U+FEFF", "\ufeff" + report),
        "json_not_an_object": ("a list", f"[{report}]"),
        "json_cut_short": ("the last byte is missing", report[:-1]),
        "json_nothing": ("no bytes", ""),
    }
    raw["json_unsorted"] = ("names are not sorted", _reversed(report))
    for name, (about, text) in raw.items():
        write("letter", name, about, "Malformed", body=("text", text))
    write("letter", "follow_up_with_a_claim", "a report's name in a follow-up", "Malformed",
          body=("text", _edited(follow_up, [f'edit: claim = "{base64.b64encode(bytes(32)).decode()}"'])))  # fmt: skip
    write("letter", "follow_up_mac_accept", "the MAC is this thread's", "open", "through: mac",
          thread=("hex", seed("thread")), body=("text", follow_up))  # fmt: skip
    mutants("letter", "follow_up_mac_accept", [
        ("follow_up_mac_of_another_thread", "another thread key", "BadSignature", "mutate: flip thread 0 0"),
    ])  # fmt: skip
    other = _edited(follow_up, [f'edit: object_id = "{base64.b64encode(bytes(15) + b"1").decode()}"'])
    write("letter", "follow_up_mac_of_another_letter", "the letter was changed", "BadSignature", "through: mac",
          "from: follow_up_mac_accept.txt", body=("text", other))  # fmt: skip


def _edited(text: str, edits: list[str]) -> str:
    value = json.loads(text)
    for line in edits:
        verb, _, rest = line.partition(": ")
        path, _, new = rest.partition(" = ")
        *way, last = path.split(".")
        place = value
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        if verb == "delete":
            del place[last]
        else:
            place[last] = json.loads(new)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _with_content(value: dict[str, Any]) -> str:
    """Return the letter with a right content hash, so that nothing else is wrong."""
    hashes = [base64.b64decode(a["sha256"]) for a in value["attachments"]]
    value["content"] = base64.b64encode(letter.content_hash(value["fields"], hashes)).decode()
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _reversed(text: str) -> str:
    value = json.loads(text)
    return json.dumps(dict(reversed(value.items())), separators=(",", ":"), ensure_ascii=False)


def make_part() -> None:
    key, name, data = seed("file key"), bytes(range(16)), b"kuitansi 14.2, lembar kedua"
    write("part", "accept", "the second part of a file opens with the file's key", "open", "part: 1",
          key=("hex", key), object_id=("hex", name), data=("hex", data),
          sealed=("hex", attachment.seal_part(key, name, 1, data)))  # fmt: skip
    for number, about, plain in (
        (0, "an empty file: its one part is a tag alone", b""),
        (0, "the first part", b"kuitansi 14.2, lembar pertama"),
        (100, "the last part of the largest file", data),
        (2**32 - 1, "the highest number a row can write", data),
    ):
        write("part", f"accept_{'part' if plain else 'empty_part'}_{number}", about, "open", "from: accept.txt",
              f"part: {number}", data=("hex", plain),
              sealed=("hex", attachment.seal_part(key, name, number, plain)))  # fmt: skip
    size = len(data) + attachment.TAG_BYTES
    mutants("part", "accept", [
        ("key_of_another_file", "one bit of the key", "Tampered", "mutate: flip key 31 0"),
        ("key_all_zero", "no key", "Tampered", f"mutate: set key 0 {'00' * 32}"),
        ("other_object_id", "a part of another file", "Tampered", "mutate: flip object_id 15 0"),
        ("read_as_the_part_before", "the parts were swapped", "Tampered", "part: 0"),
        ("read_as_the_part_behind", "the parts were swapped", "Tampered", "part: 2"),
        ("read_as_part_256", "the number stands in another byte", "Tampered", "part: 256"),
        ("first_bit_flipped", "the ciphertext", "Tampered", "mutate: flip sealed 0 7"),
        ("last_ciphertext_bit_flipped", "the ciphertext", "Tampered", f"mutate: flip sealed {len(data) - 1} 0"),
        ("tag_last_bit_flipped", "the tag", "Tampered", "mutate: flip sealed -1 0"),
        ("one_byte_short", "the tag is cut", "Tampered", f"mutate: keep sealed {size - 1}"),
        ("one_byte_long", "a byte behind the tag", "Tampered", "mutate: append sealed 00"),
        ("tag_of_the_file_alone", "16 bytes, but no empty part", "Tampered", "mutate: keep sealed 16"),
        ("fifteen_bytes", "shorter than a tag", "Tampered", "mutate: keep sealed 15"),
        ("no_bytes", "a row without data, as parts were before they had keys", "Tampered", "mutate: keep sealed 0"),
    ])  # fmt: skip
    about = b"senyap/v1/part\0" + name
    for title, text, aad, nonce in (
        ("nonce_little_endian", "the number from the other end", about, (1).to_bytes(24, "little")),
        ("nonce_zero", "the number left out of the nonce", about, bytes(24)),
        ("aad_without_label", "the object id alone", name, (1).to_bytes(24, "big")),
        ("aad_label_without_zero", "no zero byte between label and id", about.replace(b"\0", b"", 1),
         (1).to_bytes(24, "big")),
        ("aad_empty", "bound to no file", b"", (1).to_bytes(24, "big")),
    ):  # fmt: skip
        sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(data, aad, nonce, key)
        write("part", title, text, "Tampered", "from: accept.txt", sealed=("hex", sealed))
    write("part", "not_sealed", "the file's own bytes, as parts were before they had keys", "Tampered",
          "from: accept.txt", sealed=("hex", data))  # fmt: skip


def make_forwarded() -> None:
    passed, status = (forwarded.build_body(each).decode() for each in (small_forwarded(), small_referral_status()))
    write_binary("forwarded", "base.bin", forwarded.sign_body(passed.encode(), signer("station prov")))
    write("forwarded", "accept_forwarded", "a case with one message and one file", "open", body=("text", passed))
    write("forwarded", "accept_status", "where it stands with its recipient", "open", body=("text", status))
    message, file = "said.0", "attachments.0"
    mutants("forwarded", "accept_forwarded", [
        ("type_unknown", "no such type", "Malformed", 'edit: type = "letter"'),
        ("type_missing", "no type", "Malformed", "delete: type"),
        ("name_too_many", "a thread key has no place here", "Malformed", 'edit: thread_key = "AAAA"'),
        ("name_of_the_other_type", "a number", "Malformed", "edit: number = 1"),
        ("reason_missing", "why", "Malformed", "delete: reason"),
        ("object_id_short", "15 bytes", "Malformed", 'edit: object_id = "AAAAAAAAAAAAAAAAAAAA"'),
        ("reference_not_base64", "hex is not", "Malformed", 'edit: reference = "zz"'),
        ("origin_empty", "no unit", "Malformed", 'edit: origin = ""'),
        ("origin_too_long", "25 letters", "Malformed", f'edit: origin = "{"a" * 25}"'),
        ("recipient_not_ascii", "an id is ASCII", "Malformed", 'edit: recipient = "kpk–"'),
        ("day_negative", "before day 0", "Malformed", "edit: day = -1"),
        ("day_out_of_range", "beyond 1,000,000", "Malformed", "edit: day = 1000001"),
        ("arrived_out_of_range", "beyond 1,000,000", "Malformed", "edit: arrived = 1000001"),
        ("field_not_text", "a number", "Malformed", "edit: fields.uraian = 7"),
        ("consent_unknown", "no such wish", "Malformed", 'edit: consent = "ya"'),
        ("ground_unknown", "no such ground", "Malformed", 'edit: ground = "perintah"'),
        ("sender_unknown", "neither reporter nor unit", "Malformed", f'edit: {message}.sender = "kpk"'),
        ("said_without_day", "no day", "Malformed", f"delete: {message}.day"),
        ("said_day_out_of_range", "beyond 1,000,000", "Malformed", f"edit: {message}.day = 1000001"),
        ("said_not_an_object", "a text", "Malformed", 'edit: said = ["x"]'),
        ("attachment_without_key", "its parts would open for nobody", "Malformed", f"delete: {file}.key"),
        ("attachment_parts_do_not_fit", "300,000 bytes are 2 parts", "Malformed", f"edit: {file}.parts = 1"),
        ("twenty_one_attachments", "20 at most", "Malformed",
         "edit: attachments = " + json.dumps([attachment.attachment_json(small_attachment())] * 21)),
        ("longer_than_a_row_holds", "240,001 bytes or more", "Malformed", f'edit: reason = "{"x" * 240_000}"'),
        ("not_json", "cut off", "Malformed", "mutate: keep body 40"),
        ("not_canonical", "a space behind", "Malformed", "mutate: append body 20"),
    ])  # fmt: skip
    mutants("forwarded", "accept_status", [
        ("status_unknown", "no such status", "Malformed", 'edit: status = "open"'),
        ("status_number_missing", "an old one could not be told from a new one", "Malformed", "delete: number"),
        ("status_number_not_an_integer", "a text", "Malformed", 'edit: number = "3"'),
        ("status_received_negative", "below 0", "Malformed", "edit: received = -1"),
        ("status_message_too_long", "4,001 bytes", "Malformed", f'edit: messages.0.text = "{"x" * 4_001}"'),
        ("status_sixteen_messages", "15 at most", "Malformed",
         "edit: messages = " + json.dumps([{"day": DAY, "text": "x"}] * 16)),
        ("status_message_with_a_group", "a name too many", "Malformed", 'edit: messages.0.group = "kpk"'),
        ("status_message_day_out_of_range", "beyond 1,000,000", "Malformed", "edit: messages.0.day = 1000001"),
    ])  # fmt: skip
    write("forwarded", "file_accept", "signed by prov's station", "open", "through: file", "signer: station prov",
          data=("file", "base.bin"))  # fmt: skip
    mutants("forwarded", "file_accept", [
        ("file_signed_by_another_station", "kota's", "BadSignature", "signer: station kota"),
        ("file_signed_by_the_server", "whoever carries it", "BadSignature", "signer: server"),
        ("file_signature_bit_flipped", "the last byte", "BadSignature", "mutate: flip data -1 0"),
        ("file_body_bit_flipped", "a digit of a day becomes another", "BadSignature", "mutate: flip data 19 0"),
        ("file_magic_wrong", "SNYG", "Malformed", "mutate: set data 3 47"),
        ("file_signer_not_0", "signer 1", "Malformed", f"mutate: set data {9 + len(passed)} 01"),
        ("file_longer", "a byte behind", "Malformed", "mutate: append data 00"),
        ("file_cut", "the signature is cut", "Malformed", "mutate: keep data 3000"),
    ])  # fmt: skip


def make_receipt() -> None:
    code = seed("code")[:10]
    words = receipt.code_words(code)
    made = receipt.derive(code, DEPLOYMENT)
    first, second = made.name
    write("receipt", "derive", "all that a code derives", "open", "through: derive", f"deployment: {DEPLOYMENT}",
          f"words: {' '.join(words)}", f"name: {first} {second}", code=("hex", code), reply_seed=("hex", made.reply.seed),
          mailbox=("hex", made.mailbox), thread=("hex", made.thread), claim_secret=("hex", made.claim_secret),
          claim=("hex", made.claim))  # fmt: skip
    form = {"uraian": "Jalan desa – “tunai”.", "wilayah": "kota"}
    write("receipt", "make_code", "the code of a form", "open", "through: make", "readers: kota prov",
          seed=("hex", seed("form")), fields=("text", json.dumps(form, ensure_ascii=False)),
          file_hashes=("hex", seed("file 1") + seed("file 2")),
          code=("hex", receipt.make_code(seed("form"), form, ["kota", "prov"], [seed("file 1"), seed("file 2")])))  # fmt: skip
    plain = " ".join(words)
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in plain)
    typed = {
        "typed_plainly": plain,
        "typed_in_capitals": plain.upper(),
        "typed_with_hyphens": plain.replace(" ", "-"),
        "typed_with_commas_and_full_stop": plain.replace(" ", ", ") + ".",
        "typed_with_numbers": " ".join(f"{i}. {w}" for i, w in enumerate(words, 1)),
        "typed_on_eight_lines": "\n".join(f"  {w}\t" for w in words),
        "typed_as_first_four_letters": " ".join(w[:4] for w in words),
        "typed_as_first_five_letters": " ".join(w[:5] for w in words),
        "typed_in_full_width_letters": wide,
        "typed_with_no_break_spaces": plain.replace(" ", "\u00a0"),
        "typed_with_the_name_before": f"{first} {second} {plain}",
        "typed_with_the_name_after": f"{plain}\n({first} {second})",
    }
    for name, text in typed.items():
        write("receipt", name, "a person's way to type the right code", "open", "through: read",
              code=("hex", code), typed=("text", text))  # fmt: skip
    swapped = [words[1], words[0], *words[2:]]
    spare = next(w for w in receipt.wordlist() if not _fits([*words[:7], w]))
    refused = {
        "seven_words": ("0", " ".join(words[:7])),
        "nine_words": ("0", f"{first} {plain}"),
        "eleven_words": ("0", f"{first} {second} {plain} {first}"),
        "no_words": ("0", "12 34"),
        "checksum_does_not_fit": ("0", " ".join([*words[:7], spare])),
        "two_words_swapped": ("0", " ".join(swapped)),
        "third_word_not_in_the_list": ("3", " ".join([*words[:2], "zzyzx", *words[3:]])),
        "last_word_not_in_the_list": ("8", " ".join([*words[:7], words[7] + "q"])),
        "first_word_of_three_letters": ("1", " ".join([words[0][:3], *words[1:]])),
        "word_split_by_a_digit": ("2", " ".join([words[0], words[1][:2] + "7" + words[1][2:], *words[2:]])),
        "letter_with_an_accent": ("1", " ".join(["é" + words[0][1:], *words[1:]])),
        "letter_of_another_alphabet": ("1", " ".join(["а" + words[0][1:], *words[1:]])),
    }
    for name, (word, text) in refused.items():
        write("receipt", name, "refused; `word` is the number of the word at fault", "Mistyped", "through: read",
              f"word: {word}", code=("hex", code), typed=("text", text))  # fmt: skip


def _fits(words: list[str]) -> bool:
    try:
        receipt.read_code(" ".join(words))
    except receipt.Mistyped:
        return False
    return True


def make_mailbox() -> None:
    key, box, station = opener("reply"), letter.mailbox_of(opener("reply").public.raw), signer("station prov")
    news = mailbox.seal_news(small_news(), key.public, box, station)
    write("mailbox", "accept", "news with one message", "open", "through: row", seed=("hex", key.seed),
          mailbox=("hex", box), station=("base64", station.public.raw), row=("base64", news))  # fmt: skip
    mutants("mailbox", "accept", [
        ("first_bit_flipped", "the encapsulation", "NotForThisKey", "mutate: flip row 0 0"),
        ("last_bit_flipped", "the tag", "NotForThisKey", "mutate: flip row -1 0"),
        ("other_mailbox_id", "sealed for another mailbox", "NotForThisKey", "mutate: flip mailbox 0 0"),
        ("other_reply_key", "sealed to another reply key", "NotForThisKey", "mutate: flip seed 0 0"),
        ("row_of_16383_bytes", "one byte short", "Malformed", "mutate: keep row 16383"),
        ("row_of_16385_bytes", "one byte long", "Malformed", "mutate: append row 00"),
        ("mailbox_id_of_15_bytes", "one byte short", "Malformed", "mutate: keep mailbox 15"),
    ])  # fmt: skip
    write("mailbox", "signed_by_no_known_station", "the signer is not in the list", "BadSignature", "from: accept.txt",
          station=("base64", signer("stranger").public.raw))  # fmt: skip
    body = canonical_json(mailbox._to_json(small_news()), ascii_only=False).decode()
    write("mailbox", "inner_accept", "what the row holds; the test signs and seals it", "open", "through: inner",
          "seq: 7", "as_of: 315", "length: true", seed=("hex", key.seed), mailbox=("hex", box),
          station_seed=("hex", station.seed), body=("text", body))  # fmt: skip
    mutants("mailbox", "inner_accept", [
        ("inner_length_above_the_most", "length 11,860", "Malformed", "length: 11860"),
        ("inner_length_shorter_than_json", "a byte of JSON stands in the padding", "Malformed", "length: 10"),
        ("inner_length_longer_than_json", "a zero byte stands in the JSON", "Malformed", f"length: {len(body) + 1}"),
        ("inner_padding_last_byte_set", "the byte before the signature is not zero", "Malformed", "padding: 01"),
        ("inner_status_unknown", "status is one of nine words", "Malformed", 'edit: status = "lost"'),
        ("inner_unknown_name", "a name that the format does not know", "Malformed", "edit: extra = 1"),
        ("inner_name_missing", "no next_update", "Malformed", "delete: next_update"),
        ("inner_left_out_is_a_boolean", "true is no integer", "Malformed", "edit: left_out = true"),
        ("inner_message_without_day", "a message has day, group, text", "Malformed", "delete: messages.0.day"),
        ("inner_arrival_hash_short", "31 bytes", "Malformed",
         f'edit: arrivals.0.sha256 = "{base64.b64encode(bytes(31)).decode()}"'),
        ("inner_accept_last_day", "days go to 1,000,000", "open", "edit: next_update = 1000000",
         "edit: messages.0.day = 1000000", "edit: arrivals.0.day = 1000000"),
        ("inner_accept_eight_readers", "8 ids of 24 letters", "open", f"edit: readers = {json.dumps(['a' * 24] * 8)}"),
        ("inner_accept_no_readers", "as on a miss", "open", "edit: readers = []"),
        ("inner_as_of_above_the_most", "day 1,000,001", "Malformed", "as_of: 1000001"),
        ("inner_next_update_above_the_most", "day 1,000,001", "Malformed", "edit: next_update = 1000001"),
        ("inner_message_day_above_the_most", "day 1,000,001", "Malformed", "edit: messages.0.day = 1000001"),
        ("inner_arrival_day_above_the_most", "day 1,000,001", "Malformed", "edit: arrivals.0.day = 1000001"),
        ("inner_nine_readers", "a row has 8 slots", "Malformed", f"edit: readers = {json.dumps(['a'] * 9)}"),
        ("inner_reader_of_25_letters", "24 at most", "Malformed", f'edit: readers.0 = "{"a" * 25}"'),
        ("inner_reader_empty", "1 letter at least", "Malformed", 'edit: readers.0 = ""'),
        ("inner_reader_not_text", "a group id is a number", "Malformed", "edit: readers.0 = 1"),
        ("inner_signed_for_another_mailbox", "the signature names another mailbox", "BadSignature", "sign: other"),
        ("inner_signed_for_another_purpose", "a signature of a bundle", "BadSignature", "sign: purpose"),
    ])  # fmt: skip
    write("mailbox", "inner_reader_not_ascii", "an id is a–z, 0–9 and hyphen", "Malformed", "from: inner_accept.txt",
          body=("text", body.replace('"readers":["prov"]', '"readers":["prôv"]')))  # fmt: skip


def make_bundle() -> None:
    key, box = opener("reply"), letter.mailbox_of(opener("reply").public.raw)
    record = box + mailbox.seal_news(small_news(), key.public, box, signer("station prov"))
    data = build_transport(bundle.BUNDLE, [("mailbox", record)], signer("server"))
    write_binary("bundle", "base.bin", data)
    _, manifest, _ = bundle.read_manifest(io.BytesIO(data), bundle.BUNDLE)
    length = len(manifest)
    write("bundle", "accept", "one mailbox record", "open", "through: file", "kind: bundle",
          signer=("base64", signer("server").public.raw), file=("file", "base.bin"))  # fmt: skip
    mutants("bundle", "accept", [
        ("magic_of_an_outbox", "SNYO", "Malformed", "mutate: set file 3 4f"),
        ("read_as_an_outbox", "another kind was asked for", "Malformed", "kind: outbox"),
        ("manifest_length_above_the_most", "65,537", "Malformed", "mutate: set file 4 00010001"),
        ("manifest_length_four_thousand_million", "no memory is taken for it", "Malformed",
         "mutate: set file 4 ffffffff"),
        ("manifest_length_one_short", "the JSON is cut", "Malformed", f"mutate: set file 4 {length - 1:08x}"),
        ("manifest_digit_changed", "seq 2", "BadSignature", f"mutate: set file {8 + manifest.index(b'seq') + 5} 32"),
        ("ed25519_half_flipped", "only ML-DSA verifies", "BadSignature", f"mutate: flip file {8 + length} 0"),
        ("mldsa_half_flipped", "only Ed25519 verifies", "BadSignature", f"mutate: flip file {8 + length + 3372} 0"),
        ("first_record_bit_flipped", "a record is not the signed one", "Tampered",
         f"mutate: flip file {8 + length + 3373} 0"),
        ("last_record_bit_flipped", "a record is not the signed one", "Tampered", "mutate: flip file -1 0"),
        ("one_byte_short", "the last record is cut", "Malformed", f"mutate: keep file {len(data) - 1}"),
        ("records_missing", "ends after the signature", "Malformed", f"mutate: keep file {8 + length + 3373}"),
        ("signature_cut", "ends within the signature", "Malformed", f"mutate: keep file {8 + length + 100}"),
        ("one_byte_long", "longer than the manifest says", "Malformed", "mutate: append file 00"),
        ("three_bytes", "ends within the magic", "Malformed", "mutate: keep file 3"),
    ])  # fmt: skip
    write("bundle", "signed_by_another_party", "a station signed it", "BadSignature", "from: accept.txt",
          signer=("base64", signer("station prov").public.raw))  # fmt: skip
    write("bundle", "manifest_accept", "a manifest", "open", "through: manifest", "kind: bundle",
          body=("text", manifest.decode()))  # fmt: skip
    outbox = bundle.Manifest(
        type=bundle.OUTBOX, deployment=DEPLOYMENT, sender="prov", to="server", seq=2, previous=bytes(64),
        roster_version=1, day=DAY, sections=(("row", 16), ("mailbox", 256), ("file", 1)), records=bytes(64),
        acks=(bundle.Taken(1, bytes(64)),),
    )  # fmt: skip
    write("outbox", "manifest_accept", "a manifest", "open", "through: manifest", "kind: outbox",
          body=("text", bundle.build_manifest(outbox).decode()))  # fmt: skip
    _make_manifests()
    make_outbox(record)


def _make_manifests() -> None:
    short = base64.b64encode(bytes(63)).decode()
    mutants("bundle", "manifest_accept", [
        ("manifest_seq_zero", "seq starts at 1", "Malformed", "edit: seq = 0"),
        ("manifest_seq_is_a_float", "numbers are integers", "Malformed", "edit: seq = 1.0"),
        ("manifest_seq_is_a_boolean", "true is no integer", "Malformed", "edit: seq = true"),
        ("manifest_seq_is_text", "text is no integer", "Malformed", 'edit: seq = "1"'),
        ("manifest_type_unknown", "neither bundle nor outbox", "Malformed", 'edit: type = "parcel"'),
        ("manifest_type_not_text", "a list", "Malformed", 'edit: type = ["bundle"]'),
        ("manifest_type_is_a_number", "a number", "Malformed", "edit: type = 1"),
        ("manifest_type_missing", "no type", "Malformed", "delete: type"),
        ("manifest_unknown_name", "a name that the format does not know", "Malformed", "edit: extra = 1"),
        ("manifest_with_acks", "an outbox's name in a bundle", "Malformed", "edit: acks = []"),
        ("manifest_without_applied", "a bundle names the last outbox", "Malformed", "delete: applied"),
        ("manifest_previous_of_63_bytes", "one byte short", "Malformed", f'edit: previous = "{short}"'),
        ("manifest_records_of_63_bytes", "one byte short", "Malformed", f'edit: records = "{short}"'),
        ("manifest_applied_hash_of_63_bytes", "one byte short", "Malformed", f'edit: applied.hash = "{short}"'),
        ("manifest_section_size_wrong", "a row of 262,143 bytes", "Malformed", "edit: sections.0.size = 262143"),
        ("manifest_section_type_unknown", "an unknown record type", "Malformed", 'edit: sections.0.type = "rows"'),
        ("manifest_section_count_above_the_most", "65,537 records", "Malformed", "edit: sections.0.count = 65537"),
        ("manifest_section_missing", "two sections of three", "Malformed", "delete: sections.2"),
        ("manifest_sections_in_another_order", "file stands first", "Malformed",
         'edit: sections.0 = {"type":"file","count":0,"size":262144}',
         'edit: sections.2 = {"type":"row","count":0,"size":262144}'),
    ])  # fmt: skip
    mutants("outbox", "manifest_accept", [
        ("manifest_without_acks", "an outbox has acks", "Malformed", "delete: acks"),
        ("manifest_type_not_text", "an object", "Malformed", "edit: type = {}"),
        ("manifest_with_applied", "a bundle's name in an outbox", "Malformed", 'edit: applied = {"seq":0,"hash":""}'),
        ("manifest_ack_hash_short", "63 bytes", "Malformed", f'edit: acks.0.hash = "{short}"'),
        ("manifest_ack_without_seq", "an ack has seq and hash", "Malformed", "delete: acks.0.seq"),
        ("manifest_ack_not_an_object", "an ack has seq and hash", "Malformed", "edit: acks.0 = 1"),
    ])  # fmt: skip


def make_outbox(record: bytes) -> None:
    data = build_transport(
        bundle.OUTBOX, [("mailbox", record)], signer("station prov"), sender="prov", to="server",
        acks=(bundle.Taken(1, bytes(64)),),
    )  # fmt: skip
    write_binary("outbox", "base.bin", data)
    write("outbox", "accept", "one mailbox record and one ack", "open", "through: file", "kind: outbox",
          signer=("base64", signer("station prov").public.raw), file=("file", "base.bin"))  # fmt: skip
    mutants("outbox", "accept", [
        ("magic_of_a_bundle", "SNYB", "Malformed", "mutate: set file 3 42"),
        ("magic_and_kind_of_a_bundle", "the manifest says outbox", "Malformed", "mutate: set file 3 42", "kind: bundle"),
        ("last_record_bit_flipped", "a record is not the signed one", "Tampered", "mutate: flip file -1 0"),
        ("one_byte_long", "longer than the manifest says", "Malformed", "mutate: append file 00"),
    ])  # fmt: skip
    write("outbox", "signed_by_another_station", "kota's station", "BadSignature", "from: accept.txt",
          signer=("base64", signer("station kota").public.raw))  # fmt: skip


def make_roster() -> None:
    data = sign_roster(small_roster(), roots(1, 3))
    write_binary("roster", "base.bin", data)
    length = int.from_bytes(data[4:8], "big")
    body = data[8 : 8 + length]
    first = 8 + length + 1 + 1  # magic, length, body, count, id
    second = first + 3373 + 1
    write("roster", "accept", "signed by roots 1 and 3 of three, two are needed", "open", "through: file",
          file=("file", "base.bin"))  # fmt: skip
    mutants("roster", "accept", [
        ("magic_of_a_batch", "SNYK", "Malformed", "mutate: set file 3 4b"),
        ("body_length_above_the_most", "4 MiB + 1", "Malformed", "mutate: set file 4 00400001"),
        ("body_length_one_long", "a signature count stands in the JSON", "Malformed",
         f"mutate: set file 4 {length + 1:08x}"),
        ("signature_count_one_more", "three are announced, two are there", "Malformed",
         f"mutate: set file {8 + length} 03"),
        ("signature_count_one_less", "bytes behind the last signature", "Malformed",
         f"mutate: set file {8 + length} 01"),
        ("one_byte_long", "a byte behind the last signature", "Malformed", "mutate: append file 00"),
        ("one_byte_short", "the last signature is cut", "Malformed", f"mutate: keep file {len(data) - 1}"),
        ("same_signer_twice", "ids 1 and 1", "Malformed", f"mutate: set file {second - 1} 01"),
        ("signers_not_ascending", "ids 3 and 3, then 1", "Malformed", f"mutate: set file {first - 1} 04"),
        ("signer_unknown", "id 9 is no root", "TooFewSignatures", f"mutate: set file {second - 1} 09"),
        ("signer_of_another_root", "root 3's signature under id 2", "TooFewSignatures",
         f"mutate: set file {second - 1} 02"),
        ("ed25519_half_flipped", "half a signature is none", "TooFewSignatures", f"mutate: flip file {first} 0"),
        ("mldsa_half_flipped", "half a signature is none", "TooFewSignatures", f"mutate: flip file {second + 64} 0"),
        ("day_changed", "both signatures are of another body", "TooFewSignatures",
         f"mutate: set file {8 + body.index(b'expires') + 9} 38"),
    ])  # fmt: skip
    write("roster", "body_accept", "the JSON that roots sign", "open", "through: body", body=("text", body.decode()))
    _make_roster_bodies(json.loads(body))
    _make_roster_forms(json.loads(body))
    _make_roster_releases()


def _make_roster_releases() -> None:
    """Write rosters that name keys of releases: an optional list, absent when it is empty."""
    key, other, known = (base64.b64encode(signer(n).public.raw).decode() for n in ("release", "release 2", "kota-1"))
    one = json.dumps([{"key": key, "name": "utama"}])
    nine = json.dumps([{"key": base64.b64encode(signer(f"spare {n}").public.raw).decode(), "name": f"kunci-{n}"}
                       for n in range(9)])  # fmt: skip
    write("roster", "releases_accept", "one key that signs releases", "open", "from: body_accept.txt",
          "through: releases", f"edit: releases = {one}")  # fmt: skip
    mutants("roster", "body_accept", [
        ("releases_empty", "no list says the same", "Malformed", "edit: releases = []"),
        ("releases_is_an_object", "a list is wanted", "Malformed", "edit: releases = {}"),
        ("releases_is_null", "a list is wanted", "Malformed", "edit: releases = null"),
        ("releases_of_nine", "eight at most", "Malformed", f"edit: releases = {nine}"),
        ("release_is_a_key", "an object is wanted", "Malformed", f'edit: releases = ["{key}"]'),
        ("release_name_twice", "one name for two keys", "Malformed",
         f'edit: releases = [{{"key": "{key}", "name": "utama"}}, {{"key": "{other}", "name": "utama"}}]'),
        ("release_key_twice", "one key under two names", "Malformed",
         f'edit: releases = [{{"key": "{key}", "name": "utama"}}, {{"key": "{key}", "name": "kedua"}}]'),
        ("release_key_of_a_reviewer", "the key of kota-1", "Malformed",
         f'edit: releases = [{{"key": "{known}", "name": "utama"}}]'),
        ("release_name_is_a_path", "an id never is a path", "Malformed",
         f'edit: releases = [{{"key": "{key}", "name": "../utama"}}]'),
        ("release_name_missing", "a key without one", "Malformed", f'edit: releases = [{{"key": "{key}"}}]'),
        ("release_unknown_name", "a name that the format does not know", "Malformed", f"edit: releases = {one}",
         "edit: releases.0.days = 3"),
        ("release_key_of_1983_bytes", "one byte short", "Malformed", f"edit: releases = {one}",
         f'edit: releases.0.key = "{base64.b64encode(bytes(1983)).decode()}"'),
    ])  # fmt: skip


def _renamed(group: str) -> list[str]:
    """Return the edits that give group `sunyi` another id wherever it stands."""
    return [f'edit: groups.3.id = "{group}"', f'edit: routing.sunyi.pegawai.readers = ["{group}"]']


def _make_roster_bodies(value: dict[str, Any]) -> None:
    key = value["server_key"]
    member = json.dumps({"id": "kota-9", "key": key, "role": "telaah"})
    spare = [base64.b64encode(signer(f"spare {i}").public.raw).decode() for i in range(6)]
    seven = json.dumps([{"id": f"prov-{i}", "key": k, "role": "telaah"} for i, k in enumerate([*spare, key], 1)])
    six = json.dumps([{"id": f"kota-{i}", "key": k, "role": "telaah"} for i, k in enumerate(spare, 1)])
    mutants("roster", "body_accept", [
        ("four_of_seven", "no record holds its parts", "Malformed", f"edit: groups.0.members = {seven}",
         "edit: groups.0.k = 4", f'edit: server_key = "{base64.b64encode(signer("other").public.raw).decode()}"'),
        ("k_above_n", "3 of 2", "Malformed", "edit: groups.1.k = 3"),
        ("k_zero", "0 of 2", "Malformed", "edit: groups.1.k = 0"),
        ("route_with_nine_readers", "kota has six members, prov three", "Malformed", f"edit: groups.1.members = {six}"),
        ("route_names_unknown_group", "a reader nobody defines", "Malformed",
         'edit: routing.kota.pegawai.readers = ["desa"]'),
        ("instead_names_unknown_group", "a stand-in nobody defines", "Malformed",
         'edit: routing.kota.pegawai.instead = ["desa"]'),
        ("never_names_unknown_group", "an excluded group nobody defines", "Malformed",
         'edit: routing.kota.pegawai.never = ["desa"]'),
        ("station_of_unknown_group", "a group nobody defines", "Malformed", 'edit: stations.0.group = "desa"'),
        ("province_unknown", "a group nobody defines", "Malformed", 'edit: province = "desa"'),
        ("collectors_of_one_group", "two units have stations", "Malformed", "edit: stations.1.collector = 0"),
        ("no_collector", "nobody frees rows", "Malformed", "edit: stations.0.collector = 0",
         "edit: stations.1.collector = 0"),
        ("route_lapsed_is_two", "0 or 1", "Malformed", "edit: routing.kota.pegawai.lapsed = 2"),
        ("route_lapsed_is_true", "a boolean", "Malformed", "edit: routing.kota.pegawai.lapsed = true"),
        ("route_without_lapsed", "a name is missing", "Malformed", "delete: routing.kota.pegawai.lapsed"),
        ("fallback_unknown", "a group nobody defines", "Malformed", 'edit: fallback = "desa"'),
        ("fallback_is_the_province", "a report may exclude it", "Malformed", 'edit: fallback = "prov"'),
        ("fallback_is_an_area", "a report may exclude it", "Malformed", 'edit: fallback = "sunyi"'),
        ("fallback_is_never_permitted_somewhere", "a route forbids it", "Malformed",
         'edit: routing.kota.pegawai.never = ["kpk"]'),
        ("key_twice", "a reviewer's key is the server's", "Malformed", f"edit: groups.1.members.0 = {member}"),
        ("reviewer_twice", "one id for two reviewers", "Malformed", 'edit: groups.1.members.0.id = "prov-1"'),
        ("group_twice", "one id for two groups", "Malformed", *_renamed("kpk")),
        ("station_twice", "one id for two stations", "Malformed", 'edit: stations.1.id = "prov"'),
        ("role_unknown", "no such role", "Malformed", 'edit: groups.0.members.0.role = "kepala"'),
        ("role_in_capitals", "names are as they are", "Malformed", 'edit: groups.0.members.0.role = "Inspektur"'),
        ("role_empty", "no name at all", "Malformed", 'edit: groups.0.members.0.role = ""'),
        ("role_missing", "a reviewer without one", "Malformed", "delete: groups.0.members.0.role"),
        ("role_is_a_number", "not text", "Malformed", "edit: groups.0.members.0.role = 2"),
    ])  # fmt: skip


def _make_roster_forms(value: dict[str, Any]) -> None:
    mutants("roster", "body_accept", [
        ("root_ids_not_ascending", "3 before 2", "Malformed", "edit: roots.1.id = 3", "edit: roots.2.id = 2"),
        ("root_id_twice", "1 and 1", "Malformed", "edit: roots.1.id = 1"),
        ("root_id_256", "ids are one byte", "Malformed", "edit: roots.2.id = 256"),
        ("root_k_zero", "nobody signs", "Malformed", "edit: root_k = 0"),
        ("root_k_above_roots", "4 of 3", "Malformed", "edit: root_k = 4"),
        ("no_roots", "nobody signs", "Malformed", "edit: roots = []"),
        ("version_zero", "versions start at 1", "Malformed", "edit: version = 0"),
        ("version_is_a_float", "numbers are integers", "Malformed", "edit: version = 1.0"),
        ("version_is_a_boolean", "true is no integer", "Malformed", "edit: version = true"),
        ("version_negative", "numbers are not negative", "Malformed", "edit: version = -1"),
        ("expires_before_issued", "no day is left", "Malformed", "edit: expires = 1"),
        ("unknown_name", "a name that the format does not know", "Malformed", "edit: extra = 1"),
        ("name_missing", "no fallback", "Malformed", "delete: fallback"),
        ("unknown_name_in_a_group", "a name that the format does not know", "Malformed", "edit: groups.0.extra = 1"),
        ("unknown_name_in_sizes", "a name that the format does not know", "Malformed", "edit: sizes.extra = 1"),
        ("size_is_a_boolean", "true is no integer", "Malformed", "edit: sizes.slots = true"),
        ("lead_is_two", "0 or 1", "Malformed", "edit: stations.0.lead = 2"),
        ("collector_is_true", "0 or 1, not a boolean", "Malformed", "edit: stations.0.collector = true"),
        ("group_id_with_a_slash", "an id is lower-case letters, digits, hyphens", "Malformed", *_renamed('a/b')),
        ("group_id_of_dots", "an id never is a path", "Malformed", *_renamed('..')),
        ("group_id_with_a_line_feed", "an id ends where it ends", "Malformed", *_renamed('sunyi\\n')),
        ("group_id_of_25_letters", "24 at most", "Malformed", *_renamed("a" * 25)),
        ("group_id_empty", "1 at least", "Malformed", *_renamed("")),
        ("deployment_empty", "1 to 32 characters", "Malformed", 'edit: deployment = ""'),
        ("deployment_of_33_characters", "1 to 32 characters", "Malformed", f'edit: deployment = "{"a" * 33}"'),
        ("key_of_1983_bytes", "one byte short", "Malformed",
         f'edit: server_key = "{base64.b64encode(bytes(1983)).decode()}"'),
        ("previous_of_63_bytes", "one byte short", "Malformed",
         f'edit: previous = "{base64.b64encode(bytes(63)).decode()}"'),
        ("area_without_levels", "an area holds routes by level", "Malformed", "edit: routing.kota = 1"),
        ("reader_not_text", "a group id is a number", "Malformed", "edit: routing.kota.pegawai.readers = [1]"),
        ("cover_weight_zero", "weights are positive", "Malformed", "edit: cover_weights.areas.kota = 0"),
        ("cover_weight_is_a_float", "weights are integers", "Malformed", "edit: cover_weights.areas.kota = 1.5"),
        ("cover_weight_is_a_boolean", "weights are integers", "Malformed", "edit: cover_weights.areas.kota = true"),
        ("cover_weight_of_no_route", "an area without routes", "Malformed", "edit: cover_weights.areas.desa = 1"),
        ("cover_weights_empty", "nothing to draw from", "Malformed", "edit: cover_weights.levels = {}"),
    ])  # fmt: skip
    body = canonical_json(value).decode()
    for name, about, text in (
        ("json_with_spaces", "not canonical", body.replace(",", ", ", 1)),
        ("json_name_twice", "a name stands twice", body.replace('"version":1', '"version":1,"version":1')),
        ("json_not_ascii", "other letters are escaped", body.replace("Inspectorate prov", "Inspéctorate prov")),
        ("json_exponent", "1e0 is no integer", body.replace('"version":1', '"version":1e0')),
        ("json_not_a_number", "NaN", body.replace('"version":1', '"version":NaN')),
    ):
        write("roster", name, about, "Malformed", "through: body", body=("text", text))


def make_batch() -> None:
    data = sign_batch(small_batch(), signer("prov-1"))
    write_binary("batch", "base.bin", data)
    length = int.from_bytes(data[4:8], "big")
    write("batch", "accept", "prov-1's keys of epochs 45 and 46", "open", "through: file", file=("file", "base.bin"))
    mutants("batch", "accept", [
        ("magic_of_a_roster", "SNYR", "Malformed", "mutate: set file 3 52"),
        ("signer_id_1", "the one signer has id 0", "Malformed", f"mutate: set file {9 + length} 01"),
        ("no_signature", "nobody signed", "Malformed", f"mutate: keep file {8 + length}", "mutate: append file 00"),
        ("one_byte_long", "a byte behind the signature", "Malformed", "mutate: append file 00"),
        ("ed25519_half_flipped", "only ML-DSA verifies", "BadSignature", f"mutate: flip file {10 + length} 0"),
        ("mldsa_half_flipped", "only Ed25519 verifies", "BadSignature", "mutate: flip file -1 0"),
        ("epoch_changed", "signed for other epochs", "BadSignature",
         f"mutate: set file {data.index(b'first_epoch') + 14} 36"),
    ])  # fmt: skip
    body = data[8 : 8 + length]
    write("batch", "body_accept", "the JSON that a reviewer signs; the test signs it", "open", "through: body",
          signer_seed=("hex", signer("prov-1").seed), body=("text", body.decode()))  # fmt: skip
    keys = json.loads(body)["keys"]
    zero = base64.b64encode(opener("prov-1 45").public.raw[:1184] + bytes(32)).decode()
    mutants("batch", "body_accept", [
        ("count_one_more", "3 announced, 2 there", "Malformed", "edit: count = 3"),
        ("count_one_less", "1 announced, 2 there", "Malformed", "edit: count = 1"),
        ("no_keys", "at least one", "Malformed", "edit: count = 0", "edit: keys = []"),
        ("key_twice", "one key for two epochs", "KeyAlarm", f'edit: keys.1 = "{keys[0]}"'),
        ("key_x25519_part_all_zero", "nothing can be sealed to it", "Malformed", f'edit: keys.1 = "{zero}"'),
        ("key_of_1215_bytes", "one byte short", "Malformed",
         f'edit: keys.1 = "{base64.b64encode(bytes(1215)).decode()}"'),
        ("key_not_text", "a number", "Malformed", "edit: keys.1 = 1"),
        ("other_deployment", "of another drop box", "BrokenChain", 'edit: deployment = "others"'),
        ("reviewer_unknown", "not in the roster", "BrokenChain", 'edit: reviewer = "prov-9"'),
        ("reviewer_of_another_group", "signed by prov-1 for kota-1", "BadSignature", 'edit: reviewer = "kota-1"'),
        ("roster_version_ahead", "made for a roster not in use yet", "BrokenChain", "edit: roster_version = 2"),
        ("first_epoch_is_a_float", "numbers are integers", "Malformed", "edit: first_epoch = 45.0"),
        ("unknown_name", "a name that the format does not know", "Malformed", "edit: extra = 1"),
        ("name_missing", "no count", "Malformed", "delete: count"),
    ])  # fmt: skip
    write("batch", "signed_by_another_reviewer", "prov-2 signed prov-1's batch", "BadSignature", "from: body_accept.txt",
          signer_seed=("hex", signer("prov-2").seed))  # fmt: skip
    many = canonical_json(json.loads(body) | {"count": 107, "keys": [str(i) for i in range(107)]}).decode()
    write("batch", "one_hundred_and_seven_keys", "two years of weeks at most", "Malformed", "from: body_accept.txt",
          body=("text", many))  # fmt: skip


def _request_batch(reviewer: str, first: str = "", **changes: Any) -> str:
    """Return the batch of a new reviewer as it stands in a request; `first` names another signer."""
    keys = tuple(opener(f"{reviewer} {epoch}").public for epoch in (EPOCH, EPOCH + 1))
    batch = small_batch(**({"reviewer": reviewer, "keys": keys} | changes))
    return base64.b64encode(sign_batch(batch, signer(first or reviewer))).decode()


def unit_change() -> UnitRequest:
    """Return what `prov` asks for: prov-3 leaves, prov-4 joins and decides in its place, 2 of 3 as before."""
    batch = base64.b64decode(_request_batch("prov-4"))
    members = tuple(_member(f"prov-{i}", role) for i, role in zip((1, 2, 4), default_roles(3), strict=True))
    return UnitRequest(DEPLOYMENT, 1, "prov", 2, members, "prov", signer("station prov").public, (batch,))


def new_unit() -> UnitRequest:
    """Return what `sunyi` asks for, which has no reviewers yet: 1 of 2 and a station."""
    names = ("sunyi-1", "sunyi-2")
    batches = tuple(base64.b64decode(_request_batch(name)) for name in names)
    members = tuple(map(_member, names, default_roles(2)))
    return UnitRequest(DEPLOYMENT, 1, "sunyi", 1, members, "sunyi", signer("station sunyi").public, batches)


def _write_request(name: str, about: str, request: Request, *signers: str) -> dict[str, Any]:
    """Write the JSON of a request with the seeds that sign it, numbered as in the envelope; the test signs."""
    data = sign_request(request, {})
    body = data[8:-1].decode()
    seeds = {f"seed_{number}": ("hex", signer(who).seed) for number, who in enumerate(signers)}
    numbers = " ".join(map(str, range(len(signers))))
    write("request", name, about, "open", "through: body", f"signers: {numbers}", **seeds, body=("text", body))
    return dict(json.loads(body))


def make_request() -> None:
    signers = {0: signer("station prov")} | {n: signer(f"prov-{i}") for n, i in ((1, 1), (2, 2), (3, 4))}
    data = sign_request(unit_change(), signers)
    write_binary("request", "base.bin", data)
    length, k = int.from_bytes(data[4:8], "big"), data.index(b'"k":') + 4
    write("request", "accept", "a new reviewer for prov, signed by everybody", "open", "through: file",
          file=("file", "base.bin"))  # fmt: skip

    def changed(name: str, ahead: int = 0) -> str:
        """Put another letter or digit into the JSON, `ahead` characters behind the first such name."""
        at = data.index(name.encode()) + len(name) + ahead
        new = b"0" if data[at : at + 1].isdigit() else b"q" if data[at : at + 1] != b"q" else b"r"
        return f"mutate: set file {at} {new.hex()}"

    mutants("request", "accept", [
        ("magic_of_a_roster", "SNYR", "Malformed", "mutate: set file 3 52"),
        ("empty", "no byte", "Malformed", "mutate: keep file 0"),
        ("ends_within_the_json", "half the body", "Malformed", f"mutate: keep file {length // 2}"),
        ("one_byte_short", "the last signature is cut", "Malformed", f"mutate: keep file {len(data) - 1}"),
        ("one_byte_long", "a byte behind the last signature", "Malformed", "mutate: append file 00"),
        ("no_signature", "nobody signed", "BadSignature", f"mutate: keep file {8 + length}", "mutate: append file 00"),
        ("signers_not_ascending", "1, 1, 2, 3", "Malformed", f"mutate: set file {9 + length} 01"),
        ("ed25519_half_flipped", "the station's", "BadSignature", f"mutate: flip file {10 + length} 0"),
        ("mldsa_half_flipped", "the new reviewer's", "BadSignature", "mutate: flip file -1 0"),
        ("altered_k", "3 instead of 2", "BadSignature", f"mutate: set file {k} 33"),
        ("altered_roster_version", "0 instead of 1", "BadSignature", changed('"roster_version":')),
        ("altered_deployment", "qectors", "BrokenChain", changed('"deployment":"')),
        ("altered_group", "qrov", "BrokenChain", changed('"group":"')),
        ("altered_station", "qrov", "BadSignature", changed('"station":"')),
        ("altered_station_key", "one letter of its ML-DSA half", "BadSignature",
         changed('"station_key":"', 400)),
        ("altered_reviewer", "qrov-1", "BadSignature", changed('"members":[{"id":"')),
        ("altered_reviewer_key", "one letter of its ML-DSA half", "BadSignature",
         changed('"id":"prov-4","key":"', 400)),
        ("altered_role", "qerifikator", "Malformed", changed('"role":"')),
        ("altered_batch", "one letter of it", "BadSignature", changed('"batches":["', 900)),
        ("altered_type", "qnit", "Malformed", changed('"type":"')),
    ])  # fmt: skip
    _make_changes()
    _make_new_units()
    _make_single_keys()


def _make_changes() -> None:
    """Write what a unit with reviewers may not ask for."""
    value = _write_request("change_accept", "prov-4 joins, prov-3 leaves; the station, both who stay and prov-4 sign",
                           unit_change(), "station prov", "prov-1", "prov-2", "prov-4")  # fmt: skip
    for name, about, who in (
        ("change_new_reviewer_did_not_sign", "prov-4 holds no such key", "0 1 2"),
        ("change_accept_without_the_station", "the roster knows its key already", "1 2 3"),
    ):
        expect = "open" if "accept" in name else "BadSignature"
        write("request", name, about, expect, "from: change_accept.txt", f"signers: {who}")
    write("request", "change_one_of_two_agrees", "the quorum is 2", "TooFewSignatures", "from: change_accept.txt",
          "signers: 0 1 3")  # fmt: skip
    write("request", "change_signed_by_a_stranger", "as prov-2", "BadSignature", "from: change_accept.txt",
          seed_2=("hex", signer("stranger").seed))  # fmt: skip
    write("request", "change_signed_by_somebody_it_does_not_name", "a signer 4", "Malformed",
          "from: change_accept.txt", "signers: 0 1 2 3 4", seed_4=("hex", signer("prov-3").seed))  # fmt: skip
    key = {n: base64.b64encode(signer(n).public.raw).decode() for n in ("stranger", "kota-1", "server", "root 1")}
    stays = json.dumps([value["members"][0] | {"key": key["stranger"]}, value["members"][1],
                        {"id": "prov-3", "key": base64.b64encode(signer("prov-3").public.raw).decode(),
                         "role": "inspektur"}])  # fmt: skip
    write("request", "change_other_key_for_a_reviewer", "prov-1 stays with another key; prov-2 and prov-3 agree",
          "KeyAlarm", "from: change_accept.txt", f"edit: members = {stays}",
          seed_1=("hex", signer("stranger").seed), seed_3=("hex", signer("prov-3").seed))  # fmt: skip
    write("request", "change_reviewer_key_of_another", "prov-4 has the key of kota-1", "KeyAlarm",
          "from: change_accept.txt", f'edit: members.2.key = "{key["kota-1"]}"',
          seed_3=("hex", signer("kota-1").seed))  # fmt: skip
    write("request", "change_station_key_of_the_server", "a new station key that is the drop box's", "KeyAlarm",
          "from: change_accept.txt", f'edit: station_key = "{key["server"]}"', seed_0=("hex", signer("server").seed))  # fmt: skip
    write("request", "change_new_station_key_did_not_sign", "the old one did", "BadSignature",
          "from: change_accept.txt", f'edit: station_key = "{key["stranger"]}"')  # fmt: skip
    mutants("request", "change_accept", [
        ("change_other_deployment", "of another drop box", "BrokenChain", 'edit: deployment = "others"'),
        ("change_roster_version_ahead", "made for a roster to come", "BrokenChain", "edit: roster_version = 2"),
        ("change_group_unknown", "no such unit", "BrokenChain", 'edit: group = "desa"'),
        ("change_station_of_another_unit", "kota's", "BrokenChain", 'edit: station = "kota"'),
        ("change_reviewer_of_another_unit", "kota-1", "KeyAlarm", 'edit: members.2.id = "kota-1"'),
        ("change_role_unknown", "no such role", "Malformed", 'edit: members.0.role = "kepala"'),
        ("change_role_missing", "a reviewer without one", "Malformed", "delete: members.0.role"),
        ("change_role_is_null", "not text", "Malformed", "edit: members.0.role = null"),
        ("change_accept_of_a_role", "prov-1 decides from now on", "open",
         'edit: members.0.role = "inspektur"'),
        ("change_no_batch", "prov-4 brings no weekly keys", "Malformed", "edit: batches = []"),
        ("change_batch_of_somebody_else", "of kota-1", "BrokenChain", f'edit: batches.0 = "{_request_batch("kota-1")}"'),
        ("change_batch_signed_by_another", "prov-1 signed prov-4's", "BadSignature",
         f'edit: batches.0 = "{_request_batch("prov-4", "prov-1")}"'),
        ("change_batch_of_another_deployment", "of another drop box", "BrokenChain",
         f'edit: batches.0 = "{_request_batch("prov-4", deployment="others")}"'),
        ("change_batch_repeats_a_key", "one key for two weeks", "KeyAlarm",
         f'edit: batches.0 = "{_request_batch("prov-4", keys=(opener("x").public,) * 2)}"'),
        ("change_batch_not_base64", "a space", "Malformed", 'edit: batches.0 = "AA A"'),
        ("change_batch_empty", "no bytes", "Malformed", 'edit: batches.0 = ""'),
        ("change_batch_is_a_number", "not text", "Malformed", "edit: batches.0 = 1"),
    ])  # fmt: skip


def _make_new_units() -> None:
    """Write what a unit without reviewers may not ask for, and JSON that no request has."""
    value = _write_request("new_accept", "sunyi gets two reviewers, any 1, and a station", new_unit(),
                           "station sunyi", "sunyi-1", "sunyi-2")  # fmt: skip
    write("request", "new_station_did_not_sign", "nobody proved its key", "BadSignature", "from: new_accept.txt",
          "signers: 1 2")  # fmt: skip
    spare = [{"id": f"sunyi-{i}", "key": base64.b64encode(signer(f"spare {i}").public.raw).decode(), "role": "telaah"}
             for i in range(8)]  # fmt: skip
    first, station = value["members"][0]["key"], value["station_key"]
    mutants("request", "new_accept", [
        ("new_four_of_seven", "no record holds its parts", "Malformed", f"edit: members = {json.dumps(spare[:7])}",
         "edit: k = 4"),
        ("new_eight_reviewers", "seven at most", "Malformed", f"edit: members = {json.dumps(spare)}"),
        ("new_k_zero", "0 of 2", "Malformed", "edit: k = 0"),
        ("new_k_above_n", "3 of 2", "Malformed", "edit: k = 3"),
        ("new_no_reviewers", "nobody could read", "Malformed", "edit: members = []"),
        ("new_reviewer_twice", "sunyi-1 and sunyi-1", "Malformed", 'edit: members.1.id = "sunyi-1"'),
        ("new_key_twice", "two reviewers, one key", "KeyAlarm", f'edit: members.1.key = "{first}"'),
        ("new_station_key_is_a_reviewers", "one key for two uses", "KeyAlarm", f'edit: station_key = "{first}"'),
        ("new_reviewer_key_is_the_stations", "one key for two uses", "KeyAlarm", f'edit: members.1.key = "{station}"'),
        ("new_group_id_is_a_path", "../sunyi", "Malformed", 'edit: group = "../sunyi"'),
        ("new_reviewer_id_is_a_path", "a/b", "Malformed", 'edit: members.0.id = "a/b"'),
        ("new_station_id_with_a_line_feed", "an id ends where it ends", "Malformed", 'edit: station = "sunyi\\n"'),
        ("new_reviewer_id_of_25_letters", "24 at most", "Malformed", f'edit: members.0.id = "{"a" * 25}"'),
        ("new_station_id_empty", "1 at least", "Malformed", 'edit: station = ""'),
        ("new_key_of_1983_bytes", "one byte short", "Malformed",
         f'edit: station_key = "{base64.b64encode(bytes(1983)).decode()}"'),
        ("new_type_unknown", "a letter", "Malformed", 'edit: type = "letter"'),
        ("new_type_missing", "which one is it", "Malformed", "delete: type"),
        ("new_type_is_a_list", "not text", "Malformed", 'edit: type = ["unit"]'),
        ("new_unknown_name", "a name that the format does not know", "Malformed", "edit: collector = 1"),
        ("new_name_missing", "no k", "Malformed", "delete: k"),
        ("new_unknown_name_in_a_reviewer", "not known there", "Malformed", "edit: members.0.k = 1"),
        ("new_reviewers_are_an_object", "a list is wanted", "Malformed", "edit: members = {}"),
        ("new_k_is_a_boolean", "true is no integer", "Malformed", "edit: k = true"),
        ("new_k_is_a_float", "numbers are integers", "Malformed", "edit: k = 1.0"),
        ("new_k_negative", "numbers are not negative", "Malformed", "edit: k = -1"),
    ])  # fmt: skip
    body = canonical_json(value).decode()
    for name, about, text in (
        ("new_json_with_spaces", "not canonical", body.replace(",", ", ", 1)),
        ("new_json_name_twice", "a name stands twice", body.replace('"k":1', '"k":1,"k":1')),
        ("new_json_is_a_list", "an object is wanted", f"[{body}]"),
    ):
        write("request", name, about, "Malformed", "from: new_accept.txt", body=("text", text))


def _make_single_keys() -> None:
    """Write the requests of a drop box and of a root holder."""
    known = base64.b64encode(signer("kota-1").public.raw).decode()
    request: Request = ServerRequest(DEPLOYMENT, 1, signer("server next").public)
    _write_request("server_accept", "the next transport key", request, "server next")
    _write_request(
        "root_accept", "root holder 4", RootRequest(DEPLOYMENT, 1, Root(4, signer("root 4").public)), "root 4"
    )
    asked = ReleaseRequest(DEPLOYMENT, 1, ReleaseKey("utama", signer("release").public))
    _write_request("release_accept", "a key that signs releases", asked, "release")
    for kind, old in (("server", "server"), ("root", "root 1"), ("release", "root 2")):
        base = f"{kind}_accept"
        write("request", f"{kind}_signed_by_the_old_key", "whoever has it does not have the new one", "BadSignature",
              f"from: {base}.txt", seed_0=("hex", signer(old).seed))  # fmt: skip
        write("request", f"{kind}_key_known", "the key of kota-1", "KeyAlarm", f"from: {base}.txt",
              f'edit: key = "{known}"', seed_0=("hex", signer("kota-1").seed))  # fmt: skip
        write("request", f"{kind}_key_in_use", "nothing is new", "KeyAlarm", f"from: {base}.txt",
              f'edit: key = "{base64.b64encode(signer(old).public.raw).decode()}"', seed_0=("hex", signer(old).seed))  # fmt: skip
        write("request", f"{kind}_signer_1", "the one signer has id 0", "Malformed", f"from: {base}.txt",
              "signers: 1", seed_1=("hex", signer(old).seed))  # fmt: skip
        mutants("request", base, [
            (f"{kind}_not_signed", "nobody proved the key", "Malformed", "signers: "),
            (f"{kind}_other_deployment", "of another drop box", "BrokenChain", 'edit: deployment = "others"'),
            (f"{kind}_roster_version_ahead", "made for a roster to come", "BrokenChain", "edit: roster_version = 2"),
            (f"{kind}_unknown_name", "a name that the format does not know", "Malformed", "edit: k = 1"),
            (f"{kind}_name_missing", "no key", "Malformed", "delete: key"),
            (f"{kind}_key_of_1985_bytes", "one byte long", "Malformed",
             f'edit: key = "{base64.b64encode(bytes(1985)).decode()}"'),
        ])  # fmt: skip
    mutants("request", "root_accept", [
        ("root_id_256", "numbers are one byte", "Malformed", "edit: id = 256"),
        ("root_id_is_text", "numbers are integers", "Malformed", 'edit: id = "4"'),
    ])  # fmt: skip
    mutants("request", "release_accept", [
        ("release_name_is_a_path", "an id never is a path", "Malformed", 'edit: name = "../utama"'),
        ("release_name_is_a_number", "not text", "Malformed", "edit: name = 4"),
        ("release_name_of_25_letters", "24 at most", "Malformed", f'edit: name = "{"a" * 25}"'),
    ])  # fmt: skip


def make_release() -> None:
    signed = release.Release(DEPLOYMENT, "utama", "0.1.0", DAY, hashlib.sha512(b"a list").digest())
    data = release.sign_release(signed, signer("release"))
    write_binary("release", "base.bin", data)
    length = int.from_bytes(data[4:8], "big")
    write("release", "accept", "signed by the release key that the roster names", "open", "through: file",
          file=("file", "base.bin"))  # fmt: skip
    mutants("release", "accept", [
        ("magic_of_a_roster", "SNYR", "Malformed", "mutate: set file 3 52"),
        ("signer_id_1", "the one signer has id 0", "Malformed", f"mutate: set file {9 + length} 01"),
        ("no_signature", "nobody signed", "Malformed", f"mutate: keep file {8 + length}", "mutate: append file 00"),
        ("one_byte_long", "a byte behind the signature", "Malformed", "mutate: append file 00"),
        ("one_byte_short", "the signature is cut off", "Malformed", f"mutate: keep file {len(data) - 1}"),
        ("ed25519_half_flipped", "only ML-DSA verifies", "BadSignature", f"mutate: flip file {10 + length} 0"),
        ("mldsa_half_flipped", "only Ed25519 verifies", "BadSignature", "mutate: flip file -1 0"),
        ("version_changed", "signed for another version", "BadSignature",
         f"mutate: set file {data.index(b'0.1.0')} 31"),
    ])  # fmt: skip
    body = data[8 : 8 + length]
    write("release", "body_accept", "the JSON that a release key signs; the test signs it", "open", "through: body",
          signer_seed=("hex", signer("release").seed), body=("text", body.decode()))  # fmt: skip
    mutants("release", "body_accept", [
        ("key_unknown", "a name that the roster does not have", "BrokenChain", 'edit: key = "lama"'),
        ("other_deployment", "signed for others", "BrokenChain", 'edit: deployment = "others"'),
        ("version_is_a_path", "not the version of a wheel", "Malformed", 'edit: version = "0/1"'),
        ("version_empty", "not the version of a wheel", "Malformed", 'edit: version = ""'),
        ("day_negative", "numbers are not negative", "Malformed", "edit: day = -1"),
        ("sums_of_63_bytes", "one byte short", "Malformed",
         f'edit: sums = "{base64.b64encode(bytes(63)).decode()}"'),
        ("unknown_name", "a name that the format does not know", "Malformed", "edit: files = 3"),
        ("name_missing", "no day", "Malformed", "delete: day"),
    ])  # fmt: skip
    write("release", "signed_by_another_key", "a root holder is no release key", "BadSignature", "from: body_accept.txt",
          signer_seed=("hex", signer("root 1").seed))  # fmt: skip


def small_statistics() -> statistics.Statistics:
    """Return what station `prov` tells of two years, signed by nobody yet."""
    lesson = statistics.Lesson("bos", "Toko", "Satu orang memilih.", "Dua orang memilih.")
    category = statistics.Table("category", (("pengadaan", 20), ("suap", 5)), 10)
    first = statistics.Year(2026, 5, 35, (statistics.Table("area", (("sumsel", 35),)), category), (lesson,))
    lost = (statistics.LostWeeks(40, 42), statistics.LostWeeks(44, 44))
    return statistics.Statistics(DEPLOYMENT, "prov", (first, statistics.Year(2027, 5, 0)), lost)


def make_statistics() -> None:
    data = statistics.sign_statistics(small_statistics(), signer("station prov"))
    write_binary("statistics", "base.bin", data)
    length = int.from_bytes(data[4:8], "big")
    write("statistics", "accept", "what station prov tells", "open", "through: file", file=("file", "base.bin"))
    mutants("statistics", "accept", [
        ("magic_of_a_batch", "SNYK", "Malformed", "mutate: set file 3 4b"),
        ("signer_id_1", "the one signer has id 0", "Malformed", f"mutate: set file {9 + length} 01"),
        ("no_signature", "nobody signed", "Malformed", f"mutate: keep file {8 + length}", "mutate: append file 00"),
        ("one_byte_long", "a byte behind the signature", "Malformed", "mutate: append file 00"),
        ("one_byte_short", "the signature is cut off", "Malformed", f"mutate: keep file {len(data) - 1}"),
        ("ed25519_half_flipped", "only ML-DSA verifies", "BadSignature", f"mutate: flip file {10 + length} 0"),
        ("mldsa_half_flipped", "only Ed25519 verifies", "BadSignature", "mutate: flip file -1 0"),
        ("count_changed", "signed for another number", "BadSignature",
         f"mutate: set file {data.index(b':20,') + 1} 33"),
    ])  # fmt: skip
    body = data[8 : 8 + length]
    write("statistics", "body_accept", "the JSON that a station signs; the test signs it", "open", "through: body",
          signer_seed=("hex", signer("station prov").seed), body=("text", body.decode()))  # fmt: skip
    cell = "years.0.tables.1.cells.0"
    mutants("statistics", "body_accept", [
        ("count_4", "fewer than five", "Malformed", f"edit: {cell}.count = 4"),
        ("count_0", "a cell of nobody", "Malformed", f"edit: {cell}.count = 0"),
        ("count_not_rounded", "no multiple of five", "Malformed", f"edit: {cell}.count = 21"),
        ("rest_not_rounded", "no multiple of five", "Malformed", "edit: years.0.tables.1.rest = 3"),
        ("reports_not_rounded", "no multiple of five", "Malformed", "edit: years.0.reports = 36"),
        ("reports_below_least", "too few for numbers", "Malformed", "edit: years.0.least = 40"),
        ("least_below_5", "the rule of five", "Malformed", "edit: years.0.least = 1"),
        ("tables_without_reports", "numbers of a year that has none", "Malformed", "edit: years.0.reports = 0"),
        ("cell_twice", "one name, two counts", "Malformed", f'edit: {cell}.name = "suap"'),
        ("cell_with_a_space", "not a name", "Malformed", f'edit: {cell}.name = "Dinas X"'),
        ("table_without_cells", "at least one", "Malformed", "edit: years.0.tables.1.cells = []"),
        ("table_unknown", "not a table of the format", "Malformed", 'edit: years.0.tables.1.name = "office"'),
        ("tables_out_of_order", "category before area", "Malformed", 'edit: years.0.tables.0.name = "due"'),
        ("years_descending", "2027 before 2026", "Malformed", "edit: years.0.year = 2028"),
        ("year_twice", "one year, two counts", "Malformed", "edit: years.0.year = 2027"),
        ("year_2025", "before the first one", "Malformed", "edit: years.0.year = 2025"),
        ("lesson_empty", "a text is missing", "Malformed", 'edit: years.0.lessons.0.fix = ""'),
        ("lesson_of_601_bytes", "one byte too long", "Malformed", f'edit: years.0.lessons.0.fix = "{"x" * 601}"'),
        ("lesson_with_a_newline", "not printable", "Malformed", 'edit: years.0.lessons.0.fix = "a\\nb"'),
        ("other_station", "signed by prov for kota", "Malformed", 'edit: station = "kota"'),
        ("other_deployment", "of another drop box", "Malformed", 'edit: deployment = "others"'),
        ("unknown_name", "a name that the format does not know", "Malformed", "edit: years.0.office = 1"),
        ("name_missing", "no rest", "Malformed", "delete: years.0.tables.1.rest"),
        ("lost_missing", "a list that may be empty, but is there", "Malformed", "delete: lost"),
        ("lost_backwards", "the last week before the first", "Malformed", "edit: lost.1.last = 43"),
        ("lost_61_weeks", "one week too many", "Malformed", "edit: lost.1.last = 104"),
        ("lost_overlap", "a week twice", "Malformed", "edit: lost.1.first = 42"),
        ("lost_descending", "a later week first", "Malformed", "edit: lost.0.last = 60"),
        ("lost_in_2199", "beyond all weeks of this format", "Malformed", 'edit: lost.1 = {"first": 9000, "last": 9000}'),
        ("lost_with_a_text", "words are the drop box's own", "Malformed", 'edit: lost.0.text = "x"'),
    ])  # fmt: skip
    write("statistics", "signed_by_another_station", "kota signed what prov tells", "BadSignature",
          "from: body_accept.txt", signer_seed=("hex", signer("station kota").seed))  # fmt: skip
    years = [json.loads(body)["years"][1] | {"year": 2026 + n} for n in range(6)]
    write("statistics", "six_years", "one too many", "Malformed", "from: body_accept.txt",
          body=("text", canonical_json(json.loads(body) | {"years": years}).decode()))  # fmt: skip
    weeks = [{"first": 2 * n, "last": 2 * n} for n in range(5)]
    write("statistics", "five_lost", "one too many", "Malformed", "from: body_accept.txt",
          body=("text", canonical_json(json.loads(body) | {"lost": weeks}).decode()))  # fmt: skip


def make_passphrase() -> None:
    words, purpose = "sungai kompas merdu garpu", "senyap/v1/test"
    locked = passphrase.lock(words, b"a small secret", purpose)
    write("passphrase", "accept", "opens with its passphrase", "open", f"words: {words}", f"purpose: {purpose}",
          secret=("hex", b"a small secret"), locked=("hex", locked))  # fmt: skip
    mutants("passphrase", "accept", [
        ("accept_more_spaces", "spaces do not count", "open", "words:   sungai  kompas merdu   garpu "),
        ("accept_full_width_letters", "NFKC", "open", "words: ｓｕｎｇａｉ kompas merdu garpu"),
        ("wrong_passphrase", "another word", "WrongPassphrase", "words: sungai kompas merdu garpi"),
        ("empty_passphrase", "no word", "WrongPassphrase", "words: "),
        ("other_purpose", "locked for another use", "WrongPassphrase", "purpose: senyap/v1/other"),
        ("salt_bit_flipped", "the salt", "WrongPassphrase", "mutate: flip locked 8 0"),
        ("nonce_bit_flipped", "the nonce", "WrongPassphrase", "mutate: flip locked 24 0"),
        ("tag_bit_flipped", "the tag", "WrongPassphrase", "mutate: flip locked -1 0"),
        ("nothing_behind_the_nonce", "no ciphertext", "WrongPassphrase", "mutate: keep locked 48"),
        ("magic_wrong", "SNYM", "Malformed", "mutate: set locked 3 4d"),
        ("format_2", "an unknown format", "Malformed", "mutate: set locked 4 02"),
        ("reserved_byte_set", "byte 7", "Malformed", "mutate: set locked 7 01"),
        ("ends_within_the_salt", "20 bytes", "Malformed", "mutate: keep locked 20"),
    ])  # fmt: skip


def main() -> None:
    """Make them all."""
    for path in FOLDER.glob("*/*"):
        if not path.name.startswith("published_"):
            path.unlink()
    for make in (make_xwing, make_signing, make_sharing, make_row, make_letter, make_part, make_forwarded, make_receipt,
                 make_mailbox, make_bundle, make_roster, make_batch, make_request,
                 make_release, make_statistics, make_passphrase):  # fmt: skip
        make()


if __name__ == "__main__":
    main()

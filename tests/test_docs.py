"""docs/formats.md and docs/interface.md say what the programs do: every example, name and number in them."""

import ast
import base64
import hashlib
import json
import re
from pathlib import Path

import click
import pytest
from flask import Flask

from crypto import (
    attachment,
    bundle,
    encoding,
    envelope,
    forwarded,
    letter,
    mailbox,
    passphrase,
    receipt,
    row,
    sharing,
    statistics,
    xwing,
)
from crypto.encoding import canonical_json, date_of, epoch_of, label
from crypto.signing import PUBLIC_BYTES, SIGNATURE_BYTES, SigningKey
from dropbox import form, headers, intake, pages, sessions, settings
from dropbox.__main__ import main as dropbox_command
from dropbox.pages import code
from dropbox.pages import mailbox as mailbox_page
from keys import batch, ledger, release, request, roster, rosterfile, units
from keys.__main__ import main as keys_command
from keys.roster import Role
from station import attachments, bundles, letters, outbox, past_boxes, vault
from station.__main__ import main as station_command
from station.texts import ROLE_WORDS, STATUS_WORDS
from station.transitions import TRANSITIONS

ROOT = Path(__file__).parents[1]
FORMATS = (ROOT / "docs" / "formats.md").read_text("utf-8")
INTERFACE = (ROOT / "docs" / "interface.md").read_text("utf-8")
SOURCES = {
    p: p.read_text("utf-8") for house in ("crypto", "keys", "dropbox", "station") for p in (ROOT / house).rglob("*.py")
}
EXAMPLES = dict(re.findall(r"^```example ([a-z-]+)\n(.*?)^```$", FORMATS, re.M | re.S))
COMMANDS = {"senyap-keys": keys_command, "senyap-dropbox": dropbox_command, "senyap-station": station_command}
FIRST = bytes(range(32))


def pairs(name: str) -> dict[str, str]:
    """Return the `key = value` lines of an example."""
    return dict(line.split(" = ", 1) for line in EXAMPLES[name].splitlines() if " = " in line)


def section(text: str, title: str) -> str:
    """Return what stands below a heading that begins so, down to the next heading of its rank or a higher one."""
    found = re.search(rf"^(#+) {re.escape(title)}.*?\n(.*?)(?=^#{{1,2}} |\Z)", text, re.M | re.S)
    assert found, f"no section {title}"
    body = found[2]
    return re.split(rf"^{found[1]} ", body, maxsplit=1, flags=re.M)[0]


def tables(text: str) -> list[list[list[str]]]:
    """Return the tables in a text: lists of rows of cells, without head and rule."""
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.M)
    split = [[[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in b.splitlines()] for b in blocks]
    return [rows[2:] for rows in split]


def names(cell: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def first_column(table: list[list[str]]) -> list[str]:
    return [names(cells[0])[0] for cells in table if names(cells[0])]


def table_with(text: str, name: str) -> list[list[str]]:
    """Return the first table whose first column holds a name."""
    return next(t for t in tables(text) if name in first_column(t))


# --- formats: worked examples ------------------------------------------------------------------------


def test_every_example_is_checked_below() -> None:
    used = set(re.findall(r'(?:pairs\(|EXAMPLES\[)"([a-z-]+)"', Path(__file__).read_text("utf-8")))
    assert used == set(EXAMPLES)


def test_the_sizes_are_those_of_the_code() -> None:
    assert {k: int(v) for k, v in pairs("sizes").items()} == {
        "row": row.ROW_BYTES, "row slots": row.SLOTS, "row slot": row.SLOT_BYTES, "row body": row.BODY_BYTES,
        "inner record": row.RECORD_BYTES, "most data in a row": row.MAX_DATA_BYTES,
        "most of a file in a row": attachment.PART_BYTES, "share record": sharing.RECORD_BYTES,
        "sealing key": xwing.PUBLIC_BYTES, "hpke overhead": xwing.OVERHEAD_BYTES, "signing key": PUBLIC_BYTES,
        "signature": SIGNATURE_BYTES, "mailbox row": mailbox.ROW_BYTES, "most news json": mailbox.MAX_JSON_BYTES,
        "mailbox record": bundle.RECORD_BYTES["mailbox"], "file record": bundle.RECORD_BYTES["file"],
        "most manifest": bundle.MAX_MANIFEST_BYTES, "most envelope body": envelope.MAX_BODY_BYTES,
    }  # fmt: skip


def test_the_offsets_of_a_row_add_up() -> None:
    (table,) = [t for t in tables(section(FORMATS, "2 Row")) if t[0][2] == "magic `SNYP`"]
    offsets = [int(cells[0].replace(",", "")) for cells in table]
    assert offsets == [0, 4, 5, 6, 10, row.PREFIX_BYTES, row.FRONT_BYTES, row.FRONT_BYTES + 32, row.ROW_BYTES]


def test_the_days_are_right() -> None:
    for date, text in pairs("days").items():
        day, epoch = map(int, re.findall(r"\d+", text))
        assert (date_of(day).isoformat(), epoch_of(day)) == (date, epoch)


def test_both_spellings_of_json_are_right() -> None:
    example = pairs("json")
    value = json.loads(example["ascii"])
    assert canonical_json(value).decode() == example["ascii"]
    assert canonical_json(value, ascii_only=False).decode() == example["utf-8"]


def test_the_sealing_key_is_right() -> None:
    example = pairs("sealing-key")
    public = xwing.OpeningKey.from_seed(bytes.fromhex(example["seed"])).public.raw
    assert hashlib.sha256(public).hexdigest() == example["SHA-256 of the public key"]


def test_the_signature_is_right() -> None:
    example = pairs("signature")
    key, payload = SigningKey.from_seed(bytes.fromhex(example["seed"])), bytes.fromhex(example["payload"])
    assert hashlib.sha256(key.public.raw).hexdigest() == example["SHA-256 of the public key"]
    assert key.public.raw[:32].hex() == example["Ed25519 public key"]
    assert (label(example["label"]) + hashlib.sha512(payload).digest()).hex() == example["message"]
    assert key.sign(example["label"], payload)[:64].hex() == example["Ed25519 signature"]


def test_the_row_keys_are_right() -> None:
    example = pairs("row")
    prefix = bytes.fromhex(example["prefix"])
    assert row.row_epoch(prefix.ljust(row.ROW_BYTES, b"\0")) == int(example["epoch"])
    front = prefix.ljust(row.FRONT_BYTES, b"\0")
    assert len(front) - 32 == int(example["slots"].split()[0])
    body_key, commit = row._body_keys(front, bytes.fromhex(example["K"]))
    assert (body_key.hex(), commit.hex()) == (example["body key"], example["commit"])


def test_the_shares_are_right() -> None:
    example = pairs("sharing")
    drawn = iter([bytes.fromhex(example["part 0"]), bytes.fromhex(example["part 1"])])
    secret = bytes.fromhex(example["K"])
    shares = sharing.split(secret, int(example["k"]), int(example["n"]), random=lambda _: next(drawn))
    for member, share in enumerate(shares):
        assert f"member {member} holds {' '.join(str(i) for i, _ in share.parts)}\n" in EXAMPLES["sharing"]
        assert all(piece.hex() == example[f"part {i}"] for i, piece in share.parts)
    shown, zeros = re.match(r"([0-9a-f]+) then (\d+) bytes 00", example["record of member 1"]).groups()
    assert bytes.fromhex(shown) + bytes(int(zeros)) == sharing.build_share(shares[1])
    assert sharing.join(shares[:2]) == secret


def test_the_inner_record_is_right() -> None:
    example = pairs("inner-record")
    made = row.Record(
        row.Kind(int(example["kind"])), bytes.fromhex(example["object_id"]), int(example["part"]),
        int(example["parts"]), bytes.fromhex(example["data"]),
    )  # fmt: skip
    assert row.build_record(made)[: row.RECORD_HEAD_BYTES].hex() == example["head"]


def test_the_follow_up_is_right() -> None:
    example = pairs("letter-follow-up")
    parsed = letter.parse_letter(example["letter"].encode())
    letter.check_thread(parsed, bytes.fromhex(example["thread key"]))
    reply = xwing.OpeningKey.from_seed(FIRST).public.raw
    assert (parsed.mailbox, parsed.reply_key_hash) == (letter.mailbox_of(reply), hashlib.sha256(reply).digest())


def test_the_attachment_is_right() -> None:
    example = pairs("attachment")
    value, file = json.loads(example["json"]), bytes.fromhex(example["file"])
    parsed = attachment.parse_attachment(value)
    assert canonical_json(attachment.attachment_json(parsed), ascii_only=False).decode() == example["json"]
    assert (parsed.size, parsed.sha256) == (len(file), hashlib.sha256(file).digest())


def test_the_part_is_right() -> None:
    example = pairs("part")
    key, name, data = (bytes.fromhex(example[n]) for n in ("file key", "object_id", "data"))
    number = int(example["part"])
    assert (attachment._nonce(number).hex(), attachment._about(name).hex()) == (example["nonce"], example["aad"])
    assert attachment.seal_part(key, name, number, data).hex() == example["sealed"]
    assert attachment.open_part(key, name, number, bytes.fromhex(example["sealed"])) == data


def test_the_receipt_is_right() -> None:
    example = pairs("receipt")
    value, file = json.loads(example["form"]), hashlib.sha256(bytes.fromhex(example["file 1"])).digest()
    assert canonical_json(value, ascii_only=False).decode() == example["form"]
    assert hashlib.sha512(example["form"].encode()).hexdigest() == example["SHA-512 of form"]
    code = receipt.make_code(bytes.fromhex(example["benih"]), value["fields"], value["readers"], [file])
    words = receipt.code_words(code)
    assert (code.hex(), " ".join(words)) == (example["code"], example["words"])
    assert [receipt.wordlist().index(w) for w in words] == [int(n) for n in example["numbers"].split()]
    number = sum(int(n) << 11 * (7 - i) for i, n in enumerate(example["numbers"].split()))
    assert f"{number:022x}" == example["code"] + example["checksum"]
    salt = hashlib.sha256(label("senyap/v1/receipt-salt") + example["deployment"].encode()).digest()[:16]
    made = receipt.derive(code, example["deployment"])
    assert {
        "salt": salt.hex(), "reply seed": made.reply.seed.hex(), "mailbox": made.mailbox.hex(),
        "SHA-256 of reply key": hashlib.sha256(made.reply.public.raw).hexdigest(), "thread": made.thread.hex(),
        "claim secret": made.claim_secret.hex(), "claim": made.claim.hex(), "name": " ".join(made.name),
    }.items() <= example.items()  # fmt: skip


def test_the_place_is_right() -> None:
    example = pairs("place")
    assert example["mailbox"] == pairs("receipt")["mailbox"]
    found = mailbox.place(bytes.fromhex(example["mailbox"]), example["station"], int(example["seq"]))
    assert found.hex() == example["place"]


def test_all_ways_of_typing_the_code_are_read() -> None:
    example = pairs("receipt")
    for line in EXAMPLES["typed"].splitlines():
        (typed,) = receipt.read_code(line)
        assert typed.code.hex() == example["code"]
        assert typed.name in (None, tuple(example["name"].split()))


def test_the_word_list_is_the_one_named() -> None:
    example, data = pairs("wordlist"), (ROOT / "crypto" / "wordlist_id.txt").read_bytes()
    assert hashlib.sha256(data).hexdigest() == example["SHA-256"]
    assert (receipt.wordlist()[0], receipt.wordlist()[-1]) == (example["first"], example["last"])


def test_the_news_are_right() -> None:
    example = pairs("news")
    data = example["json"].encode()
    seq, as_of = int(example["seq"]), int(example["as_of"])
    assert mailbox._fit(mailbox._parse_news(data, seq, as_of)) == data
    head = seq.to_bytes(8, "big") + as_of.to_bytes(4, "big") + len(data).to_bytes(4, "big")
    assert head.hex() == example["head"]
    assert tuple(EXAMPLES["statuses"].split()) == mailbox.STATUSES


def test_the_fingerprint_is_right() -> None:
    example = pairs("fingerprint")
    roots = tuple(roster.Root(i, SigningKey.from_seed(bytes([i]) * 32).public) for i in (1, 2, 3))
    pin = rosterfile.root_pin(roots, int(example["root_k"]))
    assert (pin.hex(), " ".join(rosterfile.fingerprint_words(pin))) == (example["pin"], example["words"])


def test_the_manifest_is_right() -> None:
    data = pairs("bundle-manifest")["manifest"].encode()
    assert bundle.build_manifest(bundle.parse_manifest(data)) == data


def test_the_records_hash_is_right() -> None:
    example, total = pairs("records-hash"), bundle.RecordHash()
    assert total.digest().hex() == example["no record"]
    total.add(b"\1" * bundle.RECORD_BYTES["row"])
    assert total.digest().hex() == example["one record of 262144 bytes 01"]


def test_the_stretched_passphrase_is_right() -> None:
    example = pairs("stretch")
    key = passphrase._stretch(example["passphrase"], bytes.fromhex(example["salt"]))
    assert key.hex() == example["key"]


def test_the_session_has_the_length_named() -> None:
    body = re.findall(r"\| (\d+) \|$", section(FORMATS, "`sesi`, `berkas` and `benih`"), re.M)
    sealed = 24 + 4 + sum(map(int, body)) + 16
    assert f"`sesi` always has {len(base64.b64encode(bytes(sealed)))} characters" in FORMATS
    assert f"{sessions.PERIOD_SECONDS:,} s after sealing" in FORMATS
    assert f"end {sessions.PERIOD_SECONDS // 3600} hours later" in FORMATS


# --- formats: names ----------------------------------------------------------------------------------


def test_the_statistics_are_those_of_the_code() -> None:
    example = pairs("statistics")
    made = statistics.Statistics(
        "demo-docs",
        "sumsel",
        (
            statistics.Year(
                2026, 5, 25, (statistics.Table("category", (("suap", 15),), 10),),
                (statistics.Lesson("bos", "Toko", "Satu orang memilih.", "Dua orang memilih."),),
            ),
        ),
        (statistics.LostWeeks(70, 72),),
    )  # fmt: skip
    file = statistics.sign_statistics(made, SigningKey.from_seed(FIRST))
    assert envelope.parse_envelope(file, statistics.MAGIC, "statistics").body.decode() == example["body"]
    assert made.years[0].cut == int(example["cut"])
    order = next(cells[2] for cells in table_with(section(FORMATS, "Statistics"), "tables") if "tables" in cells[0])
    assert tuple(names(order)[-len(statistics.TABLES) :]) == statistics.TABLES


def code_labels() -> set[str]:
    """Return every label in the code; what is filled in stands as {}."""
    found = set()
    for text in SOURCES.values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.JoinedStr):
                parts = [str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values]
                found.add("".join(parts))
            elif isinstance(node, ast.Constant):
                found.add(
                    (node.value.decode("latin-1") if isinstance(node.value, bytes) else str(node.value)).rstrip("\0")
                )
    whole = {text for text in found if re.fullmatch(r"senyap/v1/[a-z{}/-]+", text)}
    return {t for t in whole if t not in ("senyap/v1/epoch/", "senyap/v1/wrap-") and not t.endswith("/")}


def test_every_label_is_listed_and_every_listed_one_is_used() -> None:
    listed = {re.sub(r"\{[a-z]+\}", "{}", name) for name in first_column(table_with(FORMATS, "senyap/v1/row-slot"))}
    pieces = {t for t in code_labels() if not any(t != other and other.startswith(t + "/") for other in listed)}
    assert listed == pieces


@pytest.mark.parametrize(
    ("title", "name", "spec"),
    [
        ("3 Letter", "thread_mac", letter._COMMON | letter._REPORT | letter._FOLLOW_UP),
        ("Attachments and their parts", "media_type", attachment._SPEC),
        (
            "Forwarded: from one unit to another",
            "reference",
            forwarded._COMMON | forwarded._FORWARDED | forwarded._STATUS,
        ),
        ("Roster", "root_k", rosterfile._SPEC | rosterfile._OPTIONAL),
        ("Release", "sums", release._SPEC),
    ],
)
def test_a_table_names_exactly_the_names_of_its_object(title: str, name: str, spec: dict[str, type]) -> None:
    assert set(first_column(table_with(section(FORMATS, title), name))) == set(spec)


def test_the_table_of_a_manifest_names_exactly_its_names() -> None:
    table = table_with(section(FORMATS, "7 Bundle and outbox"), "applied")
    for kind in (bundle.BUNDLE, bundle.OUTBOX):
        manifest = bundle.Manifest(kind, "d", "a", "b", 1, bytes(64), 1, 1, (), bytes(64))
        want = set(json.loads(bundle.build_manifest(manifest)))
        assert {names(c[0])[0] for c in table if c[2] in ("both", kind)} == want


def test_the_table_of_a_batch_names_exactly_its_names() -> None:
    signed = batch.sign_batch(batch.Batch("d", "r", 0, (), 1), SigningKey.from_seed(FIRST))
    body = envelope.parse_envelope(signed, batch.MAGIC, "batch").body
    assert set(first_column(table_with(section(FORMATS, "Batch"), "first_epoch"))) == set(json.loads(body))


@pytest.mark.parametrize("kind", [request.UNIT, request.SERVER, request.ROOT, request.RELEASE])
def test_the_table_of_a_request_names_exactly_its_names(kind: str) -> None:
    table = table_with(section(FORMATS, "Request"), "station_key")
    key = SigningKey.from_seed(FIRST).public
    made = {
        request.UNIT: request.UnitRequest("d", 1, "g", 1, (), "s", key),
        request.SERVER: request.ServerRequest("d", 1, key),
        request.ROOT: request.RootRequest("d", 1, roster.Root(1, key)),
        request.RELEASE: request.ReleaseRequest("d", 1, roster.ReleaseKey("a", key)),
    }[kind]
    body = envelope.parse_envelope(request.sign_request(made, {}), request.MAGIC, "request").body
    assert {names(c[0])[0] for c in table if c[2] == "all" or kind in names(c[2])} == set(json.loads(body))


def test_the_words_of_a_request_are_right() -> None:
    example = pairs("request")
    assert example["seed of the new key"] == "32 × 04" and example["type"] == request.SERVER
    key = SigningKey.from_seed(bytes([4]) * 32)
    made = request.ServerRequest(example["deployment"], int(example["roster_version"]), key.public)
    data = request.sign_request(made, {0: key})
    body = envelope.parse_envelope(data, request.MAGIC, "request").body
    assert hashlib.sha512(body).hexdigest() == example["SHA-512 of the body"]
    assert " ".join(request.request_words(data)) == example["words"]


def test_the_table_of_news_names_exactly_its_names() -> None:
    news = json.loads(mailbox._fit(mailbox.News(1, 1, "received", ("a",))))
    assert set(first_column(table_with(FORMATS, "left_out"))) == set(news)


def test_numbers_in_running_text_are_those_of_the_code() -> None:
    flat = " ".join(FORMATS.split())
    for text in (
        f"{attachment.MAX_ATTACHMENTS} attachments, {attachment.MAX_ATTACHMENT_BYTES:,} bytes each, "
        f"{letter.MAX_UPLOAD_BYTES:,} in all",
        f"⌈size / {attachment.PART_BYTES:,}⌉",
        f"bytes {attachment.PART_BYTES:,} × i to {attachment.PART_BYTES:,} × (i + 1)",
        f"so at most {row.MAX_DATA_BYTES:,}, is the data of a row of kind {row.Kind.ATTACHMENT.value}",
        f"A file key is {attachment.KEY_BYTES} random bytes",
        f"A day above {mailbox.MAX_DAY:,}",
        f"more than {mailbox.MAX_READERS} readers and a reader that is not 1 to {24} characters",
        f"{intake.MAX_TEXT_BYTES:,} bytes of text in all fields; {intake.MAX_PARTS} parts of the form",
        f"from {row.EPOCHS_BACK} weeks before to {row.EPOCHS_AHEAD} week after",
        f"cut at {attachment.MAX_NAME_BYTES:,} bytes",
        f"dropped after {letters.HELD_DAYS} days, with an alarm that counts them",
        f"deleted by its time of keeping up to {past_boxes.KEPT_DAYS} days ago",
        f"dropped after {attachments.ORPHAN_DAYS} days, and only",
        f"1 to {batch.MAX_EPOCHS} |",
        f"`issued` more than {ledger.CLOCK_SLACK_DAYS} days after this machine's day",
        f"last epoch is more than {ledger.KEEP_EPOCHS} weeks before the week of `issued`",
        f"A last epoch more than {ledger.KEEP_EPOCHS} weeks before this week: `RolledBack`",
        f"at most {mailbox.MAX_TEXT_BYTES:,} bytes; oldest first",
        f"the newest {mailbox.MAX_ARRIVALS} letters",
        f"(as_of + {outbox.DAYS_TO_NEXT})",
        f"the newest {outbox.MAX_ACKS} bundles",
        f"memory {receipt.ARGON2_MEMORY_KIB:,} KiB, {receipt.ARGON2_PASSES} passes",
        f"length u32 (≤ {bundle.MAX_FILE_BYTES:,})",
        f"at most {bundle.MAX_RECORDS:,})",
        f"seq at most {bundles.MAX_SEQ:,}, day at most {bundles.MAX_DAY:,}",
        f"at most {sharing.MAX_PARTS}. 4 of 7",
        f"1 to {encoding.MAX_ID} of a–z",
        f"outbox {bundle.MAX_BYTES[bundle.OUTBOX] // 2**20} MiB",
        f"bundle {bundle.MAX_BYTES[bundle.BUNDLE] // 2**30} GiB + 1 MiB",
        f"beyond {mailbox_page.MAX_SHOWN_BYTES:,} bytes of HTML",
    ):
        assert text in flat


def errors_in_code() -> set[str]:
    """Return the classes of all refusals, roots of families left out."""
    classes: dict[str, list[str]] = {}
    for text in SOURCES.values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                classes[node.name] = [b.id for b in node.bases if isinstance(b, ast.Name)]

    def is_error(name: str) -> bool:
        return name == "Exception" or any(is_error(b) for b in classes.get(name, []))

    return {n for n in classes if is_error(n) and not n.endswith("Error") and not n.startswith("_")}


def test_every_refusal_is_explained() -> None:
    assert set(first_column(table_with(FORMATS, "NotForThisKey"))) == errors_in_code()


def test_every_kind_of_vector_is_named() -> None:
    kinds = {p.name for p in (ROOT / "tests" / "vectors").iterdir() if p.is_dir()}
    assert set(names(re.search(r"Kinds: (.*?)\.\n", FORMATS, re.S)[1])) == kinds


def test_the_magics_are_right() -> None:
    for magic in (
        batch.MAGIC,
        rosterfile.MAGIC,
        request.MAGIC,
        release.MAGIC,
        *bundle.MAGIC.values(),
        row._MAGIC,
        forwarded.MAGIC,
        passphrase._HEAD[:4],
    ):
        assert f"`{magic.decode()}`" in FORMATS


def test_the_vault_key_is_expanded_with_the_label_named() -> None:
    assert "senyap/v1/vault-db" in Path(vault.__file__).read_text("utf-8")


# --- interface ---------------------------------------------------------------------------------------


def documented_commands() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {name: {} for name in COMMANDS}
    for table in tables(section(INTERFACE, "Commands")):
        for cells in table:
            words = names(cells[0])[0].split() if names(cells[0]) else []
            if words and words[0] in found:
                name = " ".join(words[1:3]) if words[1] in groups_of(COMMANDS[words[0]]) else words[1]
                rest = " ".join(words[1:]).removeprefix(name)
                found[words[0]][name] = expand(rest, section(INTERFACE, words[0]))
    return found


def groups_of(program: click.Group) -> set[str]:
    return {name for name, command in program.commands.items() if isinstance(command, click.Group)}


def all_commands(program: click.Group) -> dict[str, click.Command]:
    """Return the commands of a program by name, those of its groups as `group command`."""
    found = dict[str, click.Command]()
    for name, command in program.commands.items():
        if isinstance(command, click.Group):
            found |= {f"{name} {below}": c for below, c in command.commands.items()}
        else:
            found[name] = command
    return found


def expand(text: str, explained: str) -> str:
    """Put in what a section says that `[ASK]` and the like stand for."""
    for short, long in reversed(re.findall(r"`(\[[A-Z]+\])` is `([^`]+)`", explained)):
        text = text.replace(short, long)
    return text


@pytest.mark.parametrize("program", COMMANDS)
def test_every_command_and_option_is_documented_and_exists(program: str) -> None:
    shared = set(re.findall(r"--[a-z][a-z-]*", section(INTERFACE, program).split("| command |")[0]))
    documented = documented_commands()[program]
    commands = all_commands(COMMANDS[program])
    assert set(documented) == set(commands)
    for name, rest in documented.items():
        params = commands[name].params
        options = {o for p in params if isinstance(p, click.Option) for o in (*p.opts, *p.secondary_opts)}
        assert options == set(re.findall(r"--[a-z][a-z-]*", rest)) | shared, name
        arguments = [p for p in params if isinstance(p, click.Argument)]
        plain = re.sub(r"\[[^\]]*\]|--[a-z][a-z-]* [A-Z]+", "", rest)
        assert len(re.findall(r"\b[A-Z]+\b", plain)) == len(arguments), name


@pytest.mark.parametrize("program", COMMANDS)
def test_reserved_commands_do_not_exist_yet(program: str) -> None:
    reserved = re.search(r"^Reserved: (.*?)\.$", section(INTERFACE, program), re.M | re.S)
    verbs = {text.split()[0] for text in names(reserved[1])} if reserved else set()
    assert not verbs & set(COMMANDS[program].commands)
    assert not reserved or verbs


def test_every_exit_code_is_explained() -> None:
    codes = {
        int(c)
        for text in SOURCES.values()
        for line in re.findall(r"^EXIT_.*", text, re.M)
        for c in re.findall(r"\d", line)
    }
    assert {int(cells[0]) for cells in tables(section(INTERFACE, "Exit codes"))[0]} == codes | {0}


def test_every_route_is_documented_and_exists() -> None:
    app = Flask("docs")
    pages.install(app)
    routes = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        for method in rule.methods or ()
        if method in ("GET", "POST")
    }
    documented = {tuple(names(cells[0])[0].split()) for cells in table_with(INTERFACE, "GET /")[:-1]}
    english = {(method, "/en" + path) for method, path in documented}
    assert routes == documented | english


def test_the_form_is_documented_field_by_field() -> None:
    table = table_with(section(INTERFACE, "The intake form"), "uraian")
    assert sorted(first_column(table)) == sorted(f.key for f in form.FIELDS)
    for cell, kind, required, length, values in table:
        field = form.BY_KEY[names(cell)[0]]
        assert (kind, required) == (field.kind, "yes" if field.required else "no")
        least = f"{field.least}–" if field.least else "≤ "
        assert length == (f"{least}{field.limit:,}" if field.limit else "")
        options = list(units.routing()) if field.key == form.AREA else [o for o, _ in field.options]
        assert names(values) == options


def test_every_other_field_is_documented() -> None:
    sent = set(re.findall(r'name="([a-z_]+)"', "".join(template_texts()))) - {"viewport", "robots"}
    listed = set(first_column(table_with(section(INTERFACE, "The intake form"), "benih")))
    assert {
        code.EXAMPLE,
        form.SEED,
        form.KEPT,
        form.DROPPED,
        form.CHECKED,
        form.AS_IS,
        form.CLOSE,
        form.QUESTION,
        form.SUM,
        form.FILES,
        "kode",
        "sesi",
        form.MESSAGE.key,
        form.answer_fields({"jawab-1": ""})[0].key.replace("1", "N"),
    } == listed
    assert sent <= listed | set(form.BY_KEY)
    assert f"area, {form.MESSAGE.least}–{form.MESSAGE.limit:,};" in INTERFACE


def template_texts() -> list[str]:
    return [p.read_text("utf-8") for p in (ROOT / "templates" / "dropbox").glob("*.html")]


def test_every_element_id_exists() -> None:
    there = set(re.findall(r'\bid="([^"]+)"', "".join(template_texts())))
    there = {re.sub(r"\{\{ field\.key \}\}", "FIELD", re.sub(r"\{\{ (loop\.\w+|number) \}\}", "N", i)) for i in there}
    ids = {i for cells in table_with(INTERFACE, "nama-kotak") for i in names(cells[0])}
    assert ids <= there
    assert "data-status=" in "".join(template_texts())


def test_every_header_is_documented() -> None:
    app = Flask("docs")
    headers.install(app)
    sent = dict(app.test_client().get("/").headers)
    listed = {names(c[0])[0]: names(c[1])[0] for c in table_with(INTERFACE, "Cache-Control")}
    assert set(listed) == set(sent) - {"Content-Type", "Content-Length"}
    for name, value in listed.items():
        assert re.fullmatch(re.escape(value).replace("…", "[^']+"), sent[name])
    assert f"a form above {intake.DRAIN_BYTES:,} bytes" in INTERFACE
    assert f"multiple of {headers.PAGE_STEP:,} bytes" in INTERFACE and f"{headers.MAILBOX_PAGE:,}" in INTERFACE


def test_the_settings_are_documented() -> None:
    table = table_with(INTERFACE, "courier_days")
    kinds = {"string": "str", "integer": "int"}
    known = {f.name: f.type for f in settings.fields(settings.Settings) if f.name != "home"}
    assert {names(c[0])[0]: kinds[c[1]] for c in table} == known
    for name, _, text in table:
        default = re.search(r"\((\d+)\)$", text)
        if default:
            assert getattr(settings.Settings, names(name)[0], None) is not None
            assert f"{names(name)[0]}: int = {default[1]}" in SOURCES[ROOT / "dropbox" / "settings.py"]


def test_the_json_examples_have_the_names_of_the_code() -> None:
    from station.cases import Case, Line
    from station.inbox import Imported
    from station.screen import case_json, imported_json, line_json

    blocks = [json.loads(text) for text in re.findall(r"^```json\n(.*?)^```$", INTERFACE, re.M | re.S)]
    imported, lines, shown, status = blocks
    assert list(imported) == list(imported_json(Imported(0, 0, 0, 0, 0, ())))
    assert list(lines[0]) == list(line_json(Line("", "", "", "", 0, 0, 0, True)))
    assert list(shown) == list(case_json(Case(1, "", "", "", 0, {}, ("a",), (), ())))
    source = SOURCES[ROOT / "station" / "screen.py"]
    assert all(f'"{n}":' in source for n in (*shown["attachments"][0], *shown["messages"][0]))
    assert all(f'"{n}":' in SOURCES[ROOT / "dropbox" / "__main__.py"] for n in status)


def test_make_has_the_targets_and_variables_named() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    part = section(INTERFACE, "Make")
    targets, variables = tables(part)
    listed = {n.removeprefix("make ") for cells in targets for n in names(cells[0])}
    assert listed == set(re.search(r"^\.PHONY: (.*)$", makefile, re.M)[1].split())
    for cells in variables:
        assert re.search(rf"^{names(cells[0])[0]} \?= {re.escape(cells[1].strip('`'))}$", makefile, re.M)


# --- guides in two languages -------------------------------------------------------------------------

TRANSLATIONS = sorted(path.name for path in (ROOT / "docs").glob("*.*.md"))


def shape(name: str) -> dict[str, list[str]]:
    """Return what both languages of a guide share: heads, commands, pictures, links, lists, tables."""
    text = (ROOT / "docs" / name).read_text("utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    links = [link.split("#")[0].replace(".en.md", ".md").replace(".id.md", ".md")
             for link in re.findall(r"[^!]\[[^\]]*\]\(([^)]+)\)", plain)]  # fmt: skip
    return {
        "heads": re.findall(r"^#+ ", plain, re.M),
        "paragraphs": [b[0] if b[0] in "#|-!1" else "text" for b in re.split(r"\n\n+", plain.strip())],
        "commands": [re.sub(r" *#.*", "", line) for kind, body in blocks if kind == "sh" for line in body.splitlines()],
        "codes": re.findall(r"# .*?(\d(?:, \d)*)", "".join(body for kind, body in blocks if kind == "sh")),
        "pictures": [re.sub(r"-(id|en)-", "-", n) for n in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", plain)],
        "links": [link for link in links if link],
        "steps": re.findall(r"^(\d\.|-) ", plain, re.M),
        "tables": [str(line.count("|")) for line in plain.splitlines() if line.startswith("|")],
    }


def test_the_guides_have_both_languages() -> None:
    assert TRANSLATIONS == [
        "guide-keyholder.en.md", "guide-operator.id.md", "guide-reporter.en.md", "guide-reviewer.en.md",
    ]  # fmt: skip


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_a_translation_has_the_heads_commands_and_tables_of_its_original(name: str) -> None:
    original = re.sub(r"\.(id|en)\.md$", ".md", name)
    translated, there = shape(name), shape(original)
    assert {what for what in there if translated[what] != there[what]} == set()
    assert len(there["heads"]) > 5


def test_both_reviewers_guides_have_one_table_of_steps() -> None:
    one, other = ((ROOT / "docs" / f"guide-reviewer{end}.md").read_text("utf-8") for end in ("", ".en"))
    assert tables(section(one, "Bertindak")) == tables(section(other, "Acting"))


def test_each_command_in_the_guide_of_key_holders_exists() -> None:
    found = shape("guide-keyholder.md")["commands"]
    for line in found:
        program, *words = line.split()
        commands = all_commands(COMMANDS[program])
        name = " ".join(words[:2]) if words[0] in groups_of(COMMANDS[program]) else words[0]
        options = {o for p in commands[name].params if isinstance(p, click.Option) for o in p.opts}
        assert set(re.findall(r"--[a-z-]+", line)) <= options, line
    assert len(found) > 5


def test_the_statuses_are_those_of_the_code() -> None:
    line = re.search(r"^\*\*Statuses\*\*.*?\.$", INTERFACE, re.M | re.S)[0]
    assert tuple(names(line)) == mailbox.STATUSES


def test_the_steps_in_the_reviewers_guide_are_those_of_the_code() -> None:
    def people(roles: frozenset[Role]) -> str:
        everybody = "siapa saja" if roles == frozenset(Role) else ", ".join(ROLE_WORDS[r] for r in Role if r in roles)
        return everybody or "-"

    wanted = [
        [
            ", ".join(STATUS_WORDS[name] for name in mailbox.STATUSES if name in each.sources),
            STATUS_WORDS[each.target], people(each.proposers), people(each.approvers),
        ]
        for each in TRANSITIONS
    ]  # fmt: skip
    guide = (ROOT / "docs" / "guide-reviewer.md").read_text("utf-8")
    (table,) = tables(section(guide, "Bertindak"))
    assert table == wanted

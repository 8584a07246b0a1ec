"""Rosters, batches and the transport key come into force while people write, and no bad one ever does."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from live import REPORT, LiveServer
from sqlalchemy import select
from test_dropbox_clock import command, roots, successor
from test_dropbox_mailbox import bring_news, station_key
from test_dropbox_transport import outbox, records, state
from web import get, open_box, opened, post, report, waiting

from crypto import bundle, mailbox, row
from crypto.attachment import PART_BYTES
from crypto.encoding import epoch_of, today
from crypto.envelope import build_envelope, parse_envelope
from crypto.errors import BadSignature, Malformed, NotForThisKey
from crypto.row import Kind, Record
from crypto.signing import SigningKey
from crypto.xwing import OpeningKey
from dropbox import current
from dropbox.admission import admit
from dropbox.arena import set_waiting
from dropbox.current import Current
from dropbox.directory import Directory
from dropbox.maker import HeaderMaker
from dropbox.services import Services
from dropbox.settings import load_settings
from dropbox.store import mailboxes
from dropbox.transport import receive, write_bundle
from dropbox.transportkey import KEY, NEXT, find_key, settle_key
from keys.batch import Batch, sign_batch
from keys.ledger import MAX_FILE_BYTES
from keys.request import ServerRequest, request_words, verify_request
from keys.roster import Group, Member, Root, Roster
from keys.rosterfile import root_pin, sign_roster, verify_roster

WEEKS = 4


@dataclass(frozen=True)
class NewReviewer:
    """Somebody whom no keyring of the demo holds."""

    id: str
    signing: SigningKey
    keys: tuple[OpeningKey, ...]

    @classmethod
    def make(cls, name: str) -> "NewReviewer":
        return cls(name, SigningKey.generate(), tuple(OpeningKey.generate() for _ in range(WEEKS)))

    def batch(self, roster: Roster, **changes: object) -> bytes:
        public = tuple(key.public for key in self.keys)
        made = Batch(roster.deployment, self.id, epoch_of(today()), public, roster.version)
        return sign_batch(replace(made, **changes), self.signing)  # type: ignore[arg-type]


def with_reader(roster: Roster, group_id: str, *people: NewReviewer) -> tuple[Group, ...]:
    """The groups of a roster, one of them read by these people alone."""
    members = tuple(Member(p.id, p.signing.public) for p in people)
    return tuple(replace(g, k=1, members=members) if g.id == group_id else g for g in roster.groups)


def parsed(data: bytes, previous: Roster) -> Roster:
    return verify_roster(data, previous=previous, pin=None, today=None)


def files_of(home: Path) -> dict[str, bytes]:
    """Every file of a home that a refusal must not change."""
    found = (p for p in home.rglob("*") if p.is_file() and p.suffix != ".lock" and p.suffix != ".line")
    return {str(p.relative_to(home)): p.read_bytes() for p in found if not p.name.startswith("dropbox.db")}


def written(folder: Path, **files: bytes) -> list[str]:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [str(folder / name) for name in files]


def carried(path: Path) -> list[bytes]:
    """The files in a bundle."""
    with path.open("rb") as source:
        manifest, _, _ = bundle.read_manifest(source, bundle.BUNDLE)
        return list(bundle.read_files(source, manifest))


def opens(sealed: bytes, key: OpeningKey) -> bool:
    try:
        return isinstance(row.open_row(sealed, [key]), Record)
    except NotForThisKey:
        return False


@pytest.fixture
def home(deployment: Path, services: Services) -> Path:
    return deployment / "server"


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    return tmp_path / "stick"


@pytest.fixture
def newcomer() -> NewReviewer:
    return NewReviewer.make("kpk-9")


# --- the command ---------------------------------------------------------------------------------------


def test_rosters_and_batches_come_into_force_in_whatever_order_they_are_given(
    demo: Path, home: Path, services: Services, stick: Path, newcomer: NewReviewer
) -> None:
    first = services.directory.roster
    two = successor(demo, first, groups=with_reader(first, "kpk", newcomer))
    second = parsed(two, first)
    three = successor(demo, second, expires=first.expires + 1)
    paths = written(stick, a_batch=newcomer.batch(second), b_three=three, c_two=two)
    done = command(home, "roster", *paths)
    assert (done.exit_code, done.stdout) == (0, "") and "version 3 is in force, 1 new batches" in done.stderr
    now = Directory.load(home)
    assert now.roster.version == 3 and "kpk" in now.key_holders(epoch_of(today()))
    assert now.ledger.version(1).raw == first.raw
    before = files_of(home)
    for again in (paths, paths[1:2], paths[:1]):
        done = command(home, "roster", *again)
        assert done.exit_code == 0 and "nothing to do" in done.stderr and files_of(home) == before


def bad_files(demo: Path, roster: Roster, person: NewReviewer) -> dict[str, tuple[int, str, list[bytes]]]:
    """Each kind of file that must not come into force: exit code, words of its message, the files."""
    good = successor(demo, roster, groups=with_reader(roster, "kpk", person))
    second, next_one = parsed(good, roster), replace(roster, version=roster.version + 1, previous=roster.hash)
    keys, week = tuple(key.public for key in person.keys), epoch_of(today())
    member = next(m for m in roster.group("sumsel").members)
    other = tuple(replace(g, members=(replace(member, key=SigningKey.generate().public), *g.members[1:]))
                  if g.id == "sumsel" else g for g in roster.groups)  # fmt: skip
    one_root = {1: roots(demo)[1]}
    body = parse_envelope(good, b"SNYR", "roster").body
    return {
        "too_few": (3, "1 signatures of its old root set, want 2. Let one more root holder sign it", [sign_roster(next_one, one_root)]),
        "altered": (3, "0 signatures of its old root set", [build_envelope(body, b"SNYR", "senyap/v1/other", roots(demo))]),
        "older": (3, "want 3. Take the newest one", [good, b"OLD"]),
        "fork": (7, "another roster of version 1 was signed beside the one here",
                 [sign_roster(replace(roster, expires=roster.expires + 1), roots(demo))]),
        "same_version_unsigned": (3, "1 signatures of its own root set", [sign_roster(replace(roster, expires=roster.expires + 1), one_root)]),
        "gap": (3, "roster: version 3, take version 2", [successor(demo, second)]),
        "other_deployment": (3, "of another deployment. Get the files for this deployment",
                             [sign_roster(replace(next_one, deployment="demo-other"), roots(demo))]),
        "expired": (3, f"ended on day {today() - 1}, today is day {today()}. Ask the root holders",
                    [successor(demo, roster, issued=roster.issued - 9, expires=today() - 1)]),
        "future": (3, f"issued on day {today() + 3}, today is day {today()}; check this machine's clock",
                   [successor(demo, roster, issued=today() + 3)]),
        "another_key_for_a_reviewer": (7, "another key for reviewer", [successor(demo, roster, groups=other)]),
        "transport_key": (3, "names another transport key than this drop box has",
                          [successor(demo, roster, server_key=SigningKey.generate().public)]),
        "repeated_key": (7, "one key stands for two epochs",
                         [good, person.batch(second, keys=(keys[0], keys[0]))]),
        "second_key": (7, f"a second key for epoch {week}",
                       [good, person.batch(second), person.batch(second, keys=(OpeningKey.generate().public,))]),
        "unknown_reviewer": (3, "its reviewer is not in the roster. Get the files", [person.batch(roster)]),
        "batch_signed_by_another": (3, "signature does not verify. It was changed on the way",
                                    [good, replace(person, signing=SigningKey.generate()).batch(second)]),
        "batch_of_the_past": (3, "its keys ended with epoch", [good, person.batch(second, first_epoch=week - 20)]),
        "neither": (3, "neither a roster nor a batch. It is damaged or is something else", [b"SNYBxxxx"]),
        "empty": (3, "file: neither a roster nor a batch", [b""]),
        "truncated": (3, f"roster: {len(good) - 1} bytes, want", [good[:-1]]),
        "too_large": (3, str(MAX_FILE_BYTES), [good + bytes(MAX_FILE_BYTES)]),
        "one_bad_of_two": (3, "batch: ", [good, b"SNYK" + bytes(20)]),
    }  # fmt: skip


BAD = (
    "too_few", "altered", "older", "fork", "same_version_unsigned", "gap", "other_deployment", "expired", "future",
    "another_key_for_a_reviewer", "transport_key", "repeated_key", "second_key", "unknown_reviewer",
    "batch_signed_by_another", "batch_of_the_past", "neither", "empty", "truncated", "too_large", "one_bad_of_two",
)  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_in_words_of_its_own_and_changes_nothing(
    demo: Path, home: Path, services: Services, stick: Path, newcomer: NewReviewer, kind: str
) -> None:
    first = (home / "roster.senyap").read_bytes()
    kinds = bad_files(demo, services.directory.roster, newcomer)
    assert set(kinds) == set(BAD)
    code, words, files = kinds[kind]
    if kind == "older":
        assert command(home, "roster", *written(stick, good=files[0])).exit_code == 0
        files = [first]
    before, held = files_of(home), state(services)
    done = command(home, "roster", *written(stick, **{f"file{n}": data for n, data in enumerate(files)}))
    assert done.exit_code == code and words in done.stderr, done.stderr
    assert ("file" + str(len(files) - 1) in done.stderr) == (kind != "transport_key"), "the file at fault is named"
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr
    after = files_of(home)
    assert (after.pop("alarms.txt", None) is not None) == (code == 7), "an alarm is told again by status"
    assert after == before and state(services) == held
    assert services.current.look().roster.raw == Directory.load(home).roster.raw


def test_each_kind_of_bad_file_has_a_message_of_its_own(demo: Path, services: Services, newcomer: NewReviewer) -> None:
    kinds = bad_files(demo, services.directory.roster, newcomer)
    messages = [words for _, words, _ in kinds.values()]
    assert len(set(messages)) == len(messages)


@pytest.mark.parametrize("place", ["folder", "pipe"])
def test_what_is_no_regular_file_is_refused_without_waiting(home: Path, stick: Path, place: str) -> None:
    stick.mkdir()
    (stick / "x").mkdir() if place == "folder" else os.mkfifo(stick / "x")
    done = command(home, "roster", str(stick / "x"))
    words = "x: folder: no rosters and no batches in it" if place == "folder" else "x: file: not a regular file"
    assert done.exit_code == 3 and words in done.stderr
    assert command(home, "roster", str(stick / "missing")).exit_code == 2
    assert command(home, "roster").exit_code == 2


def test_an_older_roster_is_passed_over_when_a_newer_one_comes_with_it(
    demo: Path, home: Path, services: Services, stick: Path
) -> None:
    first = services.directory.roster
    one, two = (home / "roster.senyap").read_bytes(), successor(demo, first)
    three = successor(demo, parsed(two, first))
    assert command(home, "roster", *written(stick, one=one, two=two)).exit_code == 0
    done = command(home, "roster", *written(stick, one=one, two=two, three=three))
    assert done.exit_code == 0 and Directory.load(home).roster.version == 3


def test_a_fork_of_a_version_of_the_past_is_an_alarm_too(
    demo: Path, home: Path, services: Services, stick: Path
) -> None:
    first = services.directory.roster
    two = successor(demo, first)
    assert command(home, "roster", *written(stick, two=two)).exit_code == 0
    forked = sign_roster(replace(first, expires=first.expires + 1), roots(demo))
    three = successor(demo, parsed(two, first))
    assert command(home, "roster", *written(stick, one=forked, three=three)).exit_code == 7
    assert Directory.load(home).roster.version == 2


def test_a_full_disk_leaves_the_old_roster_in_force(
    demo: Path, home: Path, services: Services, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = written(stick, two=successor(demo, services.directory.roster))
    before = files_of(home)

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("crypto.medium.os.fsync", full)
        done = command(home, "roster", *paths)
    assert done.exit_code == 6 and "No space left" in done.stderr and files_of(home) == before
    assert command(home, "roster", *paths).exit_code == 0


def test_the_highest_version_is_remembered_when_the_files_are_put_back(
    demo: Path, home: Path, services: Services, stick: Path
) -> None:
    old = (home / "roster.senyap").read_bytes()
    assert command(home, "roster", *written(stick, two=successor(demo, services.directory.roster))).exit_code == 0
    (home / "roster.senyap").write_bytes(old)
    done = command(home, "status")
    assert done.exit_code == 3 and "version 2 was in use before" in done.stderr


def test_a_roster_with_more_slots_makes_the_arena_larger(
    demo: Path, home: Path, services: Services, stick: Path
) -> None:
    sizes = replace(services.directory.roster.sizes, slots=70)
    paths = written(stick, two=successor(demo, services.directory.roster, sizes=sizes))
    assert command(home, "roster", *paths).exit_code == 0
    assert services.arena.counts() == (0, 70)


# --- the transport key ---------------------------------------------------------------------------------


def rotated(demo: Path, home: Path, stick: Path, services: Services) -> tuple[SigningKey, bytes]:
    """Make the next key and the roster that names it."""
    assert command(home, "new-key", "--to", str(stick)).exit_code == 0
    key = SigningKey.from_seed((home / NEXT).read_bytes())
    return key, successor(demo, services.directory.roster, server_key=key.public)


def test_the_next_key_is_asked_for_and_kept(home: Path, services: Services, stick: Path) -> None:
    done = command(home, "new-key", "--to", str(stick))
    path = stick / "request-server.senyap"
    assert done.exit_code == 0 and done.stdout == f"{path}\n"
    request = verify_request(path.read_bytes(), services.directory.roster)
    seed = (home / NEXT).read_bytes()
    assert isinstance(request, ServerRequest) and request.key == SigningKey.from_seed(seed).public
    assert (home / NEXT).stat().st_mode & 0o777 == 0o600
    words, said = done.stderr.splitlines()
    assert words == " ".join(request_words(path.read_bytes())) and "root holders" in said
    assert command(home, "new-key", "--to", str(stick)).exit_code == 0 and (home / NEXT).read_bytes() == seed
    assert Services.open(services.settings).directory.server_key.public == services.directory.roster.server_key


def test_a_roster_that_names_the_next_key_puts_it_in_force(
    demo: Path, home: Path, services: Services, stick: Path
) -> None:
    old = (home / KEY).read_bytes()
    key, two = rotated(demo, home, stick, services)
    assert command(home, "roster", *written(stick, two=two)).exit_code == 0
    assert (home / KEY).read_bytes() == key.seed and not (home / NEXT).exists()
    assert not [p for p in home.rglob("*") if p.is_file() and p.stat().st_size < 10_000 and old in p.read_bytes()]
    path = write_bundle(services, "sumsel", stick)
    with path.open("rb") as source:
        bundle.verify_transport(source, bundle.BUNDLE, key.public)
    with path.open("rb") as source, pytest.raises(BadSignature):
        bundle.verify_transport(source, bundle.BUNDLE, SigningKey.from_seed(old).public)


@pytest.mark.parametrize("crash", ["before_anything", "old_key_overwritten", "old_key_gone", "done_but_not_synced"])
def test_a_crash_in_between_is_repaired_at_the_next_start(
    demo: Path, home: Path, services: Services, stick: Path, crash: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, two = rotated(demo, home, stick, services)
    with monkeypatch.context() as patch:
        patch.setattr("dropbox.admission.settle_key", lambda *_: (_ for _ in ()).throw(OSError(5, "power cut")))
        with pytest.raises(OSError, match="power cut"):
            admit(services, [Path(p) for p in written(stick, two=two)], day=today())
    if crash == "old_key_overwritten":
        (home / KEY).write_bytes(os.urandom(32))
    elif crash == "old_key_gone":
        (home / KEY).unlink()
    elif crash == "done_but_not_synced":
        (home / NEXT).rename(home / KEY)
    assert services.directory.server_key == key, "a server that runs has the key already"
    again = Services.open(services.settings)
    assert again.directory.server_key == key
    assert (home / KEY).read_bytes() == key.seed and not (home / NEXT).exists()


def test_a_roster_with_a_foreign_key_is_refused_even_beside_another_next_key(
    demo: Path, home: Path, services: Services, stick: Path
) -> None:
    rotated(demo, home, stick, services)
    before = files_of(home)
    foreign = successor(demo, services.directory.roster, server_key=SigningKey.generate().public)
    done = command(home, "roster", *written(stick, two=foreign))
    assert done.exit_code == 3 and "names another transport key" in done.stderr and files_of(home) == before


def test_a_roster_of_the_present_key_leaves_the_next_one_alone(
    demo: Path, home: Path, services: Services, stick: Path
) -> None:
    old = (home / KEY).read_bytes()
    key, _ = rotated(demo, home, stick, services)
    assert command(home, "roster", *written(stick, two=successor(demo, services.directory.roster))).exit_code == 0
    assert ((home / KEY).read_bytes(), (home / NEXT).read_bytes()) == (old, key.seed)


@pytest.mark.parametrize(("place", "mode"), [(KEY, 0o640), (NEXT, 0o604), (".", 0o755)])
def test_a_key_that_others_can_read_is_refused(
    home: Path, services: Services, stick: Path, place: str, mode: int
) -> None:
    assert command(home, "new-key", "--to", str(stick)).exit_code == 0
    (home / place).chmod(mode)
    done = command(home, "status")
    assert done.exit_code == 3 and f"has mode {mode:04o}" in done.stderr


def test_a_home_without_its_key_says_what_is_missing(home: Path, services: Services) -> None:
    (home / KEY).unlink()
    done = command(home, "status")
    assert done.exit_code == 2 and "not found: server.key" in done.stderr


def test_a_key_that_no_roster_names_is_never_put_in_its_place(home: Path, services: Services, stick: Path) -> None:
    assert command(home, "new-key", "--to", str(stick)).exit_code == 0
    old = (home / KEY).read_bytes()
    settle_key(home, services.directory.roster)
    assert (home / KEY).read_bytes() == old and find_key(home, services.directory.roster).seed == old


# --- a running server ----------------------------------------------------------------------------------


def test_a_running_server_takes_a_new_roster_and_keeps_the_old_one_while_a_bad_file_lies_there(
    demo: Path, home: Path, client: FlaskClient, services: Services
) -> None:
    first, path = services.directory.roster, home / "roster.senyap"
    good = path.read_bytes()
    assert "versi 1," in get(client, "/kunci").text
    for bad in (b"", good[:-1], sign_roster(replace(first, version=2), {1: roots(demo)[1]}),
                sign_roster(replace(first, expires=first.expires + 1), roots(demo)),
                successor(demo, first, server_key=SigningKey.generate().public)):  # fmt: skip
        path.write_bytes(bad)
        assert "versi 1," in get(client, "/kunci").text and report(client).status == 200
    path.write_bytes(successor(demo, first))
    assert "versi 2," in get(client, "/kunci").text and report(client).status == 200
    path.write_bytes(good)
    assert "versi 2," in get(client, "/kunci").text, "never back"
    with pytest.raises(Exception, match="version 2 was in use"):
        Services.open(services.settings)


def test_a_file_that_could_not_be_read_is_tried_again_after_a_minute(
    demo: Path, home: Path, client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[int] = []
    real = Directory.load

    def load(where: Path) -> Directory:
        loads.append(1)
        if len(loads) == 1:
            raise OSError(24, "too many open files")
        return real(where)

    (home / "roster.senyap").write_bytes(successor(demo, services.directory.roster))
    monkeypatch.setattr(current.Directory, "load", load)
    for _ in range(3):
        assert "versi 1," in get(client, "/kunci").text
    assert len(loads) == 1
    later = time.monotonic() + current.RETRY_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert "versi 2," in get(client, "/kunci").text
    get(client, "/kunci")
    assert len(loads) == 2


def test_one_request_loads_and_the_others_go_on_with_the_old_roster(
    demo: Path, home: Path, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading, go_on = threading.Event(), threading.Event()
    real = Directory.load

    def slow(where: Path) -> Directory:
        loading.set()
        assert go_on.wait(30)
        return real(where)

    (home / "roster.senyap").write_bytes(successor(demo, services.directory.roster))
    monkeypatch.setattr(current.Directory, "load", slow)
    first = threading.Thread(target=services.current.look)
    first.start()
    assert loading.wait(30)
    assert services.current.look().roster.version == 1, "nobody waits for it"
    go_on.set()
    first.join(30)
    assert services.current.look().roster.version == 2


def test_another_root_set_an_older_roster_or_another_of_the_same_version_never_come_into_force(
    demo: Path, home: Path, services: Services
) -> None:
    first, pin = services.directory, home / "root.pin"
    strangers = {i: SigningKey.generate() for i in (1, 2)}
    theirs = tuple(Root(i, key.public) for i, key in strangers.items())
    later = successor(demo, first.roster)
    for roster, root_set in (
        (sign_roster(replace(first.roster, version=9, roots=theirs, root_k=2), strangers), root_pin(theirs, 2)),
        (sign_roster(replace(first.roster, expires=first.roster.expires + 1), roots(demo)), first.ledger.pin),
    ):
        (home / "roster.senyap").write_bytes(roster)
        pin.write_bytes(root_set)
        assert Directory.load(home).roster.raw != first.roster.raw, "by itself it is a good home"
        assert services.current.look() is first
    pin.write_bytes(first.ledger.pin)
    (home / "roster.senyap").write_bytes(later)
    forgetful = Current(home, Directory.load(home))  # as in the process that makes headers: it has no database
    (home / "roster.senyap").write_bytes(sign_roster(first.roster, roots(demo)))
    assert forgetful.look().roster.version == 2


@pytest.fixture
def rekeyed(
    demo: Path, home: Path, services: Services, stick: Path, newcomer: NewReviewer
) -> Iterator[tuple[Directory, list[str]]]:
    """The directory in force, and the files by which a newcomer becomes the only reader of kpk."""
    first = services.directory.roster
    two = successor(demo, first, groups=with_reader(first, "kpk", newcomer))
    yield services.directory, written(stick, two=two, batch=newcomer.batch(parsed(two, first)))


def test_a_submission_ends_with_the_readers_it_began_with(
    home: Path, services: Services, newcomer: NewReviewer, rekeyed: tuple[Directory, list[str]]
) -> None:
    old, paths = rekeyed
    groups = (old.roster.group("kpk"),)
    writer = services.writer(old, groups, today())
    assert command(home, "roster", *paths).exit_code == 0
    new = services.current.look()
    assert new.roster.version == 2
    writer.add(Kind.ATTACHMENT, os.urandom(16), 0, 1, b"teks")
    writer.finish(os.urandom(16), b"{}")
    assert len(waiting(services)) == 2 and not any(opens(r, newcomer.keys[0]) for r in waiting(services))
    services.writer(new, (new.roster.group("kpk"),), today()).finish(os.urandom(16), b"{}")
    assert sum(opens(r, newcomer.keys[0]) for r in waiting(services)) == 1, "control: the next one has the new readers"


def test_a_report_that_arrives_while_the_roster_changes_is_whole_for_its_first_readers(
    home: Path, client: FlaskClient, services: Services, newcomer: NewReviewer, small: Path,
    rekeyed: tuple[Directory, list[str]], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    real = Services.writer

    def writer(self: Services, known: Directory, *rest: object) -> object:
        made = real(self, known, *rest)  # type: ignore[arg-type]
        if services.directory.roster.version == 1:
            assert command(home, "roster", *rekeyed[1]).exit_code == 0
            assert services.current.look().roster.version == 2
        return made

    monkeypatch.setattr(Services, "writer", writer)
    upload = [("a.bin", os.urandom(3 * PART_BYTES), "image/png")]
    assert report(client, upload, jenjang_terlapor="gubernur").status == 200
    assert [opens(sealed, newcomer.keys[0]) for sealed in waiting(services)] == [False] * 4
    assert len(opened(services, small, "kpk", "kpk-1")) == 4, "every row of it"
    assert report(client, upload, jenjang_terlapor="gubernur").status == 200
    assert sum(opens(sealed, newcomer.keys[0]) for sealed in waiting(services)) == 4


def test_files_kept_from_an_earlier_try_are_asked_for_again_under_a_new_roster(
    demo: Path, home: Path, client: FlaskClient, services: Services
) -> None:
    files = [("foto.jpg", b"f" * 300, "image/jpeg")]
    tried = report(client, files, kategori="")
    fields = {"benih": tried.hidden("benih"), "berkas": tried.hidden("berkas"), **REPORT}
    (home / "roster.senyap").write_bytes(successor(demo, services.directory.roster))
    asked = post(client, "/lapor", fields)
    assert asked.status == 422 and "Pilih lampiran Anda sekali lagi" in asked.text
    tried = report(client, files, kategori="")
    fields = {"benih": tried.hidden("benih"), "berkas": tried.hidden("berkas"), **REPORT}
    assert post(client, "/lapor", fields).status == 200, "control: the same roster"


def test_the_maker_of_headers_seals_to_the_directory_asked_for_or_declines(
    home: Path, services: Services, newcomer: NewReviewer, rekeyed: tuple[Directory, list[str]]
) -> None:
    old, paths = rekeyed
    maker, week = HeaderMaker(home, Current(home, old), services.decoys), epoch_of(today())
    maker.start()

    def made(directory: Directory) -> list[bool]:
        """Whether the newcomer opens what the process (8 rows) or this one (1 row) sealed for a directory."""
        readers = directory.readers(["kpk"], today())
        headers = maker.make(directory.digest, ["kpk"], readers, week, 8)
        return [opens(row.seal_body(h, Record(Kind.LETTER, b"o" * 16, 0, 1, b"x")), newcomer.keys[0]) for h in headers]

    assert made(old) == [False] * 8
    assert command(home, "roster", *paths).exit_code == 0
    new = Directory.load(home)
    assert new.digest != old.digest
    assert made(old) == [False] * 8, "it looks at its files only when it is asked for others"
    assert made(new) == [True] * 8
    assert made(old) == [False], "what it no longer has it declines, and this process makes it"
    (home / "roster.senyap").write_bytes(b"")
    stranger = replace(new, digest=bytes(32))
    assert made(stranger) == [True] and made(new) == [True] * 8, "a bad file changes nothing"


def test_news_are_verified_with_the_stations_of_the_new_roster(
    demo: Path, home: Path, client: FlaskClient, services: Services, small: Path
) -> None:
    words = report(client).words
    bring_news(services, small, words, texts=["jawaban"])
    assert "jawaban" in open_box(client, words).text
    first = services.directory.roster
    stations = tuple(replace(s, key=SigningKey.generate().public) if s.id == "sumsel" else s for s in first.stations)
    (home / "roster.senyap").write_bytes(successor(demo, first, stations=stations))
    page = open_box(client, words)
    assert page.status == 200 and "jawaban" not in page.text and "tidak dapat diperiksa" in page.text


def test_the_shipped_server_seals_to_the_new_readers_without_a_restart(
    demo: Path, deployment: Path, tmp_path: Path
) -> None:
    """Two workers, each with a process that makes headers; an upload of more rows than one worker makes by itself."""
    home, stick, person = deployment / "server", tmp_path / "stick", NewReviewer.make("kpk-9")
    fields = REPORT | {"jenjang_terlapor": "gubernur"}
    services = Services.open(load_settings(home))
    first = services.directory.roster
    two = successor(demo, first, groups=with_reader(first, "kpk", person))
    paths = written(stick, two=two, batch=person.batch(parsed(two, first)))

    def send() -> list[bool]:
        """Whether the newcomer opens each row of one upload; the slots are free again afterwards."""
        assert server.report(fields, [("a.bin", os.urandom(6 * PART_BYTES), "image/png")]).status == 200
        found = [opens(sealed, person.keys[0]) for sealed in waiting(services)]
        with services.store.writing() as connection:
            set_waiting(connection, range(64), 0)
        return found

    with LiveServer(home) as server:
        assert send() == [False] * 7
        good = (home / "roster.senyap").read_bytes()
        (home / "roster.senyap").write_bytes(two[:-1])
        assert send() == [False] * 7, "the old one serves while a bad file lies there"
        (home / "roster.senyap").write_bytes(good)
        assert command(home, "roster", *paths).exit_code == 0
        assert [send() for _ in range(3)] == [[True] * 7] * 3, "every worker has taken it over"
        assert "versi 2," in server.get("/kunci").text


# --- rosters and batches in bundles and outboxes -------------------------------------------------------


def with_files(content: list[tuple[str, bytes]], *files: bytes) -> list[tuple[str, bytes]]:
    return content + [("file", record) for data in files for record in bundle.build_file_records(data)]


@pytest.fixture
def key(small: Path) -> SigningKey:
    return station_key(small, "sumsel")


def test_a_bundle_carries_the_rosters_that_its_station_lacks_and_every_batch_in_force(
    demo: Path, home: Path, services: Services, stick: Path, tmp_path: Path, key: SigningKey
) -> None:
    first = services.directory.roster
    one, two = (home / "roster.senyap").read_bytes(), successor(demo, first)
    batches = sorted(b.raw for b in services.directory.ledger.batches)
    assert carried(write_bundle(services, "sumsel", stick / "a"))[0] == one
    assert sorted(carried(write_bundle(services, "sumsel", stick / "b"))[1:]) == batches
    assert command(home, "roster", *written(stick, two=two)).exit_code == 0
    assert carried(write_bundle(services, "sumsel", stick / "c"))[:2] == [one, two]
    path, manifest = outbox(services, tmp_path, key, records(services, key), roster_version=1)
    receive(services, path)
    files = carried(write_bundle(services, "sumsel", stick / "d"))
    assert files[0] == two and sorted(files[1:]) == batches
    path, manifest = outbox(
        services, tmp_path, key, records(services, key), seq=2, previous=manifest.hash, roster_version=2
    )
    receive(services, path)
    assert sorted(carried(write_bundle(services, "sumsel", stick / "e"))) == batches
    path, _ = outbox(
        services, tmp_path, key, records(services, key), seq=3, previous=manifest.hash, roster_version=2**62
    )
    receive(services, path)
    assert command(home, "roster", *written(stick, three=successor(demo, parsed(two, first)))).exit_code == 0
    assert len(carried(write_bundle(services, "sumsel", stick / "f"))) == 1 + len(batches), "a version from nowhere"
    assert carried(write_bundle(services, "kpk", stick / "g"))[:2] == [one, two], "never heard of: all of them"


def test_batches_that_have_ended_and_rosters_not_at_hand_stay_at_home(
    demo: Path, home: Path, services: Services, stick: Path
) -> None:
    later = services.directory.roster.issued + 26 * 7
    path = write_bundle(services, "sumsel", stick, day=later)
    assert carried(path) == [(home / "roster.senyap").read_bytes()]
    first = services.directory.roster
    assert command(home, "roster", *written(stick, two=successor(demo, first))).exit_code == 0
    two, old = (home / "roster.senyap").read_bytes(), home / "rosters" / "roster-00000001.senyap"
    assert len(carried(write_bundle(services, "sumsel", stick, day=later))) == 2
    old.write_bytes(old.read_bytes()[:-1])
    assert carried(write_bundle(services, "sumsel", stick, day=later)) == [two], "a damaged one is not sent"
    old.unlink()
    assert carried(write_bundle(services, "sumsel", stick, day=later)) == [two]


def test_an_outbox_brings_the_roster_that_names_its_own_new_key(
    demo: Path, home: Path, services: Services, tmp_path: Path, newcomer: NewReviewer
) -> None:
    first, fresh = services.directory.roster, SigningKey.generate()
    stations = tuple(replace(s, key=fresh.public) if s.id == "sumsel" else s for s in first.stations)
    two = successor(demo, first, stations=stations, groups=with_reader(first, "kpk", newcomer))
    content = records(services, fresh)
    alone, _ = outbox(services, tmp_path / "alone", fresh, content)
    with pytest.raises(BadSignature):
        receive(services, alone)
    files = with_files(content, newcomer.batch(parsed(two, first)), two)
    path, _ = outbox(services, tmp_path, fresh, files, roster_version=2)
    done = command(home, "receive", str(path))
    assert done.exit_code == 0 and "roster version 2 is in force" in done.stderr
    now = services.current.look()
    assert now.roster.version == 2 and "kpk" in now.key_holders(epoch_of(today()))
    again = receive(services, path)
    assert again.repeated and again.warnings == ()


def test_bad_files_give_warnings_and_stop_neither_the_outbox_nor_the_good_ones(
    demo: Path, home: Path, services: Services, tmp_path: Path, key: SigningKey, newcomer: NewReviewer
) -> None:
    first = services.directory.roster
    fork = sign_roster(replace(first, expires=first.expires + 1), roots(demo))
    two = successor(demo, first, groups=with_reader(first, "kpk", newcomer))
    second = parsed(two, first)
    bad = [b"", b"statistik", two[:-1], fork, sign_roster(replace(second, version=3, previous=second.hash), {1: roots(demo)[1]}),
           successor(demo, second, server_key=SigningKey.generate().public)]  # fmt: skip
    files = with_files(records(services, key), *bad, newcomer.batch(second), two)
    path, _ = outbox(services, tmp_path, key, files)
    done = command(home, "receive", str(path))
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert done.exit_code == 1 and len(warnings) == 5, done.stderr
    for words in ("neither a roster nor a batch", "roster: ", "another roster of version 1", "another transport key",
                  "1 signatures of its old root set"):  # fmt: skip
        assert any(words in line for line in warnings), words
    now = services.current.look()
    assert now.roster.version == 2 and "kpk" in now.key_holders(epoch_of(today()))
    assert not (home / ".trial").exists()


def test_a_foreign_key_is_passed_on_the_way_to_one_that_is_ours_and_never_stopped_at(
    demo: Path, home: Path, services: Services, stick: Path, tmp_path: Path, key: SigningKey
) -> None:
    """A courier who adds files must not strand the drop box at a version whose transport key it does not have."""
    first, content = services.directory.roster, records(services, key)
    two = successor(demo, first, server_key=SigningKey.generate().public)
    second = parsed(two, first)
    three = successor(demo, second, server_key=first.server_key)
    forged = sign_roster(
        replace(second, version=3, previous=second.hash, server_key=first.server_key), {1: roots(demo)[1]}
    )
    path, one = outbox(services, tmp_path, key, with_files(content, two, forged))
    assert len(receive(services, path).warnings) == 2 and services.directory.roster.version == 1
    path, _ = outbox(services, tmp_path, key, with_files(content, three, two), seq=2, previous=one.hash)
    assert receive(services, path).warnings == () and services.directory.roster.version == 3
    assert find_key(home, Directory.load(home).roster).seed == (home / KEY).read_bytes()


def test_a_key_alarm_in_an_outbox_is_a_warning_and_the_key_stays_out(
    demo: Path, home: Path, services: Services, stick: Path, tmp_path: Path, key: SigningKey, newcomer: NewReviewer
) -> None:
    first = services.directory.roster
    two = successor(demo, first, groups=with_reader(first, "kpk", newcomer))
    second = parsed(two, first)
    assert command(home, "roster", *written(stick, two=two, batch=newcomer.batch(second))).exit_code == 0
    other = newcomer.batch(second, keys=(OpeningKey.generate().public,))
    path, _ = outbox(services, tmp_path, key, with_files(records(services, key), other))
    before = services.current.look().digest
    assert any("a second key for epoch" in w for w in receive(services, path).warnings)
    assert services.current.look().digest == before


def test_a_roster_stays_in_force_though_the_outbox_around_it_is_refused(
    demo: Path, home: Path, services: Services, tmp_path: Path, key: SigningKey
) -> None:
    two = successor(demo, services.directory.roster)
    path, _ = outbox(services, tmp_path, SigningKey.generate(), with_files(records(services, key), two))
    done = command(home, "receive", str(path))
    assert done.exit_code == 3 and "roster version 2 is in force" in done.stderr
    assert services.current.look().roster.version == 2


def test_file_records_that_do_not_fit_together_stop_no_outbox(
    services: Services, tmp_path: Path, key: SigningKey
) -> None:
    loose = [("file", b"\xff" * bundle.RECORD_BYTES["file"])]
    path, _ = outbox(services, tmp_path, key, records(services, key) + loose)
    assert receive(services, path).warnings == ("file record: length and padding do not fit",)


def test_an_outbox_that_is_cut_off_within_its_files_is_refused_and_changes_nothing(
    demo: Path, home: Path, services: Services, tmp_path: Path, key: SigningKey
) -> None:
    two = successor(demo, services.directory.roster)
    path, _ = outbox(services, tmp_path, key, with_files(records(services, key), two))
    path.write_bytes(path.read_bytes()[:-1])
    before, held = files_of(home), state(services)
    with pytest.raises(Malformed):
        receive(services, path)
    assert files_of(home) == before and state(services) == held


def test_a_station_that_takes_the_place_of_another_answers_its_cases(
    demo: Path, home: Path, client: FlaskClient, services: Services, small: Path, tmp_path: Path, key: SigningKey
) -> None:
    words = report(client).words
    secrets = bring_news(services, small, words, texts=["jawaban terdahulu"])
    first, fresh = services.directory.roster, SigningKey.generate()
    stations = tuple(replace(s, id="sumsel-b", key=fresh.public) if s.id == "sumsel" else s for s in first.stations)
    (home / "roster.senyap").write_bytes(successor(demo, first, stations=stations))
    box = mailbox.place(secrets.mailbox, "sumsel-b", 1)
    news = mailbox.News(1, today(), "review", ("sumsel",), (mailbox.Message(today(), "sumsel", "jawaban penerus"),))
    row = mailbox.seal_news(news, secrets.reply.public, secrets.mailbox, fresh)
    cover = records(services, fresh, [os.urandom(16) for _ in range(first.sizes.mailboxes - 1)])
    content = sorted([*cover, ("mailbox", box + row)], key=lambda record: (record[0] == "mailbox", record[1]))
    path, _ = outbox(services, tmp_path, fresh, content, sender="sumsel-b")
    assert receive(services, path).warnings == ()
    page = open_box(client, words)
    assert "jawaban penerus" in page.text and "jawaban terdahulu" not in page.text
    with services.store.reading() as connection:
        assert set(connection.scalars(select(mailboxes.c.station))) == {"sumsel-b"}, "nothing of the old one is left"

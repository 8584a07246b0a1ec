"""A unit and its own keys: made here, whole or not at all, never twice, and asked for by those who may ask."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from desks import Breaks, after, first, make_ledger, member, picture, pin_of, signed, with_group
from make_vectors import DAY, EPOCH, roots

from crypto import medium, passphrase
from crypto.encoding import date_of
from crypto.errors import BadSignature, CryptoError, Malformed, WrongPassphrase
from crypto.signing import SigningKey
from keys import changes, unit
from keys.changes import next_roster
from keys.desk import propose, put_in_force, sign_proposal
from keys.errors import BrokenChain, Expired, QuorumNotMet, TooFewSignatures, WrongClock
from keys.keyring import epoch_file, kept_epochs, open_quorum
from keys.ledger import Ledger, copy_ledger, take_batch, take_roster
from keys.request import UnitRequest, verify_request
from keys.roster import Role, default_roles
from keys.rosterfile import fingerprint_words, sign_roster
from keys.stationkeys import open_station_key
from keys.unit import ask_change, found_unit, free_reviewers, free_station, keys_until, renew

WORDS = {f"sunyi-{n}": f"kata sandi {n}" for n in range(1, 8)}
WEEKS = 2


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for the disk, and 64 KiB instead of 64 MiB: what is tested here is neither."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    monkeypatch.setattr(passphrase, "ARGON2_MEMORY_KIB", 64)


def words(*numbers: int) -> dict[str, str]:
    return {f"sunyi-{n}": WORDS[f"sunyi-{n}"] for n in numbers}


@pytest.fixture
def desk(tmp_path: Path) -> Ledger:
    return make_ledger(tmp_path / "desk")


def admit(desk: Ledger, data: bytes, home: Path | None = None) -> Ledger:
    """Admit a request as root holders 1 and 2 do, and carry the roster and its batches to a home."""
    request = verify_request(data, desk.roster, desk.history())
    assert isinstance(request, UnitRequest)
    made = propose(desk, next_roster(desk.roster, changes.admit_unit(request), day=DAY), request.batches)
    made = sign_proposal(desk, made, roots(1, 2))
    desk = put_in_force(desk, made, today=DAY)
    if home is not None:
        ledger = take_roster(Ledger.load(home), made.data, today=DAY)
        for batch in made.batches:
            ledger = take_batch(ledger, batch, today=DAY)
    return desk


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """desk/ and home/ of `sunyi`, any 2 of 3, admitted. Shared: copy it."""
    folder = tmp_path_factory.mktemp("founded")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda fd: None)
        patched.setattr(passphrase, "ARGON2_MEMORY_KIB", 64)
        desk = make_ledger(folder / "desk")
        data = found_unit(folder / "home", desk, "sunyi", 2, words(1, 2, 3), day=DAY, weeks=WEEKS)
        admit(desk, data, folder / "home")
    return folder


@pytest.fixture
def place(founded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(founded, tmp_path / "place"))


# --- founding -----------------------------------------------------------------------------------------


def test_a_new_station_has_its_files_and_nobody_else_may_read_them(desk: Ledger, tmp_path: Path) -> None:
    home = tmp_path / "home"
    found_unit(home, desk, "sunyi", 2, words(1, 2, 3), day=DAY, weeks=WEEKS)
    own = {"request.senyap", "station.id", "station.k", "station.key"} | {
        f"keyring/sunyi-{n}/{name}" for n in (1, 2, 3)
        for name in ("identity.locked", "share.pub", "share.sealed", "epoch-00000045.key", "epoch-00000046.key")
    }  # fmt: skip
    assert set(picture(home)) == own | set(picture(desk.folder))
    for path in (home, *home.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    assert not list(tmp_path.glob(".*"))
    assert Ledger.load(home).fingerprint == fingerprint_words(pin_of(first()))
    secrets = b"".join(picture(home).values())
    assert not any(w.encode() in secrets for w in WORDS.values())


def test_k_passphrases_open_a_new_station_and_one_less_does_not(desk: Ledger, tmp_path: Path) -> None:
    home = tmp_path / "home"
    data = found_unit(home, desk, "sunyi", 2, words(1, 2, 3), day=DAY, weeks=1)
    request = verify_request(data, desk.roster)
    assert isinstance(request, UnitRequest)
    for pair in ((1, 2), (1, 3), (2, 3)):
        _, key = open_quorum(home / "keyring", words(*pair))
        assert open_station_key(home, key, request.station).public == request.station_key
    with pytest.raises(QuorumNotMet):
        open_quorum(home / "keyring", words(3))


def test_the_request_can_be_admitted_and_brings_keys_from_this_week_on(founded: Path) -> None:
    desk, home = (Ledger.load(founded / name) for name in ("desk", "home"))
    assert desk.roster == home.roster and desk.roster.group("sunyi").k == 2
    (readers,) = home.table().readers(["sunyi"], EPOCH)
    assert len(readers.members) == 3
    assert home.table().last_epoch("sunyi") == EPOCH + WEEKS - 1
    assert keys_until(home, "sunyi-1") == date_of((EPOCH + WEEKS) * 7 - 1).isoformat()
    assert keys_until(home, "sunyi-9") == "-"


@pytest.mark.parametrize("empty", [False, True])
def test_an_interrupted_founding_leaves_no_home(
    desk: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: bool
) -> None:
    home = tmp_path / "home"
    if empty:
        home.mkdir(mode=0o700)
    with monkeypatch.context() as patched:
        count = Breaks(patched, 10**6)
        found_unit(tmp_path / "whole", desk, "sunyi", 1, words(1), day=DAY, weeks=1)
    for at in range(1, count.writes + 1):
        with monkeypatch.context() as patched:
            Breaks(patched, at)
            with pytest.raises(OSError, match="No space"):
                found_unit(home, desk, "sunyi", 1, words(1), day=DAY, weeks=1)
        assert home.exists() == empty and not (empty and list(home.iterdir()))
    data = found_unit(home, desk, "sunyi", 1, words(1), day=DAY, weeks=1)
    assert verify_request(data, desk.roster) and set(picture(home)) == set(picture(tmp_path / "whole"))


def test_a_power_cut_before_the_last_rename_leaves_no_home(
    desk: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        patched.setattr(medium, "write_file", lambda path, data, mode=0o600: _plainly(path, data))
        with pytest.raises(KeyboardInterrupt):
            found_unit(tmp_path / "home", desk, "sunyi", 1, words(1), day=DAY, weeks=1)
    assert not (tmp_path / "home").exists()


def _plainly(path: Path, data: bytes) -> None:
    medium.make_folder(path.parent)
    path.write_bytes(data)
    path.chmod(0o600)


def test_a_home_in_use_is_left_alone(place: Path) -> None:
    before = picture(place)
    with pytest.raises(FileExistsError, match="holds files already"):
        found_unit(place / "home", make_ledger(place / "other"), "sunyi", 1, words(1), day=DAY)
    assert picture(place / "home") == {k[5:]: v for k, v in before.items() if k.startswith("home/")}


def test_a_home_may_be_the_folder_one_stands_in(desk: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    found_unit(Path("."), desk, "sunyi", 1, words(1), day=DAY, weeks=1)
    assert (tmp_path / "here" / "station.id").read_bytes() == b"sunyi"


@pytest.mark.parametrize(
    ("group", "k", "numbers", "error", "match"),
    [
        ("desa", 1, (1,), BrokenChain, "no group desa; known are kota, kpk, prov, sunyi"),
        ("kota", 1, (1,), BrokenChain, "kota has reviewers already"),
        ("sunyi", 3, (1, 2), Malformed, "quorum: 3 of 2"),
        ("sunyi", 0, (1, 2), Malformed, "quorum: 0 of 2"),
        ("sunyi", 1, (), Malformed, "quorum: 1 of 0"),
        ("sunyi", 4, (1, 2, 3, 4, 5, 6, 7), Malformed, "4 of 7"),
    ],
)
def test_what_could_never_be_admitted_is_not_begun(
    desk: Ledger, tmp_path: Path, group: str, k: int, numbers: tuple[int, ...], error: type[CryptoError], match: str
) -> None:
    with pytest.raises(error, match=match):
        found_unit(tmp_path / "home", desk, group, k, words(*numbers), day=DAY)
    assert [p.name for p in tmp_path.iterdir()] == ["desk"]


def test_ids_are_never_given_twice(desk: Ledger) -> None:
    assert free_reviewers(desk, "kota", 2) == ("kota-3", "kota-4")
    assert (free_station(desk, "sunyi"), free_station(desk, "kota")) == ("sunyi", "kota-1")
    gone = after(desk.roster, groups=with_group(desk.roster, "kota", k=1, members=(member("kota-1"),)),
                 stations=desk.roster.stations[:1])  # fmt: skip
    later = take_roster(desk, signed(gone), today=DAY)
    assert free_reviewers(later, "kota", 2) == ("kota-3", "kota-4")
    assert free_station(later, "kota") == "kota-1"
    with pytest.raises(BrokenChain, match="no group desa"):
        free_reviewers(desk, "desa", 1)


# --- asking for a change ------------------------------------------------------------------------------


def test_a_reviewer_joins_and_the_quorum_signs(place: Path) -> None:
    data = ask_change(place / "home", words(1, 3), day=DAY, joining=words(4), weeks=WEEKS)
    assert (place / "home" / "request.senyap").read_bytes() == data
    desk = admit(Ledger.load(place / "desk"), data, place / "home")
    assert [m.id for m in desk.roster.group("sunyi").members] == ["sunyi-1", "sunyi-2", "sunyi-3", "sunyi-4"]
    assert desk.roster.group("sunyi").k == 2
    assert len(Ledger.load(place / "home").table().readers(["sunyi"], EPOCH)[0].members) == 4


def test_an_interrupted_joining_uses_its_keys_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full again and again, one write further each time."""
    home, made = place / "home", set[bytes]()
    identity = home / "keyring" / "sunyi-4" / "identity.locked"
    (home / "request.senyap").unlink()
    for _ in one_write_further(lambda: ask_change(home, words(1, 2), day=DAY, joining=words(4)), monkeypatch, first=3):
        assert not (home / "request.senyap").exists() and not list(home.rglob("*.part"))
        made |= {identity.read_bytes()} if identity.is_file() else set()
    assert made == {identity.read_bytes()}
    assert admit(Ledger.load(place / "desk"), (home / "request.senyap").read_bytes()).roster.version == 3


def one_write_further(do: Callable[[], object], monkeypatch: pytest.MonkeyPatch, first: int) -> Iterator[int]:
    """Do something until the disk lets it be done: at first `first - 1` writes succeed, then one at each try."""
    for tries in range(100):
        with monkeypatch.context() as patched:
            Breaks(patched, 2 if tries else first)
            try:
                do()
            except OSError:
                yield tries
                continue
            break
    assert 5 < tries < 99, "what was written once is used again"


def test_joining_again_wants_the_same_passphrase(place: Path) -> None:
    home = place / "home"
    first_try = ask_change(home, words(1, 2), day=DAY, joining=words(4), weeks=WEEKS)
    before = picture(home)
    with pytest.raises(WrongPassphrase, match="passphrase of sunyi-4 does not open its keyring"):
        ask_change(home, words(1, 2), day=DAY, joining={"sunyi-4": "another one"}, weeks=WEEKS)
    assert picture(home) == before
    again = ask_change(home, words(1, 2), day=DAY, joining=words(4), weeks=WEEKS)
    keys = [m.key for data in (first_try, again) for m in verify_unit(data, place).members if m.id == "sunyi-4"]
    assert keys[0] == keys[1]


def verify_unit(data: bytes, place: Path) -> UnitRequest:
    request = verify_request(data, Ledger.load(place / "desk").roster)
    assert isinstance(request, UnitRequest)
    return request


def test_a_reviewer_leaves_and_the_quorum_changes(place: Path) -> None:
    data = ask_change(place / "home", words(1, 2), day=DAY, leaving=["sunyi-3"], k=1)
    group = admit(Ledger.load(place / "desk"), data, place / "home").roster.group("sunyi")
    assert (group.k, [m.id for m in group.members]) == (1, ["sunyi-1", "sunyi-2"])


def roles_of(ledger: Ledger) -> dict[str, Role]:
    return {m.id: m.role for m in ledger.roster.group("sunyi").members}


def test_a_new_unit_has_the_usual_roles_unless_it_asks_for_others(founded: Path, desk: Ledger, tmp_path: Path) -> None:
    usual = dict(zip(words(1, 2, 3), default_roles(3), strict=True))
    assert roles_of(Ledger.load(founded / "desk")) == usual
    asked = {"sunyi-1": Role.INSPEKTUR, "sunyi-3": Role.TELAAH}
    data = found_unit(tmp_path / "home", desk, "sunyi", 2, words(1, 2, 3), day=DAY, weeks=1, roles=asked)
    assert roles_of(admit(desk, data)) == usual | asked


def test_a_role_changes_without_any_new_key(place: Path) -> None:
    before, keyring = Ledger.load(place / "desk"), picture(place / "home" / "keyring")
    data = ask_change(place / "home", words(1, 2), day=DAY, roles={"sunyi-1": Role.INSPEKTUR})
    desk = admit(before, data, place / "home")
    assert roles_of(desk) == roles_of(before) | {"sunyi-1": Role.INSPEKTUR}
    assert [m.key for m in desk.roster.group("sunyi").members] == [m.key for m in before.roster.group("sunyi").members]
    assert picture(place / "home" / "keyring") == keyring and Ledger.load(place / "home").roster == desk.roster


def test_who_joins_reviews_and_who_stays_keeps_the_role(place: Path) -> None:
    data = ask_change(place / "home", words(2, 3), day=DAY, joining=words(4, 5), leaving=["sunyi-1"],
                      roles={"sunyi-5": Role.VERIFIKATOR}, weeks=1)  # fmt: skip
    assert roles_of(admit(Ledger.load(place / "desk"), data)) == {
        "sunyi-2": Role.TELAAH, "sunyi-3": Role.INSPEKTUR, "sunyi-4": Role.TELAAH, "sunyi-5": Role.VERIFIKATOR,
    }  # fmt: skip


def test_those_who_leave_do_not_count_for_the_quorum(place: Path) -> None:
    before = picture(place)
    with pytest.raises(QuorumNotMet, match="1 of the 2 reviewers needed are present and stay"):
        ask_change(place / "home", words(1, 3), day=DAY, leaving=["sunyi-3"], k=1)
    with pytest.raises(QuorumNotMet, match="0 of the 2"):
        ask_change(place / "home", {}, day=DAY, k=1)
    assert picture(place) == before


@pytest.mark.parametrize(
    ("asked", "error", "match"),
    [
        ({"leaving": ["sunyi-9"]}, BrokenChain, "not reviewers of sunyi"),
        ({"leaving": ["prov-1"]}, BrokenChain, "not reviewers of sunyi"),
        (
            {"roles": {"sunyi-9": Role.TELAAH}},
            BrokenChain,
            "a role for sunyi-9; the reviewers will be sunyi-1, sunyi-2, ",
        ),
        ({"leaving": ["sunyi-3"], "roles": {"sunyi-3": Role.TELAAH}}, BrokenChain, "will be sunyi-1, sunyi-2$"),
        ({"k": 4}, Malformed, "quorum: 4 of 3"),
        ({"k": 0}, Malformed, "quorum: 0 of 3"),
        ({"joining": words(4, 5, 6, 7), "k": 4}, Malformed, "quorum: 4 of 7"),
        ({"present": {"sunyi-1": "x", "sunyi-2": WORDS["sunyi-2"]}}, WrongPassphrase, "passphrase of sunyi-1"),
        ({"present": {"prov-1": "x"}}, QuorumNotMet, "prov-1 is no reviewer of sunyi"),
    ],
)
def test_what_could_never_be_admitted_makes_no_keys(
    place: Path, asked: dict[str, object], error: type[CryptoError], match: str
) -> None:
    before = picture(place)
    with pytest.raises(error, match=match):
        ask_change(place / "home", **({"present": words(1, 2), "day": DAY} | asked))  # type: ignore[arg-type]
    assert picture(place) == before


def test_leaving_below_the_quorum_wants_another_quorum(place: Path) -> None:
    with pytest.raises(QuorumNotMet):
        ask_change(place / "home", words(1), day=DAY, leaving=["sunyi-2", "sunyi-3"])
    three = ask_change(place / "home", words(1, 2), day=DAY, k=3)
    admit(Ledger.load(place / "desk"), three, place / "home")
    with pytest.raises(QuorumNotMet, match="2 of the 3"):
        ask_change(place / "home", words(1, 2), day=DAY, leaving=["sunyi-3"])


def test_a_keyring_that_was_exchanged_does_not_sign(place: Path) -> None:
    other = found_unit(place / "evil", make_ledger(place / "d2"), "sunyi", 1, words(1), day=DAY, weeks=1)
    assert other
    shutil.rmtree(place / "home" / "keyring" / "sunyi-1")
    shutil.copytree(place / "evil" / "keyring" / "sunyi-1", place / "home" / "keyring" / "sunyi-1")
    for ask in (lambda: ask_change(place / "home", words(1, 2), day=DAY, k=1),
                lambda: renew(place / "home", words(1), day=DAY)):  # fmt: skip
        with pytest.raises(BrokenChain, match="keyring of sunyi-1 is not the one in the roster"):
            ask()


def test_a_request_of_one_reviewer_is_not_enough_whatever_the_station_says(place: Path) -> None:
    """Somebody who sits at the station alone changes the roster file there, and asks as if k were 1."""
    evil = place / "home"
    own_roots = {i: SigningKey.generate() for i in (1, 2, 3)}
    roster = Ledger.load(evil).roster
    changed = replace(
        roster, groups=with_group(roster, "sunyi", k=1),
        roots=tuple(replace(r, key=own_roots[r.id].public) for r in roster.roots), raw=b"",
    )  # fmt: skip
    (evil / "roster.senyap").write_bytes(sign_roster(changed, own_roots))
    with pytest.raises(TooFewSignatures):
        ask_change(evil, words(1), day=DAY, leaving=["sunyi-2", "sunyi-3"])
    (evil / "root.pin").write_bytes(pin_of(changed))
    data = ask_change(evil, words(1), day=DAY, leaving=["sunyi-2", "sunyi-3"])
    with pytest.raises(TooFewSignatures):
        verify_request(data, Ledger.load(place / "desk").roster)


def test_a_station_that_is_not_admitted_yet_cannot_ask_or_renew(desk: Ledger, tmp_path: Path) -> None:
    found_unit(tmp_path / "home", desk, "sunyi", 1, words(1), day=DAY, weeks=1)
    with pytest.raises(BrokenChain, match="no station sunyi; take the roster that admits it first"):
        ask_change(tmp_path / "home", words(1), day=DAY, k=1)
    with pytest.raises(BrokenChain, match="no station sunyi"):
        renew(tmp_path / "home", words(1), day=DAY)


# --- renewing -----------------------------------------------------------------------------------------


def spans(place: Path, who: str) -> list[tuple[int, int]]:
    return sorted((b.first_epoch, b.last_epoch) for b in Ledger.load(place / "home").batches if b.reviewer == who)


def test_new_keys_begin_where_the_last_ones_end(place: Path) -> None:
    made = renew(place / "home", words(1), day=DAY, weeks=3)
    assert spans(place, "sunyi-1") == [(45, 46), (47, 49)]
    assert [(b.first_epoch, b.last_epoch) for b in made] == [(45, 46), (47, 49)]
    desk = Ledger.load(place / "desk")
    for batch in made:
        desk = take_batch(desk, batch.raw, today=DAY)
    assert desk.table().last_epoch("sunyi") == 46  # sunyi-2 and sunyi-3 were not here


def test_keys_that_have_lapsed_begin_this_week(place: Path) -> None:
    renew(place / "home", words(1), day=DAY + 7 * 5, weeks=3)
    assert spans(place, "sunyi-1") == [(45, 46), (50, 52)]


def test_too_early_there_is_nothing_to_do(place: Path) -> None:
    renew(place / "home", words(1), day=DAY, weeks=26)
    before = picture(place / "home")
    assert [b.last_epoch for b in renew(place / "home", words(1), day=DAY, weeks=26)] == [46, 72]
    assert picture(place / "home") == before
    half = (72 - unit.RENEW_WEEKS_BEFORE) * 7 + 6
    assert picture(place / "home") == before
    renew(place / "home", words(1), day=half, weeks=1)
    assert picture(place / "home") == before
    renew(place / "home", words(1), day=half + 1, weeks=1)
    assert spans(place, "sunyi-1")[-1] == (73, 73)


def test_an_erased_epoch_is_never_made_again(place: Path) -> None:
    """Not even after the batches were lost."""
    ring = place / "home" / "keyring" / "sunyi-1"
    renew(place / "home", words(1), day=DAY, weeks=2)
    medium.erase_file(epoch_file(ring, 45))
    for clock in (DAY, DAY + 7):
        renew(place / "home", words(1), day=clock, weeks=1)
        assert 45 not in kept_epochs(ring)
    medium.erase_file(epoch_file(ring, 46))
    for path in (place / "home" / "batches").glob("sunyi-1-*"):
        path.unlink()
    renew(place / "home", words(1), day=DAY, weeks=4)
    assert not {45, 46} & set(kept_epochs(ring))
    assert spans(place, "sunyi-1") == [(47, 50)]


def test_a_crash_between_seeds_and_batch_makes_no_second_key(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: dict[str, bytes] = {}
    for _ in one_write_further(lambda: renew(place / "home", words(1), day=DAY, weeks=9), monkeypatch, first=1):
        now = {k: v for k, v in picture(place / "home" / "keyring").items() if "epoch" in k}
        assert all(now[name] == data for name, data in seeds.items())
        assert spans(place, "sunyi-1") == [(45, 46)]
        seeds = now
    assert spans(place, "sunyi-1") == [(45, 46), (47, 55)]
    assert {k: v for k, v in picture(place / "home" / "keyring").items() if k in seeds} == seeds


def test_one_wrong_passphrase_renews_nobody(place: Path) -> None:
    before = picture(place)
    given: Mapping[str, str] = words(1) | {"sunyi-2": "wrong"}
    with pytest.raises(WrongPassphrase, match="sunyi-2"):
        renew(place / "home", given, day=DAY)
    with pytest.raises(QuorumNotMet, match="prov-1 is no reviewer of sunyi"):
        renew(place / "home", words(1) | {"prov-1": "x"}, day=DAY)
    assert picture(place) == before


def test_a_home_that_lacks_its_own_batches_makes_the_same_keys(founded: Path, tmp_path: Path) -> None:
    """Only the roster was carried to the station: what it published in its request stays what it is."""
    place = Path(shutil.copytree(founded, tmp_path / "p"))
    published = Ledger.load(place / "desk")
    for path in (place / "home" / "batches").glob("sunyi-*"):
        path.unlink()
    made = renew(place / "home", words(1), day=DAY, weeks=4)
    desk = published
    for batch in made:
        desk = take_batch(desk, batch.raw, today=DAY)  # no KeyAlarm
    assert desk.table().readers(["sunyi"], EPOCH) == published.table().readers(["sunyi"], EPOCH)


def test_the_public_copy_of_a_new_station_is_verified_again(desk: Ledger, tmp_path: Path) -> None:
    copy_ledger(desk, tmp_path / "stick")
    data = bytearray((tmp_path / "stick" / "roster.senyap").read_bytes())
    data[-1] ^= 1
    (tmp_path / "stick" / "roster.senyap").write_bytes(bytes(data))
    with pytest.raises((BadSignature, TooFewSignatures)):
        Ledger.load(tmp_path / "stick")


# --- clocks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "error"), [(DAY - 365, WrongClock), (DAY + 500, Expired)])
def test_a_clock_a_year_off_makes_no_keys(place: Path, day: int, error: type[CryptoError]) -> None:
    before = picture(place)
    for work in (
        lambda: renew(place / "home", words(1), day=day),
        lambda: ask_change(place / "home", words(1, 2), day=day, joining={"sunyi-9": "kata"}),
        lambda: found_unit(place / "new", Ledger.load(place / "home"), "kota", 1, {"kota-9": "kata"}, day=day),
    ):
        with pytest.raises(error, match=f"this machine shows day {day}"):
            work()
    assert picture(place) == before


def test_a_station_from_a_backup_makes_no_keys_behind_weeks_it_cannot_open(place: Path) -> None:
    for path in (place / "home" / "keyring" / "sunyi-1").glob("epoch-*.key"):
        path.unlink()
    before = picture(place)
    with pytest.raises(BrokenChain, match="sunyi-1: the keys of 1 weeks to come are not on this station"):
        renew(place / "home", words(1), day=DAY)
    assert picture(place) == before

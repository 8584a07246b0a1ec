"""Verifying as a stranger: from eight printed words and public files, with nothing in the folder taken on trust."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from desks import after, batch_of, first, first_file, make_ledger, member, pin_of, root_set, signed, with_group
from make_vectors import DAY, EPOCH, signer

from crypto import medium
from crypto.encoding import date_of
from crypto.errors import CryptoError, Malformed
from crypto.receipt import wordlist
from keys import verification
from keys.errors import BrokenChain, RolledBack, TooFewSignatures
from keys.ledger import Ledger, copy_ledger, take_roster
from keys.plain import plain
from keys.roster import Root
from keys.rosterfile import fingerprint_words, sign_roster
from keys.verification import Report, report_text, verify_deployment
from keys.words import same_words

WORDS = " ".join(fingerprint_words(pin_of(first())))


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for the disk: what is tested here is not a power cut of the machine."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)


def grow(ledger: Ledger, *signers: int, **changes: object) -> Ledger:
    return take_roster(ledger, signed(after(ledger.roster, **changes), *signers), today=DAY)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """desk/, server/ and stations/kota/ of one deployment."""
    folder = tmp_path / "deployment"
    for name in ("desk", "server", "stations/kota"):
        make_ledger(folder / name)
    (folder / "server" / "server.key").write_bytes(signer("server").seed)
    (folder / "server" / "server.key").chmod(0o600)
    (folder / "server").chmod(0o700)
    return folder


def check(folder: Path, words: str = WORDS, today: int = DAY) -> Report:
    return verify_deployment(folder, words, today=today)


# --- words --------------------------------------------------------------------------------------------

LIST = fingerprint_words(pin_of(first()))


@pytest.mark.parametrize("typed", [
    WORDS, WORDS.upper(), "  ".join(LIST), "1. " + " 2. ".join(LIST), "\n".join(LIST), ", ".join(LIST) + ".",
    " ".join(w[:4] for w in LIST), "-".join(LIST),
])  # fmt: skip
def test_words_may_be_typed_in_many_ways(typed: str) -> None:
    assert same_words(typed, LIST)


@pytest.mark.parametrize("typed", [
    "", " ".join(LIST[:7]), WORDS + " " + LIST[0], " ".join(LIST[::-1]), " ".join(w[:3] for w in LIST),
    " ".join((*LIST[:7], "zzzz")), " ".join((*LIST[:7], LIST[7] + "x")), " ".join("".join(LIST)),
])  # fmt: skip
def test_other_words_are_not_the_same(typed: str) -> None:
    assert not same_words(typed, LIST)


def test_any_one_word_of_the_list_put_in_another_place_is_told() -> None:
    for at in range(8):
        for other in wordlist()[::97]:
            typed = [*LIST[:at], other, *LIST[at + 1 :]]
            assert same_words(" ".join(typed), LIST) == (other == LIST[at])


# --- a good deployment --------------------------------------------------------------------------------


def test_a_good_deployment_is_verified_and_shown(place: Path) -> None:
    report = check(place, today=DAY - 40)
    assert (report.version, report.first_version, report.signers, report.roots, report.root_k) == (
        1,
        1,
        (1, 2),
        (1, 2, 3),
        2,
    )
    assert [(line.group, line.k, line.n, line.stations) for line in report.lines] == [
        ("prov", 2, 3, ("prov*",)), ("kota", 1, 2, ("kota*",)), ("kpk", 1, 1, ()), ("sunyi", 1, 0, ()),
    ]  # fmt: skip
    assert {line.until for line in report.lines} == {(EPOCH + 2) * 7 - 1, None}
    english, indonesian = report_text(report, language="en"), report_text(report)
    end = date_of((EPOCH + 2) * 7 - 1).isoformat()
    assert "Signed by holders 1, 2 (holders: 1, 2, 3; 2 needed)" in english
    assert f"prov   2 of 3        {end}  prov*" in english and "sunyi  no reviewers  -" in english
    assert "Ditandatangani pemegang 1, 2" in indonesian and "tanpa penelaah" in indonesian
    assert all(len(line) <= 80 for line in (english + indonesian).splitlines())


def test_only_good_signatures_are_listed_as_signers(place: Path) -> None:
    data = sign_roster(first(), {1: signer("root 1"), 2: signer("root 2"), 3: signer("stranger"), 9: signer("x")})
    for path in place.rglob("roster.senyap"):
        path.write_bytes(data)
    assert check(place).signers == (1, 2)


def test_words_of_the_first_and_of_a_later_root_set_both_verify(tmp_path: Path) -> None:
    ledger = grow(make_ledger(tmp_path / "d"))
    ledger = grow(ledger, 1, 2, roots=root_set(1, 2, 4))
    ledger = grow(ledger, 2, 4, roots=root_set(2, 4, 5))
    for roots, since in ((first().roots, 1), (root_set(1, 2, 4), 3), (root_set(2, 4, 5), 4)):
        words = " ".join(fingerprint_words(pin_of(replace(first(), roots=roots))))
        report = check(tmp_path / "d", words)
        assert (report.version, report.first_version, report.signers) == (4, since, (2, 4))
    with pytest.raises(BrokenChain, match="no root set here has these eight words"):
        check(tmp_path / "d", " ".join(fingerprint_words(pin_of(replace(first(), root_k=1)))))


def test_a_power_cut_between_two_writes_is_no_forgery(tmp_path: Path) -> None:
    ledger = grow(make_ledger(tmp_path / "d"))
    shutil.copy(ledger.folder / "roster.senyap", ledger.folder / "rosters" / "roster-00000002.senyap")
    assert check(tmp_path / "d").version == 2


# --- attacks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["", "kata", " ".join(LIST[1:] + LIST[:1]), " ".join(fingerprint_words(bytes(64)))])
def test_wrong_words_are_refused(place: Path, words: str) -> None:
    with pytest.raises(BrokenChain, match="eight words"):
        check(place, words)


def forge(folder: Path, **changes: object) -> None:
    """Build an attacker's deployment: own root keys under the real numbers, own readers, own pin."""
    evil = {i: signer(f"evil {i}") for i in (1, 2, 3)}
    roots = tuple(Root(i, key.public) for i, key in evil.items())
    groups = with_group(first(), "prov", k=1, members=(member("spy"),))
    values = {"roots": roots, "groups": groups, "raw": b"", **changes}
    roster = replace(first(), **values)  # type: ignore[arg-type]
    medium.write_file(folder / "root.pin", pin_of(roster))
    medium.write_file(folder / "roster.senyap", sign_roster(roster, evil))
    medium.write_file(folder / "batches" / f"spy-{EPOCH:08d}.senyap", batch_of("spy"))


HISTORIES = {
    "no past": {},
    "the real first roster before it": {"roster-00000001.senyap": first_file()},
    "the real first roster as version 0": {"roster-00000000.senyap": first_file()},
    "the real first roster as a version to come": {"roster-99999999.senyap": first_file()},
    "the real first roster under another name": {"roster-x.senyap": first_file()},
}


@pytest.mark.parametrize("past", HISTORIES)
@pytest.mark.parametrize("follows", [False, True])
def test_an_attackers_folder_is_refused_with_the_real_words(tmp_path: Path, past: str, follows: bool) -> None:
    """It loads with its own pin, and its history holds the real first roster: that alone proves nothing."""
    forge(tmp_path, **({"version": 2, "previous": first().hash} if follows else {}))
    for name, data in HISTORIES[past].items():
        medium.write_file(tmp_path / "rosters" / name, data)
    assert "spy" in Ledger.load(tmp_path).roster.members
    with pytest.raises((BrokenChain, TooFewSignatures, RolledBack)):
        check(tmp_path)


def test_an_attackers_folder_beside_good_ones_is_refused(place: Path) -> None:
    forge(place / "server")
    with pytest.raises(BrokenChain, match="eight words"):
        check(place)


def test_another_pin_in_a_good_folder_is_refused(place: Path) -> None:
    (place / "server" / "root.pin").write_bytes(bytes(64))
    with pytest.raises(BrokenChain, match="pinned"):
        check(place)


def test_a_replaced_root_set_that_the_old_one_did_not_sign_is_refused(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path / "d")
    medium.write_file(ledger.folder / "rosters" / "roster-00000001.senyap", first_file())
    (ledger.folder / "roster.senyap").write_bytes(signed(after(ledger.roster, roots=root_set(1, 4, 5)), 1, 4, 5))
    with pytest.raises(TooFewSignatures, match="old"):
        check(tmp_path / "d")


def test_two_folders_with_different_rosters_of_one_version_are_refused(place: Path) -> None:
    """Root holders 1 and 2 signed twice: each folder alone is right."""
    grow(Ledger.load(place / "desk"))
    grow(Ledger.load(place / "server"), expires=DAY + 99)
    for name in ("desk", "server", "stations"):
        assert check(place / name).version in (1, 2)
    with pytest.raises(BrokenChain, match="two different rosters of version 2; tell the root holders"):
        check(place)


def test_a_fork_in_the_past_is_found_too(place: Path) -> None:
    grow(grow(Ledger.load(place / "desk")))
    grow(Ledger.load(place / "server"), expires=DAY + 99)
    with pytest.raises(BrokenChain, match="two different rosters of version 2"):
        check(place)


def test_folders_of_two_deployments_of_the_same_root_holders_are_refused(place: Path) -> None:
    other = replace(first(), deployment="others", raw=b"")
    (place / "desk" / "roster.senyap").write_bytes(signed(other))
    shutil.rmtree(place / "desk" / "batches")
    with pytest.raises(BrokenChain, match="two deployments"):
        check(place)


def test_a_folder_without_a_roster_is_said(tmp_path: Path) -> None:
    with pytest.raises(BrokenChain, match=r"no roster\.senyap in this folder or below"):
        check(tmp_path)


def test_an_altered_batch_and_a_gap_in_the_chain_are_refused(place: Path) -> None:
    ledger = grow(grow(Ledger.load(place / "desk")))
    (ledger.folder / "rosters" / "roster-00000002.senyap").unlink()
    with pytest.raises(BrokenChain, match="version 3 does not follow version 1"):
        check(place)
    shutil.rmtree(place / "desk")
    path = place / "server" / "batches" / f"prov-1-{EPOCH:08d}.senyap"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Malformed):
        check(place)


# --- warnings -----------------------------------------------------------------------------------------


def warnings(place: Path, today: int = DAY - 40) -> tuple[str, ...]:
    return check(place, today=today).warnings


def test_a_quiet_deployment_warns_of_nothing_but_missing_keys(place: Path) -> None:
    assert warnings(place, DAY - 40) == (
        "the roster is of 2026-11-06, a day to come: check this machine's clock",
        *(f"{g}: weekly keys of this week are missing" for g in ("prov", "kota", "kpk")),
    )


def test_what_ends_soon_or_has_ended_is_warned_about(place: Path) -> None:
    end = date_of((EPOCH + 2) * 7 - 1)
    assert warnings(place, DAY) == tuple(f"{g}: weekly keys end on {end}" for g in ("prov", "kota", "kpk"))
    missing = tuple(f"{g}: weekly keys of this week are missing" for g in ("prov", "kota", "kpk"))
    last = date_of(first().expires)
    assert warnings(place, DAY + 100) == missing
    assert warnings(place, first().expires - 27) == (f"the roster ends on {last}", *missing)
    assert warnings(place, first().expires) == (f"the roster ends on {last}", *missing)
    assert warnings(place, first().expires + 1) == (f"the roster ended on {last}", *missing)


def test_keys_that_are_missing_only_in_one_reviewers_week_close_the_group(tmp_path: Path) -> None:
    batches = [batch_of(name, EPOCH, 9 if name != "prov-2" else 1) for name in first().members]
    make_ledger(tmp_path / "d", batches)
    assert "prov: weekly keys of this week are missing" in warnings(tmp_path / "d", DAY + 7)
    assert not [w for w in warnings(tmp_path / "d", DAY + 7) if w.startswith("kota")]


def test_older_folders_are_named_once_for_each_version(place: Path) -> None:
    desk = grow(grow(Ledger.load(place / "desk")))
    grow(Ledger.load(place / "server"))
    make_ledger(place / "stations" / "prov")
    assert [w for w in warnings(place) if "newest" in w] == [
        "roster version 1, the newest here is 3, in: stations/kota, stations/prov",
        "roster version 2, the newest here is 3, in: server",
    ]
    assert check(place).version == desk.roster.version == 3


@pytest.mark.parametrize("name", ["root-1.locked", "keyring/a/identity.locked", "keyring/a/epoch-00000045.key",
                                  "keyring/a/share.sealed", "station.key", "server.key", "server-next.key"])  # fmt: skip
@pytest.mark.parametrize("home", ["stations/kota", "elsewhere/deep"])
def test_a_private_file_that_others_can_read_is_warned_about(place: Path, home: str, name: str) -> None:
    """Wherever it lies below the folder, beside public files or not."""
    path = place / home / name
    medium.write_file(path, signer("server").seed)
    assert not [w for w in warnings(place) if "mode" in w]
    path.chmod(0o640)
    assert [w for w in warnings(place) if "mode 0640, want 0600" in w and path.name in w]
    path.chmod(0o600)
    path.parent.chmod(0o755)
    assert [w for w in warnings(place) if "mode 0755, want 0700" in w]


def test_the_key_of_another_drop_box_is_warned_about_and_a_coming_one_is_not(place: Path) -> None:
    server = place / "server"
    medium.write_file(server / "server-next.key", signer("server next").seed)
    assert not [w for w in warnings(place) if "transport key" in w]
    medium.write_file(server / "server.key", signer("stranger").seed)
    assert "server.key is not the transport key in the roster" in warnings(place)
    (server / "server.key").write_bytes(bytes(33))
    with pytest.raises(CryptoError):
        check(place)


@pytest.mark.parametrize("name", ["keyring/a/identity.locked", "roots/root-1.locked", "station.key"])
def test_keys_of_people_on_the_drop_box_are_warned_about(place: Path, name: str) -> None:
    medium.write_file(place / "server" / name, bytes(32))
    assert "a drop box's home holds keys of reviewers or root holders: take them away" in warnings(place)


def test_names_of_folders_cannot_write_on_the_terminal(place: Path) -> None:
    evil = place / "x\x1b[2J\x1b]0;fine\x07\nall is well"
    make_ledger(evil)
    grow(Ledger.load(place / "desk"))
    medium.write_file(evil / "station.key", bytes(32))
    evil.chmod(0o755)
    found = warnings(place)
    assert all(w.isprintable() for w in found)
    assert [w for w in found if "x\ufffd[2J" in w and "newest" in w] and [w for w in found if "mode 0755" in w]


def test_a_link_to_another_folder_is_not_followed_as_if_it_lay_here(place: Path, tmp_path: Path) -> None:
    forge(tmp_path / "outside")
    (place / "stations" / "link").symlink_to(tmp_path / "outside", target_is_directory=True)
    assert check(place).version == 1


def test_plain_text_keeps_what_a_printer_shows() -> None:
    assert plain("Kabupaten Ogan – “é” Ü 中") == "Kabupaten Ogan – “é” Ü 中"
    assert plain("a\tb\x00\x1b\x7f\x9b\u202e\u2066\u200b\u2028\ue000\ud800") == "a\ufffdb" + "\ufffd" * 10


def test_every_day_can_be_shown(place: Path) -> None:
    for name in ("desk", "server", "stations/kota"):
        grow(Ledger.load(place / name), expires=2**62)
    assert "holds until 4763" in report_text(check(place), language="en")


def test_the_folder_may_be_named_in_any_way(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(Ledger.load(place / "desk"))
    monkeypatch.chdir(place / "server")
    assert check(Path("..")).version == 2
    assert check(Path(".")).version == 1
    assert verification.SOON_DAYS == 28
    copy_ledger(Ledger.load(place / "desk"), place / "server")
    assert check(Path(".")).version == 2

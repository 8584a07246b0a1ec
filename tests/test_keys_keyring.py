"""Keyrings: a passphrase opens one reviewer; k reviewers join the vault key, k−1 open nothing."""

import itertools
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from crypto import medium, passphrase, sharing
from crypto.encoding import label
from crypto.errors import BadSignature, CryptoError, Exposed, Malformed, WrongPassphrase
from keys.errors import QuorumNotMet
from keys.keyring import Keyring, open_quorum, read_share_key, seal_share

VAULT = bytes(range(32))


@pytest.fixture(autouse=True)
def quick_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 KiB instead of 64 MiB: what is tested here is not how slow a guess is."""
    monkeypatch.setattr(passphrase, "ARGON2_MEMORY_KIB", 64)


def keep(ring: Keyring, share: sharing.Share) -> None:
    """Seal a share to its reviewer, whose passphrase is not needed for it."""
    key = read_share_key(ring.folder, ring.reviewer, ring.signing.public)
    medium.write_file(ring.folder / "share.sealed", seal_share(key, ring.reviewer, share))


def make(folder: Path, k: int, n: int) -> dict[str, str]:
    """Make n reviewers `r1`… with shares of the vault key, and return their passphrases."""
    words = {}
    for number, share in enumerate(sharing.split(VAULT, k, n), 1):
        words[f"r{number}"] = f"kata sandi {number}"
        keep(Keyring.create(folder / f"r{number}", f"r{number}", words[f"r{number}"]), share)
    return words


def test_a_reviewer_opens_with_the_passphrase_and_is_the_same_person(tmp_path: Path) -> None:
    made = Keyring.create(tmp_path / "r", "r", "kata sandi")
    opened = Keyring.open(tmp_path / "r", "r", "kata  sandi")
    assert opened == made
    assert opened.signing.public == made.signing.public


def test_another_passphrase_or_another_reviewers_file_does_not_open(tmp_path: Path) -> None:
    Keyring.create(tmp_path / "r", "r", "kata sandi")
    with pytest.raises(WrongPassphrase):
        Keyring.open(tmp_path / "r", "r", "kata sandu")
    shutil.copytree(tmp_path / "r", tmp_path / "s")
    with pytest.raises(WrongPassphrase):
        Keyring.open(tmp_path / "s", "s", "kata sandi")


def test_epoch_keys_are_kept_and_found_again(tmp_path: Path) -> None:
    ring = Keyring.create(tmp_path / "r", "r", "w")
    made = ring.make_epochs(range(45, 48))
    assert len({pair.public.raw for pair in made}) == 3
    again = Keyring.open(tmp_path / "r", "r", "w")
    assert [again.opening_key(epoch) for epoch in (45, 46, 47)] == list(made)
    assert again.opening_key(44) is None
    assert sorted(p.name for p in (tmp_path / "r").glob("epoch-*")) == [f"epoch-000000{e}.key" for e in (45, 46, 47)]


def test_a_key_whose_file_is_gone_is_gone(tmp_path: Path) -> None:
    ring = Keyring.create(tmp_path / "r", "r", "w")
    (pair,) = ring.make_epochs([45])
    for file in (tmp_path / "r").iterdir():
        assert pair.seed not in file.read_bytes()
    (tmp_path / "r" / "epoch-00000045.key").unlink()
    assert ring.opening_key(45) is None


def test_epoch_files_cannot_be_swapped_between_epochs_or_reviewers(tmp_path: Path) -> None:
    ring, other = (Keyring.create(tmp_path / r, r, "w") for r in "rs")
    ring.make_epochs([45, 46])
    other.make_epochs([45])
    for source in (tmp_path / "r" / "epoch-00000046.key", tmp_path / "s" / "epoch-00000045.key"):
        shutil.copy(source, tmp_path / "r" / "epoch-00000045.key")
        with pytest.raises(WrongPassphrase):
            ring.opening_key(45)


def test_nothing_secret_lies_on_the_disk_in_the_clear(tmp_path: Path) -> None:
    ring = Keyring.create(tmp_path / "r", "r", "w")
    (pair,) = ring.make_epochs([45])
    share = sharing.split(VAULT, 1, 1)[0]
    keep(ring, share)
    secrets = [ring.signing.seed, ring._master, pair.seed, share.parts[0][1]]
    for file in (tmp_path / "r").iterdir():
        assert not [secret for secret in secrets if secret in file.read_bytes()]
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_keyring_does_not_show_its_keys_or_its_folder(tmp_path: Path) -> None:
    ring = Keyring.create(tmp_path / "r", "r", "w")
    assert repr(ring) == "Keyring(reviewer='r')"


def test_a_share_that_is_no_share_is_malformed(tmp_path: Path) -> None:
    ring = Keyring.create(tmp_path / "r", "r", "w")
    key = read_share_key(ring.folder, "r", ring.signing.public)
    medium.write_file(tmp_path / "r" / "share.sealed", key.seal(label("senyap/v1/vault-share/r"), bytes(512)))
    with pytest.raises(Malformed):
        ring.share()


@pytest.mark.parametrize(("k", "n"), [(1, 1), (1, 2), (2, 2), (2, 3), (3, 5)])
def test_exactly_k_passphrases_join_the_vault_key(tmp_path: Path, k: int, n: int) -> None:
    words = make(tmp_path, k, n)
    for size in range(n + 1):
        for present in itertools.combinations(words, size):
            chosen = {name: words[name] for name in present}
            if size < k:
                with pytest.raises(QuorumNotMet):
                    open_quorum(tmp_path, chosen)
            else:
                rings, key = open_quorum(tmp_path, chosen)
                assert key == VAULT
                assert [ring.reviewer for ring in rings] == sorted(present)


def test_one_wrong_passphrase_among_right_ones_is_refused(tmp_path: Path) -> None:
    words = make(tmp_path, 2, 3)
    with pytest.raises(WrongPassphrase):
        open_quorum(tmp_path, words | {"r2": "salah"})


def test_an_unknown_reviewer_is_refused(tmp_path: Path) -> None:
    words = make(tmp_path, 1, 2)
    with pytest.raises(QuorumNotMet):
        open_quorum(tmp_path, words | {"r9": "x"})


def test_one_reviewer_under_two_names_does_not_make_two(tmp_path: Path) -> None:
    words = make(tmp_path, 2, 3)
    shutil.copytree(tmp_path / "r1", tmp_path / "copy")
    with pytest.raises(CryptoError):
        open_quorum(tmp_path, {"r1": words["r1"], "copy": words["r1"]})


def test_shares_of_two_vaults_do_not_join(tmp_path: Path) -> None:
    """A share that was swapped for another vault's is refused, or joins to a key that opens nothing."""
    words = make(tmp_path, 2, 2)
    ring = Keyring.open(tmp_path / "r2", "r2", words["r2"])
    share = ring.share()
    assert share is not None
    keep(ring, replace(share, parts=tuple((i, os.urandom(32)) for i, _ in share.parts)))
    _, key = open_quorum(tmp_path, words)
    assert key != VAULT


def test_quorum_refusals_show_no_passphrase_and_no_path(tmp_path: Path) -> None:
    words = make(tmp_path, 2, 3)
    for given in ({}, {"r1": words["r1"]}, {"rahasia": "rahasia"}, {"r1": "rahasia"}):
        with pytest.raises(CryptoError) as caught:
            open_quorum(tmp_path, given)
        assert not [s for s in ("rahasia", "kata", str(tmp_path)) if s in str(caught.value)]


def test_a_reviewer_name_never_is_a_path(tmp_path: Path) -> None:
    make(tmp_path / "ours", 1, 1)
    elsewhere = make(tmp_path / "theirs", 1, 1)
    keep(Keyring.create(tmp_path / "theirs" / "x", "../theirs/x", "w"), sharing.split(bytes(32), 1, 1)[0])
    assert elsewhere
    with pytest.raises(QuorumNotMet):
        open_quorum(tmp_path / "ours", {"../theirs/x": "w"})


# --- shares that are sealed while their reviewer is away ----------------------------------------------


def test_a_share_key_that_somebody_else_put_there_is_refused(tmp_path: Path) -> None:
    ring, thief = Keyring.create(tmp_path / "r", "r", "w"), Keyring.create(tmp_path / "t", "t", "w")
    assert read_share_key(ring.folder, "r", ring.signing.public)
    for forged in (
        (thief.folder / "share.pub").read_bytes(),  # signed, by another key and for another name
        (thief.folder / "share.pub").read_bytes()[:1216] + (ring.folder / "share.pub").read_bytes()[1216:],
    ):
        (ring.folder / "share.pub").write_bytes(forged)
        with pytest.raises(BadSignature):
            read_share_key(ring.folder, "r", ring.signing.public)


def test_a_share_sealed_to_another_reviewer_does_not_open(tmp_path: Path) -> None:
    words = make(tmp_path, 1, 2)
    shutil.copy(tmp_path / "r2" / "share.sealed", tmp_path / "r1" / "share.sealed")
    with pytest.raises(WrongPassphrase):
        open_quorum(tmp_path, {"r1": words["r1"]})


def test_a_reviewer_without_a_share_is_present_but_does_not_count(tmp_path: Path) -> None:
    words = make(tmp_path, 2, 3)
    (tmp_path / "r3" / "share.sealed").unlink()
    with pytest.raises(QuorumNotMet, match="1 of the 2"):
        open_quorum(tmp_path, {name: words[name] for name in ("r1", "r3")})
    rings, key = open_quorum(tmp_path, words)
    assert key == VAULT and len(rings) == 3
    with pytest.raises(QuorumNotMet, match="rekey"):
        open_quorum(tmp_path, {"r3": words["r3"]})


def test_a_changed_passphrase_opens_the_same_keys(tmp_path: Path) -> None:
    ring = Keyring.create(tmp_path / "r", "r", "lama")
    (pair,) = ring.make_epochs([45])
    ring.change_passphrase("baru")
    with pytest.raises(WrongPassphrase):
        Keyring.open(tmp_path / "r", "r", "lama")
    again = Keyring.open(tmp_path / "r", "r", "baru")
    assert again == ring and again.opening_key(45) == pair


# --- who may read the files ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["identity.locked", "epoch-00000045.key", "share.sealed"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o700])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, name: str, mode: int) -> None:
    make(tmp_path, 1, 1)
    ring = Keyring.open(tmp_path / "r1", "r1", "kata sandi 1")
    ring.make_epochs([45])
    (tmp_path / "r1" / name).chmod(mode)
    with pytest.raises(Exposed, match=f"{name} has mode 0{mode:o}, want 0600"):
        _ = ring.share(), ring.opening_key(45), Keyring.open(tmp_path / "r1", "r1", "kata sandi 1")


def test_key_files_in_a_folder_that_others_may_enter_are_refused(tmp_path: Path) -> None:
    make(tmp_path, 1, 1)
    (tmp_path / "r1").chmod(0o750)
    with pytest.raises(Exposed, match="folder r1 has mode 0750, want 0700"):
        open_quorum(tmp_path, {"r1": "kata sandi 1"})

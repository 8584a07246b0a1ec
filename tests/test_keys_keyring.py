"""Keyrings: a passphrase opens one reviewer; k reviewers join the vault key, k−1 open nothing."""

import itertools
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from crypto import passphrase, sharing
from crypto.errors import CryptoError, Malformed, WrongPassphrase
from keys.keyring import Keyring, QuorumNotMet, open_quorum

VAULT = bytes(range(32))


@pytest.fixture(autouse=True)
def quick_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 KiB instead of 64 MiB: what is tested here is not how slow a guess is."""
    monkeypatch.setattr(passphrase, "ARGON2_MEMORY_KIB", 64)


def make(folder: Path, k: int, n: int) -> dict[str, str]:
    """Make n reviewers `r1`… with shares of the vault key, and return their passphrases."""
    words = {}
    for number, share in enumerate(sharing.split(VAULT, k, n), 1):
        words[f"r{number}"] = f"kata sandi {number}"
        Keyring.create(folder / f"r{number}", f"r{number}", words[f"r{number}"]).keep_share(share)
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
    ring.keep_share(share)
    secrets = [ring.signing.seed, ring._master, pair.seed, share.parts[0][1]]
    for file in (tmp_path / "r").iterdir():
        assert not [secret for secret in secrets if secret in file.read_bytes()]
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_keyring_does_not_show_its_keys_or_its_folder(tmp_path: Path) -> None:
    ring = Keyring.create(tmp_path / "r", "r", "w")
    assert repr(ring) == "Keyring(reviewer='r')"


def test_a_share_that_is_no_share_is_malformed(tmp_path: Path) -> None:
    ring = Keyring.create(tmp_path / "r", "r", "w")
    sealed = passphrase.seal_with_key(ring._wrap("share"), bytes(512), "senyap/v1/vault-share/r")
    (tmp_path / "r" / "share.key").write_bytes(sealed)
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
    ring.keep_share(replace(ring.share(), parts=tuple((i, os.urandom(32)) for i, _ in ring.share().parts)))
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
    Keyring.create(tmp_path / "theirs" / "x", "../theirs/x", "w").keep_share(sharing.split(bytes(32), 1, 1)[0])
    assert elsewhere
    with pytest.raises(QuorumNotMet):
        open_quorum(tmp_path / "ours", {"../theirs/x": "w"})

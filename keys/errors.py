"""The refusals of keys, rosters and batches. Messages never hold a key or a passphrase."""

from __future__ import annotations

from crypto.errors import CryptoError


class RosterError(CryptoError):
    """Root of the refusals of rosters, batches and requests that are well formed but may not be used."""


class Expired(RosterError):
    """Its last day has passed."""


class RolledBack(RosterError):
    """Its version is not above the one in use."""


class BrokenChain(RosterError):
    """It does not follow the one in use, or belongs to another deployment or another root set."""


class OtherWords(BrokenChain):
    """The eight words that somebody typed are those of no root set here: mistyped, or of another deployment."""


class TooFewSignatures(RosterError):
    """Fewer valid signatures than the root set asks for."""


class WrongClock(RosterError):
    """Its day lies ahead of this machine's clock: one of the two is wrong."""


class KeyAlarm(RosterError):
    """A second key for one epoch, or one key for two: somebody's keys are not what they seem."""


class Forked(KeyAlarm):
    """Root holders signed two rosters of one version."""


class QuorumNotMet(CryptoError):
    """Fewer reviewers than the unit asks for."""

"""The refusals of the crypto house. Messages never hold a word of a report, a key or a code."""


class CryptoError(Exception):
    """Root of every refusal made by `crypto`."""


class Malformed(CryptoError):
    """Bytes do not have the form that the format asks for."""


class NotForThisKey(CryptoError):
    """Well-formed, but sealed to other readers. The only refusal to catch and go on."""


class Tampered(CryptoError):
    """An authentication tag or a commitment does not match."""


class BadSignature(CryptoError):
    """One or both halves of a hybrid signature do not verify."""


class Exposed(CryptoError):
    """A file of private keys lies where others on this machine can read it."""


class WrongPassphrase(CryptoError):
    """A locked file does not open with this passphrase."""

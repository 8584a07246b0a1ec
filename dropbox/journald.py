"""What else sets the journal of the machine, as `doctor` sees it: files that systemd reads after ours."""

from __future__ import annotations

from collections.abc import Iterator

from dropbox.machine import Machine

OURS = "zz-senyap.conf"  # Ubuntu ships a syslog.conf there, which forwards
_FOLDERS = ("etc", "run", "usr/local/lib", "usr/lib")  # a name in an earlier one hides it in those after it
_BELOW = "systemd/journald.conf.d"


def later_files(machine: Machine, shipped: str) -> Iterator[str]:
    """Yield each file that sets a line of the shipped one, whose path is given, in another way; raises OSError."""
    ours = dict(_settings(machine.text(shipped)))
    seen: dict[str, str] = {}
    for folder in _FOLDERS:
        for path in machine.path(f"/{folder}/{_BELOW}").glob("*.conf"):
            seen.setdefault(path.name, f"/{folder}/{_BELOW}/{path.name}")
    for name in sorted(name for name in seen if name > OURS):
        if any(ours.get(key, value) != value for key, value in _settings(machine.text(seen[name]))):
            yield seen[name]


def _settings(text: str) -> Iterator[tuple[str, str]]:
    for line in text.replace("\\\n", " ").splitlines():
        key, mark, value = line.partition("=")
        if mark:  # a remark has a name that nothing is set by
            yield key.strip(), value.strip()

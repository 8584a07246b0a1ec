"""The firewall as `doctor` sees it: what the kernel has loaded, held against what the files give when loaded afresh."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from dropbox.machine import Machine

FILES, RELOAD = "/etc/nftables.conf", "systemctl reload-or-restart nftables"
ADDED = "/etc/senyap/firewall"
# -t: what the sets hold are addresses of visitors; -s: no counts.
LIST = ["nft", "-s", "-t", "list", "table", "inet", "senyap"]
_BEGUN = "begun"
# The kernel and nft write what they were given in their own way: the same one, where nothing else is loaded.
AFRESH = ["unshare", "--net", "sh", "-c", f"echo {_BEGUN}; nft -f {FILES} && {' '.join(LIST)}"]
_HOOKS = frozenset({"input", "forward", "output"})
_IDLE = re.compile(r'counter|comment "[^"]*"')  # words of a rule that match nothing
_CHAINS = re.compile(r"type filter hook (input|forward|output) priority filter; policy drop;")


def loaded(machine: Machine) -> str | None:
    """Return the table as the kernel has it, None when there is none or only root may look."""
    return machine.ask(LIST, None)


def afresh(machine: Machine) -> str | None:
    """Return the table that the files give, empty when they cannot be loaded, None when that cannot be told."""
    begun, _, fresh = (machine.ask(AFRESH, None) or "").partition("\n")
    return fresh if begun == _BEGUN else None


def faults(machine: Machine, table: str) -> Iterator[str]:
    """Yield what is wrong with a loaded table; raises OSError."""
    there = _rules(table)
    dropping = {found[1] for _, line in there if (found := _CHAINS.fullmatch(line))}
    yield from (f"not all that is in {hook} and unnamed is dropped: {RELOAD}" for hook in sorted(_HOOKS - dropping))
    if machine.path(ADDED).is_dir() and (loose := sorted(machine.writable_by_others(ADDED))):
        yield f"{loose[0]} may be changed by others than root: chown -R root: {ADDED}; chmod -R go-w {ADDED}"
    for _, line in there:
        rule = " ".join(_IDLE.sub("", line).split())
        if rule == "accept":
            yield f"`{line}` lets everything through: look for it in {ADDED}, remove it, then {RELOAD}"
        elif re.search(r"\blog\b", rule):
            yield f"`{line}` writes addresses down: look for it in {ADDED}, remove it, then {RELOAD}"


def differences(table: str, fresh: str) -> Iterator[str]:
    """Yield where a loaded table is not the one that the files give, which is empty when they cannot be loaded."""
    there, wanted = _rules(table), _rules(fresh)
    if not wanted:
        yield f"{FILES} cannot be loaded again: nft -c -f {FILES} says why"
        return
    more, less = Counter(there) - Counter(wanted), Counter(wanted) - Counter(there)
    yield from (f"`{line}` in {where} is loaded and in no file: {RELOAD}" for where, line in more.elements())
    yield from (f"`{line}` in {where} is in the files and not loaded: {RELOAD}" for where, line in less.elements())
    if not more and not less and there != wanted:
        yield f"the rules are loaded in another order than the files have: {RELOAD}"


def _rules(table: str) -> list[tuple[str, str]]:
    """Return the lines of a table, each behind the chain or set that it stands in."""
    found, where = [], ""
    for line in (" ".join(each.split()) for each in table.splitlines()):
        where = line.rstrip(" {") if line.startswith(("chain ", "set ")) else where
        if line and line != "}":
            found.append((where, line))
    return found

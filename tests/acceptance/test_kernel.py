"""A drop box on a machine of its own: Debian's kernel, where AppArmor, the rules of memory and the firewall are in force.

The long form (`make long`): root, debootstrap, qemu, an archive in reach for gathering.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from booted import Booted
from conftest import resized
from samples import named
from test_server import DOCTOR, INSTALL, SEND, SIZES, TEXTS, UNITS, boot, findings, guide, prepare
from virtual import LAYER_WITH_KERNEL, Virtual, absent

pytestmark = pytest.mark.slow

# No server of time is in reach of it; these keys are a demo's.
MISSING = {"clock", "health"}
DENIED = "echo DENIED; journalctl -k -b --no-pager | grep -o 'apparmor=\"DENIED\".*'; echo SO FAR"
KINDS = ("libreoffice-text.docx", "libreoffice-text.pdf", "exiftool-tags.png")
LABELS = f"""
for unit in {UNITS}; do
    groups=/sys/fs/cgroup/system.slice/$unit.service
    for pid in $(<"$groups/cgroup.procs"); do echo "LABEL $unit $(tr -d '\\0' <"/proc/$pid/attr/current")"; done
    echo "SWAP $unit $(<"$groups/memory.swap.max")"
done
echo "SWAP control $(</sys/fs/cgroup/system.slice/systemd-journald.service/memory.swap.max)"
"""
CARRY = """
install -d -o senyap /media/courier /media/copies
senyap-dropbox courier /media/courier || exit 1
senyap-dropbox backup --to /media/copies || exit 1
"""
# Root itself, within a profile: what its rights would give it stays shut.
TRIES = """
import os, socket

for name, mode in (("/etc/hostname", "r"), ("/var/lib/senyap-tor/onion/hostname", "r"), ("/opt/senyap/x", "w"), ("/root/x", "w")):
    try:
        open(name, mode).close()
        print("OPENED", name)
    except OSError as error:
        print(error.strerror, name)
for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):
    try:
        socket.socket(family).close()
        print("MADE", family.name)
    except OSError as error:
        print(error.strerror, family.name)
try:
    os.execv("/bin/sh", ["sh", "-c", "echo RAN"])
except OSError as error:
    print(error.strerror, "sh")
"""
OUTSIDE = ["/etc/hostname", "/var/lib/senyap-tor/onion/hostname", "/opt/senyap/x", "/root/x"]


@pytest.fixture(scope="module")
def machine(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtual]:
    """A machine on which nothing was installed yet, with the project, a deployment and a stick."""
    if why := absent():
        pytest.skip(f"no machine of its own here: {why}")
    folder = tmp_path_factory.mktemp("virtual")
    bare = Booted(folder / "root", LAYER_WITH_KERNEL)
    prepare(bare)
    for name in KINDS:
        (bare.root / "srv" / name).write_bytes(named(name))
    (bare.root / "srv" / "tries.py").write_text(TRIES)
    tests = bare.root / "srv" / "tests"
    tests.mkdir()
    for name in ("../live.py", "through_tor.py", "tor_network.py", "installed_tor.py"):
        shutil.copy(Path(__file__).parent / name, tests)
    town = resized(demo, folder / "home", SIZES)
    shutil.copytree(town / "server", bare.root / "media/stick/server", ignore=shutil.ignore_patterns("locks"))
    yield Virtual(bare, folder / "disk")
    shutil.rmtree(folder)


def denied(said: str) -> list[list[str]]:
    """Return what the profiles refused until each look, since the machine was switched on."""
    return [found.splitlines() for found in re.findall(r"^DENIED\n((?:apparmor=.*\n)*)SO FAR$", said, re.M)]


def test_it_is_installed_and_takes_a_report_with_the_profiles_in_force(machine: Virtual) -> None:
    said = boot(
        machine,
        f"""
        {guide(INSTALL)}
        systemctl is-active {UNITS}
        {SEND} "{TEXTS[0]}" /srv/foto.jpg || exit 1
        {DENIED}
        {DOCTOR}
        exit 0
        """,
    )
    assert "active\n" * 4 in said and "RECEIPT 8 cleaned" in said
    assert denied(said) == [[]]
    assert set(findings(said.partition("SO FAR")[2])) == MISSING


def test_after_a_reboot_nothing_that_it_does_meets_a_profile_and_control_what_is_outside_does(machine: Virtual) -> None:
    files = " ".join(f"/srv/{name}" for name in KINDS)
    said = boot(
        machine,
        f"""
        systemctl start {UNITS}
        {LABELS}
        {SEND} "{TEXTS[1]}" {files} || exit 1
        {CARRY}
        systemctl restart {UNITS}
        {SEND} "{TEXTS[2]}" /srv/foto.jpg || exit 1
        systemctl stop {UNITS}
        {DENIED}
        python3 -u -I /srv/tries.py
        rm /opt/senyap/x /root/x
        cp /srv/tries.py /tmp/
        aa-exec -p senyap-dropbox -- python3 -u -I /tmp/tries.py
        aa-exec -p senyap-tor -- cat /etc/hostname
        {DENIED}
        exit 0
        """,
    )
    labels = set(re.findall(r"^LABEL (\S+) (.*)$", said, re.M))
    profiles = dict.fromkeys(UNITS.split(), "senyap-dropbox") | {"senyap-tor": "senyap-tor"}
    assert labels == {(unit, f"{profile} (enforce)") for unit, profile in profiles.items()}
    swaps = dict(re.findall(r"^SWAP (\S+) (.*)$", said, re.M))
    assert swaps == dict.fromkeys(UNITS.split(), "0") | {"control": "max"}
    assert said.count("RECEIPT 8 cleaned") == 2
    nothing, some = denied(said)
    free, shut = said.split("SO FAR\n")[1].split("RAN\n")
    assert nothing == [] and free.split() == [word for name in OUTSIDE for word in ("OPENED", name)] + [
        word for name in ("AF_UNIX", "AF_INET", "AF_INET6") for word in ("MADE", name)
    ]
    assert re.findall("^(?:OPENED|MADE|RAN).*", shut, re.M) == ["MADE AF_UNIX"]
    assert [line for line in some if 'name="/etc/hostname"' in line and 'profile="senyap-dropbox"' in line]
    assert [line for line in some if 'name="/etc/hostname"' in line and 'profile="senyap-tor"' in line]


def test_tor_is_reached_through_its_circuits_with_its_profile_in_force(machine: Virtual) -> None:
    said = boot(
        machine,
        f"""
        systemctl start {UNITS}
        cd /srv/tests; /opt/senyap/current/bin/python installed_tor.py /srv/network || exit 1
        systemctl is-active senyap-tor; systemctl stop senyap-tor
        {DENIED}
        exit 0
        """,
    )
    assert "PAGE 200 True True" in said and denied(said) == [[]]


def test_a_swap_that_anybody_could_read_is_named(machine: Virtual) -> None:
    said = boot(
        machine,
        """
        fallocate -l 64M /swap; chmod 600 /swap; mkswap -q /swap; swapon /swap
        senyap-dropbox doctor
        swapoff /swap; rm /swap
        exit 0
        """,
    )
    assert findings(said)["memory"].startswith("swap on /swap is not encrypted")

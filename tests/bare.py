"""A bare Debian 12 in a folder, and commands in it without any network: namespaces of its own, loopback alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

NEEDED = ("debootstrap", "unshare", "pivot_root", "ip", "apt-get", "git")

# The kernel's switches and the list of swaps are this machine's, too, so the installer gets them read-only and empty.
# Only then: where anything lies over /proc, no inner sandbox may mount one of its own.
ENTER = """
set -e
root=$1 guard=$2
shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
ip link set lo up
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev"
for name in null zero full random urandom tty; do touch "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
if [ "$guard" = guarded ]; then
    mount --bind "$root/proc/sys" "$root/proc/sys"
    mount -o remount,ro,bind "$root/proc/sys"
    echo "Filename Type Size Used Priority" >"$root/dev/shm/swaps"
    mount --bind "$root/dev/shm/swaps" "$root/proc/swaps"
fi
cd "$root"
mkdir -p .outside
pivot_root . .outside
umount -l /.outside
exec env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb "$@"
"""


def absent() -> str:
    """Return why none can be made here, "" when one can."""
    release = Path("/etc/os-release")
    if not release.is_file() or 'VERSION_ID="12"' not in release.read_text():
        return "not Debian 12"
    if os.geteuid() != 0:
        return "not root"
    return ", ".join(
        name for name in NEEDED if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None
    )


def archive() -> str:
    """Return the archive of Debian 12 that this machine's own apt is set up with."""
    shown = "$(CODENAME) $(COMPONENT) $(REPO_URI)"
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", shown, "Identifier: Packages"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = [line.split()[2] for line in told.stdout.splitlines() if line.startswith("bookworm main ")]
    return found[0]


class Bare:
    """The machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        subprocess.run(
            ["debootstrap", "--variant=minbase", "bookworm", root, archive()], check=True, stdout=subprocess.DEVNULL
        )

    def run(self, script: str, *, user: str = "", guarded: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a script of bash in it, as root or as somebody who logs in."""
        inner = ["su", "-", user, "-c", script] if user else ["bash", "-c", script]
        flags = ["--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]
        return subprocess.run(
            ["unshare", *flags, "bash", "-c", ENTER, "bash", self.root, "guarded" if guarded else "open", *inner],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=1800,
        )  # fmt: skip

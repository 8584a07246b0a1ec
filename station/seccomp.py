"""The system calls that a sandbox may not make, as a filter for the kernel.

libseccomp compiles it, by way of the system's own Python: Debian keeps both alive, and numbers of calls differ
from processor to processor.
"""

from __future__ import annotations

import errno
import functools
import json
import os
import socket
import subprocess

from station.errors import NoSandbox

SYSTEM_PYTHON = "/usr/bin/python3"
ARCHITECTURES = ("x86_64", "aarch64")
FORBIDDEN = (
    # other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp",
    # the file system and its namespaces
    "mount", "umount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount",
    "fspick", "mount_setattr", "unshare", "setns", "name_to_handle_at", "open_by_handle_at", "quotactl",
    "quotactl_fd", "fanotify_init",
    # keys of the kernel, its programs, its innards
    "add_key", "request_key", "keyctl", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "init_module", "finit_module", "delete_module", "create_module", "query_module",
    "get_kernel_syms", "kexec_load", "kexec_file_load", "syslog", "lookup_dcookie", "personality", "uselib", "ustat",
    "sysfs", "_sysctl", "nfsservctl", "vm86", "vm86old", "modify_ldt", "iopl", "ioperm",
    # the machine
    "acct", "reboot", "swapon", "swapoff", "sethostname", "setdomainname", "settimeofday", "clock_settime",
    "clock_adjtime", "adjtimex", "stime", "vhangup",
    # memory that no limit of a process counts
    "memfd_create", "memfd_secret", "shmget", "shmat", "msgget", "semget", "mq_open",
)  # fmt: skip
_NEW_NAMESPACES = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)  # CLONE_NEW*
_STUFF_TERMINAL = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_NEWER = (450, 512)  # calls of Linux 5.17 and later, one numbering for all processors: as if there were none
_COMPILE = """
import json, sys, seccomp
from seccomp import ALLOW, EQ, ERRNO, MASKED_EQ, NE, Arg, SyscallFilter
r = json.load(sys.stdin)
f, no = SyscallFilter(ALLOW), ERRNO(r["no"])
for name in r["forbidden"]:
    f.add_rule(no, name)
if r["sockets"]:
    f.add_rule(no, "socket", Arg(0, NE, r["family"]))
    for kind in r["kinds"]:
        f.add_rule(no, "socket", Arg(1, MASKED_EQ, 0xF, kind))
else:
    f.add_rule(no, "socket")
for name in ("socketpair", "connect"):
    f.add_rule(no, name)
for flag in r["namespaces"]:
    f.add_rule(no, "clone", Arg(0, MASKED_EQ, flag, flag))
for call in r["terminal"]:
    f.add_rule(no, "ioctl", Arg(1, MASKED_EQ, 0xFFFFFFFF, call))
f.add_rule(ERRNO(r["absent"]), "clone3")
for number in range(*r["newer"]):
    f.add_rule(ERRNO(r["absent"]), number)
f.export_bpf(sys.stdout)
"""
_MOST_BYTES = 4096 * 8  # BPF_MAXINSNS


@functools.cache
def compiled(*, sockets: bool = False) -> bytes:
    """Return the filter for this machine; raises NoSandbox.

    What waits in a socket counts for no process, and a room could fill the machine with it. So there are none, or
    (LibreOffice makes one and will not start without) such as nobody can connect to, which hold nothing.

    What it forbids fails with EPERM. clone3 does not exist: its flags lie in memory, where no filter sees them, and
    the C library then calls clone. Calls of a foreign architecture kill the process (libseccomp's rule).
    """
    if os.uname().machine not in ARCHITECTURES:
        raise NoSandbox("this processor has no filter of system calls here")
    rules = {
        "no": errno.EPERM,
        "absent": errno.ENOSYS,
        "sockets": sockets,
        "kinds": [kind for kind in range(16) if kind != socket.SOCK_STREAM],
        "family": int(socket.AF_UNIX),
        "forbidden": FORBIDDEN,
        "namespaces": _NEW_NAMESPACES,
        "terminal": _STUFF_TERMINAL,
        "newer": _NEWER,
    }
    try:
        done = subprocess.run(  # noqa: S603
            [SYSTEM_PYTHON, "-I", "-c", _COMPILE], input=json.dumps(rules).encode(), capture_output=True, check=False
        )
    except OSError:
        raise NoSandbox("the system's Python is not there") from None
    if done.returncode or done.stderr or not 0 < len(done.stdout) <= _MOST_BYTES or len(done.stdout) % 8:
        raise NoSandbox("python3-seccomp is not installed, or does not know a call")
    return done.stdout

"""A machine of its own: Debian's kernel, with AppArmor in force, its own rules of memory, swap and firewall."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from booted import LAYER, Booted
from booted import absent as no_machine_that_boots
from running import SECONDS

EMULATOR = "qemu-system-x86_64"
LAYER_WITH_KERNEL = (*LAYER, "linux-image-cloud-amd64", "initramfs-tools", "udev")
_ROOM_BYTES = 2 * 2**30
# Computed, not handed to the processor: it runs wherever it is tried, within another such machine too.
_HARDWARE = [
    "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2048", "-nodefaults",
    "-no-user-config", "-no-reboot", "-display", "none", "-nic", "none", "-device", "virtio-rng-pci",
]  # fmt: skip
# The last two: the console is for people, and a machine that fell over ends instead of standing still.
_LINE = "root=/dev/vda rw console=ttyS0 quiet panic=-1"


def absent() -> str:
    """Return why none can be made here, "" when one can."""
    lacking = [no_machine_that_boots()]
    if shutil.which(EMULATOR) is None:
        lacking.append(f"{EMULATOR} (qemu-system-x86)")
    return ", ".join(filter(None, lacking))


class Virtual:
    """The machine, from what lies in the folder of another one that was made with LAYER_WITH_KERNEL."""

    def __init__(self, machine: Booted, image: Path) -> None:
        self._image, self._boot = image, machine.root / "boot"
        used = int(subprocess.run(["du", "-sB1", machine.root], check=True, capture_output=True).stdout.split()[0])
        with image.open("wb") as made:
            made.truncate(used + _ROOM_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-d", machine.root, image], check=True)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Path]:
        """Give the folder with its files, while it is off."""
        place = self._image.with_suffix(".d")
        place.mkdir(exist_ok=True)
        subprocess.run(["mount", "-o", "loop", self._image, place], check=True)
        try:
            yield place
        finally:
            subprocess.run(["umount", place], check=True)

    def boot(self, script: str) -> tuple[int, str]:
        """Boot, run a script of bash as root, switch off; return its exit code and all that it said."""
        with self.opened() as root:
            for name in ("said", "code"):
                (root / "srv" / name).unlink(missing_ok=True)
            (root / "srv" / "step").write_text(script)
        console = self._image.with_suffix(".console")
        kernel, first = (next(self._boot.glob(name)) for name in ("vmlinuz-*", "initrd.img-*"))
        subprocess.run(
            [EMULATOR, *_HARDWARE, "-drive", f"file={self._image},if=virtio,format=raw", "-serial", f"file:{console}",
             "-kernel", kernel, "-initrd", first, "-append", _LINE],
            check=True, timeout=2 * SECONDS, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        with self.opened() as root:
            code, said = root / "srv" / "code", root / "srv" / "said"
            assert code.is_file(), f"it did not come to its end: {console.read_text(errors='replace')[-3000:]}"
            return int(code.read_text()), said.read_text("utf-8", "replace")

"""Fuzz one target, coverage-guided: `python tests/fuzz/run.py TARGET SECONDS [--seed N] [--keep]`."""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[0] = str(HERE.parent)  # not this folder: its modules have the names of formats
sys.path.insert(1, str(HERE.parents[1]))

import atheris  # noqa: E402

INSTRUMENTED = ["dropbox.intake", "dropbox.incoming", "dropbox.sessions", "dropbox.cleaning", "crypto.receipt", "crypto.encoding",
                "crypto.attachment", "werkzeug.sansio", "fuzz.planted"]  # fmt: skip
if "pdf" in sys.argv:  # it takes seconds
    INSTRUMENTED.append("pypdf")
if {"letters", "rosters", "transports", "records", "tables"} & set(sys.argv):
    INSTRUMENTED += ["crypto.envelope", "crypto.sharing", "crypto.row", "crypto.statistics", "crypto.letter", "crypto.forwarded",
                     "crypto.bundle", "keys.offers", "keys.roster", "keys.batch", "keys.release", "keys.request", "station.working_days",
                     "station.airgap", "station.letters"]  # fmt: skip
with atheris.instrument_imports(include=INSTRUMENTED):
    from fuzz import targets

SLOWEST_SECONDS, MEMORY_MB = 30, 1_024
MAX_FILES, MAX_BYTES = 60, 1_000_000
OWN_SHARE = 0.6  # of the changes: those that know the format


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=[*targets.TARGETS, "planted"])
    parser.add_argument("seconds", type=int)
    parser.add_argument("--seed", type=int, default=1, help="the same seed takes the same path as long as time allows")
    parser.add_argument("--keep", action="store_true", help="add what was found to the corpus, smallest first")
    parser.add_argument("--finds", type=Path, help="where new inputs and a failing one go; a new folder by default")
    return parser.parse_args()


def words_file(folder: Path, words: tuple[bytes, ...]) -> Path:
    """Write a dictionary as libFuzzer reads it."""
    path = folder / "words.txt"
    path.write_text("".join('"' + "".join(f"\\x{b:02x}" for b in w) + '"\n' for w in dict.fromkeys(words)))
    return path


def mutator(own):  # type: ignore[no-untyped-def]
    """Return a mutator that mixes the target's own changes with those of libFuzzer."""

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        dice = random.Random(seed)
        if dice.random() < OWN_SHARE:
            found = own(bytes(data), dice)
            if len(found) <= max_size:
                return found
        return atheris.Mutate(data, max_size)

    return mutate


def keep(target: str, finds: Path) -> int:
    """Copy new inputs into the corpus while it stays small; return how many."""
    folder = targets.CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    known = [entry.path for entry in targets.corpus(target)]
    room, files, taken = MAX_BYTES - sum(p.stat().st_size for p in known), MAX_FILES - len(known), 0
    for path in sorted(finds.iterdir(), key=lambda p: p.stat().st_size):
        data = path.read_bytes()
        place = folder / hashlib.sha256(data).hexdigest()[:16]
        if taken < files and len(data) <= room and not place.exists():
            place.write_bytes(data)
            taken, room = taken + 1, room - len(data)
    return taken


def main() -> None:
    given = arguments()
    module = targets.MODULES[given.target]
    home = given.finds or Path(tempfile.mkdtemp(prefix=f"fuzz-{given.target}-"))
    finds = home / "finds"
    finds.mkdir(parents=True, exist_ok=True)
    if given.keep:  # Fuzz never comes back
        words = [arg for arg in sys.argv if arg != "--keep"]
        done = subprocess.run([sys.executable, *words, "--finds", str(home)], check=False)
        print(f"kept {keep(given.target, finds)} in {targets.CORPUS / given.target}")
        sys.exit(done.returncode)
    folders = [str(finds)] + [str(f) for f in [targets.CORPUS / given.target] if f.is_dir()]
    options = [
        f"-max_total_time={given.seconds}", f"-seed={given.seed}", f"-max_len={module.MAX_LEN}", "-print_final_stats=1",
        f"-timeout={SLOWEST_SECONDS}", f"-rss_limit_mb={MEMORY_MB}", f"-artifact_prefix={home}/failing-",
    ]  # fmt: skip
    if module.WORDS:
        options.append(f"-dict={words_file(home, module.WORDS)}")
    own = getattr(module, "mutate", None)
    print(f"finds: {finds}, a failing input: {home}/failing-*", flush=True)
    atheris.Setup([sys.argv[0], *options, *folders], module.one, **({"custom_mutator": mutator(own)} if own else {}))
    atheris.Fuzz()


if __name__ == "__main__":
    main()

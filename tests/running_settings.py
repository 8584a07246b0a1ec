"""What docs/security-settings.md says, asked of the running code: `python tests/running_settings.py` writes it anew.

A value is asked where it acts when that is possible: headers of a server that answers, pragmas of an open database, the
environment of a worker, the arguments of Argon2id. The rest are constants, by the name under which they are changed.
"""

from __future__ import annotations

import importlib
import inspect
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from unittest.mock import patch

from gunicorn.config import Config
from live import ROOT, LiveServer, copy_home
from sqlalchemy import text

from crypto import passphrase, receipt, xwing
from crypto.encoding import epoch_of
from dropbox.dialects import Sqlite
from dropbox.headers import policy, stylesheet
from dropbox.serve import Server
from dropbox.services import open_store
from dropbox.settings import Settings, load_settings
from keys.demo import make_demo
from station import cleaning, previews, sandbox, seccomp, vault
from station.session import Session
from station.settings import Settings as StationSettings
from station.web import create_desk

DOCUMENT = ROOT / "docs" / "security-settings.md"
SERVER_FILES = ROOT / "deploy" / "server"
CONFIGURED = re.compile(
    r"\.(conf|service|socket|timer|toml)$|^(torrc.*|apparmor|nginx.*)$"
)  # names of files with settings
HEAD = """# Settings that safety rests on

One setting a line. `tests/test_security_settings.py` compares each with the running code: a value that changes here or
there alone fails. After a change that is meant, `python tests/running_settings.py` writes this file anew, and the
difference is there to be read.
"""
LOGS = ("accesslog", "errorlog")  # gunicorn's own defaults, which matter here
Settled = Mapping[str, str]


def sections(demo: Path, folder: Path) -> dict[str, Settled]:
    """Return heading → name → value, in the order of the document; `demo` is only copied, into `folder`."""
    home = copy_home(demo / "server", folder / "server")
    with LiveServer(home) as server:
        answer = dict(server.get("/").headers)
        worker = server.pids[1]
        environ = environment(worker)
        core = re.search(r"^Max core file size +(\S+) +(\S+)", Path(f"/proc/{worker}/limits").read_text(), re.M)
    assert core
    return {
        "Answers of the drop box": headers(answer, policy(), "look.css", stylesheet()),
        "Lengths of pages": constants("dropbox.headers", "PAGE_STEP", "MAILBOX_PAGE")
        | constants("dropbox.pages.mailbox", "STEP_SECONDS"),
        "The process that serves": {
            **environ,
            "core file size, soft and hard": f"{core[1]} {core[2]}",
        },
        "gunicorn": gunicorn(),
        "Database of the drop box": database(home),
        "What a form may bring": form_limits(),
        "Patience, floods and waiting": crowd_limits(),
        "Keys, rows and codes": cryptography(),
        "Clocks and days": days(),
        "The cleaners of the drop box": all_constants("dropbox.cleaning.limits") | all_constants("dropbox.cleanroom"),
        "The case desk": desk(demo / "stations" / "sumsel")
        | constants("station.session", "IDLE_SECONDS", "LOCKED_SECONDS", "LOOK_SECONDS")
        | constants("station.web", "MAX_FORM_BYTES"),
        "The vault": vault_pragmas(folder / "vault"),
        "Rooms for files of strangers": rooms(),
    }


def environment(pid: int) -> Settled:
    """Return what the environment of a process says of its memory; the C library has cut its tunables apart in place."""
    parts = (
        Path(f"/proc/{pid}/environ").read_text().replace("GLIBC_TUNABLES=", "").replace(":glibc", "\0glibc").split("\0")
    )
    return dict(sorted(p.split("=", 1) for p in parts if p.startswith(("PYTHONMALLOC", "PYTHONDONTWRITE", "glibc."))))


def spelled(value: object) -> str:
    """Return a value as it stands in the document."""
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    return ", ".join(map(spelled, value)) if isinstance(value, tuple | list | frozenset) else str(value)


def constants(module: str, *names: str) -> Settled:
    """Return constants of a module by their full names."""
    found = importlib.import_module(module)
    return {f"{module}.{name}": spelled(getattr(found, name)) for name in names}


def all_constants(module: str) -> Settled:
    """Return all numbers that stand in capital letters in a module and are not private."""
    found = vars(importlib.import_module(module))
    return constants(
        module, *(n for n, v in found.items() if n.isupper() and n[0] != "_" and isinstance(v, int | float))
    )


def headers(sent: Mapping[str, str], policy: str, sheet: str, css: str) -> Settled:
    """Return what an answer carries but for its time and length; the hash of the stylesheet is named, not spelled."""
    assert sent["Content-Security-Policy"] == policy
    named = re.sub(r"(style|script)-src 'sha256-[^']+'", r"\1-src 'sha256-…'", policy)
    kept = {name: value for name, value in sent.items() if name not in ("Date", "Content-Length", "Location")}
    return {f"{name}:": value for name, value in sorted((kept | {"Content-Security-Policy": named}).items())}


def gunicorn() -> Settled:
    """Return every option that is not gunicorn's own default, and the logs; functions of ours as `set`."""
    config, plain = Server(lambda: None, "127.0.0.1:0", lambda: None).cfg, Config()  # type: ignore[arg-type,return-value]
    own = {name: setting.get() for name, setting in plain.settings.items()}
    changed = {n: s.get() for n, s in config.settings.items() if s.get() != own[n] or n in LOGS}
    changed = {n: v for n, v in changed.items() if n not in ("bind", "proc_name")}
    return {n: "set" if callable(v) and not isinstance(v, type) else spelled(v) for n, v in sorted(changed.items())}


def database(home: Path) -> Settled:
    """Return the pragmas of a connection that the store opened."""
    store = open_store(load_settings(home))
    names = ["page_size", *(pragma.partition("=")[0] for pragma in Sqlite.PRAGMAS)]
    with store.reading() as connection:
        found = {name: str(connection.scalar(text(f"PRAGMA {name}"))) for name in names}
    store.engine.dispose()
    return found


def form_limits() -> Settled:
    """Return what one request may bring."""
    return {
        **constants("dropbox.intake", "MAX_TEXT_BYTES", "MAX_PARTS", "MAX_NAME_LETTERS", "DRAIN_BYTES"),
        **constants("crypto.attachment", "MAX_ATTACHMENTS", "MAX_ATTACHMENT_BYTES", "MAX_NAME_BYTES"),
        **constants("crypto.letter", "MAX_UPLOAD_BYTES", "MAX_FIELDS"),
        **constants("crypto.mailbox", "MAX_TEXT_BYTES"),
        **constants("dropbox.sealing", "BATCH_ROWS"),
    }


def crowd_limits() -> Settled:
    """Return how long senders are waited for, and what a flood meets."""
    defaults = {f.name: f.default for f in fields(Settings)}
    return {
        **constants("dropbox.patience", "HEAD_SECONDS", "BODY_SECONDS", "SLOWEST"),
        **constants("dropbox.arena", "FILES_UP_TO", "FILES_A_DAY", "LARGEST_REPORT", "LITTERED_FROM", "CROWDED_FROM"),
        **constants("dropbox.services", "UPLOADS_AT_ONCE"),
        **{f"settings.toml: {n}": spelled(defaults[n]) for n in ("lanes", "max_waiting", "letters_an_hour", "memory")},
    }


def stretched(module: Any, call: Any) -> str:
    """Return with what arguments a module calls Argon2id."""
    seen: list[str] = []

    def note(secret: bytes, salt: bytes, passes: int, memory: int, lanes: int, length: int, kind: Any) -> bytes:
        seen.append(
            f"memory {memory} KiB, t={passes}, p={lanes}, {length} bytes, salt {len(salt)} bytes, type {kind.name}"
        )
        return bytes(length)

    with patch.object(module, "hash_secret_raw", note):
        call()
    (found,) = seen
    return found


def cryptography() -> Settled:
    """Return the parameters of everything that is sealed, signed or stretched."""
    derive = getattr(receipt.derive, "__wrapped__", receipt.derive)
    return {
        "Argon2id of a receipt code": stretched(receipt, lambda: derive(bytes(receipt.CODE_BYTES), "demo")),
        "Argon2id of a passphrase": stretched(passphrase, lambda: passphrase.lock("a", b"b", "senyap/v1/x")),
        "sealing": suite(),
        **constants("crypto.xwing", "PUBLIC_BYTES", "OVERHEAD_BYTES"),
        **constants("crypto.signing", "PUBLIC_BYTES", "SIGNATURE_BYTES"),
        **constants("crypto.row", "ROW_BYTES", "SLOTS", "SUITE", "EPOCHS_BACK", "EPOCHS_AHEAD"),
        **constants("crypto.mailbox", "ROW_BYTES", "MAX_READERS"),
        **constants("crypto.sharing", "SECRET_BYTES", "MAX_MEMBERS"),
        **constants("crypto.receipt", "CODE_BYTES", "CODE_WORDS", "NAME_WORDS"),
        **constants("keys.batch", "MAX_EPOCHS"),
        **constants("crypto.bundle", "MAX_MANIFEST_BYTES", "MAX_RECORDS"),
    }


def suite() -> str:
    """Return how rows are sealed: the library's object does not say what it was made of."""
    found = re.search(r"^_SUITE = Suite\((.+)\)$", inspect.getsource(xwing), re.M)
    assert found
    return found[1]


def days() -> Settled:
    """Return what counts in days, weeks and hours."""
    defaults = StationSettings()
    return {
        "days of an epoch": str(next(day for day in range(1, 1_000) if epoch_of(day) > epoch_of(0))),
        **constants("dropbox.clock", "MOST_DAYS_UNSIGNED"),
        **constants("dropbox.fieldkeys", "PERIOD_SECONDS"),
        **constants("keys.ledger", "CLOCK_SLACK_DAYS"),
        **constants("keys.changes", "ROSTER_DAYS"),
        **{
            f"station.toml: {n}": spelled(getattr(defaults, n)) for n in ("grace_days", "canary_days", "retention_days")
        },
        **{f"station.toml: {n}, least and most": spelled(v) for n, v in sorted(station_limits().items())},
        **constants("station.past_boxes", "KEPT_DAYS"),
        **constants("station.letters", "HELD_DAYS"),
        **constants("station.attachments", "ORPHAN_DAYS"),
    }


def station_limits() -> Mapping[str, tuple[int, int]]:
    return importlib.import_module("station.settings").LIMITS


def desk(station: Path) -> Settled:
    """Return the headers of the case desk, asked of it while it is locked."""
    port = 8090
    answer = create_desk(Session(station), port).test_client().get("/", headers={"Host": f"127.0.0.1:{port}"})
    web = importlib.import_module("station.web")
    return headers(dict(answer.headers), web.policy(port), "desk.css", web.stylesheet())


def vault_pragmas(path: Path) -> Settled:
    """Return the pragmas of an open vault."""
    connection = vault.connect(path, bytes(32))
    names = ("temp_store", "journal_mode", "synchronous", "secure_delete", "foreign_keys", "cipher_use_hmac",
             "cipher_page_size", "cipher_hmac_algorithm")  # fmt: skip
    found = {name: (connection.execute(f"PRAGMA {name}").fetchone() or ("",))[0] for name in names}
    connection.close()
    return {name: spelled(value) for name, value in found.items()}


def rooms() -> Settled:
    """Return the walls of the rooms, and what each program may take in its own."""
    made = {"look": previews.LOOK, "to PDF": previews.TO_PDF, "render": previews.RENDER, "wash": cleaning.WASH}
    limits = {
        f"{room}, {field.name}": spelled(getattr(limit, field.name))
        for room, limit in made.items()
        for field in fields(limit)
    }
    words = sandbox.command(["PROGRAM"], {}, 9, sandbox.Limits())
    words = words[words.index("bwrap") + 1 : words.index("PROGRAM") - 1]
    walls = [wall.strip().replace("--seccomp 9", "--seccomp FILTER") for wall in re.split(r" (?=--)", " ".join(words))]
    walls = [wall for wall in walls if wall not in ("--", "-- prlimit") and not wall.startswith("--size")]
    calls = {f"system call {name}": "EPERM" for name in seccomp.FORBIDDEN}
    newer = f"{seccomp._NEWER[0]} to {seccomp._NEWER[1] - 1}"
    return {
        **{f"wall {number}": wall for number, wall in enumerate(walls, 1)}, **limits, **calls,
        f"system calls clone3 and {newer}": "ENOSYS",
    }  # fmt: skip


def server_files(folder: Path = SERVER_FILES) -> dict[str, list[str]]:
    """Return the lines that set something, of each file of settings that is installed on the drop box's machine."""
    if not folder.is_dir():
        return {}
    return {
        f"deploy/server/{path.relative_to(folder)}": directives(path.read_text("utf-8"))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and CONFIGURED.search(path.name)
    }


def directives(written: str) -> list[str]:
    """Return the lines of a file without comments and empty ones."""
    lines = (line.strip() for line in written.splitlines())
    return [line for line in lines if line and not line.startswith(("#", ";"))]


def read_document(written: str) -> tuple[dict[str, dict[str, str]], dict[str, list[str]]]:
    """Return what the document says of the code, as `sections`, and of the files, as `server_files`."""
    said: dict[str, dict[str, str]] = {}
    of_files: dict[str, list[str]] = {}
    for heading, block in re.findall(r"^## ([^\n]+)\n\n```text\n(.*?)^```$", written, re.M | re.S):
        lines = block.splitlines()
        if heading.startswith("`"):
            of_files[heading.strip("`")] = lines
        else:
            pairs = [line.split(" = ", 1) if " = " in line else re.split("(?<=:) ", line, maxsplit=1) for line in lines]
            said[heading] = {pair[0]: pair[1] for pair in pairs}
    return said, of_files


def written_as(found: Mapping[str, Settled], of_files: Mapping[str, Iterable[str]]) -> str:
    """Return the document for these values."""
    parts = [HEAD]
    for heading, values in found.items():
        lines = (f"{name} {value}" if name.endswith(":") else f"{name} = {value}" for name, value in values.items())
        parts.append(f"## {heading}\n\n```text\n" + "".join(f"{line}\n" for line in lines) + "```\n")
    for name, lines in of_files.items():
        parts.append(f"## `{name}`\n\n```text\n" + "".join(f"{line}\n" for line in lines) + "```\n")
    return "\n".join(parts)


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="settings-"))
    try:
        make_demo(folder / "demo")
        DOCUMENT.write_text(written_as(sections(folder / "demo", folder), server_files()), "utf-8")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

"""Who may import whom, who may touch files, and how large a file may grow.

The online/offline cut is the most important line of the system: these tests read every module's source
and then import each house in a process of its own and look at what came along.
"""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSES = ("crypto", "keys", "dropbox", "station")
PUBLIC_KEYS = (
    "keys",
    "keys.errors",
    "keys.roster",
    "keys.rosterfile",
    "keys.batch",
    "keys.ledger",
    "keys.offers",
    "keys.request",
    "keys.progress",
    "keys.words",
    "keys.archives",
    "keys.setup",
    "keys.wheel",
    "keys.release",
    "keys.release_check",
)  # all of `keys` that is installed on the drop box
MAY_IMPORT = {
    "crypto": ("crypto",),
    "keys": ("crypto", "keys"),
    "dropbox": ("crypto", "dropbox", *PUBLIC_KEYS),
    "station": ("crypto", "keys", "station"),
}
THIRD_PARTY = {
    "crypto": {"cryptography", "nacl", "argon2"},
    "keys": {"cryptography", "click", "reportlab", "segno", "shamir_mnemonic", "tqdm", "zxcvbn"},
}
PARCEL = "__pycache__", ".venv", "build", "var", "node_modules"
MAX_FILE_LINES, MAX_FUNCTION_LINES = 400, 60

SOURCES = [
    path
    for path in sorted(ROOT.rglob("*.py"))
    if not {*PARCEL, "tests"} & set(path.relative_to(ROOT).parts)
    and not path.relative_to(ROOT).parts[0].startswith(".")
]
HOUSE_SOURCES = [p for p in SOURCES if p.relative_to(ROOT).parts[0] in HOUSES]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def exists(module: str) -> bool:
    place = ROOT.joinpath(*module.split("."))
    return place.with_suffix(".py").is_file() or place.is_dir()


def imports_of(path: Path) -> set[str]:
    """Return the full names of all modules a file imports, wherever in the file."""
    found: set[str] = set()
    package = module_of(path).split(".") if path.name == "__init__.py" else module_of(path).split(".")[:-1]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *((node.module or "").split(".") if node.module else [])])
            inner = {f"{base}.{alias.name}" for alias in node.names if exists(f"{base}.{alias.name}")}
            found |= inner or {base}
            if any(not exists(f"{base}.{alias.name}") for alias in node.names):
                found.add(base)
    return found


def ours(module: str) -> bool:
    return module.split(".")[0] in (*HOUSES, "tests")


def allowed(house: str, module: str) -> bool:
    if house == "dropbox" and module.split(".")[0] == "keys":
        return module in PUBLIC_KEYS
    return module.split(".")[0] in MAY_IMPORT[house]


@pytest.mark.parametrize("path", HOUSE_SOURCES, ids=named)
def test_a_module_imports_only_what_its_house_may(path: Path) -> None:
    house = path.relative_to(ROOT).parts[0]
    wrong = {m for m in imports_of(path) if ours(m) and not allowed(house, m)}
    assert not wrong


@pytest.mark.parametrize("path", [p for p in HOUSE_SOURCES if module_of(p) in PUBLIC_KEYS], ids=named)
def test_the_public_half_of_keys_needs_nothing_of_the_private_half(path: Path) -> None:
    assert not {m for m in imports_of(path) if m.startswith("keys") and m not in PUBLIC_KEYS}


@pytest.mark.parametrize("path", [p for p in HOUSE_SOURCES if p.relative_to(ROOT).parts[0] in THIRD_PARTY], ids=named)
def test_crypto_and_keys_use_no_web_no_database_and_no_network(path: Path) -> None:
    known = THIRD_PARTY[path.relative_to(ROOT).parts[0]]
    tops = {m.split(".")[0] for m in imports_of(path) if not ours(m)}
    assert not tops - set(sys.stdlib_module_names) - known
    assert not tops & {"socket", "ssl", "http", "urllib", "sqlite3", "asyncio", "smtplib", "ftplib", "socketserver"}


@pytest.mark.parametrize("path", HOUSE_SOURCES, ids=named)
def test_no_module_is_imported_by_a_computed_name(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            assert name not in ("__import__", "import_module", "exec", "eval") or (
                name in ("exec", "eval") and isinstance(node.func, ast.Attribute)
            )


LOOK = """
import importlib, pkgutil, sys
house = importlib.import_module(sys.argv[1])
wanted = sys.argv[2:] or [m.name for m in pkgutil.walk_packages(house.__path__, house.__name__ + ".")]
for name in wanted:
    importlib.import_module(name)
print(*sorted(sys.modules))
"""


def loaded_by(house: str, *modules: str) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-c", LOOK, house, *modules], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


@pytest.mark.parametrize("house", HOUSES)
def test_a_house_loads_no_house_that_it_may_not_import(house: str) -> None:
    if not (ROOT / house / "__init__.py").is_file():
        pytest.skip(f"{house} is not a package yet")
    loaded = loaded_by(house)
    assert house in loaded
    assert not {m for m in loaded if ours(m) and not allowed(house, m)}


def test_prose_needs_nothing_but_the_standard_library() -> None:
    for path in [p for p in HOUSE_SOURCES if p.parent.name == "prose"]:
        assert {m.split(".")[0] for m in imports_of(path)} <= {*sys.stdlib_module_names, "crypto"}
        assert all(m.startswith("crypto.prose") for m in imports_of(path) if ours(m)) and not file_access(path)


def test_crypto_loads_no_flask_no_sql_and_no_web() -> None:
    assert not {"flask", "sqlalchemy", "sqlite3", "socket", "ssl", "http.client"} & loaded_by("crypto")


def test_the_public_half_of_keys_loads_no_keyring_and_no_demo() -> None:
    loaded = loaded_by("keys", *PUBLIC_KEYS[1:])
    assert {m for m in loaded if m.split(".")[0] == "keys"} == set(PUBLIC_KEYS)
    assert not {"crypto.passphrase", "click"} & loaded


# --- files -------------------------------------------------------------------------------------------

FILE_MODULES = {
    "pathlib", "io", "shutil", "tempfile", "glob", "fileinput", "mmap", "subprocess", "sqlite3", "dbm", "shelve",
    "zipfile", "tarfile", "fcntl", "importlib", "linecache", "socket",
}  # fmt: skip
FILE_CALLS = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "unlink", "rename", "mkdir", "fdopen"}
CRYPTO = [p for p in HOUSE_SOURCES if p.parent.name == "crypto"]


def file_access(path: Path) -> set[str]:
    """Return what in a module reaches for a file system."""
    found = {m for m in imports_of(path) if m.split(".")[0] in FILE_MODULES}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            found |= {f"os.{node.attr}"} - {"os.urandom"}
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            found.add("from os import")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
            found.add("open()")
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in FILE_CALLS - {"open"}
        ):
            found.add(f".{node.func.attr}()")
    return found


def test_medium_and_copies_are_the_only_modules_of_crypto_that_touch_files() -> None:
    touching = {p.stem: file_access(p) for p in CRYPTO if file_access(p)}
    assert touching.pop("receipt") == {"importlib.resources", ".read_text()"}  # the word list inside the package
    assert set(touching) == {"medium", "copies"}


def test_cleaning_stands_alone_and_touches_no_file() -> None:
    for path in (p for p in HOUSE_SOURCES if p.parent.name == "cleaning"):
        assert file_access(path) <= {"io"}, path  # pypdf reads from bytes in memory
        tops = {m for m in imports_of(path) if not m.startswith("dropbox.cleaning")}
        assert not {m for m in tops if ours(m)} and not {"flask", "sqlalchemy"} & {m.split(".")[0] for m in tops}
        assert {m.split(".")[0] for m in tops} - set(sys.stdlib_module_names) <= {"pypdf"}


# --- size --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_a_file_has_at_most_400_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MAX_FILE_LINES


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_a_function_has_at_most_60_lines(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < MAX_FUNCTION_LINES, node.name


@pytest.mark.parametrize("path", [p for p in HOUSE_SOURCES if p.relative_to(ROOT).parts[0] in THIRD_PARTY], ids=named)
def test_no_input_is_checked_by_assert(path: Path) -> None:
    """`python -O` drops every assert."""
    assert not [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Assert)]


# --- what no tracked file says -----------------------------------------------------------------------


def tracked() -> list[Path]:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in files if path.is_file()]


def saying(words: list[bytes]) -> list[str]:
    return [named(path) for path in tracked() if any(word in path.read_bytes() for word in words)]


def test_no_tracked_file_points_outside_the_repository() -> None:
    assert not saying([b"../" + b"shared"])


def test_no_tracked_file_names_a_package_registry() -> None:
    hosts = ["pypi", "org"], ["files", "pythonhosted", "org"], ["deb", "debian", "org"], ["registry", "npmjs", "org"]
    assert not saying([".".join(host).encode() for host in hosts])

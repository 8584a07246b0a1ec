"""The whole way of a station: gathered on this machine, installed on a bare Debian 12 without any network, used there.

The long form (`make long`): it takes some 700 MB from the archive and libraries, and root to make the machine.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bare import Bare, absent
from live import ROOT

pytestmark = pytest.mark.slow

STEPS = 14
CLIENT = """
import http.cookiejar, re, sys, urllib.parse, urllib.request
base = "http://127.0.0.1:8090"
words = [line.rstrip("\\n").split("\\t") for line in open(sys.argv[1])]
jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
browser = urllib.request.build_opener(jar)
print("door", browser.open(base).read().decode().count("LATIHAN: semua perkara karangan"))
for who, said in words[:2]:
    form = urllib.parse.urlencode({"penelaah": who, "frasa": said}).encode()
    page = browser.open(urllib.request.Request(base + "/buka", form, {"Origin": base})).read().decode()
print("list", page.count("LATIHAN: semua perkara karangan"), len(set(re.findall("K-[0-9]{4}", page))))
"""
SERVE = """
coproc DESK { exec senyap-station serve --home ~/latihan/stasiun; }
read -r line <&"${DESK[0]}"
echo "$line"
python3 /srv/client.py ~/latihan/frasa-sandi.txt
kill "$DESK_PID"
"""
# What the desk itself calls, by the program that was installed: on two of the trainees' files, and on an office file.
LOOK = """
/opt/senyap-station/current/bin/python - <<'END'
import io, zipfile
from station.cleaning import clean
from station.previews import make_preview
from station.sandbox import Limits, run

def office():
    names = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default '
        'Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
        'PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.'
        'document.main+xml"/></Types>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="word/document.xml"/></Relationships>',
        "word/document.xml": '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
        '<w:p><w:r><w:t>Berita acara</w:t></w:r></w:p></w:body></w:document>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as whole:
        for name, text in names.items():
            whole.writestr(name, text)
    return out.getvalue()

found = make_preview(office(), "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
print("docx", found.kind, found.count, found.pages[0][1:4].decode() if found.pages else found.words)
found = make_preview("Ada kuitansi.".encode(), "a.txt", "text/plain")
print("text", found.kind, found.text)
print("clean", clean(office(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document").state)
ended = run(["tail", "-n", "+3", "/proc/net/dev"], {}, Limits())
print("net", ended.output.decode().split(":")[0].strip())
END
"""


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if why := absent():
        pytest.skip(f"no bare machine here: {why}")
    out = tmp_path_factory.mktemp("gathered") / "stasiun"
    done = subprocess.run([ROOT / "deploy" / "station" / "gather", out], capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{out}\n" and fingerprint(out) in done.stderr
    return out


@pytest.fixture(scope="module")
def bare(gathered: Path, tmp_path_factory: pytest.TempPathFactory) -> Bare:
    made = Bare(tmp_path_factory.mktemp("bare") / "root")
    shutil.copytree(gathered, made.root / "media" / "stasiun")
    (made.root / "srv" / "client.py").write_text(CLIENT)
    return made


def fingerprint(folder: Path) -> str:
    digest = hashlib.sha512((folder / "SHA512SUMS").read_bytes()).hexdigest()
    return " ".join(digest[at : at + 4] for at in range(0, 40, 4))


def install(bare: Bare, *options: str, folder: str = "stasiun") -> subprocess.CompletedProcess[str]:
    words = fingerprint(bare.root / "media" / folder)
    more = " ".join(options) or f'--fingerprint "{words}"'
    return bare.run(f"bash /media/{folder}/install {more} /media/{folder}", guarded=True)


def done_of(done: subprocess.CompletedProcess[str]) -> list[str]:
    return re.findall(r"^dikerjakan: (.*)$", done.stdout, re.M)


def tree(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return {str(p.relative_to(folder)): (p.stat().st_mode, p.stat().st_mtime_ns, p.read_bytes()) for p in files}


def test_the_machine_has_no_network_and_nothing_of_the_station(bare: Bare) -> None:
    lines = bare.run("cat /proc/net/dev").stdout.splitlines()[2:]
    assert [line.split(":")[0].strip() for line in lines] == ["lo"]
    assert bare.run("command -v python3 bwrap").returncode != 0


def test_a_stick_with_one_bit_changed_installs_nothing(bare: Bare) -> None:
    chosen = sorted((bare.root / "media" / "stasiun" / "debs").glob("*.deb"))[7]
    data = bytearray(chosen.read_bytes())
    before, data[len(data) // 2] = bytes(data), data[len(data) // 2] ^ 1
    chosen.write_bytes(data)
    done = install(bare)
    chosen.write_bytes(before)
    assert done.returncode == 3 and f"berubah: ./debs/{chosen.name}" in done.stderr.splitlines()
    assert bare.run("command -v python3").returncode != 0


def test_check_says_what_would_be_done_and_does_nothing(bare: Bare) -> None:
    before = set(tree(bare.root))
    done = install(bare, "--check")
    assert done.returncode == 0 and f"{STEPS} langkah akan dikerjakan" in done.stdout, done.stderr
    changed = set(tree(bare.root)) ^ before
    assert not {name for name in changed if not name.startswith(("proc/", "sys/", "dev/"))}


def test_another_fingerprint_installs_nothing(bare: Bare) -> None:
    done = install(bare, '--fingerprint "0000 1111"')
    assert done.returncode == 3 and bare.run("command -v python3").returncode != 0


def test_it_is_installed_once_and_a_second_run_changes_nothing(bare: Bare) -> None:
    first = install(bare)
    print(first.stdout)
    assert first.returncode == 0, first.stderr
    assert len(done_of(first)) == STEPS
    again = install(bare)
    assert again.returncode == 0 and done_of(again) == [], again.stdout
    assert "0 langkah dikerjakan" in again.stdout
    there = bare.run(
        "stat -c '%U %a' /var/lib/senyap-station; readlink /etc/systemd/system/hibernate.target; ulimit -Hc"
    )
    assert there.stdout.splitlines()[:2] == ["senyap 700", "/dev/null"]
    assert bare.run("ulimit -Hc", user="senyap").stdout.strip() == "0"


def test_reviewers_practise_there(bare: Bare) -> None:
    made = bare.run("senyap-station training ~/latihan", user="senyap")
    assert made.returncode == 0, made.stderr
    served = bare.run(SERVE, user="senyap")
    print(served.stdout)
    assert served.stdout.splitlines() == ["READY http://127.0.0.1:8090", "door 1", "list 1 12"], served.stderr


def test_the_desk_shows_and_cleans_an_office_file_in_a_room_without_network(bare: Bare) -> None:
    done = bare.run(LOOK, user="senyap")
    assert done.stdout.splitlines() == ["docx pixels 1 PNG", "text text Ada kuitansi.", "clean cleaned", "net lo"], done


def test_an_update_changes_the_program_and_leaves_the_vault_as_it_is(
    bare: Bare, gathered: Path, tmp_path: Path
) -> None:
    shutil.copytree(bare.root / "home/senyap/latihan/stasiun", bare.root / "var/lib/senyap-station", dirs_exist_ok=True)
    bare.run("chown -R senyap: /var/lib/senyap-station")
    before = tree(bare.root / "var/lib/senyap-station")
    assert "vault.db" in before
    newer = Path(shutil.copytree(gathered, bare.root / "media" / "newer"))
    raise_version(newer, tmp_path)
    checked = install(bare, "--check", folder="newer")
    assert re.findall(r"^akan: (.*)$", checked.stdout, re.M) == ["program stasiun"], checked.stderr
    done = install(bare, folder="newer")
    assert done_of(done) == ["program stasiun"] and "versi 0.1.1" in done.stdout, done.stderr
    assert tree(bare.root / "var/lib/senyap-station") == before
    assert bare.run("ls /opt/senyap-station | wc -l").stdout.strip() == "3", "this one, the one before, and which"
    refused = install(bare)
    assert refused.returncode == 3 and "lebih lama dari 0.1.1" in refused.stderr, (
        "an older one comes only where it is asked for"
    )
    words = fingerprint(bare.root / "media" / "stasiun")
    done = install(bare, "--older", f'--fingerprint "{words}"')
    assert "versi 0.1.0" in done.stdout and tree(bare.root / "var/lib/senyap-station") == before


def raise_version(folder: Path, tmp_path: Path) -> None:
    """Turn a gathered folder into that of the next version."""
    archived = subprocess.run(["git", "archive", "--format=tar", "HEAD"], cwd=ROOT, capture_output=True, check=True)
    source = tmp_path / "source"
    source.mkdir()
    subprocess.run(["tar", "-x", "-C", source], input=archived.stdout, check=True)
    config = (source / "setup.cfg").read_text()
    (source / "setup.cfg").write_text(config.replace("version = 0.1.0", "version = 0.1.1"))
    for old in (folder / "wheels").glob("kotak_senyap-*"):
        old.unlink()
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder / "wheels", source], check=True
    )
    wheel = next((folder / "wheels").glob("kotak_senyap-0.1.1-*"))
    pins = (folder / "requirements.txt").read_text().split("kotak-senyap==")[0]
    pins += f"kotak-senyap==0.1.1 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
    (folder / "requirements.txt").write_text(pins)
    (folder / "SHA512SUMS").unlink()
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    lines = [f"{hashlib.sha512((folder / name).read_bytes()).hexdigest()}  ./{name}\n" for name in names]
    (folder / "SHA512SUMS").write_text("".join(lines))

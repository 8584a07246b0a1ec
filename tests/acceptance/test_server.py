"""The whole life of a drop box: installed offline on a bare Debian 12, booted, used, updated, put back, taken away.

The long form (`make long`): root, debootstrap, systemd-nspawn, an archive in reach for gathering.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from booted import Booted, absent, steps_of
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from live import ROOT
from samples import named
from test_operator_guide import blocks

from dropbox.process import WIPING

pytestmark = pytest.mark.slow

TEXTS = [
    f"Laporan karangan {number}. Pemenang lelang meja sekolah sudah ditentukan sebelum lelang dibuka, dan harganya dua kali."
    for number in ("satu", "dua", "tiga")
]
SEND = "python3 /srv/client.py /run/senyap/web.sock"
INSTALL, UPDATE = "Installing", "Updating, and going back"  # of docs/guide-operator.md
UNITS = "senyap-web senyap-keeper senyap-cleaner senyap-tor"
# What no container can have: a clock that is set, AppArmor, rules of memory of its own; and these keys are a demo's.
MISSING = {"clock", "apparmor", "memory", "health"}
NEWER = '''"""A table more, as an update could bring it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table("spare", sa.Column("id", sa.Integer, primary_key=True), if_not_exists=True)


def downgrade() -> None:
    op.drop_table("spare")
'''
INSIDE = """
in_unit() { nsenter -t "$(systemctl show -p MainPID --value "$1")" -m "${@:2}"; }
for unit in senyap-web senyap-keeper senyap-cleaner senyap-tor; do
    for place in /opt/senyap /etc /usr /var/lib; do in_unit "$unit" touch "$place/x" && echo "$unit WRITES"; done
done
in_unit senyap-cleaner ls /var/lib/senyap | wc -l
in_unit senyap-web ls /var/lib/senyap-tor | wc -l
touch /opt/senyap/x && rm /opt/senyap/x && echo CONTROL
tr '\\0' '\\n' <"/proc/$(systemctl show -p MainPID --value senyap-web)/environ" | grep -E '^(PYTHONMALLOC|glibc)'
ls /var/lib/senyap | wc -l
"""
NAME = "kotak.example.go.id"  # of deploy/server/nginx.conf
VISIT = f"""
import socket, ssl
rules = ssl.create_default_context(cafile="/etc/senyap/tls/fullchain.pem")
with rules.wrap_socket(socket.create_connection(("127.0.0.1", 443)), server_hostname="{NAME}") as visit:
    spoken = visit.version()
    visit.sendall(b"GET /lapor HTTP/1.1\\r\\nHost: {NAME}\\r\\nConnection: close\\r\\n\\r\\n")
    page = b"".join(iter(lambda: visit.recv(65536), b""))
print(spoken, page[9:12].decode(), b'name="benih"' in page)
"""
DOCTOR = """
onion=$(cat /var/lib/senyap-tor/onion/hostname)
grep -q onion /var/lib/senyap/settings.toml || sed -i "1i onion = \\"$onion\\"" /var/lib/senyap/settings.toml
senyap-dropbox doctor
echo "ended with $?"
"""


@pytest.fixture(scope="module")
def machine(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    if why := absent():
        pytest.skip(f"no machine that boots here: {why}")
    if not (ROOT / "deploy" / "server" / "torrc").is_file():
        pytest.skip("deploy/server/torrc is not there")
    made = Booted(tmp_path_factory.mktemp("booted") / "root")
    srv = made.root / "srv"
    made.put_project("older")
    newer = made.put_project("newer")
    (newer / "setup.cfg").write_text((newer / "setup.cfg").read_text().replace("version = 0.1.0", "version = 0.1.1"))
    versions = newer / "dropbox" / "migrations"
    (versions / "versions" / "r0004_spare.py").write_text(NEWER)
    (versions / "__init__.py").write_text((versions / "__init__.py").read_text().replace('"0003"', '"0004"'))
    stick = made.root / "media" / "stick"
    shutil.copytree(small / "server", stick / "server", ignore=shutil.ignore_patterns("locks"))
    (srv / "wheels").rename(stick / "wheels")
    shutil.copy(Path(__file__).with_name("client.py"), srv)
    (srv / "foto.jpg").write_bytes(named("exiftool-tags.jpg"))
    (srv / "out").mkdir()
    (srv / "out").chmod(0o777)
    yield made
    shutil.rmtree(made.root)


def boot(machine: Booted, script: str) -> str:
    """Boot, run it, and return what it said; what a person would read is printed."""
    code, said = machine.boot(script)
    print(said)
    assert code == 0, said
    return said


def guide(heading: str, number: int = 0, project: str = "older") -> str:
    """Return the lines of a block of the guide, each followed by the end that it says; `doctor` may miss things here."""
    script = [f"ln -sfn /srv/{project} /srv/kotak-senyap; cd /srv/kotak-senyap"]
    for line in blocks(heading)[number]:
        text, _, remark = line.partition("#")
        codes = "01" if "doctor" in text else "".join(re.findall(r"ends with (\d)", remark)) or "0"
        script.append(f"echo '$ {text.strip()}'; {text.strip()}; code=$?; [[ {codes} == *$code* ]] || exit 1")
    return "\n".join(script)


def findings(said: str) -> dict[str, str]:
    """Return the lines of doctor that are not ok: check and words."""
    return dict(re.findall(r"^(?:fix|cannot tell): ([a-z ]+): (.*)$", said, re.M))


def test_it_is_installed_offline_and_takes_a_report_whose_photo_is_cleaned_by_another_user(machine: Booted) -> None:
    said = boot(
        machine,
        f"""
        {guide(INSTALL)}
        echo AGAIN; {guide(INSTALL)}
        systemctl is-active {UNITS}
        killed=$(systemctl show -p MainPID --value senyap-cleaner); kill -9 "$killed"
        until now=$(systemctl show -p MainPID --value senyap-cleaner) && [ "$now" != 0 ] && [ "$now" != "$killed" ] &&
            test -S /run/senyap-cleaner/clean.sock; do :; done
        {SEND} "{TEXTS[0]}" /srv/foto.jpg || exit 1
        echo "LOGGED $(journalctl -b | grep -c -E 'karangan|foto|lapor') of $(journalctl -b | grep -c senyap)"
        {DOCTOR}
        exit 0
        """,
    )
    first, again = said.split("AGAIN\n")
    assert len(steps_of(first, "would")) == len(steps_of(first, "done")) > 15
    assert steps_of(again, "done") == [] and "0 steps done" in again
    assert "active\n" * 4 in again and "RECEIPT 8 cleaned" in again
    assert re.search(r"^LOGGED 0 of [1-9]", said, re.M), "the journal says that they run, and nothing of what they take"
    assert set(findings(said.split("LOGGED ")[1])) == MISSING and "ended with 1" in said


def test_after_a_reboot_it_runs_by_itself_inside_its_walls(machine: Booted) -> None:
    said = boot(
        machine,
        f"systemctl start {UNITS}; systemctl is-active {UNITS}; senyap-dropbox status --json; {INSIDE}"
        "senyap-dropbox doctor; exit 0",
    )
    assert "active\n" * 4 in said and json.loads(re.search(r"^\{.*\}$", said, re.M)[0])["waiting"] >= 2
    assert set(findings(said)) == MISSING
    assert "WRITES" not in said and "CONTROL" in said
    settings = WIPING["GLIBC_TUNABLES"].split(":")[1:]  # glibc cuts it there, in its own memory
    wiping = [f"PYTHONMALLOC={WIPING['PYTHONMALLOC']}", *settings]
    assert all(f"{line}\n" in said for line in wiping)
    counts = [int(line) for line in said.splitlines() if line.isdecimal()]
    assert counts[:2] == [0, 0] and counts[2] > 4, "cleaner and pages see nothing of what root sees"


def test_a_clear_web_is_added_and_passes_on_what_visitors_send(machine: Booted) -> None:
    if not (ROOT / "deploy" / "server" / "nginx.conf").is_file():
        pytest.skip("deploy/server/nginx.conf is not there")
    write_certificate(machine.root / "etc" / "senyap" / "tls")
    (machine.root / "srv" / "visit.py").write_text(VISIT)
    said = boot(
        machine,
        f"""
        bash /srv/older/deploy/install-server --wheels /media/stick/wheels --clear-web || exit 1
        systemctl is-active {UNITS} senyap-front; systemctl is-active nginx
        python3 /srv/visit.py || exit 1
        nft list ruleset | grep 'dport 443'
        senyap-dropbox doctor; exit 0
        """,
    )
    assert "active\n" * 5 + "inactive\n" in said and "TLSv1.3 200 True" in said and "tcp dport 443 accept" in said
    assert set(findings(said)) == MISSING


def write_certificate(folder: Path) -> None:
    """Make a key and a certificate that names the site and that it signed itself."""
    folder.mkdir()
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*pem))
    (folder / "key.pem").chmod(0o600)


def test_an_update_changes_tables_and_can_be_taken_back_with_what_came_since(machine: Booted, small: Path) -> None:
    said = boot(
        machine,
        f"""
        {guide(UPDATE, project="newer")}
        senyap-dropbox revision
        {SEND} "{TEXTS[1]}" /srv/foto.jpg || exit 1
        cd /; for program in current previous; do
            SENYAP_HOME=/var/lib/senyap PYTHONSAFEPATH=1 setpriv --reuid senyap --regid senyap --clear-groups \\
                /opt/senyap/$program/bin/python -m dropbox status --json >/dev/null; echo "$program ended with $?"
        done
        """,
    )
    assert all(step.startswith("program 0.1.1-") for step in steps_of(said, "done"))
    assert "program 0.1.1-" in said and "\n0004\n" in said and "RECEIPT 8 cleaned" in said
    assert "current ended with 0" in said and "previous ended with 6" in said, "control: it cannot read those tables"
    said = boot(
        machine,
        f"""
        systemctl start {UNITS}
        {guide(UPDATE, 1, "newer")}
        senyap-dropbox revision
        {SEND} "{TEXTS[2]}" || exit 1
        senyap-dropbox bundle --to /srv/out --station sumsel || exit 1
        {DOCTOR}
        touch /var/lib/senyap/station.key; systemctl stop senyap-keeper; echo '# more' >>/etc/senyap/torrc
        echo BROKEN; senyap-dropbox doctor; rm /var/lib/senyap/station.key; sed -i '$d' /etc/senyap/torrc; exit 0
        """,
    )
    assert "tables back to revision 0003" in said and "\n0003\n" in said and "program 0.1.0-" in said
    whole, broken = said.split("BROKEN\n")
    assert set(findings(whole)) == MISSING
    assert {"data", "units", "places"} <= set(findings(broken))
    assert sorted(read_at_station(small, next((machine.root / "srv/out").glob("bundle-*")))) == sorted(TEXTS)


def read_at_station(small: Path, bundle: Path) -> list[str]:
    """Import a bundle at the demo's station and return the texts of all cases."""
    options = []
    for line in (small / "demo-passphrases.txt").read_text().splitlines():
        who, words = line.split("\t")
        if who in ("sumsel-1", "sumsel-2"):
            (bundle.parent / who).write_text(words)
            (bundle.parent / who).chmod(0o600)
            options += ["--passphrase-file", f"{who}={bundle.parent / who}"]
    home = shutil.copytree(small / "stations" / "sumsel", bundle.parent / "station")

    def station(*arguments: object) -> str:
        command = [sys.executable, "-m", "station", "--allow-network", "--home", home, *options, *arguments]
        done = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    station("import", bundle, "--json")
    cases = [case["case"] for case in json.loads(station("list", "--json"))]
    return [json.loads(station("show", case, "--json"))["fields"]["uraian"] for case in cases]


def test_it_goes_and_leaves_the_data(machine: Booted) -> None:
    said = boot(
        machine,
        f"""
        systemctl stop {UNITS}
        before=$(cd /var/lib && find senyap senyap-tor -type f | sort | xargs sha256sum | sha256sum)
        {guide(UPDATE, 2)}
        after=$(cd /var/lib && find senyap senyap-tor -type f | sort | xargs sha256sum | sha256sum)
        [ "$before" = "$after" ] && echo SAME
        ls /opt/senyap /etc/systemd/system/senyap-* /etc/senyap/torrc /usr/local/bin/senyap-dropbox 2>/dev/null | wc -l
        systemctl list-units --all --no-legend 'senyap-*' | wc -l
        """,
    )
    assert "SAME" in said and [int(x) for x in said.split() if x.isdecimal()] == [0, 0]
    assert "left: /var/lib/senyap" in said

"""The whole life of a drop box: installed offline on a bare Debian 12, booted, used, updated, put back, taken away.

The long form (`make long`): root, debootstrap, systemd-nspawn, an archive in reach for gathering.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from booted import Booted, absent, steps_of
from conftest import resized
from crashes import NO_SYNCS
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from forensics import Needle, counts, family, scan_memory, wait_until
from live import REPORT, ROOT, Answer, multipart, random_word
from loopdisk import LoopDisk
from province import Province
from running import Running
from samples import named
from shipped import shipped
from test_forensics_memory import (
    URLENCODED,
    Browser,
    Told,
    core_limit,
    left_by_reporters,
    look_again,
    needles_of,
    tell_each,
)
from test_operator_guide import blocks
from test_server_installer import BEFORE
from virtual import Virtual

from crypto.signing import SigningKey
from dropbox.directory import Directory
from dropbox.process import WIPING
from dropbox.serve import WORKERS
from dropbox.transportkey import key_words
from keys.roster import Sizes
from keys.rosterfile import fingerprint_words

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
KEEPING = ("senyap-web", "senyap-keeper", "senyap-cleaner")
PAGES, CLEANER = "/run/senyap/web.sock", "/run/senyap-cleaner/clean.sock"
SIZES = Sizes(slots=512, daily_cover=16, mailboxes=32, forwarded=4)
FILE_BYTES = 100_000  # the ration of a day is 32 rows
SPLIT = ("tertanam", "qxzvkw")  # apart here, so that the script itself does not hold it
PLANTED_AT = ("etc/planted", "var/tmp/planted", "run/planted", "tmp/planted", "dev/shm/planted")
# Control: a program that may leave its memory behind does. Where the kernel hands it to another program, it lies elsewhere.
CORES = ("var/tmp/core",) if Path("/proc/sys/kernel/core_pattern").read_text() == "core\n" else ()
PLANTED = f"""
word={SPLIT[0]}; word=${{word}}{SPLIT[1]}
for place in {" ".join(PLANTED_AT)}; do echo "$word" >"/$place"; done
echo "$word" | systemd-cat
(cd /var/tmp; ulimit -c unlimited; word= bash -c 'word=$(</etc/planted); kill -SEGV $$')
until journalctl -b | grep -q "$word"; do :; done
"""
TAKEN_AWAY = "rm /etc/planted /var/tmp/planted; rm -f /var/tmp/core*"
BACKED_UP = f"""
systemctl start {UNITS}
mkdir /media/key; cp -r /var/lib/senyap-tor/onion /media/key/
install -d -o senyap /media/copies
hold
senyap-dropbox backup --to /media/copies
"""
SINCE = "Laporan karangan empat, terkonfirmasi setelah bundel terakhir dan sebelum salinan dibuat."
AT_ONCE = 3
CUT_TEXTS = [f"Laporan karangan {number}, dikirim sesaat sebelum listrik padam." for number in range(6)]
WHO = """
pid=$(systemctl show -p MainPID --value senyap-front)
echo FRONT $(id -nu $(awk '/^Uid/ {print $2}' /proc/$pid/status)) $(awk '/^CapEff/ {print $2}' /proc/$pid/status) \\
    $(setpriv --reuid senyap-front --clear-groups cat /etc/senyap/tls/key.pem 2>/dev/null || echo NO KEY)
"""
FRONT_OF_BEFORE = """
[Service]
Type=exec
ExecStart=/usr/sbin/nginx -e /dev/null -c /etc/senyap/nginx.conf -g "daemon off;"
KillSignal=SIGQUIT
KillMode=mixed
"""
DOCTOR = """
onion=$(cat /var/lib/senyap-tor/onion/hostname)
grep -q onion /var/lib/senyap/settings.toml || sed -i "1i onion = \\"$onion\\"" /var/lib/senyap/settings.toml
senyap-dropbox doctor
echo "ended with $?"
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """A machine on which nothing was installed yet, with the project and a stick."""
    if why := absent():
        pytest.skip(f"no machine that boots here: {why}")
    if not (ROOT / "deploy" / "server" / "torrc").is_file():
        pytest.skip("deploy/server/torrc is not there")
    made = Booted(tmp_path_factory.mktemp("booted") / "root")
    prepare(made)
    yield made
    shutil.rmtree(made.root)


def prepare(bare: Booted) -> None:
    """Put there what every machine gets."""
    srv, stick = bare.root / "srv", bare.root / "media" / "stick"
    bare.put_project("older")
    stick.mkdir()
    (srv / "wheels").rename(stick / "wheels")
    shutil.copy(Path(__file__).with_name("client.py"), srv)
    (srv / "foto.jpg").write_bytes(named("exiftool-tags.jpg"))
    (srv / "out").mkdir()
    (srv / "out").chmod(0o777)


@pytest.fixture(scope="module")
def town(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drop box whose ration of files a day is enough for reporters of a test, and its stations."""
    return resized(demo, tmp_path_factory.mktemp("town") / "home", SIZES)


@pytest.fixture(scope="module")
def machine(bare: Booted, town: Path) -> Iterator[Booted]:
    """The machine that lives through these tests, in their order."""
    made = bare.copy(bare.root.with_name("machine"))
    newer = made.put_project("newer")
    (newer / "setup.cfg").write_text((newer / "setup.cfg").read_text().replace("version = 0.1.0", "version = 0.1.1"))
    versions = newer / "dropbox" / "migrations"
    (versions / "versions" / "r0004_spare.py").write_text(NEWER)
    (versions / "__init__.py").write_text((versions / "__init__.py").read_text().replace('"0003"', '"0004"'))
    shutil.copytree(town / "server", made.root / "media/stick/server", ignore=shutil.ignore_patterns("locks"))
    yield made
    shutil.rmtree(made.root)


@pytest.fixture(scope="module")
def station(town: Path, tmp_path_factory: pytest.TempPathFactory) -> Province:
    """The station to which the machine's bundles go."""
    return Province(town, tmp_path_factory.mktemp("station"))


def boot(machine: Booted | Virtual, script: str) -> str:
    """Boot, run it, and return what it said; what a person would read is printed."""
    code, said = machine.boot(script)
    print(said)
    assert code == 0, said
    return said


def guide(heading: str, number: int = 0, project: str = "older") -> str:
    """Return the lines of a block of the guide, each followed by the end that it says; `doctor` may miss things here."""
    script = [f"ln -sfn /srv/{project} /srv/kotak-senyap; cd /srv/kotak-senyap"]
    for line in blocks(heading)[number]:
        if line.startswith("export "):
            continue  # the guide says so: an installed program knows its home
        text, _, remark = line.partition("#")
        codes = "01" if "doctor" in text else "".join(re.findall(r"ends with (\d)", remark)) or "0"
        script.append(f"echo '$ {text.strip()}'; {text.strip()}; code=$?; [[ {codes} == *$code* ]] || exit 1")
    return "\n".join(script)


@pytest.fixture(scope="module")
def installed(machine: Booted) -> Booted:
    """The machine with the program on it, for whoever runs one test alone."""
    if not (machine.root / "opt/senyap/current").exists():
        boot(machine, guide(INSTALL))
    return machine


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


@contextlib.contextmanager
def pages_begun_by(machine: Booted, code: str, also: str = "") -> Iterator[None]:
    """Let the unit of the pages run this code before the program: a protection off, for a control."""
    folder = machine.root / "etc/systemd/system/senyap-web.service.d"
    folder.mkdir()
    program = f"{code} from dropbox.__main__ import main; main()"
    serve = "serve --listen unix:/run/senyap/web.sock"
    settings = f'[Service]\n{also}\nExecStart=\nExecStart=/opt/senyap/current/bin/python -c "{program}" {serve}\n'
    (folder / "control.conf").write_text(settings)
    yield
    shutil.rmtree(folder)


def told_to(live: Running, town: Path, still_open: contextlib.ExitStack) -> tuple[list[Told], dict[str, Needle]]:
    """Let reporters come to the pages of a machine until each worker had one; return them and what to look for."""

    def meet() -> Browser:
        browser = Browser(live.there(PAGES))
        still_open.callback(browser.close)
        return browser

    told = tell_each(workers_in(live), meet, FILE_BYTES, least=4)  # a worker that still starts is busy, too
    return told, needles_of(told, Directory.load(town / "server").roster.deployment)


def workers_in(live: Running) -> list[int]:
    """Wait until all processes of the pages run; return those that answer requests."""
    found: list[int] = []
    arbiter: list[int] = []

    def are_all() -> bool:
        found[:] = live.pids("senyap-web")
        with contextlib.suppress(OSError):  # one is gone since
            arbiter[:] = [pid for pid in found if parent(pid) not in found]
            return len(found) == 1 + 2 * WORKERS and len(arbiter) == 1  # each worker with its maker of headers
        return False

    wait_until(are_all, "all processes of the pages")
    return family(arbiter[0])[1:]


def parent(pid: int) -> int:
    """Return the parent of a process."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def in_words(told: Sequence[Told]) -> list[str]:
    """Return what a file or a journal would hold of these reporters: all that is typed, and the codes."""
    codes = [word for each in told for word in (" ".join(each.page.words[:3]), " ".join(each.page.words[-3:]))]
    return [*codes, *(marker for each in told for marker in each.markers.values())]


def test_no_memory_file_or_journal_of_the_units_keeps_what_was_written_or_shown(installed: Booted, town: Path) -> None:
    with (
        installed.running(f"systemctl start {UNITS}\n{PLANTED}\nhold\n{TAKEN_AWAY}") as live,
        contextlib.ExitStack() as still_open,
    ):
        live.reached()
        told, needles = told_to(live, town, still_open)
        pids = {unit: live.pids(unit) for unit in KEEPING}
        assert min(map(len, pids.values())) >= 1 and len(pids["senyap-web"]) >= 1 + WORKERS
        everyone = [pid for each in pids.values() for pid in each]
        assert not counts(left_by_reporters(town / "server", needles, look_again(everyone, needles)))
        assert {core_limit(pid) for pid in everyone} == {("0", "0")}
        found = live.holding([*in_words(told), "".join(SPLIT)])
        planted = {re.sub(r"^(var/tmp/core)\.\d+$", r"\1", place) for place in found.pop("".join(SPLIT))}
        assert planted == {"journal", *PLANTED_AT, *CORES}, "control: what is planted is seen"
        assert found == {}
        held_and_dropped(live)
        print(f"{len(told)} reporters, {len(needles)} needles, {len(everyone)} processes: nothing found")
        live.onward()
        assert live.ended()[0] == 0


def held_and_dropped(live: Running) -> None:
    """Control: what a process has in hand is seen in its memory; and then it dies of it, and leaves nothing behind."""
    marker = random_word()
    form = multipart(REPORT | {"uraian": f"Sedang ditulis: {marker}", "benih": "x" * 400_000})
    browser = Browser(live.there(PAGES))
    browser.begin("/lapor", form, len(form) // 2)
    cleaner = socket.socket(socket.AF_UNIX)
    cleaner.connect(str(live.there(CLEANER)))
    cleaner.sendall(struct.pack(">I", 100_000) + marker.encode() * 100)
    for unit, line in (("senyap-web", browser), ("senyap-cleaner", cleaner)):
        wait_until(lambda: scan_memory(live.pids(unit), {unit: marker.encode()}), f"{unit} with a marker in its hands")
        (holder,) = {hit.pid for hit in scan_memory(live.pids(unit), {unit: marker.encode()})}
        os.kill(holder, signal.SIGSEGV)
        wait_until(lambda: holder not in live.pids(unit), "the end of that process")
        line.close()
    assert live.holding([marker]) == {}
    assert len(workers_in(live)) == WORKERS, "another one has taken its place"
    left = [pid for unit in KEEPING for pid in live.pids(unit)]
    assert not counts(look_again(left, {"marker": marker.encode()}))


def test_control_without_wiping_the_memory_of_the_units_keeps_what_was_written(installed: Booted, town: Path) -> None:
    off = "import dropbox.__main__ as m; m.restart_wiping = lambda: None;"
    with pages_begun_by(installed, off), installed.running(f"systemctl start {UNITS}\nhold\nexit 0") as live:
        with contextlib.ExitStack() as still_open:
            live.reached()
            _, needles = told_to(live, town, still_open)
            found = counts(scan_memory(live.pids("senyap-web"), needles))
    assert {needle.split()[2] for needle in found if needle.startswith("typed")} & {"text", "file"}


def confirmed_then_cut(machine: Booted, disk: LoopDisk) -> list[Answer]:
    """Confirm reports, a few at once; cut the power as soon as the last receipt is shown; return the pages."""
    with machine.running(f"systemctl start {UNITS}\nhold") as live:
        live.reached()
        place = live.there(PAGES)

        def send(text: str) -> Answer:
            browser = Browser(place)
            return browser.send("/lapor", REPORT | {"benih": browser.ask("/lapor").hidden("benih"), "uraian": text})

        with ThreadPoolExecutor(AT_ONCE) as reporters:
            pages = list(reporters.map(send, CUT_TEXTS))
        (disk.folder / "unsynced").write_text("x")
        disk.cut()
        live.pull_the_plug()
    assert all(len(page.words) == 8 for page in pages)
    disk.come_back()
    assert not (disk.folder / "unsynced").exists(), "control: what nobody synced is gone"
    return pages


def brought_after(machine: Booted, town: Path, folder: Path, pages: Sequence[Answer]) -> list[str]:
    """Boot again, open the mailbox of each receipt, bring the bundle to a station; return the texts it reads there."""
    out = machine.root / "srv" / f"out-{folder.name}"
    out.mkdir()
    out.chmod(0o777)
    bundle = f"senyap-dropbox bundle --to /srv/{out.name} --station sumsel"
    with machine.running(f"systemctl start {UNITS}\nsystemctl is-active {UNITS}\nhold\n{bundle}") as live:
        live.reached()
        for page in pages:
            visit = Browser(live.there(PAGES)).ask(
                "/kotak", urlencode({"kode": " ".join(page.words)}).encode(), URLENCODED
            )
            assert visit.status == 200 and visit.hidden("sesi")
        live.onward()
        code, said = live.ended()
        assert code == 0 and "active\n" * 4 in said, said
    station = Province(town, folder)
    station.imports(next(out.glob("bundle-*")))
    return station.texts()


def test_what_was_confirmed_is_there_when_the_power_is_cut_right_after_the_receipts(
    installed: Booted, town: Path, tmp_path: Path
) -> None:
    with LoopDisk(installed.root / "var/lib/senyap", tmp_path / "disk") as disk:
        pages = confirmed_then_cut(installed, disk)
        assert set(CUT_TEXTS) <= set(brought_after(installed, town, tmp_path, pages))


def test_control_without_syncs_the_same_cut_takes_confirmed_reports_away(
    installed: Booted, town: Path, tmp_path: Path
) -> None:
    wiping = " ".join(f"{name}={value}" for name, value in WIPING.items())
    with LoopDisk(installed.root / "var/lib/senyap", tmp_path / "disk") as disk:
        with pages_begun_by(installed, NO_SYNCS, f"Environment={wiping}"):
            pages = confirmed_then_cut(installed, disk)
        assert not set(CUT_TEXTS) & set(brought_after(installed, town, tmp_path, pages))


def test_a_clear_web_is_added_and_passes_on_what_visitors_send(machine: Booted) -> None:
    if not (ROOT / "deploy" / "server" / "nginx.conf").is_file():
        pytest.skip("deploy/server/nginx.conf is not there")
    write_certificate(machine.root / "etc" / "senyap" / "tls")
    write_certificate(machine.root / "srv" / "renewed")
    (machine.root / "srv" / "visit.py").write_text(VISIT)
    said = boot(
        machine,
        f"""
        bash /srv/older/deploy/install-server --wheels /media/stick/wheels --clear-web || exit 1
        systemctl is-active {UNITS} senyap-front; systemctl is-active nginx
        python3 /srv/visit.py || exit 1
        nft list ruleset | grep 'dport 443'
        {WHO}
        senyap-dropbox doctor
        echo RENEWED; cp /srv/renewed/*.pem /etc/senyap/tls/; senyap-dropbox doctor
        echo RESTARTED; systemctl restart senyap-front; python3 /srv/visit.py || exit 1; senyap-dropbox doctor
        pid=$(systemctl show -p MainPID --value senyap-front); workers=/proc/$pid/task/$pid/children
        read -r first _ <$workers; systemctl reload senyap-front || exit 1
        while grep -qw "$first" $workers; do :; done
        echo broken >>/etc/senyap/nginx.conf; systemctl reload senyap-front; sed -i '$d' /etc/senyap/nginx.conf
        python3 /srv/visit.py && echo "RELOADED $pid = $(systemctl show -p MainPID --value senyap-front)"
        exit 0
        """,
    )
    assert "active\n" * 5 + "inactive\n" in said and "TLSv1.3 200 True" in said and "tcp dport 443 accept" in said
    assert "FRONT senyap-front 0000000000000400 NO KEY" in said
    first, renewed, restarted = re.split("RENEWED\n|RESTARTED\n", said)
    assert set(findings(first)) == set(findings(restarted)) == MISSING and restarted.count("TLSv1.3 200 True") == 2
    assert re.search(r"^RELOADED (\d+) = \1$", restarted, re.M), "new workers, and the first process is the same"
    assert set(findings(renewed)) == MISSING | {"clear web"}, "a certificate that nobody sees yet is named"


def test_a_clear_web_of_before_works_after_an_update_and_after_the_way_back(machine: Booted) -> None:
    """Until then its first process was root; its owner changed a line of the configuration."""
    (machine.root / "srv" / "nginx.conf").write_text(shipped("nginx.conf", BEFORE | {"timeout 5s": "timeout 4s"}))
    (machine.root / "srv" / "front").write_text(FRONT_OF_BEFORE)
    said = boot(
        machine,
        f"""
        usermod -aG senyap-web www-data; cp /srv/nginx.conf /etc/senyap/nginx.conf
        cp /srv/front /etc/systemd/system/senyap-front.service; systemctl daemon-reload; systemctl restart senyap-front
        python3 /srv/visit.py || exit 1
        echo UPDATE; bash /srv/older/deploy/install-server --wheels /media/stick/wheels || exit 1
        python3 /srv/visit.py || exit 1
        {WHO}
        id -nG www-data
        . /srv/older/deploy/install-server; mkdir /srv/before; cp /srv/nginx.conf /srv/before/
        echo BACK; front_lines /srv/before; cp /srv/front /etc/systemd/system/senyap-front.service; systemctl daemon-reload
        systemctl restart senyap-front; python3 /srv/visit.py || exit 1
        echo AGAIN; bash /srv/older/deploy/install-server --wheels /media/stick/wheels || exit 1
        python3 /srv/visit.py || exit 1
        cp /opt/senyap/current/server/nginx.conf /etc/senyap/nginx.conf; exit 0
        """,
    )
    assert said.count("TLSv1.3 200 True") == 4
    _, update, _, again = re.split("UPDATE\n|BACK\n|AGAIN\n", said)
    assert "FRONT senyap-front 0000000000000400 NO KEY" in update and "\nwww-data\n" in update
    for each in (update, again):
        assert len(steps_of(each, "done")) == 3, "the group, the unit, the configuration"


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


def test_an_update_changes_tables_and_can_be_taken_back_with_what_came_since(
    machine: Booted, station: Province
) -> None:
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
    station.imports(next((machine.root / "srv/out").glob("bundle-*")))
    assert made_up(station) == sorted(TEXTS)


def made_up(station: Province) -> list[str]:
    """Return the reports that a station read, but for those of other tests on this machine."""
    return [text for text in station.texts() if text.startswith("Laporan karangan")]


def test_a_copy_of_it_goes_on_on_another_machine(machine: Booted, bare: Booted, town: Path, station: Province) -> None:
    with machine.running(f"{BACKED_UP}\n") as live:
        live.reached()
        browser = Browser(live.there(PAGES))
        page = browser.send("/lapor", REPORT | {"benih": browser.ask("/lapor").hidden("benih"), "uraian": SINCE})
        live.onward()
        assert live.ended()[0] == 0 and len(page.words) == 8
    after = bare.copy(bare.root.with_name("after"))
    carry(machine, after, town)
    with after.running(restored()) as live:
        live.reached()
        visit = Browser(live.there(PAGES)).ask("/kotak", urlencode({"kode": " ".join(page.words)}).encode(), URLENCODED)
        assert visit.status == 200 and visit.hidden("sesi")
        station.outbox(after.root / "media/stick").chmod(0o644)
        live.onward()
        code, said = live.ended()
    print(said)
    assert code == 0, said
    assert "active\n" * 4 in said and "SAME ADDRESS" in said and set(findings(said)) == MISSING
    assert "This drop box is restored." in said and "first receive an outbox of sumsel" in said
    assert station.imports(next((after.root / "media/stick").glob("bundle-*")))["alarms"] == []
    assert made_up(station) == sorted([*TEXTS, SINCE])
    shutil.rmtree(after.root)


def carry(lost: Booted, after: Booted, town: Path) -> None:
    """Bring to another machine what the operator has: the copy, Tor's folder from the safe, a poster, the paper."""
    for place in ("media/copies", "media/key"):
        shutil.copytree(lost.root / place, after.root / place)
    key = SigningKey.from_seed((town / "server" / "server.key").read_bytes())
    poster = fingerprint_words((town / "server" / "root.pin").read_bytes())
    (after.root / "srv" / "typed").write_text("".join(" ".join(words) + "\n" for words in (poster, key_words(key))))


def restored() -> str:
    """Return the script of the other machine: the guide's, with words that are typed and names as they are."""
    newest = "$(ls -d /media/copies/backup-*)"
    install = guide("A copy on an installed machine").replace(
        "; senyap-dropbox restore", "; </srv/typed senyap-dropbox restore"
    )
    install = re.sub(r"/media/copies/backup-[-\d]+", newest, install)
    install = install.replace(
        "\necho '$ install -d -o", "\nchown -R senyap: /media/copies /media/stick\necho '$ install -d -o"
    )
    first_visit = guide("Moving to another machine", 3)  # the copy was made after the last bundle
    return f"""
        {install}
        systemctl is-active {UNITS}
        cmp /media/key/onion/hostname /var/lib/senyap-tor/onion/hostname && echo SAME ADDRESS
        hold
        {first_visit}
    """


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

"""deploy/server: units with walls, a firewall that drops, a journal in memory; each file is read by the program it is for."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from live import ROOT
from test_docs import INTERFACE, first_column, names, table_with

from dropbox.doctor import UNITS
from dropbox.settings import Settings, load_settings

SERVER = ROOT / "deploy" / "server"
FRONT = SERVER / "senyap-front.service"  # nginx, of the clear web alone: the one with a right of root, for its port
SERVICES = sorted({*SERVER.glob("senyap-*.service")} - {FRONT})
MOST_EXPOSED = 15  # in tenths, as systemd-analyze counts: 1.5 of 10
OPEN = "[Service]\nExecStart=/usr/bin/true\n"


def analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, timeout=60)


def keys_of(service: Path) -> dict[str, list[str]]:
    """Return every setting of a unit, in order."""
    found: dict[str, list[str]] = {}
    for line in service.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def by_name(name: str) -> dict[str, list[str]]:
    return keys_of(SERVER / f"{name}.service")


# --- units -------------------------------------------------------------------------------------------


def test_the_units_are_those_that_doctor_looks_at() -> None:
    assert {path.stem for path in SERVICES} == set(UNITS)
    assert {name: by_name(name)["User"] for name in UNITS} == {name: [user] for name, user in UNITS.items()}


@pytest.mark.parametrize("service", [*SERVICES, FRONT], ids=lambda path: path.stem)
def test_a_unit_is_exposed_little(service: Path) -> None:
    done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", service)
    assert done.returncode == 0, done.stdout


def test_control_a_unit_without_walls_is_exposed(tmp_path: Path) -> None:
    (tmp_path / "open.service").write_text(OPEN)
    assert analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", tmp_path / "open.service").returncode


@pytest.mark.parametrize("service", [*SERVICES, FRONT], ids=lambda path: path.stem)
def test_systemd_understands_every_line(service: Path, tmp_path: Path) -> None:
    program = shutil.which("true") or "/usr/bin/true"
    text = (
        service.read_text()
        .replace("/opt/senyap/current/bin/python", program)
        .replace("/usr/bin/tor", program)
        .replace("/usr/sbin/nginx", program)
    )
    (tmp_path / service.name).write_text(re.sub(r"^(Wants|After|Conflicts)=.*\n", "", text, flags=re.M))
    done = analyze("verify", tmp_path / service.name)
    assert done.returncode == 0 and done.stderr == ""
    (tmp_path / service.name).write_text(text.replace("ProtectSystem=", "ProtectSytem="))
    assert "ProtectSytem" in analyze("verify", tmp_path / service.name).stderr, "control: a line it does not know"


@pytest.mark.parametrize("service", [*SERVICES, FRONT], ids=lambda path: path.stem)
def test_what_is_in_memory_stays_there_and_code_is_read_only(service: Path) -> None:
    keys = keys_of(service)
    for key, value in (
        ("LimitCORE", "0"), ("MemorySwapMax", "0"), ("ProtectSystem", "strict"), ("NoNewPrivileges", "yes"),
        ("MemoryDenyWriteExecute", "yes"), ("UMask", "0077"), ("Restart", "always"),
    ):  # fmt: skip
        assert keys[key] == [value], key
    right = "CAP_NET_BIND_SERVICE" if service == FRONT else ""
    assert keys["CapabilityBoundingSet"] == keys["AmbientCapabilities"] == [right]
    assert not any("/opt" in path for path in keys.get("ReadWritePaths", []))
    assert not {"/", "/var", "/var/lib", "/run"} & set(" ".join(keys["NoExecPaths"]).split()), "they would be writable"


def test_the_front_is_no_user_of_anything_else_and_its_key_stays_where_root_alone_reads_it() -> None:
    keys, text = keys_of(FRONT), (SERVER / "nginx.conf").read_text()
    assert keys["User"] == ["senyap-front"] and keys["Group"] == by_name("senyap-web")["Group"]
    assert not re.search(r"^\s*user\s", text, re.M), "the first process is no root that could become somebody"
    copies = dict(value.split(":") for value in keys["LoadCredential"])
    assert set(re.findall(r"^\s*ssl_certificate(?:_key)? (\S+);", text, re.M)) == {
        f"/run/credentials/{FRONT.name}/{name}" for name in copies
    }
    assert "-/etc/senyap/tls" in keys["InaccessiblePaths"][0].split() and set(copies.values()) == {
        "/etc/senyap/tls/fullchain.pem", "/etc/senyap/tls/key.pem",
    }  # fmt: skip
    written = re.findall(r"^\s*(?:pid|\w+_temp_path) (\S+);", text, re.M)
    assert len(written) == 6 and {str(Path(path).parent) for path in written} == {f"/run/{keys['RuntimeDirectory'][0]}"}


@pytest.mark.parametrize("name", [name for name in UNITS if name != "senyap-tor"])
def test_no_unit_but_tor_has_a_network(name: str) -> None:
    keys = by_name(name)
    assert keys["PrivateNetwork"] == ["yes"] and keys["RestrictAddressFamilies"] == ["AF_UNIX"]
    assert keys["IPAddressDeny"] == ["any"]


def test_the_cleaner_sees_nothing_of_the_drop_box() -> None:
    keys = by_name("senyap-cleaner")
    assert {"-/var/lib/senyap", "-/run/senyap", "-/dev/shm"} <= set(" ".join(keys["InaccessiblePaths"]).split())
    assert "SENYAP_HOME" not in " ".join(keys["Environment"]) and keys["User"] != by_name("senyap-web")["User"]
    assert keys["Group"][0] in by_name("senyap-web")["SupplementaryGroups"]


def test_sockets_are_where_settings_and_tor_look_for_them() -> None:
    cleaner = tomllib.loads((SERVER / "settings.toml").read_text())["cleaner"]
    assert by_name("senyap-cleaner")["ExecStart"][0].endswith(f"--listen unix:{cleaner}")
    assert Path(cleaner).parent == Path("/run", by_name("senyap-cleaner")["RuntimeDirectory"][0])
    web = by_name("senyap-web")["ExecStart"][0].rpartition("unix:")[2]
    assert Path(web).parent == Path("/run", by_name("senyap-web")["RuntimeDirectory"][0])
    assert by_name("senyap-web")["Group"][0] in by_name("senyap-tor")["SupplementaryGroups"]
    for name in ("torrc", "nginx.conf"):
        if (SERVER / name).is_file():
            assert f"unix:{web}" in (SERVER / name).read_text(), name


# --- settings ----------------------------------------------------------------------------------------


def test_the_example_names_every_setting_and_its_default(tmp_path: Path) -> None:
    text = (SERVER / "settings.toml").read_text()
    example = tomllib.loads(re.sub(r"^# (?=[a-z_]+ = )", "", text, flags=re.M))
    known = {each.name: each.default for each in fields(Settings) if each.name != "home"}
    known["database"] = ""
    assert set(example) == set(known) == set(first_column(table_with(INTERFACE, "courier_days")))
    assert {k: v for k, v in example.items() if k != "cleaner"} == {k: v for k, v in known.items() if k != "cleaner"}
    (tmp_path / "settings.toml").write_text(text)
    assert load_settings(tmp_path).cleaner == "/run/senyap-cleaner/clean.sock"


# --- firewall, journal, AppArmor, kernel ---------------------------------------------------------------


def load_firewall(tmp_path: Path, *snippets: str) -> subprocess.CompletedProcess[str]:
    """Load the shipped file in a network of its own; users that are not on this machine become root."""
    if shutil.which("nft", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("nftables is not installed")
    folder = tmp_path / "firewall"
    folder.mkdir(exist_ok=True)
    for number, text in enumerate(snippets):
        (folder / f"{text.split(' ', 1)[0]}-{number}.nft").write_text(text.split(" ", 1)[1] + "\n")
    text = (SERVER / "nftables.conf").read_text().replace("/etc/senyap/firewall/", f"{folder}/")
    (tmp_path / "rules").write_text(text.replace('"senyap-tor"', "0"))
    script = "nft -c -f $1 && nft -f $1 && nft list ruleset"
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", f"PATH=/usr/sbin:$PATH; {script}", "sh", str(tmp_path / "rules")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if "Operation not permitted" in done.stderr:
        pytest.skip("no network namespaces here: not root")
    return done


def test_the_firewall_drops_whatever_it_does_not_name(tmp_path: Path) -> None:
    done = load_firewall(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("policy drop;") == 3 and "table inet" in done.stdout
    outgoing = done.stdout.split("chain out {")[1]
    assert [line for line in outgoing.splitlines() if "dport" in line or "sport" in line] == []
    incoming = done.stdout.split("chain in {")[1].split("chain ")[0].splitlines()
    assert [line for line in incoming if "dport" in line and not line.endswith(" drop")] == [], "nothing but answers"


def test_what_a_machine_needs_besides_is_taken_in(tmp_path: Path) -> None:
    done = load_firewall(tmp_path, "in tcp dport 443 accept", "out meta skuid 0 udp dport 123 accept")
    assert done.returncode == 0 and "tcp dport 443 accept" in done.stdout and "udp dport 123" in done.stdout


TALK = """
import os, socket, sys
for family, where in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
    with socket.create_server((where, 9), family=family):
        if os.fork() == 0:
            os.setgroups([])
            os.setuid(int(sys.argv[1]))
            client = socket.socket(family)
            client.settimeout(1)
            try:
                client.connect((where, 9))
                os.write(1, b"through ")
            except OSError:
                os.write(1, b"no ")
            os._exit(0)
        os.wait()
"""


def talk(tmp_path: Path, user: str) -> list[str]:
    """Return what becomes of two connections to a machine outside, which is played by the loopback device here."""
    load_firewall(tmp_path, "in tcp dport 9 accept")
    rules = tmp_path / "rules"
    rules.write_text(re.sub(r'^ *[io]ifname "lo" accept$', "", rules.read_text(), flags=re.M))
    setup = (
        "ip link set lo up; ip addr add 192.0.2.1/32 dev lo; ip -6 addr add 2001:db8::1/128 dev lo nodad; nft -f $1; "
    )
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c",
         f'PATH=/usr/sbin:/sbin:$PATH; {setup} exec python3 -c "$2" {user}', "sh", str(rules), TALK],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.stdout.split()


_WRITES_DOWN = re.compile(r"^[^#]*\b(log|nftrace|queue)\b", re.M)


def test_no_rule_of_the_firewall_writes_anybody_down() -> None:
    """A kernel's log of packets names who came, and when."""
    rules = [*SERVER.glob("nftables*"), ROOT / "deploy" / "server-steps" / "files"]
    assert [path.name for path in rules if _WRITES_DOWN.search(path.read_text("utf-8"))] == []
    assert _WRITES_DOWN.search("tcp dport 443 ct count over 128 log drop # x"), "control"


def test_what_the_web_front_says_goes_nowhere() -> None:
    keys = keys_of(FRONT)
    assert keys["StandardOutput"] == keys["StandardError"] == ["null"]


def test_only_tor_may_begin_to_talk_to_the_world(tmp_path: Path) -> None:
    assert talk(tmp_path, "65534") == ["no", "no"]
    assert talk(tmp_path, "0") == ["through", "through"], "control: the user of Tor, who is root here"


VISITS = """
import itertools, socket, sys
where, *sources = sys.argv[1:]
family = socket.AF_INET6 if ":" in where else socket.AF_INET
with socket.create_server((where, 443), family=family, backlog=512):
    lines = []
    for source in itertools.islice(itertools.cycle(sources), 140):
        line = socket.socket(family)
        line.bind((source, 0))
        line.settimeout(0.5)
        try:
            line.connect((where, 443))
        except TimeoutError:
            break
        lines.append(line)
    print(len(lines))
"""


def visits(tmp_path: Path, rules: str, where: str, *sources: str) -> int:
    """Return how many connections of 140 are open at once from these addresses, when nobody says a word."""
    (tmp_path / "limits").write_text(rules)
    script = (
        "PATH=/usr/sbin:/sbin:$PATH; ip link set lo up; "
        'for a in "$3" "$4" "${5:-$4}"; do case $a in *:*) ip -6 addr replace "$a/128" dev lo nodad ;; '
        '*) ip addr replace "$a/32" dev lo ;; esac; done; nft -f "$1"; shift; exec python3 -c "$@"'
    )
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", script, "sh", str(tmp_path / "limits"), VISITS, where, *sources],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return int(done.stdout)


def test_one_address_or_network_does_not_take_all_connections_of_the_clear_web(tmp_path: Path) -> None:
    assert load_firewall(tmp_path, "in tcp dport 443 accept").returncode == 0
    rules = re.sub(r'^ *[io]ifname "lo" accept$', "", (tmp_path / "rules").read_text(), flags=re.M)
    assert visits(tmp_path, rules, "192.0.2.1", "192.0.2.7") == 128
    assert visits(tmp_path, rules, "192.0.2.1", "192.0.2.7", "192.0.2.8") == 140, "each has its own"
    assert visits(tmp_path, rules, "2001:db8::1", "2001:db8:1::7", "2001:db8:1::ff:8") == 128
    assert visits(tmp_path, rules, "2001:db8::1", "2001:db8:1::7", "2001:db8:2::7") == 140
    without = "".join(line for line in rules.splitlines(keepends=True) if "ct count" not in line)
    assert visits(tmp_path, without, "192.0.2.1", "192.0.2.7") == 140, "control"


def test_the_journal_is_in_memory_and_small() -> None:
    parsed = configparser.ConfigParser()
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string((SERVER / "journald.conf").read_text())
    journal = dict(parsed["Journal"])
    assert journal["Storage"] == "volatile" and journal["ForwardToSyslog"] == "no"
    assert int(journal["RuntimeMaxUse"].removesuffix("M")) <= 32
    known = subprocess.run(["man", "-w", "journald.conf"], capture_output=True)
    assert known is not None and set(journal) <= {
        "Storage", "RuntimeMaxUse", "MaxRetentionSec", "ForwardToSyslog", "ForwardToKMsg", "ForwardToConsole",
        "ForwardToWall", "Audit",
    }  # fmt: skip


def parse_profiles(path: Path) -> subprocess.CompletedProcess[str]:
    parser = shutil.which("apparmor_parser", path="/usr/sbin:/sbin")
    if parser is None or not Path("/etc/apparmor.d/abstractions/base").is_file():
        pytest.skip("apparmor is not installed")
    return subprocess.run([parser, "-QK", str(path)], capture_output=True, text=True, timeout=60)


def test_apparmor_understands_the_profiles(tmp_path: Path) -> None:
    assert parse_profiles(SERVER / "apparmor").returncode == 0
    (tmp_path / "broken").write_text(
        (SERVER / "apparmor").read_text().replace("/opt/senyap/** r,", "/opt/senyap/** q,")
    )
    assert parse_profiles(tmp_path / "broken").returncode != 0, "control"


def test_the_units_name_the_profiles() -> None:
    profiles = set(re.findall(r"^profile (\S+)", (SERVER / "apparmor").read_text(), re.M))
    assert {key.removeprefix("-") for path in SERVICES for key in keys_of(path)["AppArmorProfile"]} == profiles


@pytest.mark.parametrize("name", ["nftables.conf", "journald.conf", "sysctl.conf", "settings.toml"])
def test_each_line_says_what_it_is_for(name: str) -> None:
    lines = [line.strip() for line in (SERVER / name).read_text().splitlines()]
    said = False
    for line in lines:
        if line.startswith("#"):
            said = True
        elif line and line not in ("}",) and not line.endswith("{") and not line.startswith("["):
            assert said or line.startswith("Forward") or line.startswith("kernel.dmesg"), f"{name}: {line}"
            said = False


def test_places_name_every_file_once() -> None:
    rows = [line.split() for line in (SERVER / "places.txt").read_text().splitlines() if not line.startswith("#")]
    assert len({row[0] for row in rows}) == len({row[1] for row in rows}) == len(rows)
    elsewhere = {"packages.txt", "places.txt", "settings.toml", "torrc-staff", "nginx.conf", "torrc"}
    assert {path.name for path in SERVER.iterdir()} - elsewhere <= {row[0] for row in rows}
    assert all(names(f"`{row[1]}`") and re.fullmatch("644|755", row[2]) for row in rows)

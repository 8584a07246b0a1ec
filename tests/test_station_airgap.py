"""station.airgap: what counts as a network, from sample tables and from the kernel itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from station import airgap
from station.airgap import (
    IFF_LOOPBACK,
    IFF_RUNNING,
    Interface,
    find_reasons,
    parse_if_inet6,
    parse_ipv6_route,
    parse_route,
)

ROUTE = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""
ZERO = "0" * 32
REJECT_ON_LO = f"{ZERO} 00 {ZERO} 00 {ZERO} ffffffff 00000001 00000000 00200200       lo\n"
IPV6_DEFAULT = f"{ZERO} 00 {ZERO} 00 fd000000000000000000000000000001 00000400 00000002 00000000 00000003     wlan0\n"
LO = Interface("lo", IFF_LOOPBACK | IFF_RUNNING, True)


def test_a_machine_with_loopback_only_has_no_reason():
    assert find_reasons([LO], ("lo",), parse_ipv6_route(REJECT_ON_LO * 2)) == ()


def test_a_link_without_an_address_is_a_reason():
    assert find_reasons([LO, Interface("eth0", IFF_RUNNING, False)], (), ()) == ("eth0 tersambung",)


def test_an_interface_that_is_down_and_bare_is_no_reason():
    assert find_reasons([LO, Interface("wlan0", 0x1002, False)], (), ()) == ()


def test_an_ipv4_address_without_a_link_is_a_reason():
    assert find_reasons([Interface("usb0", 0, True)], (), ()) == ("usb0 punya alamat IPv4",)


def test_an_ipv6_address_is_a_reason_and_named_once():
    table = "fe80000000000000000000000000000a 04 40 20 80     wlan0\n" * 2 + f"{ZERO[:-1]}1 01 80 10 80       lo\n"
    assert find_reasons([LO], parse_if_inet6(table), ()) == ("wlan0 punya alamat IPv6",)


def test_a_default_route_is_a_reason_and_a_local_one_is_not():
    assert parse_route(ROUTE) == ("eth0",)
    assert parse_route(ROUTE.replace("00000000\t010200C0", "000200C0\t010200C0")) == ()


def test_a_rejecting_or_downed_default_route_is_no_reason():
    assert parse_route(ROUTE.replace("\t0003\t", "\t0203\t")) == ()
    assert parse_route(ROUTE.replace("\t0003\t", "\t0002\t")) == ()


def test_an_ipv6_default_route_is_a_reason_among_the_rejecting_ones():
    assert parse_ipv6_route(REJECT_ON_LO + IPV6_DEFAULT + REJECT_ON_LO) == ("wlan0",)


def test_a_route_to_a_part_of_ipv6_is_not_a_default_route():
    assert parse_ipv6_route(IPV6_DEFAULT.replace(f"{ZERO} 00 {ZERO}", f"{ZERO} 40 {ZERO}", 1)) == ()


def test_tables_that_cannot_be_read_are_a_reason(tmp_path: Path):
    (tmp_path / "route").write_text("Iface Destination\nbroken line\n")
    assert airgap.check(proc_net=tmp_path) == ("antarmuka jaringan mesin ini tidak dapat diperiksa",)


def test_a_kernel_without_ipv6_is_looked_at_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(airgap, "list_interfaces", lambda: [LO])
    (tmp_path / "route").write_text(ROUTE)
    assert airgap.check(proc_net=tmp_path) == ("ada jalan keluar lewat eth0",)


def _unshare(code: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parent.parent
    return subprocess.run(["unshare", "-rn", sys.executable, "-c", code], cwd=root, capture_output=True, text=True)


@pytest.mark.skipif(
    shutil.which("unshare") is None or subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode != 0,
    reason="needs unshare -rn",
)
def test_a_namespace_without_a_network_passes_and_a_bridge_with_a_link_in_it_does_not():
    assert _unshare("from station import airgap; print(airgap.check())").stdout == "()\n"
    if shutil.which("ip"):
        up = "import subprocess as s; s.run('ip link add d0 type dummy && ip link set d0 up', shell=True, check=True);"
        found = _unshare(up + "from station import airgap; print(airgap.check())")
        if found.returncode == 0:
            assert "interface d0 has" in found.stdout

"""A report through the onion service as it is shipped, on a Tor network of this machine; and what a flood does to it."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import through_tor
from browsers import CHROMIUM, FLAGS
from firefox import PROGRAM, Firefox, FirefoxError, through_socks
from forensics import cpu_ticks
from live import LiveServer, copy_home, passphrases
from offline import StationCommands, dropbox
from onion_load import Visitors, watch
from shipped import staff_torrc, torrc
from tor_network import WHY_NOT, Node, TorNetwork, client_key, until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "-")]
STORY = "Seseorang mengatur pemenang lelang jembatan sejak tahun lalu."
MIB = 1024 * 1024
SIZES = (12 * MIB, 8 * MIB)
STAFF_PORT = 22
RATE = "HiddenServicePoWQueueRate 100", "HiddenServicePoWQueueBurst 500"


@dataclass
class Onion:
    """The network, the drop box behind its onion service, and one client."""

    network: TorNetwork
    service: Node
    client: Node
    state: Path
    place: Path

    @property
    def address(self) -> str:
        return (self.state / "onion" / "hostname").read_text().strip()

    def ask(self, client: Node | None = None, path: str = "/") -> through_tor.Answer:
        return through_tor.request((client or self.client).port, self.address, "GET", path)


def shows_page(client: Node, address: str, port: int = 80) -> bool:
    try:
        return through_tor.request(client.port, address, "GET", "/", to=port, timeout=30).status == 200
    except OSError:
        return False


def open_onion(network: TorNetwork, name: str, text: str, state: Path) -> tuple[Node, str]:
    """Start an onion service; returns it and its address."""
    service = network.service(name, text)
    host = state / "onion" / "hostname"
    until(lambda: service.is_up() or host.exists(), "an onion address")
    return service, host.read_text().strip()


@pytest.fixture(scope="module")
def place(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo with one station."""
    place = tmp_path_factory.mktemp("tor")
    copy_home(demo / "server", place / "server")
    copy_home(demo / "stations" / "sumsel", place / "stations" / "sumsel")
    (place / "demo-passphrases.txt").write_text("".join(f"{who}\t{words}\n" for who, words in passphrases(demo)))
    return place


@pytest.fixture(scope="module")
def onion(place: Path) -> Iterator[Onion]:
    state, socket = place / "state", place / "web.sock"
    state.mkdir(mode=0o700)
    start = time.monotonic()
    with TorNetwork(place / "net") as network:
        stood = time.monotonic() - start
        service, address = open_onion(network, "service", torrc(state, socket), state)
        with (place / "server" / "settings.toml").open("a") as settings:
            settings.write(f'onion = "{address}"\n')
        with LiveServer(place / "server", socket=socket):
            client = network.client("client")
            until(client.is_up, "the client")
            until(lambda: shows_page(client, address), "the first page")
            print(f"network after {stood:.1f} s, first page of the onion after {time.monotonic() - start:.1f} s")
            yield Onion(network, service, client, state, place)


def test_the_onion_says_what_it_is_and_offers_no_other(onion: Onion) -> None:
    for path, status in (("/", 200), ("/lapor", 200), ("/tidak-ada", 404)):
        page = onion.ask(path=path)
        assert page.status == status and "Onion-Location" not in page.headers
        assert f"<code>{onion.address}</code>" in page.text
    assert "Anda memakai alamat onion" in onion.ask().text


# --- a report ----------------------------------------------------------------------------------------


def files_for(name: str, folder: Path) -> list[Path]:
    """Write files of 20 MiB in all that nothing can compress."""
    made = [folder / f"{name}-{n}.bin" for n in range(len(SIZES))]
    for file, size in zip(made, SIZES, strict=True):
        file.write_bytes(os.urandom(size))
    return made


def tell(name: str, seconds: float) -> None:
    print(f"{name}: 20 MiB sent, receipt shown after {seconds:.1f} s, {sum(SIZES) / MIB / seconds:.1f} MiB/s")


def is_read_at_the_station(onion: Onion, box_name: str, files: list[Path], folder: Path) -> None:
    """See that the newest report is the one of this mailbox, with these very files."""
    stick = folder / "stick"
    bundle = dropbox("bundle", "--home", str(onion.place / "server"), "--to", str(stick))
    station = StationCommands(onion.place, "sumsel", "sumsel-1", "sumsel-3")
    got = station.json("import", bundle)
    assert got["new"] == 1 and got["incomplete"] == 0 and got["alarms"] == []
    case = {c["mailbox_name"]: c["case"] for c in station.json("list")}[box_name]
    shown = station.json("show", case, "--no-conflict", "--save-attachments", str(folder / "saved"))
    assert shown["fields"]["uraian"] == STORY
    told = [attachment["sha256"] for attachment in shown["attachments"]]
    saved = [hashlib.sha256((folder / "saved" / f"{n:03d}.bin").read_bytes()).hexdigest() for n in (1, 2)]
    assert told == saved == [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    print(f"opened at the station: {len(told)} files, SHA-256 as sent")


def test_chromium_sends_a_report_through_the_onion(onion: Onion, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "chromium is not installed"
    files = files_for("chromium", tmp_path)
    # No name is asked for beside the proxy.
    alone = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
    with (
        sync_playwright() as play,
        play.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, alone], proxy={"server": f"socks5://127.0.0.1:{onion.client.port}"}
        ) as browser,
    ):
        page = browser.new_context(java_script_enabled=False).new_page()
        page.set_default_timeout(300_000)
        page.goto(f"http://{onion.address}/lapor")
        page.select_option("[name=wilayah]", "sumsel")
        page.select_option("[name=jenjang_terlapor]", "pegawai-provinsi")
        page.check('[name=kategori][value="pengadaan"]')
        page.fill("#uraian", STORY)
        page.check("[name=asli]")
        page.set_input_files("#lampiran", [str(file) for file in files])
        start = time.monotonic()
        page.click("#kirim", no_wait_after=True)
        words = page.locator("#kode-tanda-terima li")
        words.first.wait_for()
        tell(f"Chromium {browser.version}", time.monotonic() - start)
        assert words.count() == 8
        name = page.inner_text("#nama-kotak")
    is_read_at_the_station(onion, name, files, tmp_path)


def shows_code(firefox: Firefox) -> bool:
    try:
        return firefox.count("#kode-tanda-terima li") == 8
    except FirefoxError:  # between two pages
        return False


def test_firefox_sends_a_report_through_the_onion(onion: Onion, tmp_path: Path) -> None:
    assert PROGRAM, "firefox-esr is not installed"
    files = files_for("firefox", tmp_path)
    with Firefox(tmp_path / "profile", through_socks(onion.client.port)) as firefox:
        firefox.go(f"http://{onion.address}/lapor")
        firefox.select("wilayah", "sumsel")
        firefox.select("jenjang_terlapor", "pegawai-provinsi")
        firefox.click('[name=kategori][value="pengadaan"]')
        firefox.type("#uraian", STORY)
        firefox.click("[name=asli]")
        for file in files:
            firefox.type("#lampiran", str(file))
        start = time.monotonic()
        firefox.click("#kirim")  # returns while the files are still on their way
        until(lambda: shows_code(firefox), "a receipt")
        tell("Firefox ESR", time.monotonic() - start)
        assert firefox.cookies() == []
        name = firefox.text("#nama-kotak")
    is_read_at_the_station(onion, name, files, tmp_path)


def test_tor_said_nothing_after_it_had_started(onion: Onion) -> None:
    last = onion.service.said.read_text().rstrip().splitlines()[-1]
    assert "Metrics listener" in last, "what this test added is the last that was said"
    assert onion.address in onion.ask().text and len(onion.service.log().splitlines()) > 20, (
        "control: the log of this test"
    )


LEARNS = "LearnCircuitBuildTimeout 0", "LearnCircuitBuildTimeout 1"


@pytest.mark.parametrize("learns", [False, True], ids=["as it is shipped", "control: it learns"])
def test_the_state_that_tor_keeps_counts_no_circuits(onion: Onion, tmp_path: Path, learns: bool) -> None:
    """Tor writes its state when it ends: how often circuits were built grows with the visitors."""
    state, text = tmp_path / "state", torrc(tmp_path / "state", onion.place / "web.sock")
    state.mkdir(mode=0o700)
    assert LEARNS[0] in text
    service, address = open_onion(onion.network, f"learns-{learns}", text.replace(*LEARNS) if learns else text, state)
    until(lambda: shows_page(onion.client, address), "a page")
    assert shows_page(onion.client, address)
    service.stop()
    kept = (state / "state").read_text()
    counts = sorted(set(re.findall(r"^(?:TotalBuild|CircuitBuild)\w*", kept, re.M)))
    print(f"state of tor: {counts or 'no count of circuits'}")
    assert "\nLastWritten" in kept and bool(counts) is learns


# --- the staff onion ---------------------------------------------------------------------------------


def answer_for(onion: Onion, client: Node, address: str) -> int:
    """Return 0 when this client gets a page of the staff onion, else what SOCKS says when its descriptor is there."""
    found: list[int] = []

    def is_settled() -> bool:
        try:
            through_tor.request(client.port, address, "GET", "/", to=STAFF_PORT, timeout=30)
            found.append(0)
        except through_tor.Refused as error:
            found.append(error.code)
        except OSError:
            return False
        return found[-1] in (0, through_tor.NO_CLIENT_KEY, through_tor.WRONG_CLIENT_KEY)

    until(is_settled, "an answer of the staff onion")
    return found[-1]


def test_the_staff_onion_opens_for_the_right_key_alone(onion: Onion, tmp_path: Path) -> None:
    state, socket = tmp_path / "state", onion.place / "web.sock"
    allowed = state / "staff" / "authorized_clients"
    for folder in (state, state / "torrc.d", state / "staff", allowed):
        folder.mkdir(mode=0o700)
    (state / "torrc.d" / "staff.conf").write_text(staff_torrc(state, f"unix:{socket}"))
    (right, public), (wrong, _) = client_key(), client_key()
    (allowed / "operator.auth").write_text(f"descriptor:x25519:{public}\n")
    open_onion(onion.network, "with-staff", torrc(state, socket), state)
    address = (state / "staff" / "hostname").read_text().strip()
    assert address != (state / "onion" / "hostname").read_text().strip()
    answers = {}
    for name, key in (("right", right), ("wrong", wrong), ("none", "")):
        keys = tmp_path / f"keys-{name}"
        keys.mkdir(mode=0o700)
        if key:
            (keys / "k.auth_private").write_text(f"{address.removesuffix('.onion')}:descriptor:x25519:{key}\n")
        client = onion.network.client(f"staff{name}", f"ClientOnionAuthDir {keys}\n")
        until(client.is_up, "a client")
        answers[name] = answer_for(onion, client, address)
        client.stop()
    print("staff onion: " + ", ".join(f"{name} key 0x{code:02x}" for name, code in answers.items()))
    assert answers == {"right": 0, "wrong": through_tor.WRONG_CLIENT_KEY, "none": through_tor.NO_CLIENT_KEY}


# --- a flood -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def floods(onion: Onion) -> list[Node]:
    clients = [onion.network.client(f"flood{n}") for n in range(2)]
    for client in clients:
        until(client.is_up, "a client of the flood")
    return clients


def flood(nodes: list[Node], address: str, count: int, lines: ExitStack) -> list[Visitors]:
    for node in nodes:
        until(lambda node=node: shows_page(node, address), "a page for the flood")
    return [lines.enter_context(Visitors(node.port, address, "flood", count=count)) for node in nodes]


def test_honest_visitors_get_in_while_a_flood_comes(onion: Onion, floods: list[Node]) -> None:
    honest = onion.client.port, onion.address
    print(watch(onion.service, honest, "quiet", 20, []))
    with ExitStack() as lines:
        coming = flood(floods, onion.address, 12, lines)
        before = cpu_ticks(onion.service.pid), onion.service.metrics()["rdv_num_total"]
        phase = watch(onion.service, honest, "flood, values as shipped", 60, coming)
        ticks = cpu_ticks(onion.service.pid) - before[0]
        came = onion.service.metrics()["rdv_num_total"] - before[1]
    print(phase)
    print(
        f"{came / phase.seconds:.1f} rendezvous a second, {10 * ticks / max(1, came):.1f} ms of tor's processor time each"
    )
    assert phase.honest.share >= 0.9 and phase.flood > 100


def test_control_with_a_low_rate_honest_visitors_wait_until_work_is_asked_for(
    onion: Onion, floods: list[Node], tmp_path: Path
) -> None:
    state, socket = tmp_path / "state", onion.place / "web.sock"
    state.mkdir(mode=0o700)
    text = torrc(state, socket)
    for line in RATE:
        assert line in text
        text = text.replace(line, re.sub(r"\d+", "2" if "Rate" in line else "10", line))
    service, address = open_onion(onion.network, "low", text, state)
    honest = onion.client.port, address
    until(lambda: shows_page(onion.client, address), "the first page of the slow onion")
    with ExitStack() as lines:
        coming = flood(floods, address, 12, lines)
        print(watch(service, honest, "flood, 2 a second and 10 at once: before", 60, coming))
        engaged = watch(service, honest, "the same until work is asked for", 420, coming, effort=1)
        print(engaged)
        print(watch(service, honest, "the same with work", 60, coming))
    assert engaged.efforts[-1] >= 1, "the defence never asked for work"
    assert engaged.honest.share < 0.9, "the control did no harm: the flood is too small to prove anything"

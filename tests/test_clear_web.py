"""The clear web front as it is shipped, in front of the real drop box: it keeps nothing, and tells the drop box nothing."""

from __future__ import annotations

import os
import re
import resource
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from forensics import Trace, counts, family, needs_root, needs_strace, scan_memory, wait_until
from live import BOUNDARY, REPORT, ROOT, Answer, LiveServer, copy_home, end, multipart, random_word
from shipped import shipped
from webfront import NAME, NGINX, VISITOR, WIPING, Recorder, WebFront, make_certificate

from dropbox.patience import BODY_SECONDS, HEAD_SECONDS
from dropbox.serve import THREADS, WORKERS

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
MIB = 1024 * 1024
LEAK = "http://192.0.2.7/" + "jalur-rahasia"  # no page of ours
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
TOLD = {"User-Agent": "peramban-langka/7", "Referer": "https://surel.example/kotak-masuk", "Accept-Language": "jv",
        "X-Forwarded-For": "192.0.2.9", "Forwarded": "for=192.0.2.9", "X-Real-IP": "192.0.2.9", "Cookie": "a=b",
        "DNT": "1", "X-Forwarded-Proto": "http"}  # fmt: skip
OPENS = "?open,?creat,openat,openat2"
WRITES = "write,pwrite64,writev,pwritev,pwritev2,sendfile,splice,copy_file_range,memfd_create"


@pytest.fixture(scope="module")
def box(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("box")
    with LiveServer(copy_home(small / "server", folder / "server"), socket=folder / "web.sock") as server:
        yield server


@pytest.fixture(scope="module")
def front(box: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebFront]:
    assert box.socket
    with WebFront(tmp_path_factory.mktemp("front") / "nginx", box.socket, env=WIPING) as front:
        yield front


def send(front: WebFront, files: list[tuple[str, bytes, str]], **fields: str) -> Answer:
    """Send a report as a browser does."""
    seed = front.request("GET", "/lapor").hidden("benih")
    body = multipart({"benih": seed, **REPORT, **fields}, files)
    return front.request("POST", "/lapor", body, FORM)


# --- no file -----------------------------------------------------------------------------------------


def upload_traced(front: WebFront, out: Path) -> tuple[Answer, Trace]:
    """Send three files, 50 MiB in all; the small arena has no room for them, but reads them to their end."""
    files = [(f"{n}.bin", bytes([n]) * (50 * MIB // 3 + 1), "application/octet-stream") for n in (1, 2, 3)]
    with Trace(front.pids, out, calls=f"{OPENS},{WRITES}", more=["-s", "64"]) as trace:
        answer = send(front, files)
    assert answer.status == 503 and "Lampiran tidak dapat diterima" in answer.text and REPORT["uraian"] in answer.text
    return answer, trace


def writes(trace: Trace, to: str, *, other: bool = False) -> dict[str, int]:
    """Return how many bytes went to each target that has a name like this, or has none like it."""
    found: dict[str, int] = {}
    for call in trace.calls:
        if call.name in WRITES.split(",") and bool(re.match(to, call.target)) != other:
            done = re.search(r"= (\d+)$", call.arguments)
            found[call.target] = found.get(call.target, 0) + int(done[1] if done else 0)
    return found


@needs_strace
def test_a_large_report_goes_through_without_a_file(front: WebFront, tmp_path: Path) -> None:
    _, trace = upload_traced(front, tmp_path / "trace")
    assert sum(writes(trace, r"UNIX-STREAM:\[").values()) > 50 * MIB, "it went through under the eyes of this trace"
    assert writes(trace, r"TCP(v6)?:\[|UNIX-STREAM:\[|anon_inode:\[eventfd\]", other=True) == {}
    assert trace.opened_for_writing() == set() and not trace.unnamed_files()


@needs_strace
def test_control_with_buffering_the_same_report_lies_in_a_file(box: LiveServer, tmp_path: Path) -> None:
    assert box.socket
    buffering = {"proxy_request_buffering off;": "proxy_request_buffering on;"}
    with WebFront(tmp_path / "nginx", box.socket, buffering) as front:
        _, trace = upload_traced(front, tmp_path / "trace")
    body = f"{front.folder}/body/"
    assert sum(writes(trace, re.escape(body)).values()) > 50 * MIB
    assert any(path.startswith(body) for path in trace.opened_for_writing())


# --- no word of anybody ------------------------------------------------------------------------------


def meet_everything(front: WebFront) -> None:
    """Good requests, bad ones, a body too large, a name that is not ours, and a front without a drop box."""
    for path in ("/", "/lapor", f"/{LEAK}", f"/kotak?{LEAK}"):
        front.request("GET", path, headers=TOLD)
    front.raw(f"GET /{LEAK} HTTP/9.9\r\nHost: {NAME}\r\nUser-Agent: {TOLD['User-Agent']}\r\n\r\n".encode())
    front.raw(f"GET /{LEAK} HTTP/1.1\r\nHost: {LEAK}\r\nConnection: close\r\n\r\n".encode())
    answered(front, f"POST /{LEAK} HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 2000000000\r\n\r\n".encode())
    with pytest.raises(ssl.SSLError):
        front.connect(name="lain.example")


NEEDLES = (VISITOR, LEAK, "jalur-rahasia", "192.0.2.", *TOLD.values())


def told(front: WebFront) -> str:
    """Return all that any file below its folder and its stderr hold, apart from its configuration."""
    files = [
        f for f in front.folder.rglob("*") if f.is_file() and f.name not in ("nginx.conf", "key.pem", "fullchain.pem")
    ]
    return "".join(f.read_text(errors="replace") for f in files)


def needles_in(text: str) -> list[str]:
    return [n for n in NEEDLES if len(n) > 3 and n in text]


def test_no_file_and_no_line_tells_of_a_visitor(front: WebFront, tmp_path: Path) -> None:
    meet_everything(front)
    with WebFront(tmp_path / "nginx", tmp_path / "nobody.sock") as alone:
        meet_everything(alone)
        assert needles_in(told(alone)) == []
    assert needles_in(told(front)) == []


def test_control_an_error_log_names_the_visitor_though_there_is_no_access_log(tmp_path: Path) -> None:
    log = {"error_log /dev/null emerg;": f"error_log {tmp_path}/nginx/error.log error;"}
    with WebFront(tmp_path / "nginx", tmp_path / "nobody.sock", log) as alone:
        meet_everything(alone)
        text = told(alone)
    assert f"client: {VISITOR}" in text and "jalur-rahasia" in text and TOLD["Referer"] in text


def test_the_drop_box_is_told_nothing_that_it_does_not_read(tmp_path: Path) -> None:
    with Recorder(tmp_path / "web.sock") as recorder, WebFront(tmp_path / "nginx", tmp_path / "web.sock") as front:
        front.request("POST", "/en/lapor?a=1", b"isi", {**FORM, **TOLD, "Sec-Fetch-Site": "cross-site"})
    (head,) = recorder.heads
    first, *lines = head.split(b"\r\n\r\n")[0].decode().split("\r\n")
    assert first == "POST /en/lapor?a=1 HTTP/1.1"
    assert sorted(lines) == sorted([
        f"Host: {NAME}", "X-Forwarded-Proto: https", f"Content-Type: {FORM['Content-Type']}",
        "Sec-Fetch-Site: cross-site", "Content-Length: 3", "Connection: close",
    ])  # fmt: skip


def test_control_headers_are_passed_on_unless_that_is_switched_off(tmp_path: Path) -> None:
    passing = {"proxy_pass_request_headers off;": "proxy_pass_request_headers on;"}
    with (
        Recorder(tmp_path / "web.sock") as recorder,
        WebFront(tmp_path / "nginx", tmp_path / "web.sock", passing) as front,
    ):
        front.request("GET", "/", headers=TOLD)
    assert TOLD["User-Agent"].encode() in recorder.heads[0] and b"192.0.2.9" in recorder.heads[0]


# --- what the drop box says comes through ------------------------------------------------------------


def test_pages_come_through_as_the_drop_box_closed_them(front: WebFront) -> None:
    page = front.request("GET", "/")
    assert page.status == 200 and "Operator internet Anda dapat melihat" in page.text
    assert page.headers["Cache-Control"] == "no-store" and "Set-Cookie" not in page.headers
    missing = front.request("GET", "/tidak-ada")
    assert missing.status == 404 and "Halaman ini tidak ada" in missing.text and 'id="isi"' in missing.text


def test_a_refusal_before_the_end_of_a_body_arrives(tmp_path: Path) -> None:
    with Recorder(tmp_path / "web.sock"), WebFront(tmp_path / "nginx", tmp_path / "web.sock") as front:
        assert front.request("POST", "/lapor", bytes(50 * MIB), FORM).status == 200


def test_a_form_that_another_site_made_a_browser_send_is_refused(front: WebFront) -> None:
    seed = front.request("GET", "/lapor").hidden("benih")
    body = multipart({"benih": seed, **REPORT})
    assert front.request("POST", "/lapor", body, {**FORM, "Sec-Fetch-Site": "cross-site"}).status == 400
    assert front.request("POST", "/lapor", body, {**FORM, "Sec-Fetch-Site": "same-origin"}).status == 200


def test_without_a_drop_box_a_calm_page_comes_that_loads_nothing(tmp_path: Path) -> None:
    with WebFront(tmp_path / "nginx", tmp_path / "nobody.sock") as alone:
        answer = alone.request("GET", "/lapor")
        long = answered(alone, f"GET /{'a' * 20_000} HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
    assert answer.status == 502 and "Anggap laporan belum tersimpan" in answer.text and "nginx" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "Strict-Transport-Security" in answer.headers and "Location" not in answer.headers
    assert long.startswith(b"HTTP/1.1 414 ") and b"Anggap laporan belum tersimpan" in long


@pytest.mark.parametrize(
    "line",
    ["CONNECT a:443 HTTP/1.1", "PRI * HTTP/2.0", "GET / HTTP/9.9", "TRACE / HTTP/1.1", "\0\1", "get", "GET a HTTP/1.1"],
)
def test_a_line_that_is_no_request_is_answered_as_calmly(front: WebFront, line: str) -> None:
    answer = front.raw(f"{line}\r\nHost: {NAME}\r\n\r\n".encode())
    assert re.match(rb"HTTP/1.1 (400|405|505) ", answer) and b"Anggap laporan belum tersimpan" in answer
    assert b"<center>" not in answer, "nothing of nginx's own pages"


# --- TLS ---------------------------------------------------------------------------------------------


def test_only_tls_1_3_is_spoken(front: WebFront) -> None:
    with front.connect() as line:
        assert line.version() == "TLSv1.3"
    old = front.context()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
        front.connect(context=old)


def is_known_again(front: WebFront) -> bool:
    """Tell whether a visitor who comes a second time can be told by what the first visit left."""
    context = front.context()
    with front.connect(context=context) as line:
        line.sendall(f"GET / HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
        while line.recv(65536):
            pass
        session = line.session
    with front.connect(context=context, session=session) as line:
        return bool((session and session.has_ticket) or line.session_reused)


def test_no_visitor_is_known_again(front: WebFront) -> None:
    assert not is_known_again(front)


def test_control_nginx_gives_tickets_by_itself(tmp_path: Path) -> None:
    changes = {"ssl_session_tickets off;": "", "ssl_session_cache off;": "", "ssl_conf_command NumTickets 0;": ""}
    with Recorder(tmp_path / "web.sock"), WebFront(tmp_path / "nginx", tmp_path / "web.sock", changes) as front:
        assert is_known_again(front)


@pytest.mark.parametrize("name", ["lain.example", "127.0.0.1"])
def test_who_does_not_name_the_site_gets_no_certificate(front: WebFront, name: str) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        front.connect(name=name)


def test_who_names_another_site_after_the_handshake_gets_no_answer(front: WebFront) -> None:
    assert front.raw(b"GET / HTTP/1.1\r\nHost: abc.onion\r\n\r\n") == b""
    assert front.raw(b"GET / HTTP/1.1\r\n\r\n") == b"", "no name at all"


def test_a_browser_is_told_to_come_over_tls_alone(front: WebFront) -> None:
    for path in ("/", "/tidak-ada"):
        assert front.request("GET", path).headers["Strict-Transport-Security"] == "max-age=63072000"


# --- places and patience -----------------------------------------------------------------------------


def seconds_of(front: WebFront, name: str) -> float:
    found = re.search(rf"^ *{name} (\d+)s;", (front.folder / "nginx.conf").read_text(), re.M)
    assert found
    return float(found[1])


def test_the_front_gives_up_after_the_drop_box_and_not_before(front: WebFront) -> None:
    assert seconds_of(front, "client_header_timeout") <= HEAD_SECONDS, "a head costs nothing there, and a place here"
    assert seconds_of(front, "client_body_timeout") == HEAD_SECONDS
    assert seconds_of(front, "proxy_read_timeout") > BODY_SECONDS < seconds_of(front, "worker_shutdown_timeout")


def test_neither_one_address_nor_the_whole_front_takes_all_places(tmp_path: Path) -> None:
    each, all_of_it = 32, 256
    assert all_of_it * 3 <= WORKERS * THREADS * 2, "a third is left to the onion service"
    request = f"GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()
    with Recorder(tmp_path / "web.sock", silent=True) as box, ExitStack() as lines:
        front = lines.enter_context(WebFront(tmp_path / "nginx", tmp_path / "web.sock"))
        for count in range(1, all_of_it + 1):
            line = lines.enter_context(front.connect(source=f"127.0.1.{1 + (count - 1) // each}"))
            line.sendall(request)
            wait_until(lambda count=count: len(box.heads) == count, "a visitor at the drop box")
            if count == each:
                assert answered(front, request, "127.0.1.1").startswith(b"HTTP/1.1 503 ")
        assert answered(front, request, "127.0.1.200").startswith(b"HTTP/1.1 503 ")
        assert len(box.heads) == all_of_it


LARGE = f"POST /lapor HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 3000000000\r\n\r\nx".encode()


def refused_early(tmp_path: Path, changes: dict[str, str]) -> bytes:
    """Let one address declare far too much on as many lines as it may have, and one more; return the first words to that one."""
    with Recorder(tmp_path / "web.sock", silent=True) as box, ExitStack() as lines:
        front = lines.enter_context(WebFront(tmp_path / "nginx", tmp_path / "web.sock", changes))
        for count in range(1, 33):
            line = lines.enter_context(front.connect())
            line.sendall(LARGE)
            if changes:
                assert line.recv(12) == b"HTTP/1.1 413"
            else:
                wait_until(lambda count=count: len(box.heads) == count, "a visitor at the drop box")
        return answered(front, LARGE)[:12]


def test_who_declares_too_much_is_counted_like_anybody(tmp_path: Path) -> None:
    assert refused_early(tmp_path, {}) == b"HTTP/1.1 503"


def test_control_what_nginx_refuses_by_its_length_is_not_counted(tmp_path: Path) -> None:
    assert refused_early(tmp_path, {"client_max_body_size 0;": "client_max_body_size 1025m;"}) == b"HTTP/1.1 413"


def test_whoever_is_refused_is_not_listened_to_for_long(front: WebFront) -> None:
    assert seconds_of(front, "lingering_time") <= 60 and seconds_of(front, "lingering_timeout") <= 60


@pytest.mark.parametrize(
    ("changes", "other", "code"),
    [({}, "2001:db8::ff:9", b"503"), ({}, "2001:db8:0:1::9", b"200"),
     ({"limit_conn_zone $visitor ": "limit_conn_zone $binary_remote_addr "}, "2001:db8::ff:9", b"200")],
    ids=["the same network", "another one", "control: each address alone"],
)  # fmt: skip
def test_addresses_of_one_network_count_as_one(
    tmp_path: Path, changes: dict[str, str], other: str, code: bytes
) -> None:
    told = {"server_tokens off;": "server_tokens off; set_real_ip_from 127.0.0.0/8; real_ip_header X-Real-IP;"}
    few = {"limit_conn visitor 32;": "limit_conn visitor 1;"}
    with (
        Recorder(tmp_path / "web.sock", patient="/tunggu") as box,
        WebFront(tmp_path / "nginx", tmp_path / "web.sock", {**told, **few, **changes}) as front,
        front.connect() as line,
    ):
        line.sendall(f"GET /tunggu HTTP/1.1\r\nHost: {NAME}\r\nX-Real-IP: 2001:db8::7\r\n\r\n".encode())
        wait_until(lambda: len(box.heads) == 1, "a visitor at the drop box")
        answer = answered(front, f"GET / HTTP/1.1\r\nHost: {NAME}\r\nX-Real-IP: {other}\r\n\r\n".encode())
        assert answer[9:12] == code


IDLE = 4_300  # more than two workers have that may open 1,024 files each


def idle_then_asks(tmp_path: Path, changes: dict[str, str]) -> bool:
    """Open many connections that say nothing; tell whether a visitor from elsewhere is answered then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Recorder(tmp_path / "web.sock"), ExitStack() as lines:
        front = lines.enter_context(WebFront(tmp_path / "nginx", tmp_path / "web.sock", changes))
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, IDLE + 1_000), hard))
        lines.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        try:
            for _ in range(IDLE):
                lines.enter_context(socket.create_connection(("127.0.0.1", front.port), 5, (VISITOR, 0)))
            plain = lines.enter_context(socket.create_connection(("127.0.0.1", front.port), 5, ("127.0.0.99", 0)))
            with front.context().wrap_socket(plain, server_hostname=NAME) as line:
                line.sendall(f"GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
                return line.recv(12) == b"HTTP/1.1 200"
        except OSError:  # nobody takes the connection any more
            return False


def test_connections_that_say_nothing_leave_room_for_others(tmp_path: Path) -> None:
    assert idle_then_asks(tmp_path, {})


def test_control_with_as_many_files_as_is_usual_the_idle_ones_take_all(tmp_path: Path) -> None:
    usual = {"worker_rlimit_nofile 16384;": "worker_rlimit_nofile 1024;"}
    assert not idle_then_asks(tmp_path, usual | {"worker_connections 8192;": "worker_connections 2048;"})


def answered(front: WebFront, request: bytes, source: str = VISITOR) -> bytes:
    """Send bytes and return the beginning of what comes back."""
    with front.connect(source=source) as line:
        line.sendall(request)
        return line.recv(65536)


# --- memory ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Visit:
    text: str
    answer: Answer


def left_in_memory(front: WebFront) -> dict[str, int]:
    """Return how often nginx's memory holds what was typed, and the receipt code, after the answer."""
    text = "u" + random_word()
    answer = send(
        front,
        [("a.txt", (text[::-1] + "\n").encode() * 40_000, "text/plain")],
        uraian=f"Seseorang menulis {text} di sini.",
    )
    assert answer.status == 200
    first, second = (word.encode() for word in answer.words[:2])
    code = answer.body[answer.body.index(b">" + first + b"<") :]
    code = code[: code.index(second) + len(second)]
    return counts(scan_memory(front.pids, {"text": text.encode(), "file": text[::-1].encode(), "code": code}))


@needs_root
def test_what_passed_is_overwritten_in_memory_when_nginx_is_started_as_said(front: WebFront) -> None:
    assert left_in_memory(front) == {}


@needs_root
def test_control_without_that_environment_it_stays(box: LiveServer, tmp_path: Path) -> None:
    assert box.socket
    with WebFront(tmp_path / "nginx", box.socket, env={"GLIBC_TUNABLES": ""}) as front:
        assert left_in_memory(front)


# --- no root -----------------------------------------------------------------------------------------

NOBODY = 65534
ALONE = """
ip link set lo up
exec setpriv --reuid "$1" --regid "$1" --clear-groups --no-new-privs --bounding-set -all,+net_bind_service \\
    --inh-caps "$2" --ambient-caps "$2" "$3" -e stderr -c "$4" -g "daemon off;"
"""
RIGHTS = re.compile(r"^(?:Uid|Cap\w+):\t(.*)$", re.M)


def alone(folder: Path, right: str) -> tuple[subprocess.Popen[str], Path]:
    """Start nginx in a network of its own, as nobody with this right, on port 443 and a folder that is nobody's."""
    assert NGINX
    folder.chmod(0o755)
    place = folder / "nginx"
    place.mkdir()
    make_certificate(place)
    paths = ("/run/senyap-front", "/run/credentials/senyap-front.service", "/run/senyap")
    (place / "nginx.conf").write_text(shipped("nginx.conf", dict.fromkeys(paths, place)))
    for each in (place, *place.iterdir()):
        os.chown(each, NOBODY, NOBODY)
    words = ["unshare", "-n", "sh", "-c", ALONE, "sh", str(NOBODY), right, NGINX, str(place / "nginx.conf")]
    started = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return started, place


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user reaches, which those of the tests are not."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


@needs_root
def test_it_runs_without_root_from_its_first_process_on(open_folder: Path) -> None:
    started, place = alone(open_folder, "+net_bind_service")
    try:
        wait_until(lambda: started.poll() is not None or len(family(started.pid)) == 3, "nginx and its workers")
        told = [RIGHTS.findall(Path(f"/proc/{pid}/status").read_text()) for pid in family(started.pid)]
        visit = [
            "nsenter",
            "-t",
            str(started.pid),
            "-n",
            sys.executable,
            "-c",
            VISIT,
            NAME,
            str(place / "fullchain.pem"),
        ]
        done = subprocess.run(visit, capture_output=True, text=True, timeout=60)
    finally:
        end(started)
    only_the_port = f"{1 << 10:016x}"
    assert told == [["\t".join([str(NOBODY)] * 4), *[only_the_port] * 5]] * 3
    assert done.stdout == "TLSv1.3 502\n", done.stderr
    assert {path.name for path in place.iterdir()} >= {"body", "proxy"}


@needs_root
def test_control_without_that_right_there_is_no_port_443(open_folder: Path) -> None:
    started, _ = alone(open_folder, "-net_bind_service")
    _, said = started.communicate(timeout=60)
    assert started.returncode == 1 and "443 failed (13: Permission denied)" in said


VISIT = """
import socket, ssl, sys
rules = ssl.create_default_context(cafile=sys.argv[2])
with rules.wrap_socket(socket.create_connection(("127.0.0.1", 443)), server_hostname=sys.argv[1]) as line:
    line.sendall(f"GET / HTTP/1.1\\r\\nHost: {sys.argv[1]}\\r\\nConnection: close\\r\\n\\r\\n".encode())
    print(line.version(), line.recv(12)[9:].decode())
"""


@needs_root
@pytest.mark.parametrize("guide", ["guide-operator.md", "guide-operator.id.md"])
def test_what_the_guide_says_shows_the_line_that_nginx_does_not_take(open_folder: Path, guide: str) -> None:
    (look,) = re.findall(r"`(unshare [^`]*nginx -t [^`]*)`", (ROOT / "docs" / guide).read_text("utf-8"))
    place = open_folder / "senyap"
    (place / "tls").mkdir(parents=True)
    make_certificate(place / "tls")
    there = place / "nginx.conf"
    there.write_text(shipped("nginx.conf", {}))
    command = ["sh", "-c", f"PATH=$PATH:/usr/sbin; {look.replace('/etc/senyap/', f'{place}/')}"]
    before = set(Path("/run").iterdir())
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "test is successful" in done.stderr, done.stderr
    there.write_text(shipped("nginx.conf", {"access_log off;": "acces_log off;"}))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and 'unknown directive "acces_log"' in done.stderr
    assert set(Path("/run").iterdir()) == before

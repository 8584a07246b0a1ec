"""The load: reporters as cheap as they can be, in a process of their own. `python load.py JOB` reads JSON, prints JSON.

Only http.client and threads: what the clients cost is taken from the cores that they share with the server.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

BOUNDARY = b"----bench5d1c"
KIND = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
FIELDS = {"wilayah": "sumsel", "jenjang_terlapor": "pegawai-provinsi", "kategori": "pengadaan"}
SEED = re.compile(rb'name="benih" value="([^"]+)"')
CODE = re.compile(rb'<ol class="code".*?</ol>', re.S)
WORD = re.compile(rb"</span>\s*([a-z]+)")
TIMEOUT_SECONDS = 120
DICE, LETTERS = random.SystemRandom(), "bcdfghjklmnpqrstvwxz"  # digits could be somebody's number, and asked about
PIECE_BYTES = 256 * 1024


def text_part(name: str, value: str) -> bytes:
    return b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (
        BOUNDARY,
        name.encode(),
        value.encode(),
    )


def send_report(port: int, token: str, text_bytes: int) -> dict[str, Any]:
    """Fetch a form, send it with a text of about `text_bytes`; says what came back and how long it took."""
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/lapor")
        found = SEED.search(connection.getresponse().read())
        seed = found[1].decode() if found else ""
        filler = "Seseorang mengatur pemenang lelang jalan. "
        text = f"{token} " + (filler * (text_bytes // len(filler) + 1))[: text_bytes - len(token) - 1]
        body = b"".join(text_part(k, v) for k, v in {**FIELDS, "benih": seed, "uraian": text}.items())
        connection.request("POST", "/lapor", body + b"--%s--\r\n" % BOUNDARY, KIND)
        answer = connection.getresponse()
        page = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return {"token": token, "status": type(error).__name__, "words": [], "seconds": time.monotonic() - started}
    finally:
        connection.close()
    code = CODE.search(page)
    words = [w.decode() for w in WORD.findall(code[0])] if code else []
    return {"token": token, "status": answer.status, "words": words, "seconds": time.monotonic() - started}


def reports(port: int, clients: int, count: int, text_bytes: int) -> dict[str, Any]:
    """Send `count` reports, `clients` at a time."""
    tokens, done, lock = ["".join(DICE.choices(LETTERS, k=16)) for _ in range(count)], [], threading.Lock()
    waiting = iter(tokens)

    def reporter() -> None:
        while True:
            with lock:
                token = next(waiting, None)
            if token is None:
                return
            result = send_report(port, token, text_bytes)
            with lock:
                done.append(result)

    return {"seconds": in_threads(reporter, clients), "reports": done}


def in_threads(work: Callable[[], None], count: int) -> float:
    threads = [threading.Thread(target=work) for _ in range(count)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - started


def upload(port: int, files: int, file_bytes: int) -> dict[str, Any]:
    """Send one report with files of random bytes; the time is from the first byte to the end of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    connection.request("GET", "/lapor")
    found = SEED.search(connection.getresponse().read())
    fields = {**FIELDS, "benih": found[1].decode() if found else "", "uraian": "Bukti lelang jalan ada di lampiran."}
    fields["asli"] = "ya"  # the path of large originals; what cleaning costs is measured in tests/test_cleaning_cost.py
    start = b"".join(text_part(k, v) for k, v in fields.items())
    head = b'--%s\r\nContent-Disposition: form-data; name="lampiran"; filename="%d.bin"\r\n'
    heads = [head % (BOUNDARY, i) + b"Content-Type: application/octet-stream\r\n\r\n" for i in range(files)]
    end = b"--%s--\r\n" % BOUNDARY
    total = len(start) + sum(map(len, heads)) + files * (file_bytes + 2) + len(end)
    piece = memoryview(os.urandom(PIECE_BYTES))
    started = time.monotonic()
    connection.putrequest("POST", "/lapor")
    for name, value in {**KIND, "Content-Length": str(total)}.items():
        connection.putheader(name, value)
    connection.endheaders(start)
    for file_head in heads:
        connection.send(file_head)
        for at in range(0, file_bytes, PIECE_BYTES):
            connection.send(piece[: min(PIECE_BYTES, file_bytes - at)])
        connection.send(b"\r\n")
    connection.send(end)
    sent = time.monotonic()
    answer = connection.getresponse()
    page = answer.read()
    seconds = time.monotonic() - started
    connection.close()
    shown = bool(CODE.search(page))
    return {"seconds": seconds, "sent": sent, "status": answer.status, "shown": shown, "bytes": files * file_bytes}


def logins(port: int, code: str, count: int) -> dict[str, Any]:
    """Open one mailbox again and again."""
    times, statuses, news = [], set(), 0
    for _ in range(count):
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        body = urlencode({"kode": code}).encode()
        connection.request("POST", "/kotak", body, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        news = len(re.findall(rb'id="pesan-\d+"', answer.read()))
        times.append(time.monotonic() - started)
        statuses.add(answer.status)
        connection.close()
    return {"times": times, "statuses": sorted(statuses), "messages": news}


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    print(json.dumps({"reports": reports, "upload": upload, "logins": logins}[job.pop("do")](**job)))

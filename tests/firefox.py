"""Firefox ESR, driven through its Marionette port: with scripts off, in a profile of its own that asks nothing of the internet."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from live import free_port

PROGRAM = shutil.which("firefox-esr")
START_SECONDS, ANSWER_SECONDS = 60, 120
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name under which WebDriver hands out elements
_PREFERENCES: dict[str, str | int | bool] = {
    "javascript.enabled": False,
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.region.update.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.search.update": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.prefetch-next": False,
    "network.trr.mode": 5,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    # Whatever still asks for a host outside finds a proxy that refuses; loopback is reached without it.
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.allow_hijacking_localhost": False,
}


def through_socks(port: int) -> dict[str, str | int | bool]:
    """Return preferences that lead every address through this SOCKS port, onion addresses, too."""
    direct = {
        "network.proxy.http": "",
        "network.proxy.http_port": 0,
        "network.proxy.ssl": "",
        "network.proxy.ssl_port": 0,
    }
    return direct | {
        "network.proxy.socks": "127.0.0.1", "network.proxy.socks_port": port, "network.proxy.socks_version": 5,
        "network.proxy.socks_remote_dns": True, "network.dns.blockDotOnion": False,
    }  # fmt: skip


class FirefoxError(Exception):
    """Firefox did not start, or refused a command."""


class Firefox:
    """One headless Firefox. Elements are named by CSS selectors; of several the first is meant."""

    def __init__(self, profile: Path, preferences: Mapping[str, str | int | bool] | None = None) -> None:
        if PROGRAM is None:
            raise FirefoxError("firefox-esr is not installed")
        profile = profile.resolve()  # it starts nothing in a folder that is named relatively
        profile.mkdir(mode=0o700)
        self.profile, self._port, self._count = profile, free_port(), 0
        wanted = {**_PREFERENCES, **(preferences or {}), "marionette.port": self._port}
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in wanted.items())
        (profile / "user.js").write_text("".join(lines))
        self._process = subprocess.Popen(
            [PROGRAM, "--headless", "--marionette", "--no-remote", "--profile", str(profile), "about:blank"],
            env={**os.environ, "HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1"},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            self._socket = self._connect()
            self._answers = self._socket.makefile("rb")
            self._read()  # its greeting
            self._ask("WebDriver:NewSession", capabilities={"alwaysMatch": {"pageLoadStrategy": "normal"}})
        except BaseException:
            self._end()
            raise

    def _connect(self) -> socket.socket:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self._port), ANSWER_SECONDS)
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise FirefoxError("it opened no Marionette port") from None
                time.sleep(0.05)  # nothing tells when the port opens

    def _read(self) -> Any:
        digits = b""
        while (byte := self._answers.read(1)) != b":":
            if not byte:
                raise FirefoxError("it closed the connection")
            digits += byte
        return json.loads(self._answers.read(int(digits)))

    def _ask(self, command: str, **parameters: Any) -> Any:
        self._count += 1
        message = json.dumps([0, self._count, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _kind, _number, error, result = self._read()
        if error:
            raise FirefoxError(f"{command}: {error.get('error')}: {error.get('message')}")
        return result["value"] if isinstance(result, dict) and set(result) == {"value"} else result

    def _find(self, selector: str) -> str:
        return str(self._ask("WebDriver:FindElement", using="css selector", value=selector)[_ELEMENT])

    def go(self, url: str) -> None:
        """Open an address and wait until its page has arrived."""
        self._ask("WebDriver:Navigate", url=url)

    @property
    def url(self) -> str:
        return str(self._ask("WebDriver:GetCurrentURL"))

    def count(self, selector: str) -> int:
        return len(self._ask("WebDriver:FindElements", using="css selector", value=selector))

    def text(self, selector: str) -> str:
        """Return an element's text as a person sees it."""
        return str(self._ask("WebDriver:GetElementText", id=self._find(selector)))

    def texts(self, selector: str) -> list[str]:
        found = self._ask("WebDriver:FindElements", using="css selector", value=selector)
        return [str(self._ask("WebDriver:GetElementText", id=element[_ELEMENT])) for element in found]

    def attribute(self, selector: str, name: str) -> str | None:
        found = self._ask("WebDriver:GetElementAttribute", id=self._find(selector), name=name)
        return None if found is None else str(found)

    def value(self, selector: str) -> str:
        """Return what stands in a field now."""
        return str(self._ask("WebDriver:GetElementProperty", id=self._find(selector), name="value"))

    def style(self, selector: str, name: str) -> str:
        """Return a computed style."""
        return str(self._ask("WebDriver:GetElementCSSValue", id=self._find(selector), propertyName=name))

    def click(self, selector: str) -> None:
        """Click an element; when that leads to another page, wait until it has arrived."""
        self._ask("WebDriver:ElementClick", id=self._find(selector))

    def type(self, selector: str, text: str) -> None:
        """Type into a field behind what stands there, or choose the file with this path."""
        self._ask("WebDriver:ElementSendKeys", id=self._find(selector), text=text)

    def enter(self, selector: str, then: str) -> None:
        """Press the Enter key in a field; wait until the page that this leads to shows an element."""
        self.type(selector, "\ue007")
        self._ask("WebDriver:SetTimeouts", implicit=ANSWER_SECONDS * 1000)
        self._find(then)
        self._ask("WebDriver:SetTimeouts", implicit=0)

    def clear(self, selector: str) -> None:
        self._ask("WebDriver:ElementClear", id=self._find(selector))

    def select(self, name: str, value: str) -> None:
        """Choose an option of a list."""
        self.click(f'select[name="{name}"] option[value="{value}"]')

    def focused(self) -> str | None:
        """Return the id of the element that has the focus."""
        element = self._ask("WebDriver:GetActiveElement")[_ELEMENT]
        found = self._ask("WebDriver:GetElementAttribute", id=element, name="id")
        return None if found is None else str(found)

    def new_tab(self) -> None:
        """Open a tab beside this one and go there."""
        self._ask("WebDriver:SwitchToWindow", handle=self._ask("WebDriver:NewWindow", type="tab")["handle"])

    def cookies(self) -> list[Any]:
        return list(self._ask("WebDriver:GetCookies"))

    def screenshot(self) -> bytes:
        """Return a picture of the whole page as PNG."""
        return base64.b64decode(self._ask("WebDriver:TakeScreenshot", full=True))

    def __enter__(self) -> Firefox:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Quit as a person does; closing again is nothing to do."""
        if self._process.poll() is None:
            with contextlib.suppress(FirefoxError, OSError):
                self._ask("Marionette:Quit", flags=["eForceQuit"])
        self._end()

    def _end(self) -> None:
        """Wait for the end of the process; its profile stays and can be looked at."""
        for file in (getattr(self, "_answers", None), getattr(self, "_socket", None)):
            if file is not None:
                file.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def plain_bytes(file: Path) -> bytes:
    """Return what a file of a profile holds; its sessions are packed as one LZ4 block behind 12 bytes."""
    data = file.read_bytes()
    return _unpacked(data[12:]) if data.startswith(b"mozLz40\0") else data


def _unpacked(block: bytes) -> bytes:
    out, at = bytearray(), 0

    def length(start: int) -> int:
        nonlocal at
        total = start
        while start == 15:
            total += block[at]
            at += 1
            if block[at - 1] != 255:
                break
        return total

    while at < len(block):
        token = block[at]
        at += 1
        literals = length(token >> 4)
        out += block[at : at + literals]
        at += literals
        if at >= len(block):
            break
        offset = int.from_bytes(block[at : at + 2], "little")
        at += 2
        for _ in range(length(token & 15) + 4):
            out.append(out[-offset])
    return bytes(out)

"""What every answer carries, errors included: closed headers, and a length that says little."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from flask import Flask, Response

from dropbox.paths import templates_folder

PAGE_STEP = 32 * 1024
MAILBOX_PAGE = 64 * 1024
CLOSED = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), microphone=(), geolocation=(), usb=(), payment=(), clipboard-read=(), display-capture=()"
    ),
    "X-DNS-Prefetch-Control": "off",
}


@cache
def stylesheet() -> str:
    """Return the one stylesheet, as it stands between the style tags of each page."""
    return (templates_folder() / "look.css").read_text("utf-8").strip()


@cache
def policy() -> str:
    """Return the Content-Security-Policy: nothing may load, only our own stylesheet may style."""
    digest = base64.b64encode(hashlib.sha256(stylesheet().encode("utf-8")).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def pad(body: bytes, step: int) -> bytes:
    """Pad a page with spaces after its end to the next multiple of `step` bytes."""
    return body + b" " * (-len(body) % step)


def close_response(response: Response) -> Response:
    """Set the headers and pad the page."""
    body = response.get_data()
    step = MAILBOX_PAGE if response.headers.pop("X-Mailbox-Page", None) else PAGE_STEP
    if response.mimetype == "text/html":
        response.set_data(pad(body, step))
    response.headers.pop("Set-Cookie", None)
    response.headers.update(CLOSED | {"Content-Security-Policy": policy()})
    return response


def install(app: Flask) -> None:
    """Close every answer of an application."""
    app.after_request(close_response)

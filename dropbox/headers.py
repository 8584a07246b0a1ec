"""What every answer carries, errors included: closed headers, and a length that says little."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from flask import Flask, Response

from dropbox.paths import templates_folder

PAGE_STEP = 16 * 1024
MAILBOX_PAGE = 64 * 1024


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
    headers = response.headers
    headers["Content-Security-Policy"] = policy()
    headers["Cache-Control"] = "no-store"
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Embedder-Policy"] = "require-corp"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = (
        "camera=(), microphone=(), geolocation=(), usb=(), payment=(), clipboard-read=(), display-capture=()"
    )
    headers["X-DNS-Prefetch-Control"] = "off"
    headers.pop("Set-Cookie", None)
    return response


def install(app: Flask) -> None:
    """Close every answer of an application."""
    app.after_request(close_response)

"""What a page says when it cannot do what was asked: one sentence, and nothing of a case."""

from __future__ import annotations

from flask import Flask, render_template
from werkzeug.exceptions import HTTPException

from crypto.errors import CryptoError
from station.errors import StationError
from station.refusals import sentence

_HTTP = {
    400: "Permintaan ini tidak berasal dari meja ini, atau formulirnya sudah lama. Muat ulang halamannya, lalu ulangi.",
    404: "Halaman atau perkara itu tidak ada.",
    405: "Halaman itu tidak dapat dipakai begitu.",
    413: "Yang diketik terlalu panjang. Persingkat, lalu coba lagi.",
}


def install(app: Flask) -> None:
    """Add the error pages; no traceback is ever shown or kept."""

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> tuple[str, int]:
        code = error.code or 500
        return _page(_HTTP.get(code, "Ada yang salah."), code)

    @app.errorhandler(Exception)
    def other(error: Exception) -> tuple[str, int]:
        return _page(sentence(error), 409 if isinstance(error, StationError | CryptoError) else 500)


def _page(words: str, code: int) -> tuple[str, int]:
    return render_template("error.html", words=words), code

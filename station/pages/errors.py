"""What a page says when it cannot do what was asked: one sentence, and nothing of a case."""

from __future__ import annotations

from flask import Flask, render_template
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from crypto.errors import CryptoError
from keys.advice import advice
from station import space
from station.errors import StationError

_HTTP = {
    400: "Permintaan ini tidak berasal dari meja ini, atau formulirnya sudah lama. Muat ulang halamannya, lalu ulangi.",
    404: "Halaman atau perkara itu tidak ada.",
    405: "Halaman itu tidak dapat dipakai begitu.",
    413: "Yang diketik terlalu panjang. Persingkat, lalu coba lagi.",
}
_VAULT = (
    "Brankas tidak dapat dibaca atau ditulis. Tidak ada yang berubah. Jangan matikan mesin: panggil yang merawatnya."
)


def install(app: Flask) -> None:
    """Add the error pages; no traceback is ever shown or kept."""

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> tuple[str, int]:
        code = error.code or 500
        return _page(_HTTP.get(code, "Ada yang salah."), code)

    @app.errorhandler(StationError)
    def refused(error: StationError) -> tuple[str, int]:
        return _page(str(error), 409)

    @app.errorhandler(CryptoError)
    def crypto(error: CryptoError) -> tuple[str, int]:
        return _page(f"{advice(error)} ({error})", 409)

    @app.errorhandler(OSError)
    def disk(error: OSError) -> tuple[str, int]:
        if space.is_full(error):
            return _page(space.HERE, 500)
        return _page(f"Disk atau stik tidak dapat dibaca atau ditulis: {error.strerror}.", 500)

    @app.errorhandler(SQLAlchemyError)
    def vault(error: SQLAlchemyError) -> tuple[str, int]:
        return _page(space.HERE if space.is_full(error) else _VAULT, 500)

    @app.errorhandler(Exception)
    def other(_error: Exception) -> tuple[str, int]:
        return _page("Ada yang salah di program ini. Tidak ada yang berubah.", 500)


def _page(words: str, code: int) -> tuple[str, int]:
    return render_template("error.html", words=words), code

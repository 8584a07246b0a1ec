"""Images, told by their first bytes: those that stand alone and those inside documents."""

from __future__ import annotations

from dropbox.cleaning import gif, jpeg, png, webp
from dropbox.cleaning.errors import CleaningError

JPEG, PNG, WEBP, GIF = "jpeg", "png", "webp", "gif"
CLEANERS = {JPEG: jpeg.clean_jpeg, PNG: png.clean_png, WEBP: webp.clean_webp, GIF: gif.clean_gif}


def image_kind(data: bytes) -> str:
    """Return which of the images cleaned here bytes begin as, or nothing."""
    if data.startswith(jpeg.MAGIC):
        return JPEG
    if data.startswith(png.MAGIC):
        return PNG
    if data.startswith(gif.MAGICS):
        return GIF
    return WEBP if webp.is_webp(data) else ""


def clean_image(data: bytes) -> bytes:
    """Return a cleaned image of any kind known here. Raises CleaningError."""
    cleaner = CLEANERS.get(image_kind(data))
    if cleaner is None:
        raise CleaningError("an image of another kind")
    return cleaner(data)

"""Pictures: decoded by Pillow, turned upright, made small, and given as bare pixels."""

from __future__ import annotations

from PIL import Image, ImageOps, ImageSequence

from station.inside.frames import FILE, NOTE, PAGES, FileError, put, put_page

MOST_PIXELS = 100_000_000
MOST_SIDE = 1_600
MOST_PAGES = 20


def show_picture(kind: str) -> None:
    """Write the picture of a file, or the pages of a TIFF."""
    Image.MAX_IMAGE_PIXELS = None  # no warning: the size is looked at here, before a pixel is decoded
    try:
        with Image.open(FILE, formats=[kind.upper()]) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise FileError(f"huge {width} {height}")
            put(NOTE, f"size {width} {height}")
            count = getattr(image, "n_frames", 1)
            put(PAGES, str(count if kind == "tiff" else 1))
            if kind != "tiff":
                if count > 1:
                    put(NOTE, f"several {count}")
                image.draft("RGB", (MOST_SIDE, MOST_SIDE))
                _put(image)
                return
            for number, frame in enumerate(ImageSequence.Iterator(image)):
                if number == MOST_PAGES:
                    break
                if frame.width * frame.height > MOST_PIXELS:
                    raise FileError(f"huge {frame.width} {frame.height}")
                _put(frame)
    except MemoryError:
        raise FileError("memory") from None
    except (OSError, ValueError, SyntaxError, IndexError, KeyError, TypeError):
        raise FileError("damaged") from None


def _put(image: Image.Image) -> None:
    whole = (
        image if image.mode in ("RGB", "L", "1", "RGBA", "LA") else image.convert("RGBA" if _clear(image) else "RGB")
    )
    whole.thumbnail((MOST_SIDE, MOST_SIDE))  # keeps the sides' relation; never larger
    upright = ImageOps.exif_transpose(whole) or whole
    if upright.mode in ("RGBA", "LA"):
        paper = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(paper, upright.convert("RGBA"))
    pixels = upright.convert("RGB")
    put_page(pixels.width, pixels.height, pixels.tobytes())


def _clear(image: Image.Image) -> bool:
    return image.mode == "PA" or "transparency" in image.info

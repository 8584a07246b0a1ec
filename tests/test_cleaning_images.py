"""Pictures: what is kept byte for byte, what of orientation and colour survives, where things hide."""

import io
import struct
import zlib

import pytest
from decoded import traces
from PIL import Image, ImageCms
from samples import named

from dropbox.cleaning import Outcome, clean, colour
from dropbox.cleaning.colour import SPACES, SRGB, Space, space_of
from dropbox.cleaning.exif import minimal, orientation_of

SECRET = b"Zulkarnain Penanda"


def cleaned(data: bytes) -> bytes:
    result = clean(data)
    assert result.outcome is Outcome.CLEANED and result.data is not None
    return result.data


def cannot(data: bytes) -> bool:
    return clean(data).outcome is Outcome.CANNOT


def encoded(kind: str, mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient("L").resize((20, 14)).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def orientation(data: bytes) -> int:
    with Image.open(io.BytesIO(data)) as image:
        return image.getexif().get(0x0112, 1)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("order", "<>")
def test_orientation_is_read_in_both_byte_orders_and_written_alone(turn: int, order: str) -> None:
    head = {"<": b"II*\0", ">": b"MM\0*"}[order]
    entries = struct.pack(order + "HHIHH", 0x0112, 3, 1, turn, 0), struct.pack(order + "HHII", 0x010F, 2, 4, 0)
    tiff = head + struct.pack(order + "IH", 8, 2) + entries[1] + entries[0] + bytes(4)
    assert orientation_of(tiff) == turn
    assert orientation_of(minimal(turn)) == turn
    assert len(minimal(turn)) == (0 if turn == 1 else 26)


@pytest.mark.parametrize("broken", [b"", b"II*\0", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff" + bytes(30)])
def test_broken_exif_is_upright(broken: bytes) -> None:
    assert orientation_of(broken) == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation_survives(kind: str, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = turn, SECRET.decode()
    after = cleaned(encoded(kind, exif=exif.tobytes()))
    assert orientation(after) == turn
    assert not traces(after)
    if turn == 1:
        assert b"Exif" not in after and b"eXIf" not in after and b"EXIF" not in after


# --- colour ------------------------------------------------------------------------------------------


def _with_space(space: Space) -> bytes:
    return colour._build(space)


@pytest.mark.parametrize("space", SPACES, ids=lambda s: s.name)
def test_our_profiles_are_read_by_others_and_by_ourselves(space: Space) -> None:
    built = _with_space(space)
    assert space_of(built) is space
    opened = ImageCms.ImageCmsProfile(io.BytesIO(built)).profile
    assert (opened.xcolor_space, opened.profile_description) == ("RGB ", space.name)
    assert opened.creation_date is None or opened.creation_date.year == 1980


def test_srgb_of_another_maker_is_taken_for_srgb_and_left_out() -> None:
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert space_of(made) is SRGB
    assert b"ICC_PROFILE" not in cleaned(encoded("JPEG", icc_profile=made))


def test_a_wide_space_stays_in_our_words() -> None:
    wide = bytearray(_with_space(SPACES[1]))
    wide[48:56] = b"PENANDA1"
    for kind in ("JPEG", "PNG", "WEBP"):
        after = cleaned(encoded(kind, icc_profile=bytes(wide)))
        assert not traces(after)
        with Image.open(io.BytesIO(after)) as image:
            assert image.info["icc_profile"] == _with_space(SPACES[1])


def test_the_profile_of_one_screen_goes() -> None:
    made = bytearray(_with_space(SPACES[1]))
    at = made.find(b"XYZ \0\0\0\0", 132) + 8
    made[at : at + 4] = struct.pack(">i", round(0.55 * 65536))
    assert space_of(bytes(made)) is None
    assert b"iCCP" not in cleaned(encoded("PNG", icc_profile=bytes(made)))


# --- JPEG --------------------------------------------------------------------------------------------


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


@pytest.mark.parametrize("marker", [*range(0xE0, 0xF0), 0xFE])
def test_no_application_segment_comes_through(marker: int) -> None:
    plain = encoded("JPEG")
    whole = plain[:2] + segment(marker, b"Adobe\0JFIF " + SECRET) + plain[2:]
    assert cleaned(whole) == cleaned(plain)


@pytest.mark.parametrize("marker", [0xDB, 0xC4, 0xDD, 0xDA, 0xC0, 0xC3, 0xDC, 0xDE, 0xC8, 0xF0, 0xFD, 0x01])
def test_a_segment_with_more_than_it_should_have_is_refused(marker: int) -> None:
    plain = encoded("JPEG")
    assert cannot(plain[:2] + segment(marker, SECRET) + plain[2:])


def test_bytes_between_segments_and_a_missing_end_are_refused() -> None:
    plain = encoded("JPEG")
    assert cannot(plain[:2] + SECRET + plain[2:])
    assert cannot(plain[:-2])
    assert cannot(plain[:2] + b"\xff\xd9")


def test_fill_bytes_are_skipped_and_what_follows_the_end_is_gone() -> None:
    plain = encoded("JPEG")
    assert cleaned(plain[:2] + b"\xff\xff\xff" + plain[2:] + SECRET) == cleaned(plain)


def test_a_jfif_thumbnail_is_gone() -> None:
    plain = encoded("JPEG")
    assert plain[2:4] == b"\xff\xe0"
    body = plain[6:18] + b"\x02\x02" + (SECRET + bytes(12))[:12]
    assert cleaned(plain[:2] + segment(0xE0, body) + plain[20:]) == cleaned(plain)


# --- PNG ---------------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"tIME", b"prVt", b"sPLT", b"hIST", b"caBX", b"dSIG"])
def test_chunks_that_do_not_draw_are_gone(kind: bytes) -> None:
    plain = encoded("PNG")
    assert cleaned(plain[:33] + chunk(kind, SECRET) + plain[33:]) == cleaned(plain)


@pytest.mark.parametrize("kind", [b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"IHDR", b"ABCD", b"acTL", b"fcTL"])
def test_kept_chunks_have_the_size_they_must(kind: bytes) -> None:
    plain = encoded("PNG")
    assert cannot(plain[:33] + chunk(kind, SECRET) + plain[33:])


def test_a_wrong_checksum_is_refused() -> None:
    plain = bytearray(encoded("PNG"))
    plain[20] ^= 1
    assert cannot(bytes(plain))


def test_what_hides_behind_the_rows_of_a_png_is_gone() -> None:
    plain = encoded("PNG")
    at = plain.index(b"IDAT") - 4
    size = struct.unpack_from(">I", plain, at)[0]
    body = plain[at + 8 : at + 8 + size]
    hidden = plain[:at] + chunk(b"IDAT", body[:9]) + chunk(b"IDAT", body[9:] + SECRET) + chunk(b"IDAT", SECRET)
    after = cleaned(hidden + plain[at + 12 + size :])
    assert not traces(after)
    with Image.open(io.BytesIO(after)) as one, Image.open(io.BytesIO(plain)) as other:
        assert one.tobytes() == other.tobytes()


def test_more_or_fewer_rows_than_the_header_says_are_refused() -> None:
    plain = encoded("PNG")
    for rows in (b"\0\0\0\x0d", b"\0\0\0\x0f"):
        header = plain[16:20] + rows + plain[24:29]
        assert cannot(plain[:8] + chunk(b"IHDR", header) + plain[33:])


def test_a_png_that_would_inflate_without_end_is_refused() -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20, 14, 8, 2, 0, 0, 0))
    bomb = chunk(b"IDAT", zlib.compress(bytes(50_000_000), 9))
    assert cannot(b"\x89PNG\r\n\x1a\n" + header + bomb + chunk(b"IEND", b""))
    huge = chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 16, 6, 0, 0, 0))
    assert cannot(b"\x89PNG\r\n\x1a\n" + huge + bomb + chunk(b"IEND", b""))


def test_a_forgotten_end_is_put_there_when_the_picture_is_whole() -> None:
    png, gif = encoded("PNG"), encoded("GIF", "P")
    assert cleaned(png[:-12]) == cleaned(png)
    assert cleaned(gif[:-1]) == cleaned(gif)
    at = png.index(b"IDAT") - 4
    assert cannot(png[:at])


# --- WebP and GIF ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [b"EXIF", b"XMP ", b"ICCP", b"UNKN"])
def test_chunks_of_a_webp_that_do_not_draw_are_gone(kind: bytes) -> None:
    plain = encoded("WEBP")
    body = plain[12:] + struct.pack("<4sI", kind, len(SECRET)) + SECRET
    after = cleaned(b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body)
    assert after == cleaned(plain)


def test_what_follows_a_webp_is_gone() -> None:
    plain = encoded("WEBP")
    assert cleaned(plain + SECRET) == cleaned(plain)


def test_flags_of_a_webp_say_what_is_there() -> None:
    after = cleaned(named("pillow-lossy.webp"))
    flags = after[20]
    assert after[12:16] == b"VP8X" and flags == 0x08  # orientation alone: the profile and the XMP are gone
    assert b"XMP " not in after


@pytest.mark.parametrize("label", [0xFE, 0xFF])
def test_comments_and_applications_of_a_gif_are_gone(label: int) -> None:
    plain = encoded("GIF", "P")
    at = 13 + (3 << (plain[10] & 7) + 1)
    block = bytes([0x21, label, len(SECRET)]) + SECRET + b"\0"
    assert cleaned(plain[:at] + block + plain[at:] + SECRET) == cleaned(plain)

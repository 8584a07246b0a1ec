"""Pictures, by the programs that people and phones use."""

import io

from made import AUTHOR, COMPANY, MAIL, PATH, SERIAL, Made, encoded, marked_jpeg, marked_png, picture

XMP = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>{AUTHOR} {PATH}</rdf:RDF></x:xmpmeta>'.encode()


def display_profile() -> bytes:
    """Return a profile of one screen: measured primaries, its maker, its serial number."""
    from PIL import ImageCms

    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[48:56] = b"PNDAmodl"
    at = made.find(b"s\x00R\x00G\x00B")
    name = SERIAL.encode("utf-16-be")[:16]
    made[at - 1 : at - 1 + len(name)] = name
    return bytes(made) + b"Penanda layar " + SERIAL.encode()


def pillow(made: Made) -> None:
    by = made.pip("Pillow")
    made.add("pillow-exif.jpg", marked_jpeg(), by + ", piexif")
    for turn in range(2, 9):
        made.add(f"pillow-turned-{turn}.jpg", marked_jpeg(turn), by + ", piexif")
    options = {"exif": _exif(6), "xmp": XMP, "icc_profile": display_profile()}
    made.add("pillow-progressive.jpg", encoded(picture(), "JPEG", progressive=True, comment=AUTHOR, **options), by)
    made.add("pillow-cmyk.jpg", encoded(picture("CMYK"), "JPEG", comment=AUTHOR), by)
    made.add("pillow-grey.jpg", encoded(picture("L"), "JPEG", comment=AUTHOR, icc_profile=display_profile()), by)
    two = [picture(seed=2)]
    made.add("pillow-mpf.jpg", encoded(picture(), "MPO", save_all=True, append_images=two, exif=_exif(1)), by)
    made.add("pillow-text.png", marked_png(), by)
    made.add("pillow-exif.png", encoded(picture("RGBA"), "PNG", exif=_exif(8), icc_profile=display_profile()), by)
    made.add("pillow-palette.png", encoded(picture("P"), "PNG", transparency=3, exif=_exif(1)), by)
    made.add("pillow-16bit.png", encoded(picture("L").convert("I;16"), "PNG", exif=_exif(1)), by)
    frames = [picture(seed=s) for s in (2, 3)]
    made.add(
        "pillow-animated.png",
        encoded(picture(), "PNG", save_all=True, append_images=frames, duration=90, exif=_exif(1)),
        by,
    )
    made.add("pillow-lossy.webp", encoded(picture(), "WEBP", **options), by)
    made.add("pillow-lossless.webp", encoded(picture("RGBA"), "WEBP", lossless=True, exif=_exif(3)), by)
    made.add(
        "pillow-animated.webp",
        encoded(picture(), "WEBP", save_all=True, append_images=frames, duration=80, exif=_exif(1)),
        by,
    )
    made.add("pillow-comment.gif", encoded(picture("P"), "GIF", comment=AUTHOR), by)
    made.add(
        "pillow-animated.gif",
        encoded(picture("P"), "GIF", save_all=True, append_images=frames, duration=80, loop=0, comment=MAIL),
        by,
    )


def _exif(turn: int) -> bytes:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112], exif[0x013B], exif[0x010F] = turn, AUTHOR, COMPANY
    return exif.tobytes()


def exiftool(made: Made) -> None:
    by = "exiftool " + made.said("exiftool", "-ver")
    tags = [
        f"-Artist={AUTHOR}", f"-SerialNumber={SERIAL}", f"-XMP:Creator={AUTHOR}", f"-XMP:CreatorTool={PATH}",
        "-GPSLatitude=2.979", "-GPSLatitudeRef=S", "-GPSLongitude=104.75", "-GPSLongitudeRef=E", "-Orientation#=6",
    ]  # fmt: skip
    more = [f"-IPTC:By-line={AUTHOR}", "-Photoshop:PhotoshopQuality=3", f"-Comment={MAIL}", "-JFIF:XResolution=120"]
    plain = {"jpg": encoded(picture(), "JPEG"), "png": encoded(picture(), "PNG"), "webp": encoded(picture(), "WEBP")}
    for ending, data in plain.items():
        path = made.put(f"x.{ending}", data)
        made.run("exiftool", "-overwrite_original", *tags, *(more if ending == "jpg" else []), path)
        made.add(f"exiftool-tags.{ending}", path.read_bytes(), by)
    path = made.put("x.gif", encoded(picture("P"), "GIF"))
    made.run("exiftool", "-overwrite_original", f"-XMP:Creator={AUTHOR}", f"-Comment={MAIL}", path)
    made.add("exiftool-tags.gif", path.read_bytes(), by)


def motion_photo(made: Made) -> None:
    """A phone's photo with a film behind its end."""
    film = b"\x00\x00\x00\x18ftypmp42" + bytes(60) + AUTHOR.encode() + SERIAL.encode()
    made.add("phone-motion.jpg", marked_jpeg(6) + film, "Pillow, after the layout of a motion photo")
    made.add("phone-tail.png", marked_png() + film, "Pillow, bytes behind the end by hand")


def imagemagick(made: Made) -> None:
    by = made.said("convert", "-version").removeprefix("Version: ")
    source = made.put("s.ppm", encoded(picture(), "PPM"))
    for ending in ("jpg", "png", "gif"):
        made.run("convert", source, "-set", "comment", AUTHOR, "-set", "Author", AUTHOR, f"im.{ending}")
        made.add(f"imagemagick.{ending}", (made.folder / f"im.{ending}").read_bytes(), by)
    made.run("convert", source, "-interlace", "PNG", "-set", "Author", AUTHOR, "imi.png")
    made.add("imagemagick-interlaced.png", (made.folder / "imi.png").read_bytes(), by)


def libjpeg(made: Made) -> None:
    by = made.said("cjpeg", "-version")
    source = made.put("s.ppm", encoded(picture(), "PPM"))
    for name, options in {
        "restart": ["-restart", "1"], "progressive": ["-progressive"], "arithmetic": ["-arithmetic"],
    }.items():  # fmt: skip
        path = made.put("c.jpg", made.run("cjpeg", *options, source))
        path.write_bytes(made.run("wrjpgcom", "-comment", AUTHOR, path))
        made.add(f"cjpeg-{name}.jpg", path.read_bytes(), by)


def libwebp(made: Made) -> None:
    by = "libwebp " + made.said("cwebp", "-version")
    source = made.put("s.png", marked_png())
    photo = made.put("s.jpg", marked_jpeg(6))
    made.run("cwebp", "-quiet", "-metadata", "all", photo, "-o", "c.webp")
    made.add("cwebp-exif.webp", (made.folder / "c.webp").read_bytes(), by)
    made.run("cwebp", "-quiet", "-lossless", source, "-o", "l.webp")
    xmp = made.put("m.xmp", XMP)
    made.run("webpmux", "-set", "xmp", xmp, "l.webp", "-o", "x.webp")
    made.add("webpmux-xmp.webp", (made.folder / "x.webp").read_bytes(), by)


def matplotlib(made: Made) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(1, 0.7), dpi=50)
    figure.add_subplot().plot([1, 2, 1])
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Author": AUTHOR, "Source": PATH})
    made.add("matplotlib.png", buffer.getvalue(), made.pip("matplotlib"))


def mupdf(made: Made) -> None:
    import pymupdf

    pixmap = pymupdf.Pixmap(marked_png())
    made.add("pymupdf.png", pixmap.tobytes("png"), made.pip("pymupdf"))


MAKERS = [pillow, exiftool, motion_photo, imagemagick, libjpeg, libwebp, matplotlib, mupdf]

"""How much a file may ask of the machine before it is passed over. Sizes are bytes, times seconds."""

from __future__ import annotations

MAX_FILE_BYTES = 25_000_000  # what goes in, and what comes out
MAX_SECONDS = 60.0  # looked at between the steps of every cleaner; a worker should also have a limit of its own
MAX_DEPTH = 2  # a table inside a chart inside a document

MAX_PIXELS = 150_000_000
MAX_IMAGE_BYTES = 1_000_000_000  # inflated in passing, never held
MAX_SEGMENTS = 100_000  # segments, chunks and blocks of one image

MAX_MEMBERS = 5_000
MAX_NAME_BYTES = 300
MAX_INFLATED_BYTES = 200_000_000  # of all members together
MAX_RATIO = 200  # of a whole archive above RATIO_FROM; text of one letter repeated reaches 1,000
RATIO_FROM = 20_000_000
MAX_SMALL_PART_BYTES = 4_000_000  # content types, relationships, manifests: read as a whole
MAX_MEDIA_BYTES = 25_000_000  # an image inside a document, inflated

MAX_XML_DEPTH = 256
MAX_XML_ATTRIBUTES = 500
MAX_XML_TOKEN_BYTES = 8_000_000  # one run of text, one attribute, or what is held back until a field ends

MAX_PDF_OBJECTS = 200_000
MAX_PDF_PAGES = 5_000
MAX_PDF_DEPTH = 60
MAX_PDF_STREAM_BYTES = 100_000_000  # one stream, decoded
MAX_PDF_TOTAL_BYTES = 400_000_000  # all streams together, decoded

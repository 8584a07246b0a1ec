"""What OpenDocument files are made of: namespaces, and the names that are passed over."""

from __future__ import annotations

from dropbox.cleaning.words import words

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_OFFICE_ORG = "http://openoffice.org/2009/"
NAMESPACES: dict[str, str] = {
    **{
        f"{_OASIS}{name}:1.0": prefix
        for name, prefix in {
            "office": "office", "text": "text", "table": "table", "style": "style", "drawing": "draw",
            "xsl-fo-compatible": "fo", "svg-compatible": "svg", "presentation": "presentation", "chart": "chart",
            "datastyle": "number", "dr3d": "dr3d", "form": "form", "script": "script", "meta": "meta",
            "animation": "anim", "smil-compatible": "smil", "config": "config", "database": "db",
        }.items()
    },
    "urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0": "loext",
    "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0": "calcext",
    "urn:openoffice:names:experimental:ooo-ms-interop:xmlns:field:1.0": "field",
    "urn:openoffice:names:experimental:ooxml-odf-interop:xmlns:form:1.0": "formx",
    "http://www.w3.org/1999/xlink": "xlink",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://www.w3.org/1998/Math/MathML": "math",
    "http://openoffice.org/2004/office": "ooo",
    "http://openoffice.org/2004/calc": "oooc",
    "http://openoffice.org/2004/writer": "ooow",
    "http://openoffice.org/2010/draw": "drawooo",
    "http://openoffice.org/2005/report": "rpt",
    _OFFICE_ORG + "table": "tableooo",
    _OFFICE_ORG + "office": "officeooo",
    _OASIS + "of:1.2": "of",
}  # fmt: skip

DROPPED = words(
    """
    field:param office:scripts office:event-listeners svg:title svg:desc svg:font-face-src office:dde-source
    table:table-source table:cell-range-source table:dde-links text:dde-connection-decls text:section-source
    table:named-expression-source text:alphabetical-index-auto-mark-file form:connection-resource
    table:scenario-source office:meta meta:date-string text:sender-firstname text:sender-lastname
    text:sender-title text:sender-position text:sender-email text:sender-phone-private text:sender-fax
    text:sender-company text:sender-phone-work text:sender-street text:sender-city text:sender-postal-code
    text:sender-country text:sender-state-or-province
    """
)
# Fields: what they show stays as plain text, what they would look up again does not (those of a name: below).
UNWRAPPED = words(
    """
    text:file-name text:template-name text:creation-date text:creation-time text:modification-date
    text:modification-time text:print-date text:print-time text:user-defined text:title text:subject text:keywords
    text:description text:editing-cycles text:editing-duration text:database-display text:database-name
    text:database-row-number text:dde-connection text:execute-macro text:script text:meta-field
    """
)
FORBIDDEN = words(
    """
    draw:object-ole draw:plugin draw:applet draw:floating-frame office:binary-data form:file text:database-next
    text:database-row-select presentation:sound anim:audio db:data-source script:event-listener office:script
    """
)
# Fields that a program fills with the name of who writes: nobody typed it, and few see that it is there.
NAME_FIELDS = words("text:author-name text:initial-creator text:creator text:printed-by")
NAMES = frozenset({"dc:creator"}) | NAME_FIELDS
INITIALS = words("meta:creator-initials loext:sender-initials text:sender-initials text:author-initials")
DATES = frozenset({"dc:date"})
NO_DAY = "1980-01-01T00:00:00"  # without any, deleted text is taken for text

DROPPED_ATTRIBUTES = words(
    """
    officeooo:rsid office:target-frame-name officeooo:paragraph-rsid office:title office:name xlink:title
    table:protection-key table:protection-key-digest-algorithm table:protection-key-digest-algorithm-2
    loext:resolved text:protection-key text:protection-key-digest-algorithm draw:notify-on-update-of-ranges
    draw:filter-name
    """
)
# Shapes: their names are those of files, by hand or by a program; nothing in a document refers to them.
NAMED = words(
    """
    draw:frame draw:custom-shape draw:rect draw:line draw:polyline draw:polygon draw:regular-polygon draw:path
    draw:circle draw:ellipse draw:connector draw:caption draw:measure draw:control draw:page-thumbnail draw:g
    """
)
KINDS = {
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
}
_OTHER = "application/vnd.oasis.opendocument."
INNER_KINDS = frozenset({*KINDS, _OTHER + "chart", _OTHER + "formula", _OTHER + "graphics"})
# Settings that change how a document looks are switches and numbers; texts and packed data are names of
# printers, people and data sources.
SETTING_TYPES = frozenset({"boolean", "short", "int", "long"})
DROPPED_SETTINGS = frozenset({"Rsid", "RsidRoot", "PrinterIndependentLayoutId", "CurrentDatabaseCommandType"})

"""XML, rewritten piece by piece: rules say what of each element stays.

Comments, processing instructions, CDATA sections and the way a program writes its tags do not come through:
what comes out is written anew from what the parser understood. A DOCTYPE is refused, and with it every entity
beyond the five of XML.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from xml.parsers import expat
from xml.sax.saxutils import escape

from dropbox.cleaning.errors import CleaningError
from dropbox.cleaning.limits import MAX_XML_ATTRIBUTES, MAX_XML_DEPTH, MAX_XML_TOKEN_BYTES
from dropbox.cleaning.work import Work

_FLUSH_PIECES = 4_000
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_QUOTES = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
_DAMAGED = (expat.ExpatError, LookupError, ValueError)  # the last two for encodings that Python does not know
_XML = "http://www.w3.org/XML/1998/namespace"
_FIXED = {"xml": _XML, "xmlns": "http://www.w3.org/2000/xmlns/"}  # what nobody may declare otherwise


class Verdict(Enum):
    """What becomes of an element."""

    KEEP = "with what is inside, which is judged in turn"
    DROP = "gone with all that is inside"
    UNWRAP = "gone, but what is inside stays"
    TEXT = "kept, with nothing inside but text, which the rules may change when it is complete"


@dataclass(slots=True)
class Element:
    """An element that begins. Names are `prefix:local` with the prefixes of the rules, not of the file."""

    name: str
    attributes: dict[str, str]
    parents: list[str]
    ignorable: bool = False

    @property
    def parent(self) -> str:
        """The name of the element around this one, or nothing."""
        return self.parents[-1] if self.parents else ""


class Place:
    """Where a text was written; it can still be changed while the rules hold back."""

    def __init__(self, pieces: list[str], index: int) -> None:
        self._pieces, self._index = pieces, index

    def empty(self) -> None:
        """Take the text out."""
        self._pieces[self._index] = ""


class Rules:
    """What stays of a document. `namespaces` gives every known namespace the prefix that rules use."""

    namespaces: dict[str, str]
    watching = False  # while set, plain text goes through `heard`
    holding = False  # while set, nothing is let go of, and places can be changed

    def judge(self, element: Element) -> Verdict:
        """Return what becomes of an element; may change its attributes."""
        raise NotImplementedError

    def foreign(self, element: Element) -> Verdict:
        """Return what becomes of an element of an unknown namespace; its name is empty."""
        raise NotImplementedError

    def ended(self, name: str) -> None:
        """Take note that a kept element ends."""

    def text(self, element: Element, text: str, place: Place) -> str:
        """Return what stands in an element of verdict TEXT."""
        raise NotImplementedError

    def heard(self, text: str) -> str:
        """Return what stands in place of a piece of plain text."""
        raise NotImplementedError


@dataclass(slots=True)
class _Open:
    """An element that has begun: its tag as written (none when only its contents stay), its name for rules."""

    tag: str
    name: str
    scope: _Scope | None = None


@dataclass(slots=True)
class _Scope:
    """Which prefix stands for which namespace here, and which prefixes a reader may ignore."""

    prefixes: dict[str, str]
    ignorable: frozenset[str] = frozenset()
    names: dict[str, str | None] = field(default_factory=dict)


class _Rewriter:
    def __init__(self, rules: Rules, work: Work) -> None:
        self._rules, self._work = rules, work
        self._pieces = [_DECLARATION]
        self._open: list[_Open] = []
        self._parents: list[str] = []
        self._scope = _Scope(_FIXED)
        self._unclosed = False
        self._skipped = 0  # how deep inside something dropped
        self._held: tuple[Element, list[str]] | None = None
        self._held_size = 0

    def run(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.buffer_size = 1 << 16
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._refuse
        try:
            for piece in pieces:
                parser.Parse(piece, False)
                self._work.check()
                if len(self._pieces) > _FLUSH_PIECES and not self._rules.holding:
                    yield self._flush()
            parser.Parse(b"", True)
        except _DAMAGED as e:
            raise CleaningError("XML is damaged") from e
        yield self._flush()

    def _flush(self) -> bytes:
        whole = "".join(self._pieces).encode("utf-8")
        self._pieces.clear()
        return whole

    @staticmethod
    def _refuse(*_: object) -> None:
        raise CleaningError("XML with a DOCTYPE")

    def _start(self, raw: str, attributes: dict[str, str]) -> None:
        if self._skipped or self._held:
            self._skipped += 1
            return
        if len(self._open) >= MAX_XML_DEPTH or len(attributes) > MAX_XML_ATTRIBUTES:
            raise CleaningError("XML too deep or too wide")
        outer, declared = self._scope, self._declare(attributes)
        name = self._name(raw, element=True)
        ignorable = raw.partition(":")[0] in self._scope.ignorable if ":" in raw else False
        element = Element(name or "", {}, self._parents, ignorable)
        if name is None:
            verdict = self._rules.foreign(element)
        else:
            written = self._attributes(element, attributes)
            verdict = self._rules.judge(element)
        if not self._open and verdict in (Verdict.DROP, Verdict.UNWRAP):
            raise CleaningError("nothing would be left of a part")
        if verdict is Verdict.DROP:
            self._scope = outer
            self._skipped = 1
            return
        if verdict is Verdict.UNWRAP and declared:
            raise CleaningError("an element cannot be taken from around what it declares names for")
        self._open.append(_Open("" if verdict is Verdict.UNWRAP else raw, element.name, outer))
        self._parents.append(element.name)
        if verdict is Verdict.UNWRAP:
            return
        self._close_tag()
        self._pieces.append(_tag(raw, declared, element.attributes, written if name is not None else {}))
        self._unclosed = True
        if verdict is Verdict.TEXT:
            self._held, self._held_size = (element, []), 0

    def _declare(self, attributes: dict[str, str]) -> dict[str, str]:
        """Take the declarations of namespaces into account; return those that stay, as they are written."""
        found = {a: v for a, v in attributes.items() if a == "xmlns" or a.startswith("xmlns:")}
        if not found and not any(a.endswith(":Ignorable") for a in attributes):
            return {}
        if not all(_may_declare(a[6:], v) for a, v in found.items()):
            raise CleaningError("a prefix is declared as none may be")
        prefixes = self._scope.prefixes | {a[6:]: v for a, v in found.items()}
        self._scope = _Scope(prefixes, self._scope.ignorable)
        for name in attributes:
            if self._name(name) == "mc:Ignorable":
                self._scope.ignorable |= frozenset(attributes[name].split())
        return {a: v for a, v in found.items() if v in self._rules.namespaces or not v}

    def _name(self, raw: str, *, element: bool = False) -> str | None:
        """Return a name with the prefix of the rules; None when its namespace is unknown."""
        key = raw if element else "@" + raw
        if key not in self._scope.names:
            self._scope.names[key] = self._resolve(raw, element)
        return self._scope.names[key]

    def _resolve(self, raw: str, element: bool) -> str | None:
        prefix, colon, local = raw.rpartition(":")
        if not colon and not element:
            return raw
        if colon and not (prefix and local and prefix in self._scope.prefixes):
            raise CleaningError("a prefix that nothing declares")  # readers do not open it, and rules do not know it
        uri = self._scope.prefixes.get(prefix, "")
        if uri == _XML:
            return raw
        known = self._rules.namespaces.get(uri)
        return None if known is None else f"{known}:{local}"

    def _attributes(self, element: Element, attributes: dict[str, str]) -> dict[str, str]:
        """Fill in the attributes of known namespaces; return how each is written."""
        written: dict[str, str] = {}
        for raw, value in attributes.items():
            if raw == "xmlns" or raw.startswith("xmlns:"):
                continue
            name = self._name(raw)
            if name == "mc:Ignorable":
                value = " ".join(p for p in value.split() if self.knows(p))
            if name is None or (name == "mc:Ignorable" and not value):
                continue
            if name in element.attributes:
                raise CleaningError("an attribute stands twice")
            element.attributes[name] = value
            written[name] = raw
        if element.name == "mc:Choice" and not all(map(self.knows, element.attributes.get("Requires", "").split())):
            element.attributes["Requires"] = ""
        return written

    def knows(self, prefix: str) -> bool:
        """Say whether a prefix of the file stands for a namespace that the rules know."""
        return self._scope.prefixes.get(prefix) in self._rules.namespaces

    def _close_tag(self) -> None:
        if self._unclosed:
            self._pieces.append(">")
            self._unclosed = False

    def _end(self, raw: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        if self._held:
            element, texts = self._held
            self._held = None
            self._close_tag()
            self._pieces.append("")
            place = Place(self._pieces, len(self._pieces) - 1)
            self._pieces[-1] = escape(self._rules.text(element, "".join(texts), place))
        ended = self._open.pop()
        self._parents.pop()
        if ended.scope is not None:
            self._scope = ended.scope
        self._rules.ended(ended.name)
        if not ended.tag:
            return
        if self._unclosed:
            self._pieces.append("/>")
            self._unclosed = False
        else:
            self._pieces.append(f"</{ended.tag}>")

    def _characters(self, text: str) -> None:
        if self._skipped:
            return
        if self._held:
            self._held[1].append(text)
            self._held_size += len(text)
            if self._held_size > MAX_XML_TOKEN_BYTES:
                raise CleaningError("a text is too long")
        elif self._open:
            self._close_tag()
            text = self._rules.heard(text) if self._rules.watching else text
            self._pieces.append(escape(text, {"\r": "&#13;"}))
        if self._rules.holding and len(self._pieces) > MAX_XML_TOKEN_BYTES // 16:
            raise CleaningError("a field does not end")


def _may_declare(prefix: str, uri: str) -> bool:
    """Tell whether a prefix, "" for none, may stand for a namespace; none may be without one, two have their own."""
    own = uri in _FIXED.values() or prefix in _FIXED
    return _FIXED.get(prefix) == uri if own else bool(uri or not prefix)


def _tag(raw: str, declared: dict[str, str], attributes: dict[str, str], written: dict[str, str]) -> str:
    parts = [f"<{raw}"]
    parts += [f'{name}="{escape(value, _QUOTES)}"' for name, value in declared.items()]
    parts += [f'{written.get(name, name)}="{escape(value, _QUOTES)}"' for name, value in attributes.items()]
    return " ".join(parts)


def rewrite(pieces: Iterable[bytes], rules: Rules, work: Work) -> Iterator[bytes]:
    """Yield a document as the rules leave it, UTF-8, piece by piece. Raises CleaningError."""
    return _Rewriter(rules, work).run(pieces)


def read_elements(data: bytes) -> list[tuple[str, dict[str, str]]]:
    """Return (local name, attributes) of all elements of a small document. Raises CleaningError."""
    return [(name, attributes) for name, attributes, _ in _read(data)]


def read_texts(data: bytes) -> list[tuple[str, str]]:
    """Return (local name, text right after its beginning) of all elements of a small document. Raises CleaningError."""
    return [(name, "".join(texts)) for name, _, texts in _read(data)]


def _read(data: bytes) -> list[tuple[str, dict[str, str], list[str]]]:
    found: list[tuple[str, dict[str, str], list[str]]] = []

    def begin(raw: str, attributes: dict[str, str]) -> None:
        local = {a.rpartition(":")[2]: v for a, v in attributes.items() if not a.startswith("xmlns")}
        found.append((raw.rpartition(":")[2], local, []))

    def refuse(*_: object) -> None:
        raise CleaningError("XML with a DOCTYPE")

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.CharacterDataHandler = lambda text: found[-1][2].append(text)
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except _DAMAGED as e:
        raise CleaningError("XML is damaged") from e
    return found


def element(name: str, attributes: dict[str, str], inner: str = "") -> str:
    """Return an element as text."""
    return _tag(name, {}, attributes, {}) + (f">{inner}</{name}>" if inner else "/>")


def document(inner: str) -> bytes:
    """Return a document of one element, UTF-8."""
    return (_DECLARATION + inner).encode("utf-8")

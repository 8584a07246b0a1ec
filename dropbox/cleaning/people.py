"""Stand-ins for names: who wrote a comment is gone, that two comments are of two people is not."""

from __future__ import annotations


class People:
    """The people of one document, numbered as they are met."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def name(self, who: str) -> str:
        """Return what stands for a person's name."""
        return f"Author {self._number(who)}"

    def initials(self, who: str) -> str:
        """Return what stands for the initials of a person, told by name."""
        return f"A{self._number(who)}"

    def know(self, who: str) -> None:
        """Take note of a name from the properties of the document, which may stand before a comment."""
        if who.strip():
            self._number(who)

    def unsigned(self, text: str) -> str:
        """Return the beginning of a comment without the name that a program put before it, as `Name:`."""
        before, colon, _ = text.partition(":")
        who = before.strip()
        return text.replace(who, self.name(who), 1) if colon and who in self._numbers else text

    def _number(self, who: str) -> int:
        return self._numbers.setdefault(who.strip(), len(self._numbers) + 1)

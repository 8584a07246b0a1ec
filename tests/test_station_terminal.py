"""What the station's commands say at a terminal of 80 columns: no word is cut; tables and pipes stay as they are."""

from __future__ import annotations

import subprocess
import sys

import pytest
from live import ROOT
from terminals import drawn

from station import space, upkeep
from station.translations import TRANSLATIONS

COLUMNS = 80
LONG = [upkeep.RESTORED, space.AT_VISIT, space.ON_STICK, *(words for _, words in TRANSLATIONS)]
CODE = "import sys\nfrom station.terminal import say, show_text, warn\n{call}(sys.argv[1])"


def said(code: str, *arguments: str) -> str:
    """Run code at a terminal of 80 columns; return what stands there."""
    return drawn([sys.executable, "-c", code, *arguments], columns=COLUMNS)


@pytest.mark.parametrize("call", ["say", "warn", "show_text"])
def test_no_line_is_longer_than_the_terminal_and_no_word_is_cut(call: str) -> None:
    text = "\n".join(LONG)
    shown = said(CODE.format(call=call), text)
    assert max(map(len, shown.splitlines())) < COLUMNS
    assert shown.split() == ["PERINGATAN:"] * (call == "warn") + text.split()
    cut = said("import sys\nprint(sys.argv[1])", text)
    assert max(map(len, cut.splitlines())) > COLUMNS, "without the break a terminal cuts them where it ends"


def test_what_is_indented_stays_so_and_commands_are_not_parted_at_their_hyphens() -> None:
    shown = said(CODE.format(call="say"), "  " + "kata " * 14 + "senyap-station --passphrase-file")
    assert shown.splitlines() == ["  " + "kata " * 13 + "kata", "  senyap-station --passphrase-file"]


def test_a_pipe_gets_whole_lines() -> None:
    run = subprocess.run(
        [sys.executable, "-c", CODE.format(call="say"), "kata " * 60],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stderr.count("\n") == 1

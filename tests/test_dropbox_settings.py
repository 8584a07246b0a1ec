"""settings.toml: what the pages and headers of the drop box carry is looked at before it serves."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dropbox.errors import BadSettings
from dropbox.settings import load_settings

ADDRESS = f"{'a2' * 28}.onion"


@pytest.mark.parametrize("onion", ["", ADDRESS])
def test_an_onion_address_or_none_is_taken(tmp_path: Path, onion: str) -> None:
    (tmp_path / "settings.toml").write_text(f'onion = "{onion}"\n')
    assert load_settings(tmp_path).onion == onion


@pytest.mark.parametrize(
    "onion",
    [f"http://{ADDRESS}", f"{ADDRESS}/", f"{ADDRESS}\\n", f"{ADDRESS}\\r\\nSet-Cookie: a=b", ADDRESS.upper(), ADDRESS[1:],
     ADDRESS.replace("2", "1"), "kotak.example.go.id"],
)  # fmt: skip
def test_another_word_is_refused_and_not_repeated(tmp_path: Path, onion: str) -> None:
    (tmp_path / "settings.toml").write_text(f'onion = "{onion}"\n')
    with pytest.raises(BadSettings, match="onion must be 56 letters") as refused:
        load_settings(tmp_path)
    assert "a2a2" not in str(refused.value).lower()


def pipe(place: Path) -> None:
    os.mkfifo(place)


@pytest.mark.parametrize(
    "make",
    [pipe, lambda place: place.write_text("a=" + "[" * 60_000),
     lambda place: place.write_text("# " + "x" * 70_000), lambda place: place.write_bytes(b"\xff")],
    ids=["pipe", "deep", "large", "other bytes"],
)  # fmt: skip
def test_what_is_no_file_of_settings_is_refused_and_nobody_waits(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "settings.toml")
    with pytest.raises(BadSettings, match="not TOML, or no plain file"):
        load_settings(tmp_path)

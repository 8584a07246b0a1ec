"""settings.toml: what the pages and headers of the drop box carry is looked at before it serves."""

from __future__ import annotations

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

"""What several test files share: one demo deployment, made once, because it takes seconds."""

from pathlib import Path

import pytest

from keys.demo import make_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one whole demo deployment. It is shared: copy it before changing anything in it."""
    folder = tmp_path_factory.mktemp("demo") / "home"
    make_demo(folder)
    return folder

"""Revisions of the database: the newest one is what the program expects, old ones are taken over, newer ones refused."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from click.testing import CliRunner
from live import ROOT
from sqlalchemy import Column, Engine, Integer, MetaData, create_engine

from dropbox import store
from dropbox.__main__ import main
from dropbox.errors import Broken, Unusable
from dropbox.lanes import Lanes
from dropbox.migrations import NEWEST, way
from dropbox.services import Services
from dropbox.store import Store, metadata, statistics


def open_store(folder: Path, name: str = "dropbox.db") -> Store:
    return Store(f"sqlite:///{folder / name}", Lanes(folder, "write", 1, 8))


def differences(engine: Engine, wanted: MetaData = metadata) -> list[object]:
    """Return what alembic would change to make a database what the program expects."""
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), wanted))


def test_the_newest_revision_is_the_last_file() -> None:
    assert way.scripts().get_current_head() == NEWEST


def test_a_new_database_is_what_the_program_expects(tmp_path: Path) -> None:
    made = open_store(tmp_path)
    assert differences(made.engine) == [] and made.revision() == NEWEST


def test_control_a_column_that_no_revision_makes_is_seen(tmp_path: Path) -> None:
    wanted = MetaData()
    for table in metadata.sorted_tables:
        table.to_metadata(wanted)
    wanted.tables["slots"].append_column(Column("since", Integer))
    assert differences(open_store(tmp_path).engine, wanted)


def test_a_database_from_before_there_were_revisions_is_taken_over_with_its_rows(
    deployment: Path, services: Services
) -> None:
    before = services.arena.put([], services.make_cover())
    services.store.engine.dispose()
    with closing(sqlite3.connect(deployment / "server" / "dropbox.db")) as database:
        database.execute("DROP TABLE alembic_version")
    again = Services.open(services.settings)
    assert again.store.revision() == NEWEST and again.arena.counts() == (1, 64)
    assert [slot for slot, _row in again.arena.waiting_rows(before)] == before
    again.store.engine.dispose()


def test_an_upgrade_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All tables of a revision and its number come together."""
    real = MigrationContext.run_migrations

    def torn(self: MigrationContext, **arguments: object) -> None:
        real(self, **arguments)
        raise Broken("database: torn")

    with monkeypatch.context() as patch:
        patch.setattr(MigrationContext, "run_migrations", torn)
        with pytest.raises(Broken, match="torn"):
            open_store(tmp_path)
    with closing(sqlite3.connect(tmp_path / "dropbox.db")) as database:
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert open_store(tmp_path).revision() == NEWEST


def test_a_database_of_a_newer_program_is_refused_with_words_and_stays(deployment: Path, services: Services) -> None:
    services.store.engine.dispose()
    file = deployment / "server" / "dropbox.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    before = file.read_bytes()
    said = CliRunner().invoke(main, ["status", "--home", str(deployment / "server")])
    assert said.exit_code == 6 and "newer program" in said.output and "install" in said.output
    assert file.read_bytes() == before


def test_a_database_at_the_newest_revision_loads_no_alembic(deployment: Path) -> None:
    """Each command would take half a second longer."""
    code = (
        "import sys; from pathlib import Path; from dropbox.services import Services; "
        "from dropbox.settings import load_settings; Services.open(load_settings(Path(sys.argv[1]))); "
        "print('alembic' in sys.modules)"
    )
    home = str(deployment / "server")
    done = subprocess.run([sys.executable, "-c", code, home], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    shutil.rmtree(deployment / "server" / "locks", ignore_errors=True)
    (deployment / "server" / "dropbox.db").unlink()
    done = subprocess.run([sys.executable, "-c", code, home], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n", "control: a new one is made by it"


def test_two_that_open_a_new_database_at_once_upgrade_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both, real, found = threading.Barrier(2), Store.revision, list[Store]()

    def meet(self: Store) -> str | None:
        seen = real(self)
        both.wait(30)
        return seen

    monkeypatch.setattr(store.Store, "revision", meet)
    threads = [threading.Thread(target=lambda: found.append(open_store(tmp_path))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    monkeypatch.undo()
    assert [each.revision() for each in found] == [NEWEST, NEWEST]
    with found[0].reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM alembic_version").scalar() == 1


def test_the_number_of_the_revision_is_all_that_is_kept_of_it(tmp_path: Path) -> None:
    engine = create_engine(open_store(tmp_path).engine.url)
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM alembic_version")] == [(NEWEST,)]


# --- the way back ------------------------------------------------------------------------------------


def test_every_revision_after_the_first_can_be_undone() -> None:
    later = list(way.scripts().iterate_revisions("head", "0001"))
    assert later and all(callable(each.module.downgrade) for each in later)


@pytest.mark.both_databases
@pytest.mark.parametrize("target", ["0002", "0001"])
def test_going_back_keeps_rows_and_the_way_forward_leads_to_the_same_tables(
    deployment: Path, services: Services, target: str
) -> None:
    put = services.arena.put([services.make_cover()], services.make_cover())
    with services.store.writing() as connection:
        connection.execute(statistics.insert().values(station="sumsel", file=b"signed", lost=1))
    before = everything(services.store.engine)
    services.store.engine.dispose()
    said = CliRunner().invoke(main, ["revision", "--home", str(deployment / "server"), "--back-to", target])
    assert said.exit_code == 0 and said.output == f"{target}\n", said.output
    behind = everything(services.store.engine)
    services.store.engine.dispose()
    assert behind.pop("alembic_version") == [(target,)] and before.pop("alembic_version") == [(NEWEST,)]
    told = before.pop("statistics")
    assert behind.pop("statistics", None) == (None if target == "0001" else [(told[0][0], told[0][1])])
    assert behind == before, "whoever knows no newer table finds all others as they were, to the last byte"
    again = Services.open(services.settings)
    assert again.store.revision() == NEWEST and differences(again.store.engine) == []
    after, counted = everything(again.store.engine), again.arena.counts()
    again.store.engine.dispose()
    assert {name: after[name] for name in before} == before
    assert len(put) == 2 and counted == (2, 64)


def everything(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of all tables that are there, whatever a program knows of them."""
    found = MetaData()
    found.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
            for table in found.tables.values()
        }


@pytest.mark.parametrize("target", ["9999", "x"])
def test_a_revision_that_is_not_before_this_one_is_refused(deployment: Path, target: str) -> None:
    open_store(deployment / "server").engine.dispose()
    before = (deployment / "server" / "dropbox.db").read_bytes()
    said = CliRunner().invoke(main, ["revision", "--home", str(deployment / "server"), "--back-to", target])
    assert said.exit_code == 6 and "Nothing was changed" in said.output
    assert (deployment / "server" / "dropbox.db").read_bytes() == before


def test_what_cannot_be_undone_is_refused_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = open_store(tmp_path)
    real = way.scripts()
    monkeypatch.setattr(way, "scripts", lambda: real)
    monkeypatch.delattr(real.get_revision("0003").module, "downgrade")
    with pytest.raises(Unusable, match="cannot be undone"):
        made.go_back("0001")
    assert made.revision() == NEWEST and differences(made.engine) == []

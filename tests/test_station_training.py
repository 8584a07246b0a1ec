"""A station to learn at: invented cases by the real ways, a banner on each page, and no way to or from a real home."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from browsers import axe_source, violations
from click.testing import CliRunner
from conftest_station import weak_passphrases, world
from serving import served

from crypto.bundle import OUTBOX, Manifest, read_manifest
from crypto.encoding import date_of, today
from crypto.errors import CryptoError
from crypto.mailbox import STATUSES
from keys.ledger import take_file
from keys.roster import TRAINING_PREFIX
from station import cases, casework, courier
from station.__main__ import main
from station.deadlines import deadline
from station.desk import open_desk
from station.errors import Refused
from station.home import Home
from station.session import Session
from station.training import Made, make_training
from station.training_plots import ANSWERED, PLOTS
from station.web import create_desk
from station.working_days import load_holidays

BANNER = "LATIHAN: semua perkara karangan"
HERE = {"base_url": "http://127.0.0.1:8090"}
OURS = {"Origin": "http://127.0.0.1:8090"}


@pytest.fixture(autouse=True)
def weak() -> Iterator[None]:
    with weak_passphrases():
        yield


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Made:
    with weak_passphrases():
        return make_training(tmp_path_factory.mktemp("training") / "latihan", day=today())


@pytest.fixture
def made(shared: Made, tmp_path: Path) -> Made:
    """A copy that a test may change."""
    copy = Path(shutil.copytree(shared.home.parent, tmp_path / "latihan"))
    return Made(copy / "stasiun", copy / "stik", shared.passphrases)


def some(made: Made, count: int = 2) -> dict[str, str]:
    return dict(list(made.passphrases.items())[:count])


def test_the_twelve_cases_stand_in_the_statuses_and_days_that_were_meant(made: Made) -> None:
    with open_desk(Home.load(made.home), some(made)) as desk, desk.vault.begin() as transaction:
        found = cases.list_cases(transaction, desk.home)
        assert len(found) == len(PLOTS) == 12
        assert [(c.status, c.language, today() - c.day) for c in found] == [(p.ends, p.language, p.ago) for p in PLOTS]
        assert {c.status for c in found} == set(STATUSES)
        assert all(c.lead and not c.canary and not c.incomplete for c in found)
        assert [c.letters for c in found] == [1 + sum(bool(act.letter) for act in plot.acts) for plot in PLOTS]
        files = [len(cases.show_case(transaction, c.case).attachments) for c in found]
        assert files == [p.files + sum(act.files for act in p.acts) for p in PLOTS] and sum(files) >= 4
        late = [n for n, facts in casework.all_facts(transaction).items() if _overdue(desk.home, facts)]
        assert {"received", "examination"} <= {found[n - 1].status for n in late} and len(late) <= 4
        waiting = {c.case: casework.waiting(transaction, n) for n, c in enumerate(found, 1)}
        assert Counter(p is not None for p in waiting.values()) == {True: 1, False: 11}


def _overdue(home: Home, facts: Any) -> int:
    due, holidays = deadline(facts, load_holidays(home.folder)), load_holidays(home.folder)
    return due.overdue(today(), holidays) if due else 0


def test_plots_begin_on_days_of_their_own_the_oldest_first() -> None:
    begun = [plot.ago for plot in PLOTS]
    assert begun == sorted(set(begun), reverse=True)
    assert PLOTS[ANSWERED].ends == "need_info"


def test_what_was_done_was_done_as_the_table_allows_and_stands_in_the_log(made: Made) -> None:
    with open_desk(Home.load(made.home), some(made)) as desk, desk.vault.begin() as transaction:
        steps = {n: casework.steps_of(transaction, n) for n in range(1, 13)}
    closed = [s for each in steps.values() for s in each if s.target.startswith("closed") or s.target == "referred"]
    assert len(closed) == 3 and all(s.approved and s.approved != s.by for s in closed)


def test_a_question_of_long_ago_arrived_and_its_case_may_be_closed_for_silence(made: Made) -> None:
    with open_desk(Home.load(made.home), some(made)) as desk, desk.vault.begin() as transaction:
        who = desk.home.members[0]
        wish = casework.Wish("closed_not_actionable", who, "info_tidak_cukup", "Kami tidak dapat melanjutkan.")
        with pytest.raises(Refused, match="masih punya"):
            casework.take(transaction, desk.home, ANSWERED + 1, wish, day=today())
        assert not casework.take(transaction, desk.home, 4, wish, day=today()), "K-0004 waits for a second person"


def test_the_stick_brings_the_answer_and_takes_an_outbox(made: Made) -> None:
    with open_desk(Home.load(made.home), some(made)) as desk:
        done = courier.visit(desk, made.stick, day=today())
        assert [found.new for _, found in done.imported] == [1] and not done.imported[0][1].alarms
        with desk.vault.begin() as transaction:
            assert casework.facts_of(transaction, ANSWERED + 1).status == "screening"


def test_its_outbox_is_of_another_deployment_and_its_home_takes_no_roster_of_a_real_one(
    made: Made, tmp_path: Path
) -> None:
    with open_desk(Home.load(made.home), some(made)) as desk:
        done = courier.visit(desk, made.stick, day=today())
    with done.outbox.open("rb") as source:
        manifest: Manifest = read_manifest(source, OUTBOX)[0]
    assert manifest.deployment.startswith(TRAINING_PREFIX) and manifest.deployment != world().roster.deployment
    training, real = Home.load(made.home), Home.load(world().copy_home("sumsel", tmp_path))
    with pytest.raises(CryptoError):
        take_file(training.ledger, world().next_roster()[1], today=today())
    theirs, ours = ((home.folder / "roster.senyap").read_bytes() for home in (training, real))
    for home, other in ((training, ours), (real, theirs)):
        Home.load(home.folder)
        (home.folder / "roster.senyap").write_bytes(other)
        with pytest.raises(CryptoError):
            Home.load(home.folder)


def test_nobody_can_sign_for_it_later(shared: Made) -> None:
    files = {str(path.relative_to(shared.home.parent)) for path in shared.home.parent.rglob("*") if path.is_file()}
    assert not {name for name in files if "root-" in name or "server" in name}
    secret = {name for name in files if name.endswith((".locked", ".key"))}
    assert secret and all(name.startswith(("stasiun/keyring/", "stasiun/station.key")) for name in secret)


@pytest.mark.parametrize("what", ["file", "hidden", "folder"])
def test_a_folder_with_anything_in_it_is_refused_and_left_as_it_is(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "x"
    if what == "folder":
        (folder / "stasiun").mkdir(parents=True)
    else:
        folder.mkdir()
        (folder / (".a" if what == "hidden" else "a")).write_text("mine")
    before = sorted(folder.rglob("*"))
    result = CliRunner().invoke(main, ["training", str(folder)])
    assert result.exit_code == 3 and "sudah ada isinya" in result.stderr
    assert sorted(folder.rglob("*")) == before


def test_an_interrupted_one_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("station.training.import_bundle", fail)
        with pytest.raises(OSError, match="space"):
            make_training(tmp_path / "x", day=today())
    assert {p.name for p in (tmp_path / "x").iterdir()} == {".sedang-dibuat"}
    make_training(tmp_path / "x", day=today())
    assert {p.name for p in (tmp_path / "x").iterdir()} == {"stasiun", "stik", "frasa-sandi.txt"}


@pytest.mark.parametrize("day", [date(2026, 7, 1), date(2028, 3, 30)])
def test_it_can_be_made_on_any_day(tmp_path: Path, day: date, monkeypatch: pytest.MonkeyPatch) -> None:
    on = today() + (day - date_of(today())).days
    made = make_training(tmp_path / "x", day=on)
    with open_desk(Home.load(made.home), some(made)) as desk, desk.vault.begin() as transaction:
        assert [c.status for c in cases.list_cases(transaction, desk.home)] == [p.ends for p in PLOTS]


def test_the_command_prints_the_way_in(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["training", str(tmp_path / "x")])
    assert result.exit_code == 0 and result.stdout == f"{tmp_path / 'x'}\n"
    words = dict(line.split("\t") for line in (tmp_path / "x" / "frasa-sandi.txt").read_text().splitlines())
    assert len(words) == 3 and all(f"{who}   {said}" in result.stderr for who, said in words.items())
    assert f"senyap-station serve --home {tmp_path / 'x' / 'stasiun'}" in result.stderr
    with open_desk(Home.load(tmp_path / "x" / "stasiun"), dict(list(words.items())[1:])):
        pass


# --- the banner --------------------------------------------------------------------------------------


def pages_of(home: Path, passphrases: dict[str, str]) -> dict[str, str]:
    """Return every page that a desk shows: closed, open, in error, locked."""
    session = Session(home, look=lambda: ())
    app = create_desk(session, 8090)
    client = app.test_client()
    found = {"door": client.get("/buka", **HERE).text}
    for who, words in passphrases.items():
        browser = session.enter(who, words)
    client.set_cookie("meja-8090", browser, domain="127.0.0.1")
    paths = [str(rule) for rule in app.url_map.iter_rules() if "GET" in rule.methods and rule.rule != "/"]
    for path in sorted(paths):
        answer = client.get(path.replace("<name>", "K-0001"), follow_redirects=True, **HERE)
        if answer.mimetype == "text/html":
            found[path] = answer.text
    found["404"] = client.get("/nihil", **HERE).text
    found["400"] = client.post("/kunci", **HERE).text
    found["problem"] = client.post("/kurir", data={"tanda": session.forms, "stik": "/x"}, headers=OURS, **HERE).text
    session.close()
    assert len(found) >= 7
    return found


def test_each_page_of_a_training_desk_says_so_and_no_page_of_another_does(made: Made, tmp_path: Path) -> None:
    training = pages_of(made.home, some(made))
    assert {path for path, text in training.items() if text.count(BANNER) != 1} == set()
    home, words = world().copy_home("sumsel", tmp_path), world().passphrases
    real = pages_of(home, {who: words[who] for who in ("sumsel-1", "sumsel-2")})
    assert not {path for path, text in real.items() if "latihan" in text.lower()}
    assert set(training) == set(real)


def test_commands_say_so_too(made: Made, tmp_path: Path) -> None:
    options = ["--allow-network", "--home", str(made.home)]
    for who, words in some(made).items():
        (tmp_path / who).write_text(words)
        options += ["--passphrase-file", f"{who}={tmp_path / who}"]
    result = CliRunner().invoke(main, ["list", *options])
    assert result.exit_code == 0 and "semua perkara karangan" in result.stderr and "K-0012" in result.stdout


@pytest.mark.browser
def test_two_people_work_at_it_in_a_browser(made: Made, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    context.set_default_timeout(60_000)
    page = context.new_page()
    with served(Session(made.home, look=lambda: ())) as address:
        page.goto(address)
        for who, words in some(made).items():
            page.select_option("#penelaah", who)
            page.fill("#frasa", words)
            with page.expect_navigation():
                page.click('button:text-is("Hadir")')
        page.wait_for_selector("tbody tr")
        assert page.locator("tbody tr").count() == 12 and page.locator(".training").is_visible()
        page.evaluate(axe_source())
        assert violations(page) == []
        page.goto(f"{address}/perkara/K-0010")
        page.wait_for_selector("text=Usulan menunggu")
        page.evaluate(axe_source())
        assert violations(page) == []
        context.close()


def test_an_error_of_the_making_names_no_case() -> None:
    with pytest.raises(Refused) as refused:
        make_training(Path("/etc"), day=today())
    assert "/etc" not in str(refused.value)

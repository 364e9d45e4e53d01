"""The commands on one person, on lists made elsewhere, and between two runs."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

import workbench as wb
from workbench.data.synthetic import synthetic
from workbench.pipeline import Run
from workbench.pipeline.disk import finished


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with two runs, the second by a worse engine."""
    log = synthetic(n_users=150, n_items=80, n_events=2800, seed=3)
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workbench.pipeline.job.INSIDE", {})
        for name, trees in (("ease", 20), ("popularity", 2)):
            wb.run(
                log, home=home, models=["popularity"], progress=False,
                engine=wb.Engine(retrievers={name: [name, {}]}, n_trees=trees),
            )  # fmt: skip
    return home


@pytest.fixture
def call(home, monkeypatch):
    from workbench.cli import app

    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    monkeypatch.setattr("workbench.pipeline.job.INSIDE", {})
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


def names(home):
    """Runs, the oldest first."""
    return finished(home / "runs")


def test_compare_ends_with_its_verdict(call, home, tmp_path):
    one, two = names(home)
    worse = call("compare", one, two, "--json", tmp_path / "change.json")
    assert worse.exit_code == 1
    assert "\nworse: everybody: ndcg -0." in worse.stdout
    assert json.loads((tmp_path / "change.json").read_text())["verdict"] == "worse"
    assert call("compare", home / "runs" / one, one).exit_code == 0
    wide = call("compare", one, two, "--margin", 0.9, "--metric", "hit_rate")
    assert "hit_rate" in wide.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing", "nothing"), "'nothing' is neither a run under"),
        ((None, None, "--metric", "nDCG"), "no figure 'nDCG'"),
        ((None, None, "--json", "/nowhere/at/all.json"), "--json: /nowhere/at/all.json cannot be"),
        ((None, None, "--margin", "-1"), "--margin"),
    ],
)
def test_what_cannot_be_compared_is_code_2(call, home, arguments, message):
    one, two = names(home)
    given = [{0: one, 1: two}.get(n) if a is None else a for n, a in enumerate(arguments)]
    found = call("compare", *given)
    assert found.exit_code == 2
    assert message in found.stderr


def test_lists_made_elsewhere_say_what_was_not_asked(call, home, tmp_path):
    run = Run.latest(home)
    ids, people = run.split.people()
    frame = wb.recommend(wb.create("popularity").fit(run.split.train), people, k=5).frame
    frame = frame.with_columns(user_id=pl.Series([ids[row] for row in frame["row"]]))
    path = tmp_path / "lists.csv"
    frame.select("user_id", "item_id", "rank").filter(pl.col("user_id") != ids[0]).write_csv(path)
    found = call("audit", "--slates", path)
    assert found.exit_code == 0
    assert f"no list: 1 of {len(ids)}. So they count as shown nothing" in found.stdout
    assert "What could not be asked of lists alone:" in found.stdout
    assert "- Would the list change if only the attribute changed (flip test)?" in found.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user_id,item_id\n1,2\n", "slates need user_id, item_id and rank or score"),
        ("user_id,item_id,rank\n1,99999,1\n", "slates name item_id 99999, which 'synthetic' does"),
        ("user_id,item_id,rank\n99999,1,1\n", "slates name user_id 99999, which 'synthetic' does"),
        ("user_id,item_id,rank\n3,1,1\n3,2,1\n", "user 3 holds rank 1 twice"),
        ("user_id,item_id,rank\n3,1,1\n3,1,2\n", "user 3 holds item_id 1 twice"),
        ("", "cannot be read as CSV"),
    ],
)
def test_lists_that_cannot_be_audited_say_why(call, tmp_path, text, message):
    path = tmp_path / "lists.csv"
    path.write_text(text)
    found = call("audit", "--slates", path)
    assert found.exit_code == 2
    assert message in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_a_person_is_handed_what_is_held(call, home, tmp_path):
    user = Run.latest(home).split.people()[0][0]
    found = call("subject", "export", user, "--to", tmp_path / "out")
    assert found.exit_code == 0
    assert found.stdout.splitlines()[0] == str(tmp_path / "out" / "subject.html")
    found = call("subject", "export", "nobody", "--to", tmp_path / "none")
    assert found.exit_code == 2
    assert "user_id='nobody' is nobody of 'synthetic'" in found.stderr
    assert not (tmp_path / "none").exists()


def test_erasing_asks_first_then_shows_that_nothing_is_left(call, home):
    user = Run.latest(home).split.people()[0][0]
    before = names(home)
    asked = call("subject", "erase", user)
    assert asked.exit_code == 2
    assert "to be erased" in asked.stdout
    assert "erasing makes 2 run(s) again and cannot be undone; nothing was done" in asked.stderr
    assert names(home) == before
    done = call("subject", "erase", user, "--yes", "--quiet")
    assert done.exit_code == 0
    assert "Nothing is left:" in done.stdout
    assert len(names(home)) == 2
    assert not set(names(home)) & set(before)
    again = call("subject", "erase", user, "--yes")
    assert again.exit_code == 0
    assert again.stdout.startswith("Nothing to do: they were erased on 20")
    unknown = call("subject", "erase", "nobody", "--yes")
    assert unknown.exit_code == 2
    assert "is nobody of 'synthetic'" in unknown.stderr

"""Commands that look at a run, on one that is already there."""

import json
import os
import socket
import subprocess
import sys
import time

import polars as pl
import pytest
from typer.testing import CliRunner

import workbench as wb
from workbench.data.synthetic import synthetic


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A small run of a log with titles and integer ids."""
    return wb.run(
        synthetic(n_users=80, n_items=100, n_events=2000, seed=1),
        home=tmp_path_factory.mktemp("home"),
        models=["popularity"],
        engine=wb.Engine(retrievers={"ease": ["ease", {}]}, n_trees=5),
        progress=False,
    )


@pytest.fixture
def on_run(run, monkeypatch):
    from workbench.cli import app

    monkeypatch.setenv("WORKBENCH_HOME", str(run.path.parents[1]))
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


def test_help_names_every_command_and_comes_at_once():
    started = time.perf_counter()
    found = subprocess.run(
        [sys.executable, "-m", "workbench.cli", "--help"], capture_output=True, text=True
    )
    assert found.returncode == 0
    for command in ("run", "app", "lab", "data", "models", "recommend", "explain", "audit",
                    "report", "verify"):  # fmt: skip
        assert f"\n  {command} " in found.stdout
    assert time.perf_counter() - started < 30  # a hang, not a benchmark


def test_help_imports_nothing_heavy():
    script = (
        "import sys, workbench.cli.commands; "
        "print([m for m in ('polars', 'numpy', 'xgboost', 'streamlit') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def test_recommend_prints_the_slate_of_the_engine(on_run, run):
    user = run.split.guests[0]
    found = on_run("recommend", "--user", user, "-k", 5)
    assert found.exit_code == 0
    expected = wb.slate(run.engine, run.split.train.profiles([user])[0], k=5)
    titles = dict(run.split.train.items.select("item_id", "title").iter_rows())
    rows = [line for line in found.stdout.splitlines() if line.strip()[:1].isdigit()]
    assert len(rows) == 5
    for line, item in zip(rows, expected.items, strict=True):
        assert str(item) in line
        assert titles[item] in line


def test_recommend_takes_a_person_from_scratch(on_run, run):
    found = on_run("recommend", "--items", "1, 2,3", "-k", 3)
    assert found.exit_code == 0
    assert "score" in found.stdout


def test_explain_adds_up(on_run, run):
    found = on_run("explain", "--items", "1,2,3")
    assert found.exit_code == 0
    assert "Shares of the features" in found.stdout
    assert "What each event does" in found.stdout
    assert "residual" in found.stdout


def test_audit_and_report_are_those_of_the_run(on_run, run):
    found = on_run("audit")
    assert found.exit_code == 0
    assert "For whom it works" in found.stdout
    assert on_run("report").stdout.strip() == str(run.report)
    assert run.report.is_file()


def test_lists_made_elsewhere_are_audited(on_run, run, tmp_path):
    ids, people = run.split.people()
    slates = wb.recommend(wb.create("popularity").fit(run.split.train), people).frame
    lists = slates.with_columns(user_id=pl.Series([ids[row] for row in slates["row"]]))
    path = tmp_path / "lists.csv"
    lists.select("user_id", "item_id", "rank").write_csv(path)
    found = on_run("audit", "--slates", path)
    assert found.exit_code == 0
    assert "Verdicts" in found.stdout
    path.write_text("user_id,item_id,rank\nx,1,1\n")
    found = on_run("audit", "--slates", path)
    assert found.exit_code == 2
    assert f"--slates: 'x' in column user_id of {path} is no whole number" in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_short_lists_are_audited_at_their_length_or_as_asked(on_run, run, tmp_path):
    ids, people = run.split.people()
    slates = wb.recommend(wb.create("popularity").fit(run.split.train), people, k=5).frame
    path = tmp_path / "lists.csv"
    slates.with_columns(user_id=pl.Series([ids[row] for row in slates["row"]])).select(
        "user_id", "item_id", "rank"
    ).write_csv(path)
    assert "The first 5 places" in on_run("audit", "--slates", path).stdout
    assert "The first 3 places" in on_run("audit", "--slates", path, "-k", 3).stdout
    found = on_run("audit", "--slates", path, "-k", 6)
    assert found.exit_code == 2
    assert "ask for at most 5" in found.stderr
    assert "give --slates too" in on_run("audit", "-k", 3).stderr


def test_numbers_of_an_audit_are_whole_in_a_file(on_run, run):
    found = on_run("audit")
    lines = found.stdout.splitlines()
    head = next(line for line in lines if "attribute" in line).split()
    assert head == ["metric", "attribute", "group", "n", "value", "low", "–", "high",
                    "difference", "ratio", "p_adjusted"]  # fmt: skip
    assert max(map(len, lines)) <= 120
    row = next(r for r in run.audit.people.iter_rows(named=True) if r["low"] is not None)
    assert f"{row['value']:.3f}   {row['low']:.3f} – {row['high']:.3f}" in found.stdout
    assert "…" not in found.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("recommend",), "give either --user ID or --items"),
        (("recommend", "--user", "1", "--items", "2"), "give either --user ID or --items"),
        (("recommend", "--user", "nobody"), "--user: 'nobody' is no id of this run"),
        (("recommend", "--user", "999999"), "--user: '999999' is no id of this run"),
        (("recommend", "--items", "1,x"), "--items: 'x' is no id of this run"),
        (("explain", "--items", "1", "--item", "x"), "--item: 'x' is no id of this run"),
        (("data", "describe", "movielen"), "there is no data set 'movielen'"),
        (("run", "--data", "synthetic", "--models", "eaze"), "did you mean 'ease'"),
        (("run", "--items", __file__), "--items describes your own log"),
        (("run", "--data", "synthetic", "--interactions", __file__), "either --data or"),
        (("run", "--interactions", __file__, "--map", "user_id"), "is not ours=theirs"),
        (("run", "--split", "k-fold"), "--split: 'k-fold' is none of per-user-time, global-time"),
        (("run", "--data", "checkerboard", "--test-fraction", "2"), "workbench: --test-fraction"),
    ],
)
def test_what_cannot_work_is_one_sentence_and_code_2(on_run, arguments, message):
    found = on_run(*arguments)
    assert found.exit_code == 2
    assert message in found.stderr
    assert found.stderr.startswith("workbench: ")
    assert "Traceback" not in found.stderr


def test_a_missing_file_is_a_usage_error(on_run):
    found = on_run("run", "--interactions", "nothing.csv")
    assert found.exit_code == 2
    assert "nothing.csv" in found.stderr


def test_debug_shows_the_traceback(on_run, monkeypatch):
    monkeypatch.setenv("WORKBENCH_DEBUG", "")
    found = on_run("--debug", "recommend", "--user", "nobody")
    assert isinstance(found.exception, wb.ArgumentError)


def test_without_a_run_the_looking_commands_say_what_to_do(workbench):
    found = workbench("recommend", "--items", "1")
    assert found.exit_code == 2
    assert "there is no run yet; make one with `workbench run`" in found.stderr


def test_a_damaged_run_is_refused(run, workbench, tmp_path):
    import shutil

    runs = tmp_path / "home" / "runs"
    shutil.copytree(run.path, runs / run.name)
    with (runs / run.name / "people.parquet").open("ab") as file:
        file.write(b"x")
    found = workbench("audit")
    assert found.exit_code == 2
    assert "people.parquet is not what was written" in found.stderr
    found = workbench("report")  # where it is, whatever it is
    assert found.stdout.strip() == str(runs / run.name / "report.html")


def test_options_are_checked_before_a_run_is_opened(workbench):
    for command in ("recommend", "explain"):
        assert "give either --user ID or --items" in workbench(command).stderr
    assert "there is no run yet" in workbench("report").stderr


def test_an_interrupt_says_that_nothing_is_half_written(workbench, monkeypatch):
    from workbench import pipeline

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "run", interrupted)
    found = workbench("run", "--data", "checkerboard")
    assert found.exit_code == 130
    assert "nothing is half-written" in found.stderr


def test_the_app_needs_its_port(on_run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = on_run("app", "--port", port)
    assert found.exit_code == 2
    assert f"port {port} of 127.0.0.1 cannot be used" in found.stderr


def test_the_app_is_served_where_it_was_asked_for(on_run, monkeypatch, tmp_path):
    from workbench.cli import serve

    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text("")
    called = []
    monkeypatch.setattr(serve, "ROOT", tmp_path)
    monkeypatch.setattr(serve, "_become", lambda *arguments: called.append(arguments))
    here = os.getcwd()  # noqa: PTH109
    try:
        found = on_run("app", "--port", "8599")
    finally:
        os.chdir(here)
    assert found.exit_code == 0
    assert called[0][0] == "app.serve"
    assert called[0][called[0].index("--server.port") + 1] == "8599"
    assert called[0][called[0].index("--server.address") + 1] == "127.0.0.1"


def test_models_and_data_are_listed(workbench):
    found = workbench("models")
    assert found.exit_code == 0
    for name in wb.model_names():
        assert name in found.stdout
    found = workbench("data", "list")
    assert "movielens-100k" in found.stdout
    assert "not fetched yet" in found.stdout


def test_a_data_set_is_described(workbench):
    found = workbench("data", "describe", "checkerboard")
    assert found.exit_code == 0
    assert "No row was refused." in found.stdout
    assert json.loads(found.stdout.split("Where it came from: ")[1])


def test_titles_cannot_move_the_cursor(capsys):
    from workbench.cli import show

    show.table(pl.DataFrame({"title": ["\x1b[31mred\x07", "[bold]x[/bold]"]}))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "[bold]x[/bold]" in out


@pytest.mark.parametrize(
    ("absent", "line"),
    [
        (None, "Engine against ease: +0.1000 nDCG [-0.0500, +0.2500], ratio 2.000, "
               "p (adjusted) 0.2000, 5 people"),
        (("ratio",), "Engine against ease: +0.1000 nDCG [-0.0500, +0.2500], "
                     "p (adjusted) 0.2000, 5 people"),
        (("ratio", "low", "high", "p_adjusted"), "Engine against ease: +0.1000 nDCG, 5 people"),
        (("difference",), "Engine against ease: cannot be compared, 5 people"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("nothing", [None, float("nan"), float("inf")])
def test_a_comparison_without_a_ratio_is_still_told(capsys, absent, line, nothing):
    from types import SimpleNamespace

    from workbench.cli import show
    from workbench.pipeline.leaderboard import COMPARED

    row = {"model": "engine", "against": "ease", "metric": "ndcg", "difference": 0.1,
           "low": -0.05, "high": 0.25, "ratio": 2.0, "p_adjusted": 0.2, "n": 5}  # fmt: skip
    row |= dict.fromkeys(absent or (), nothing)
    run = SimpleNamespace(
        leaderboard=pl.DataFrame({"model": ["engine", "ease"]}),
        comparisons=pl.DataFrame([row], schema=COMPARED),
    )
    show._compared(run)
    assert capsys.readouterr().out.strip() == line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("columns: there is no column 'x'", "--map: there is no column 'x'"),
        ("Say columns={'user_id': 'who'}", "Say --map user_id=who"),
        ('use method="random", which needs none', "use --split random, which needs none"),
        ("relevant_from=4.5, but", "--relevant-from 4.5, but"),
        ("give a smaller test_fraction or", "give a smaller --test-fraction or"),
        ("the column 'test_fraction' of e.csv", "the column 'test_fraction' of e.csv"),
    ],
)
def test_messages_name_the_options(words, said):
    from workbench.cli.options import in_options

    assert in_options(words) == said

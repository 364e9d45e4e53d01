"""`workbench audit` as a gate: its exit code is what the policy says."""

import polars as pl
import pytest

import workbench as wb

RULE = """
[[rules]]
measure = "people"
metric = "ndcg"
attribute = "everybody"
figure = "value"
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    log = wb.load("synthetic", n_users=240, n_items=120, n_events=6_000)
    return wb.run(
        log, home=home, models=["popularity"], engine=wb.Engine(n_trees=20), seed=3, progress=False
    )


@pytest.fixture
def on_world(workbench, world, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(world.path.parents[1]))
    return workbench


@pytest.mark.parametrize(
    ("bar", "code", "words"),
    [
        ("at_least = 0.0", 0, "everything passes"),
        ("at_least = 0.99", 1, "something fails"),
        ("at_least = {value}", 3, "cannot tell"),
    ],
)
def test_the_exit_code_is_the_verdict(on_world, world, tmp_path, bar, code, words):
    value = world.audit.people.filter(attribute="everybody", metric="ndcg")["value"][0]
    policy = tmp_path / "policy.toml"
    policy.write_text(f'name = "mine"{RULE}{bar.format(value=value)}\n')
    found = on_world("audit", "--policy", policy)
    assert found.exit_code == code
    assert f"By the policy 'mine': {words}." in found.stdout


def test_without_a_policy_it_shows_and_judges_nobody(on_world, world):
    found = on_world("audit")
    assert found.exit_code == 0
    assert "By the policy" not in found.stdout


def test_the_policy_that_comes_along_has_a_name(on_world, world):
    found = on_world("audit", "--policy", "default")
    assert found.exit_code == world.audit.exit_code
    assert "By the policy 'default'" in found.stdout


def test_a_failure_outweighs_what_cannot_be_told(on_world, world, tmp_path):
    value = world.audit.people.filter(attribute="everybody", metric="ndcg")["value"][0]
    policy = tmp_path / "policy.toml"
    policy.write_text(f"{RULE}at_least = {value}\n{RULE}at_least = 0.99\n{RULE}at_least = 0.0\n")
    assert on_world("audit", "--policy", policy).exit_code == 1


def test_a_larger_minimum_hides_more_groups(on_world, world, tmp_path):
    sizes = world.audit.people.filter(pl.col("attribute") != "everybody", suppressed=False)["n"]
    policy = tmp_path / "policy.toml"
    policy.write_text(f"minimum = {int(sizes.max()) + 1}{RULE}at_least = 0.0\n")
    found = on_world("audit", "--policy", policy, "--quiet")
    assert found.exit_code == 0
    assert f"(n < {int(sizes.max()) + 1})" in found.stdout
    assert "(n < 20)" not in found.stdout
    everybody = world.audit.people.filter(attribute="everybody", metric="ndcg").row(0, named=True)
    same = f"{everybody['value']:.3f}   {everybody['low']:.3f} – {everybody['high']:.3f}"
    assert same in found.stdout  # made again with the seed of the run


def test_lists_made_elsewhere_are_judged_too(on_world, world, tmp_path):
    ids, people = world.split.people()
    slates = wb.recommend(wb.create("popularity").fit(world.split.train), people).frame
    lists = tmp_path / "lists.csv"
    slates.with_columns(user_id=pl.Series([ids[row] for row in slates["row"]])).select(
        "user_id", "item_id", "rank"
    ).write_csv(lists)
    policy = tmp_path / "policy.toml"
    policy.write_text(f"{RULE}at_least = 0.99\n")
    assert on_world("audit", "--slates", lists, "--policy", policy, "--quiet").exit_code == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "policy: there is no file"),
        ("rules = 3", "there are no [[rules]]"),
        (f'{RULE}figure = "x"', "is not TOML"),
        (f"minimum = 5{RULE}at_least = 0.5", "groups of fewer than 20 people are never shown"),
        (f"{RULE.replace('value', 'ratio_best')}at_least = 0.8", "people has ratio, difference"),
    ],
)
def test_a_policy_that_cannot_be_read_is_a_usage_error(on_world, tmp_path, text, message):
    policy = tmp_path / "policy.toml"
    if text is not None:
        policy.write_text(text)
    found = on_world("audit", "--policy", policy)
    assert found.exit_code == 2
    assert message in found.stderr
    assert len(found.stderr.splitlines()) == 1

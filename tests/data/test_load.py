"""Data sets by name, and where state lives."""

from pathlib import Path

import pytest

import workbench as wb
from workbench import settings
from workbench.data import load as loading
from workbench.data.load import dataset_names, describe
from workbench.errors import ArgumentError


def test_names_are_sorted_and_each_is_described(home):
    names = dataset_names()
    assert names == sorted(names)
    assert {"checkerboard", "movielens-100k", "synthetic"} <= set(names)
    for name in names:
        card = describe(name)
        assert set(card) == {"name", "what", "licence", "options", "state"}
        assert all(card.values())
    assert describe("movielens-100k")["state"] == "not fetched yet"
    (home / "cache" / "movielens-100k").mkdir(parents=True)
    assert describe("movielens-100k")["state"].startswith("in the cache")


@pytest.mark.parametrize(
    ("name", "near"),
    [("movielens", "movielens-100k"), ("sythetic", "synthetic"), ("chekerboard", "checkerboard")],
)
def test_an_unknown_name_gets_the_closest(name, near):
    with pytest.raises(ArgumentError, match=rf"no data set '{name}' \(did you mean '{near}'\?\)"):
        wb.load(name)
    with pytest.raises(ArgumentError, match="there are checkerboard"):
        wb.load("")


def test_an_unknown_option_is_refused_before_anything_is_fetched(monkeypatch):
    monkeypatch.setattr(settings, "cache", lambda: pytest.fail("started"))
    with pytest.raises(ArgumentError, match=r"no option 'pth' \(did you mean 'path'\?\)"):
        wb.load("movielens-100k", pth="x")


def test_options_reach_the_maker():
    ds = wb.load("checkerboard", n_users=10, n_items=8)
    assert (ds.n_users, ds.n_items) == (10, 8)
    assert loading.load is wb.load


def test_home_is_named_or_the_checkout_or_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    assert settings.home() == tmp_path
    assert settings.cache() == tmp_path / "cache"
    monkeypatch.setenv("WORKBENCH_HOME", "")
    checkout = Path(settings.__file__).parent.parent
    assert settings.home() == checkout / "data"
    installed = tmp_path / "site-packages" / "workbench" / "settings.py"
    monkeypatch.setattr(settings, "__file__", str(installed))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    for platform, expected in (
        ("linux", tmp_path / "xdg" / "workbench"),
        ("darwin", Path.home() / "Library" / "Application Support" / "workbench"),
    ):
        monkeypatch.setattr(settings.sys, "platform", platform)
        assert settings.home() == expected
    monkeypatch.setattr(settings.sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert settings.home() == tmp_path / "local" / "workbench"

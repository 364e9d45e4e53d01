"""Three tiny runs for the app: a synthetic one, one with hostile titles, one with bare events.

Visitors come to them in the harness of Streamlit (``visit``) or in a real browser (``page``).
"""

import shutil

import polars as pl
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import workbench as wb
from tests.app.browsing import FLAGS, visiting
from tests.app.reading import HOSTILE, MAIN
from tests.app.visitors import serving
from workbench.data.synthetic import synthetic


def quick():
    return wb.Engine(
        retrievers={
            "ease": ["ease", {}],
            "item-knn": ["item-knn", {}],
            "popularity": ["popularity", {}],
        },
        n_trees=12,
    )


def made(dataset, home):
    return wb.run(
        dataset, home=home, models=["popularity", "ease"], engine=quick(), progress=False
    ).path


@pytest.fixture(scope="session")
def log_of_films():
    return synthetic(n_users=90, n_items=100, n_events=2200, seed=1)


@pytest.fixture(scope="session")
def run_path(log_of_films, tmp_path_factory):
    """A run on films that do not exist."""
    return made(log_of_films, tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="session")
def hostile_path(log_of_films, tmp_path_factory):
    """The same with titles and genres that attack whoever shows them."""
    items = log_of_films.items
    titles = [HOSTILE[i % len(HOSTILE)] for i in range(items.height)]
    genres = [[HOSTILE[(i * 5 + 2) % len(HOSTILE)][:60], "Drama"] for i in range(items.height)]
    dataset = wb.Dataset.from_frames(
        log_of_films.interactions.select("user_id", "item_id", "timestamp", "value"),
        items.with_columns(pl.Series("title", titles), pl.Series("genres", genres)),
        log_of_films.users,
        relevant_from=4.0,
        name="<b>hostile</b>",
    )
    return made(dataset, tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="session")
def bare_path(log_of_films, tmp_path_factory):
    """Who met what, and nothing else: no titles, people, ratings or times; text ids."""
    events = log_of_films.interactions.select(
        pl.format("u {}", "user_id").alias("user_id"),
        pl.format("i_{}~ä", "item_id").alias("item_id"),
    ).unique(maintain_order=True)
    return made(wb.Dataset.from_frames(events, name="bare"), tmp_path_factory.mktemp("bare"))


@pytest.fixture
def visit(monkeypatch):
    """Open the app from its entry point as a new visitor, on a run."""

    def _visit(path, screen=None, **parameters):
        monkeypatch.setenv("WORKBENCH_RUN", str(path))
        visitor = AppTest.from_file(str(MAIN), default_timeout=60)
        visitor.run()
        if screen is not None:
            visitor.switch_page(f"screens/{screen}.py")
            visitor.query_params.update(parameters)
            visitor.run()
        assert not visitor.exception, [e.value for e in visitor.exception]
        return visitor

    return _visit


@pytest.fixture(scope="module")
def chromium():
    """A browser. Its absence is a failure, not a reason to skip: CI must not pass without it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail(
            "Chromium is needed for this test and was not found; on Debian: "
            "apt-get install chromium",
            pytrace=False,
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(run_path, tmp_path_factory):
    """The address of a server of the synthetic run; uploads go to a folder of the test."""
    folder = tmp_path_factory.mktemp("site")
    with serving(run_path, folder / "server.log", WORKBENCH_HOME=str(folder)) as (port, _):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def newcomer(chromium):
    """Makes the page of one more visitor, as often as it is called."""
    with visiting(chromium) as made:
        yield made


@pytest.fixture
def page(newcomer):
    """The page of one visitor."""
    return newcomer()


@pytest.fixture(autouse=True, scope="session")
def _forget_afterwards():
    """Leave no opened run to other tests."""
    yield
    st.cache_resource.clear()
    st.cache_data.clear()

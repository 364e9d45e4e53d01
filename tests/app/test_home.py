"""Home: what the run is and how good, and stories whose addresses open what they promise."""

import polars as pl
import pytest

import workbench as wb
from app import cache
from app.address import from_address, to_address
from app.main import SCREENS
from app.state import Case, checked
from app.stories import DECADE, LIKED, stories
from tests.app.conftest import made
from tests.app.reading import history, listed, words
from workbench.pipeline import Run


def world_of(path):
    return cache.private(path)


@pytest.fixture(scope="module")
def few_words_path(log_of_films, tmp_path_factory):
    """The same films without years."""
    dataset = wb.Dataset.from_frames(
        log_of_films.interactions.select("user_id", "item_id", "value"),
        log_of_films.items.select("item_id", "title", "genres"),
        relevant_from=4.0,
        name="no years",
    )
    return made(dataset, tmp_path_factory.mktemp("no-years"))


def test_home_says_which_engine_which_data_how_good_and_for_how_many(run_path, visit):
    shown = words(visit(run_path))
    run = Run.load(run_path)
    row = run.leaderboard.filter((pl.col("model") == "engine") & (pl.col("metric") == "ndcg"))
    mean, low, high, n = row.select("mean", "low", "high", "n").row(0)
    assert f"{mean:.3f} (95 % interval {low:.3f} to {high:.3f}, n = {n} people asked)" in shown
    assert run.manifest["dataset"]["name"] in shown
    assert "3 simple models bring candidates (ease, item-knn, popularity)" in shown
    assert "It does **not** say what people would do" in shown


def test_home_has_a_door_to_every_other_screen(run_path, visit):
    doors = {one.proto.label for one in visit(run_path).get("page_link")}
    assert {f"Open {screen.title}" for screen in SCREENS[1:]} <= doors


@pytest.mark.parametrize("run", ["run_path", "hostile_path", "bare_path", "few_words_path"])
def test_every_story_opens_by_its_address_just_as_it_was_made(run, request, visit):
    path = request.getfixturevalue(run)
    world = world_of(path)
    told = stories(world)
    assert [s.title for s in told][::2] == ["A new visitor", "Why did this appear?"]
    for story in told:
        address = to_address(story.case, story.why)
        found = from_address(address, world.known)
        assert (found.case, found.why, found.unread) == (story.case, story.why, 0)
        assert checked(found.case, world.start(found.case)) == (story.case, 0)
        visitor = visit(path, "what_if", **address)
        assert not visitor.warning
        assert len(listed(visitor)) == world.k
        if story.why is not None:
            assert listed(visitor)[0] == str(story.why)


def test_the_fan_of_the_80s_liked_well_known_things_of_the_80s(run_path, visit):
    world = world_of(run_path)
    story = stories(world)[1]
    years = dict(world.split.train.items.select("item_id", "year").iter_rows())
    liked = [edit.what for edit in story.case.done]
    if story.title == "A fan of the 80s":
        assert all(str(years[item]) in DECADE for item in liked)
    else:
        assert sum(str(y) in DECADE for y in years.values()) < LIKED
    assert len(set(liked)) == LIKED
    assert {edit.value for edit in story.case.done} == {5.0}
    visitor = visit(run_path, "what_if", **to_address(story.case))
    assert sorted(history(visitor)) == sorted(map(str, liked))


def test_without_years_the_fan_likes_one_genre_and_without_both_what_is_known(
    few_words_path, bare_path
):
    world = world_of(few_words_path)
    story = stories(world)[1]
    assert story.title == "A fan of one genre"
    firsts = {world.catalogue[edit.what].genres[0] for edit in story.case.done}
    assert len(firsts) == 1
    world = world_of(bare_path)
    story = stories(world)[1]
    assert story.title == "A fan of what everybody knows"
    assert [e.what for e in story.case.done] == world.catalogue.most_met()[:LIKED]
    assert {e.value for e in story.case.done} == {None}


def test_the_third_story_is_about_a_guest(run_path):
    world = world_of(run_path)
    story = stories(world)[2]
    assert story.case.user_id in world.guests
    assert story.case == Case("guest", story.case.user_id)

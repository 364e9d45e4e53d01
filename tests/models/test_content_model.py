"""Content: likeness by hand, brand-new items, dislikes, shares."""

import numpy as np
import polars as pl
import pytest

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError, CapabilityError
from workbench.features.items import item_vectors
from workbench.models.content import Content
from workbench.profile import Profile
from workbench.profiles import Profiles

ITEMS = pl.DataFrame(
    {
        "item_id": ["a", "b", "c", "new", "x"],
        "genres": [["Drama"], ["Comedy"], ["Drama", "War"], ["Comedy"], None],
    }
)
LOG = Dataset(
    pl.DataFrame({"user_id": [1, 1, 2], "item_id": ["a", "b", "c"], "value": [5.0, 1.0, 4.0]}),
    ITEMS,
    relevant_from=4.0,
)


def _likeness(**params):
    """Plain likeness: nothing learnt, all events alike."""
    return Content(**{"reg": np.inf, "recency": np.inf, **params})


def _scores(model, *people):
    return dict(
        zip(
            model.catalogue.ids,
            model.score(Profiles.of(people, model.catalogue)).T.tolist(),
            strict=True,
        )
    )


def test_one_event_is_enough_and_a_brand_new_item_is_scored():
    model = _likeness(dislikes=0.0).fit(LOG)
    scores = _scores(model, Profile.of(items=["b"], values=[5.0]))
    assert scores["new"] == pytest.approx([1.0])
    assert scores["a"] == pytest.approx([0.0], abs=1e-5)
    scores = _scores(model, Profile.of(items=["a"], values=[5.0]))
    assert scores["c"] == pytest.approx([np.sqrt(0.5)], abs=1e-5)
    assert scores["x"] == [0.0]


def test_dislikes_take_away_what_they_are_told_to():
    disliked = Profile.of(items=["b", "a"], values=[1.0, 5.0])
    for dislikes in (0.0, 0.5, 2.0):
        scores = _scores(_likeness(dislikes=dislikes).fit(LOG), disliked)
        assert scores["new"] == pytest.approx([-dislikes], abs=1e-5)


def test_the_score_is_the_sum_of_likenesses(log):
    people = log.profiles()
    vectors = item_vectors(log.items).matrix.toarray().astype(np.float64)
    liked = people.csr(people.positive(log.relevant_from)).toarray()
    signed = liked - 0.5 * (people.seen.toarray() - liked)
    model = _likeness().fit(log)
    expected = signed @ vectors @ vectors.T + model.prior_
    np.testing.assert_allclose(model.score(people), expected, atol=1e-4)


@pytest.mark.parametrize("reg", [1.0, 3000.0, np.inf])
def test_event_shares_add_up_to_the_score(log, reg):
    model, people = Content(reg=reg).fit(log), log.profiles()
    scores = model.score(people)
    for row in (0, 5):
        for item in (2, 29):
            total = model.event_shares(people[[row]], item).sum() + model.prior_[item]
            assert total == pytest.approx(scores[row, item], abs=1e-4)


def test_only_the_latest_event_of_an_item_counts():
    model = _likeness().fit(LOG)
    changed = Profile.of(items=["b", "b"], values=[5.0, 1.0])
    assert _scores(model, changed) == _scores(model, Profile.of(items=["b"], values=[1.0]))
    people = Profiles.of(changed, model.catalogue)
    new = model.catalogue.code("new")
    np.testing.assert_allclose(model.event_shares(people, new), [0.0, -0.5], atol=1e-6)


def test_an_empty_history_is_shown_what_is_popular():
    scores = _scores(Content().fit(LOG), Profile())
    assert scores["a"][0] > scores["b"][0] == scores["new"][0] == 0


def test_items_without_content_are_refused():
    bare = Dataset(LOG.interactions, pl.DataFrame({"item_id": ["a"], "price": [1.0]}))
    for nothing in (bare, Dataset(LOG.interactions)):
        with pytest.raises(CapabilityError, match="Content needs item_features"):
            Content().fit(nothing)
    titled = Dataset(LOG.interactions, pl.DataFrame({"item_id": ["a"], "title": ["One"]}))
    with pytest.raises(CapabilityError, match="items have none of genres, year"):
        Content(title=0).fit(titled)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"genres": -1.0}, "genres must be 0 or more, not -1.0"),
        ({"genres": 0, "year": 0, "title": 0}, "at least one of genres, year, title"),
        ({"dislikes": -0.1}, "dislikes must be 0 or more, not -0.1"),
        ({"recency": 0}, "recency must be above 0, not 0"),
        ({"reg": np.nan}, "reg must be above 0, not nan"),
        ({"columns": {"year": 1.0}}, "'year' has a parameter of its own; give year="),
        ({"columns": {"price": -1}}, "price must be 0 or more, not -1"),
        ({"columns": {"price": "much"}}, "price must be 0 or more, not 'much'"),
        ({"columns": {"item_id": 1.0}}, "'item_id' is no column that says what an item is"),
        ({"kinds": {"price": "number"}}, "kinds: 'price' has no weight"),
        ({"kinds": {"year": "decade"}}, "kinds: year must be one of list, category, number"),
    ],
)
def test_parameters_that_cannot_work_are_refused(params, message):
    with pytest.raises(ArgumentError, match=message):
        Content(**params)


def _learnt_by_hand(model, people, vectors):
    """``A`` above ``B`` by the formula, person by person."""
    n = vectors.shape[1]
    inside, liked_with, gram = np.zeros((2 * n, 2 * n)), np.zeros((2 * n, n)), vectors.T @ vectors
    for person in people:
        taste = np.zeros((2, n))
        for event in person.history:
            place = int(event.value < 3.5)
            taste[place] += vectors[model.catalogue.code(event.item_id)]
        inside += np.outer(taste.ravel(), taste.ravel())
        liked_with += np.outer(taste.ravel(), taste[0])
    near = np.vstack([np.eye(n), -model.dislikes * np.eye(n)])
    expected = inside @ near @ gram
    scale = (near * liked_with).sum() / (near * expected).sum()
    rest = np.linalg.inv(inside + model.reg * np.eye(2 * n)) @ (liked_with - scale * expected)
    return rest @ np.linalg.inv(gram + 0.3 * np.eye(n)) / scale


def test_what_goes_with_what_is_the_ridge_regression(log):
    model, people = Content(reg=10.0).fit(log), log.profiles()
    vectors = item_vectors(log.items).matrix.toarray().astype(np.float64)
    expected = _learnt_by_hand(model, people, vectors)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(model.going_with_, expected, atol=2e-4)


def test_a_person_scores_the_same_at_every_place_of_any_batch(log):
    model, people = Content(reg=10.0).fit(log), log.profiles()
    alone = np.concatenate([model.score(people[[row]]) for row in range(len(people))])
    for size in range(1, len(people) + 1):
        rows = np.arange(size)[::-1]
        np.testing.assert_array_equal(model.score(people[rows]), alone[rows])


def test_learning_is_of_the_most_spread_features_only(log, monkeypatch):
    from workbench.models import content

    monkeypatch.setattr(content, "LEARNT", 3)
    model = Content(reg=1.0).fit(log)
    assert [model.feature_names_[j] for j in model.learnt_] == [
        "year: around 1980",
        "title: of",
        "title: the",
    ]
    assert model.going_with_.shape == (6, 3)
    assert np.isfinite(model.score(log.profiles())).all()


def test_later_events_count_more():
    model = Content(reg=np.inf, recency=1.0).fit(LOG)
    scores = _scores(model, Profile.of(items=["a", "b"], values=[5.0, 5.0]))
    assert scores["new"] == pytest.approx([1.0])
    assert scores["c"] == pytest.approx([0.5 * np.sqrt(0.5)], abs=1e-5)


@pytest.mark.parametrize("value", [5.0, None])
def test_a_new_item_without_an_event_ranks_near_its_likes(world, value):
    """Ten new items of each taste, met by nobody: a person of a taste is shown its own."""
    fresh = pl.DataFrame(
        {
            "item_id": range(9_000, 9_020),
            "title": [f"Brand new {n}" for n in range(20)],
            "genres": [["Comedy"] if n % 2 else ["Drama"] for n in range(20)],
            "year": [1985] * 20,
        }
    )
    longer = pl.concat([world.items, fresh], how="vertical_relaxed")
    model = Content().fit(Dataset.from_frames(world.interactions, longer, relevant_from=3.5))
    codes = model.catalogue.codes(fresh["item_id"])
    comedy = world.items.filter(pl.col("genres").list.contains("Comedy"))["item_id"]
    for n_events in (1, 3):
        person = Profile.of(comedy.to_list()[1 : 1 + n_events], [value] * n_events)
        (scores,) = model.score(Profiles.of(person, model.catalogue), codes)
        assert scores[1::2].min() > scores[::2].max()


def test_an_item_that_arrives_later_is_scored_after_another_fit():
    later = pl.DataFrame({"item_id": ["later"], "genres": [["Comedy"]]})
    longer = Dataset(LOG.interactions, pl.concat([ITEMS, later]), relevant_from=4.0)
    scores = _scores(Content().fit(longer), Profile.of(items=["b"], values=[5.0]))
    assert scores["later"][0] == scores["new"][0] > scores["a"][0]


SHOP = pl.DataFrame(
    {
        "item_id": range(8),
        "maker": ["Ant", "Ant", "Ant", "Bee", "Bee", "Bee", "Bee", None],
        "price": [1.0, 1.1, 1.2, 1.3, 50.0, 60.0, 70.0, None],
        "tags": [["x"], ["x", "y"], None, [], ["z"], ["y", "z"], ["x"], ["z"]],
        "text": [f"a small {w} thing" for w in ["red", "blue", "red", "blue"] * 2],
    }
)
SOLD = pl.DataFrame({"user_id": [1, 2, 2, 3], "item_id": [0, 0, 4, 5]})


@pytest.mark.parametrize(
    ("columns", "liked", "near", "far"),
    [
        ({"maker": 1.0}, 0, 2, 3),
        ({"price": 1.0}, 3, 2, 4),
        ({"tags": 1.0}, 4, 7, 6),
        ({"text": 1.0}, 0, 2, 1),
        ({"maker": 1.0, "price": 0.2}, 3, 4, 2),
    ],
)
def test_any_column_can_be_what_items_are_likened_by(columns, liked, near, far):
    dataset = Dataset.from_frames(SOLD, SHOP)
    model = Content(columns=columns).fit(dataset)
    scores = _scores(model, Profile.of(items=[liked]))
    assert scores[near][0] > scores[far][0]
    assert np.isfinite(list(scores.values())).all()
    again = Content.from_state(*model.state())
    assert again.columns == columns
    assert _scores(again, Profile.of(items=[liked])) == scores


def test_a_column_that_is_not_there_is_refused():
    with pytest.raises(CapabilityError, match="no column 'colour'"):
        Content(columns={"colour": 1.0}).fit(Dataset.from_frames(SOLD, SHOP))


def test_with_kinds_of_its_own_it_keeps_the_contract():
    from workbench.checks.model import check_model

    table = check_model(Content(kinds={"year": "number", "title": "category"}, reg=100.0))
    assert table.height > 25

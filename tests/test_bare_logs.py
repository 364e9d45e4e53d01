"""Every model on logs that lack something: it works, or says at once what it needs."""

import inspect
import math
from functools import cache

import numpy as np
import polars as pl
import pytest
from threadpoolctl import threadpool_limits

import workbench as wb
from workbench.checks.fitting import NEEDS
from workbench.columns import ITEM, SCORE, TIME, USER, VALUE
from workbench.data.synthetic import synthetic
from workbench.errors import ArgumentError, CapabilityError, DataError, NotFittedError
from workbench.evaluation.cold_start import SHOWN, cold_start
from workbench.evaluation.evaluate import N_SHOWN
from workbench.ranking.registry import create, model_class, model_names

K = 10
LENGTHS = (0, 1, 3, 10)
LIGHT = {
    "als": {"n_factors": 8, "n_iterations": 3},
    "svd": {"n_factors": 8, "n_epochs": 5},
    "svdpp": {"n_factors": 4, "n_epochs": 3},
    "nmf": {"n_factors": 4, "n_epochs": 20},
    "stack": {"parts": ["baseline", "knn-baseline"], "n_trees": 20, "eta": 0.1},
    "engine": {"n_trees": 10, "depth": 30, "max_depth": 3},
}
"""Models whose defaults take long: parameters with which they do the same, sooner."""


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Of the linear algebra, which on worlds as small as these threads only hinder."""
    with threadpool_limits(1, "blas"):
        yield


def light(name):
    return create(name, **LIGHT.get(name, {}))


# --- logs -----------------------------------------------------------------------------------------


@cache
def world():
    """A log with everything, as tables: train, test, items, users."""
    log = synthetic(n_users=60, n_items=80, n_events=1_100, seed=3)
    cut = wb.split(log, "random", test_fraction=0.2, seed=1)
    columns = [USER, ITEM, TIME, VALUE, "hour", "device"]
    return cut.train.interactions.select(columns), cut.test.select(columns), log.items, log.users


def _with(**columns):
    train, test, items, users = world()
    return train.with_columns(**columns), test, items, users


def _without(*columns):
    train, test, items, users = world()
    return train.drop(columns), test.drop(columns), items, users


def _bare():
    return *_without(TIME, VALUE, "hour", "device")[:2], None, None


def _bare_text():
    text = [("#" + pl.col(c).cast(pl.String)).alias(c) for c in (USER, ITEM)]
    train, test, _, _ = _bare()
    return train.with_columns(text), test.with_columns(text), None, None


def _newcomers():
    """People and items that only the test has, and no table tells of either."""
    train, test, items, users = world()
    people, things = users[USER].to_list()[::6], items[ITEM].to_list()[::8]
    new = pl.col(USER).is_in(people) | pl.col(ITEM).is_in(things)
    return train.filter(~new), test, items.filter(~pl.col(ITEM).is_in(things)), None


def _only(column):
    """The events of the one person, or of the one item, that has most of them."""
    train, test, items, users = world()
    most = train[column].value_counts().sort("count", column)[column][-1]
    return train.filter(pl.col(column) == most), test, items, users


def _repeats():
    """A log of plays: pairs come back, and none has a value."""
    train, test, items, users = _without(VALUE)
    again = train[::3].with_columns(pl.col(TIME) + 3600)
    return pl.concat([train, again, again.with_columns(pl.col(TIME) + 60)]), test, items, users


LOGS = {
    "everything": world,
    "no timestamps": lambda: _without(TIME),
    "no values": lambda: _without(VALUE),
    "neither": lambda: _without(TIME, VALUE),
    "no users frame": lambda: (*world()[:3], None),
    "no items frame": lambda: (*world()[:2], None, world()[3]),
    "pairs alone": _bare,
    "pairs alone, text ids": _bare_text,
    "newcomers in the test": _newcomers,
    "one person": lambda: _only(USER),
    "one item": lambda: _only(ITEM),
    "one event": lambda: (world()[0][:1], *world()[1:]),
    "all at one moment": lambda: _with(timestamp=pl.lit(1.6e9)),
    "one value": lambda: _with(value=pl.lit(5.0)),
    "nothing liked": lambda: _with(value=pl.lit(2.0)),
    "a value here and there": lambda: _with(
        value=pl.when(pl.col(USER) % 3 == 0).then(pl.col(VALUE))
    ),
    "repeats": _repeats,
}
"""What a log may be like → train, test, items, users."""
LONGER = ("pairs alone", "all at one moment", "one value", "a value here and there")
TOO_SMALL = {
    ("one item", "engine"): "has 32 events of 1 items; to split it needs at least 2",
    ("one event", "engine"): "has 1 events of 1 items; to split it needs at least 2",
    ("nothing liked", "engine"): "too small for a ranker: nobody .* a relevant later one",
}
"""(log, model) → how a model refuses a log that has all it needs, but too little of it."""


@cache
def taken(log):
    """The split, as it is given."""
    train, test, items, users = LOGS[log]()
    relevant_from = 4.0 if VALUE in train.columns else None
    return wb.Split.from_frames(train, test, items, users, relevant_from, name=log)


@cache
def newcomers(log):
    """New people with few events, once with all that the log has of an event, once without."""
    split = taken(log)
    met = split.train.interactions[ITEM].value_counts().sort("count", ITEM, descending=True)[ITEM]
    items = list(dict.fromkeys([*met, *split.train.catalogue.ids]))
    people = []
    for n in LENGTHS:
        values = [5.0 - place % 3 for place in range(n)]
        moments = [1.7e9 + place for place in range(n)]
        people.append(wb.Profile.of(items[:n]))
        people.append(
            wb.Profile.of(
                items[:n],
                values if VALUE in split.train.interactions.columns else None,
                moments if TIME in split.train.interactions.columns else None,
            )
        )
    return wb.Profiles.of(people, split.train.catalogue)


@cache
def fitted(name):
    """On the log that has everything."""
    return light(name).fit(taken("everything").train)


def scorable(model, people, split):
    """How many unmet items a model has to have a score for, for each person."""
    can = np.ones(split.train.n_items, dtype=bool)
    if model.scale == "rating":  # of an item that nobody has rated it says nothing
        rated = split.train.interactions.drop_nulls(VALUE)[ITEM].unique()
        can[:] = False
        can[split.train.catalogue.codes(rated)] = True
    return (can & (people.seen.toarray() == 0)).sum(axis=1)


# --- what they do ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", model_names())
def test_a_model_needs_no_more_than_it_must(name):
    """So that to refuse a log is no way out: all that are not named here take any log."""
    needs = {
        "timestamps": "recent recently-viewed session following trending",
        "values": "svd svdpp nmf slope-one baseline knn-baseline stack",
        "item_features": "content",
    }
    assert light(name).needs == {need for need, names in needs.items() if name in names.split()}


@pytest.mark.parametrize(
    "log", [pytest.param(log, marks=pytest.mark.full) if log in LONGER else log for log in LOGS]
)
@pytest.mark.parametrize("name", model_names())
def test_a_model_serves_any_log_or_names_what_it_lacks(name, log):
    split, model = taken(log), light(name)
    lacking = model.needs - split.train.has
    if lacking:
        with pytest.raises(CapabilityError, match="needs") as refusal:
            model.fit(split.train)
        told = {word for word in NEEDS if word in str(refusal.value)}
        assert told == lacking
        return
    if (log, name) in TOO_SMALL:
        with pytest.raises(DataError, match=TOO_SMALL[log, name]):
            model.check_log(split.train)  # what is asked before any training
        with pytest.raises(DataError, match=TOO_SMALL[log, name]):
            model.fit(split.train)
        with pytest.raises(NotFittedError, match="has not been fitted"):
            model.score(newcomers(log))
        return
    model = fitted(name) if log == "everything" else model.fit(split.train)
    asked, rows = split.people()[1], wb.evaluate(model, split, K)
    assert rows[N_SHOWN].to_list() == np.minimum(K, scorable(model, asked, split)).tolist()
    people = newcomers(log)
    slates = wb.recommend(model, people, K)
    full = np.minimum(K, scorable(model, people, split))
    assert [len(slates[row]) for row in range(len(people))] == full.tolist()
    assert np.isfinite(slates.frame[SCORE].to_numpy()).all()
    for row in range(len(people)):
        assert not set(slates[row].items) & set(people[row].items)


@pytest.mark.parametrize("name", model_names())
def test_newcomers_are_served_better_than_by_chance(name):
    """With 0, 1, 3, 10 and all events; what is expected of a random list is known exactly."""
    split = taken("everything")
    rows = cold_start(fitted(name), split, LENGTHS, K)
    ids, people = split.people()
    relevant = np.asarray(split.relevant_matrix().sum(axis=1))
    chance = dict(zip(ids, relevant / (split.train.n_items - people.lengths), strict=True))
    for (history,), part in rows.group_by(SHOWN):
        expected = np.mean([chance[person] for person in part[USER]])
        assert part.height > 30
        assert part["precision"].mean() > 1.25 * expected, history


# --- new items ------------------------------------------------------------------------------------

BY_WHAT_THEY_ARE = {
    "content": {},
    "blend": {"parts": ["content", "popularity"], "weights": [1.0, 0.1]},
    "switch": {"parts": ["popularity", "content"], "at": [1]},
    "cascade": {"parts": ["popularity", "content"], "depth": 200},
}
"""Models that read what an item is, or can: parameters with which they do."""
OFFSET = 1000


@cache
def with_twins():
    """Of the twelve most liked items there are twins, alike in all but that nobody met them."""
    train, test, items, users = world()
    liked = train.filter(pl.col(VALUE) >= 4)[ITEM].value_counts().sort("count", ITEM)[ITEM][-12:]
    twins = items.filter(pl.col(ITEM).is_in(liked.implode())).with_columns(pl.col(ITEM) + OFFSET)
    split = wb.Split.from_frames(train, test, pl.concat([items, twins]), users, 4.0)
    code = split.train.catalogue.codes
    return split, code(twins[ITEM] - OFFSET), code(twins[ITEM])


@pytest.mark.parametrize("name", model_names())
def test_a_new_item_is_scored_by_what_it_is_or_is_not_shown(name):
    """Where its features are not read there is nothing for it: NaN, or below the places."""
    split, _, new = with_twins()
    people = split.people()[1]
    model = light(name).fit(split.train)
    scores = model.score(people)[:, new]
    frame = wb.recommend(model, people, K).frame
    assert frame.height == K * len(people)
    assert not np.isinf(scores).any()
    if name == "content":
        assert np.isfinite(scores).all()
    elif name == "engine":  # scores its candidates, of which content brings new items, too
        assert np.isfinite(scores).any(axis=1).mean() > 0.9
    else:
        assert not np.isin(split.train.catalogue.codes(frame[ITEM]), new).any()


@pytest.mark.parametrize("name", BY_WHAT_THEY_ARE)
def test_a_new_item_that_is_like_a_liked_one_is_shown(name):
    split, old, new = with_twins()
    everybody = split.people()[1]
    people = everybody[np.flatnonzero(everybody.lengths >= 3)]
    model = create(name, **BY_WHAT_THEY_ARE[name]).fit(split.train)
    shown = split.train.catalogue.codes(wb.recommend(model, people, K).frame[ITEM])
    share = len(new) / split.train.n_items
    assert np.isin(shown, new).mean() > share, "more often than by chance"
    if name == "content":  # but for a millionth of the popularity
        scores = model.score(people)
        np.testing.assert_allclose(scores[:, new], scores[:, old], atol=2e-6)


# --- parameters -----------------------------------------------------------------------------------

UNFIT = {
    "-1": -1, "-0.5": -0.5, "0": 0, "1.5": 1.5, "nan": math.nan, "inf": math.inf, "True": True,
    "a word": "no such word", "None": None, "list": [None], "an object": object(),
}  # fmt: skip
LEGAL = {
    # 0 takes something away, None leaves it to us, and inf lets nothing fade.
    "1.5 inf": "half_life recency",
    "0 1.5": "damping shrinkage k1 dislikes genres year title min_child_weight reg_lambda "
    "training_reg",
    "0": "b asymmetry backward short_share seed",
    "1.5": "reg reg_bias l1_reg l2_reg max_gb learning_rate",
    "None": "parts columns kinds retrievers monotone early_stopping",
    "True": "tastes",
}
"""Which of these are right → for which parameters; none is for all others."""
LEGAL_OF = {
    ("content", "reg"): "1.5 inf",
    ("rp3beta", "alpha"): "0 1.5",
    ("rp3beta", "beta"): "0 1.5",
    ("als", "alpha"): "1.5",
    ("slim", "n_neighbours"): "None",
    ("nmf", "training_reg"): "1.5",
    ("baseline", "training_reg"): "0 1.5 None",
    ("picks", "items"): "list",  # of ids, which only a log can tell from others
}
"""The same, where it goes by the model."""
PARAMETERS = [
    (name, parameter)
    for name in model_names()
    for parameter in inspect.signature(model_class(name)).parameters
]


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_a_parameter_is_refused_by_its_name_before_anything_is_fitted(name, parameter):
    legal = LEGAL_OF.get((name, parameter)) or next(
        (right for right, where in LEGAL.items() if parameter in where.split()), ""
    )
    for words, value in UNFIT.items():
        if words in legal.split():
            assert create(name, **{parameter: value}).params()[parameter] in (value, (None,))
            continue
        with pytest.raises(ArgumentError, match=rf"\b{parameter}\b"):
            create(name, **{parameter: value})


@pytest.mark.parametrize(
    ("name", "parameter"),
    [("recent", "half_life"), ("trending", "half_life"), ("content", "reg")]
    + [(name, "recency") for name in ("recently-viewed", "session", "following", "content")],
)
def test_endless_is_a_number_that_works_where_it_is_taken(name, parameter):
    split = taken("everything")
    model = create(name, **{parameter: math.inf}).fit(split.train)
    scores = model.score(split.people()[1])
    assert np.isfinite(scores).all()
    again = type(model).from_state(*model.state())
    np.testing.assert_array_equal(again.score(split.people()[1]), scores)

"""A plain function as a model: what it sees, what it may return, how it is kept."""

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.checks.model import check_model
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError, ContractError
from workbench.models.function import N_LIKED, FromFunction, best_of_the_liked_genres
from workbench.profile import Profile
from workbench.profiles import Profiles

LOG = Dataset(
    pl.DataFrame(
        {
            "user_id": [1, 1, 2, 3],
            "item_id": ["a", "b", "a", "c"],
            "value": [5.0, 1.0, 4.0, 5.0],
        }
    ),
    pl.DataFrame(
        {
            "item_id": ["a", "b", "c", "d"],
            "genres": [["X"], ["Y"], ["Y"], None],
            "year": [1, 2, 3, 4],
        }
    ),
    relevant_from=4.0,
)


def newest_first(profile, items):
    """An example of somebody's own."""
    newest = items["year"].max() or 0
    return {item: (year or 0) - newest for item, year in items["item_id", "year"].iter_rows()}


def sold_to_the_young(profile, items):
    """Reads an attribute."""
    young = (profile.attributes.get("age") or 99) < 40
    sign = 1 if young else -1
    return {i: sign * n for i, n in items["item_id", N_LIKED].iter_rows()}


def _scores(model, *people):
    return model.score(Profiles.of(people, model.catalogue))


def test_it_is_asked_for_each_person_and_what_it_leaves_out_is_not_said():
    def own_last(profile, items):
        assert items[N_LIKED].to_list() == [2, 0, 1, 0]
        return {profile.items[-1]: len(profile)} if profile.items else {"d": 1}

    model = FromFunction(own_last).fit(LOG)
    scores = _scores(model, Profile.of(items=["a", "b"]), Profile(), Profile.of(items=["c", "x"]))
    np.testing.assert_array_equal(
        scores, [[np.nan, 2, np.nan, np.nan], [np.nan] * 3 + [1], [np.nan, np.nan, 1, np.nan]]
    )
    np.testing.assert_array_equal(model.score(LOG.profiles([2]), np.array([3, 0])), [[np.nan, 1.0]])


def test_the_example_by_hand():
    model = FromFunction(best_of_the_liked_genres).fit(LOG)
    (scores,) = _scores(model, Profile.of(items=["a", "b"], values=[5.0, 1.0]))
    np.testing.assert_allclose(scores, [2 * 1.01, 0, 0.01, 0], rtol=1e-6)
    (nobody,) = _scores(model, Profile())
    np.testing.assert_allclose(nobody, [0.02, 0, 0.01, 0], rtol=1e-6)


def test_a_function_of_one_s_own_keeps_the_contract():
    newest = FromFunction(newest_first, needs=["item_features"], personalised=False)
    assert check_model(newest).height > 25
    assert check_model(FromFunction(sold_to_the_young, {"age"}, personalised=False)).height > 25


def test_a_function_that_remembers_breaks_the_contract():
    calls = []

    def counting(profile, items):
        calls.append(profile)
        return dict.fromkeys(items["item_id"], float(len(calls)))

    with pytest.raises(ContractError, match="batch_equals_singles: person"):
        check_model(FromFunction(counting), rules=["batch_equals_singles"])


def test_it_sees_only_what_it_says_it_uses():
    person = Profile((), {"age": 20, "gender": "F"}, {"device": "tv"})
    seen = []

    def looking(profile, items):
        seen.append((dict(profile.attributes), sorted(profile.context)))
        return {"a": 1}

    _scores(FromFunction(looking).fit(LOG), person)
    _scores(FromFunction(looking, uses=["age", "device"]).fit(LOG), person)
    assert seen == [({}, ["as_of"]), ({"age": 20}, ["as_of", "device"])]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ([1.0, 2.0], "returned a list; return a dict of item id"),
        (None, "returned a NoneType; return a dict of item id"),
        ({"z": 1.0}, "scored 'z', which is no item of the catalogue"),
        ({1: 1.0}, "scored 1, which is no item of the catalogue"),
        ({"a": float("inf")}, "returned a score that is no finite number"),
        ({"a": 1e300}, "returned a score that is no finite number"),
        ({"a": "much"}, "returned a score that is no finite number"),
        ({"a": [1, 2]}, "returned a score that is no finite number"),
    ],
)
def test_what_it_may_not_return_is_refused_by_the_function_s_name(returned, message):
    def faulty(profile, items):
        return returned

    with pytest.raises(ArgumentError, match=f"function 'faulty' {message}"):
        _scores(FromFunction(faulty).fit(LOG), Profile())


def test_nothing_and_none_are_not_said():
    (scores,) = _scores(FromFunction(lambda profile, items: {"a": None}).fit(LOG), Profile())
    assert np.isnan(scores).all()
    (scores,) = _scores(FromFunction(lambda profile, items: {}).fit(LOG), Profile())
    assert np.isnan(scores).all()


def test_a_function_of_a_module_is_saved_by_its_path(monkeypatch):
    model = FromFunction(newest_first, needs=["item_features"]).fit(LOG)
    arrays, words = model.state()
    again = FromFunction.from_state(arrays, words)
    assert again.function is newest_first
    assert again.needs == {"item_features"}
    person = Profile.of(items=["b"])
    np.testing.assert_array_equal(_scores(again, person), _scores(model, person))
    blend = wb.create("blend", parts=[model, "popularity"], weights=[1.0, 1.0]).fit(LOG)
    back = type(blend).from_state(*blend.state())
    np.testing.assert_array_equal(_scores(back, person), _scores(blend, person))


@pytest.mark.parametrize("path", ["os:system", "tests.models.test_function:never_made_a_model"])
def test_a_saved_file_runs_no_function_that_was_not_made_a_model_before(path):
    arrays, words = FromFunction(newest_first).fit(LOG).state()
    words["params"]["function"] = path
    with pytest.raises(ArgumentError, match=f"runs the function '{path}'; import it and make"):
        FromFunction.from_state(arrays, words)


def test_a_function_without_a_path_cannot_be_saved():
    def inner(profile, items):
        return {"a": 1.0}

    for function, name in ((inner, "'inner'"), (lambda profile, items: {"a": 1.0}, "'<lambda>'")):
        with pytest.raises(ArgumentError, match=f"a model around {name} cannot be saved, since no"):
            FromFunction(function).fit(LOG).state()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"function": "module:name"}, "function must be a function of a profile and the items"),
        ({"function": dict}, "function must be a function of a profile and the items"),
        ({"uses": "age"}, "uses must be a list of names, not 'age'"),
        ({"needs": [1]}, r"needs must be a list of names, not \[1\]"),
    ],
)
def test_arguments_that_cannot_work_are_refused(params, message):
    with pytest.raises(ArgumentError, match=message):
        FromFunction(**params)

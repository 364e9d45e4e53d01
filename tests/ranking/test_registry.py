"""Names of models."""

import inspect

import pytest

import workbench as wb
from workbench.errors import NotFittedError
from workbench.models.base import Recommender
from workbench.ranking.registry import MODELS, create, model_class, model_names


def test_names_are_a_list_of_one_s_own():
    names = model_names()
    assert names == list(MODELS)
    names.clear()
    assert model_names()


@pytest.mark.parametrize("name", model_names())
def test_every_name_makes_an_unfitted_model(name):
    model = create(name)
    assert isinstance(model, Recommender)
    assert model.name == name
    with pytest.raises(NotFittedError, match="fit"):
        model.state()


@pytest.mark.parametrize("name", model_names())
def test_every_model_is_made_again_from_its_params(name):
    model = create(name)
    again = create(name, **model.params())
    assert repr(again) == repr(model)
    known = list(inspect.signature(model_class(name)).parameters)
    assert list(model.params()) == known


def test_parameters_are_taken():
    assert create("ease", reg=7.5).reg == 7.5


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("eas", "did you mean 'ease'"),
        ("EASE", "there are popularity"),
        ("", "there are popularity"),
    ],
)
def test_another_name_is_refused_with_the_names_there_are(name, hint):
    with pytest.raises(wb.ArgumentError, match=hint) as caught:
        create(name)
    assert "user-knn" in str(caught.value)


@pytest.mark.parametrize("name", [None, 3, ["ease"], Recommender])
def test_a_name_that_is_no_string_is_refused(name):
    with pytest.raises(wb.ArgumentError, match=r"is no model; .*there are"):
        create(name)


def test_a_parameter_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(wb.ArgumentError, match="'ease' takes no 'regg'; it takes reg"):
        create("ease", regg=1.0)
    with pytest.raises(wb.ArgumentError, match="'popularity' takes no 'k'; it takes nothing"):
        create("popularity", k=3)


def test_a_value_that_cannot_work_is_refused_by_the_model():
    with pytest.raises(wb.ArgumentError, match="reg must be above 0"):
        create("ease", reg=0)

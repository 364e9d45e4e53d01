import polars as pl
import pytest

from workbench.audit.groups import groupings
from workbench.errors import ArgumentError

PEOPLE = pl.DataFrame(
    {
        "gender": ["F", "M", None, " ", "F", "M", "F", "unknown"],
        "age": [17, 18, 24, 25, 56, None, 44, 45],
        "zip": ["a", "b", "c", "d", "e", "f", "g", "h"],
        "nothing": pl.Series([None] * 8, dtype=pl.String),
        "same": ["x"] * 8,
        "member": [True, False, None, True, True, True, False, False],
    }
)


def named(groups, attributes=PEOPLE):
    made, _ = groupings(attributes, groups)
    return made


def test_missing_blank_and_the_word_unknown_are_one_group_shown_last():
    (gender,) = named(["gender"])
    assert gender.names.to_list() == ["F", "M", "unknown", "unknown", "F", "M", "F", "unknown"]
    assert gender.order == ("F", "M", "unknown")


def test_truth_values_are_words():
    (member,) = named(["member"])
    assert member.order == ("no", "yes", "unknown")


def test_bands_are_lower_edges():
    (age,) = named({"age": [18, 25, 45]})
    assert age.names.to_list() == [
        "under 18", "18 to 24", "18 to 24", "25 to 44", "45 and over", "unknown", "25 to 44",
        "45 and over",
    ]  # fmt: skip
    assert age.order == ("under 18", "18 to 24", "25 to 44", "45 and over", "unknown")


def test_ages_get_stated_bands_and_other_numbers_their_quartiles():
    wide = pl.DataFrame({"age": range(100), "income": [x * 1.5 for x in range(100)]})
    age, income = named(["age", "income"], wide)
    assert age.order[:3] == ("under 18", "18 to 24", "25 to 34")
    assert "bands of age in years" in age.how
    assert "quartiles" in income.how
    counts = income.names.value_counts()["count"]
    assert counts.min() >= 24
    assert counts.max() <= 26


def test_numbers_without_age_in_them_are_ordered_as_numbers():
    few = pl.DataFrame({"level": [10, 9, 2, 10, 2] * 10})
    (level,) = named(["level"], few)
    assert level.order == ("2", "9", "10")


def test_an_intersection_crosses_its_parts():
    (both,) = named([("gender", "member")])
    assert both.attribute == "gender × member"
    assert both.names[0] == "F × yes"
    assert both.names[2] == "unknown"


def test_by_default_ids_and_empty_columns_are_left_out_and_say_why():
    many = pl.DataFrame(
        {
            "zip": [f"{i:05}" for i in range(200)],
            "number": range(200),
            "nothing": pl.Series([None] * 200, dtype=pl.String),
            "same": ["x"] * 200,
            "tags": [["a"]] * 200,
            "town": [f"t{i % 60}" for i in range(200)],
            "gender": ["F", "M"] * 100,
        }
    )
    made, skipped = groupings(many)
    assert [g.attribute for g in made] == ["gender"]
    assert set(skipped) == {"zip", "number", "nothing", "same", "tags", "town"}
    assert "an id" in skipped["zip"]
    assert "an id" in skipped["number"]
    assert "every value is missing" in skipped["nothing"]
    assert "nobody to compare with" in skipped["same"]
    assert "60 groups" in skipped["town"]


def test_what_cannot_be_a_group_is_refused_by_name():
    many = pl.DataFrame({"zip": [f"{i:05}" for i in range(200)], "gender": ["F", "M"] * 100})
    with pytest.raises(ArgumentError, match=r"no attribute 'sex'; there are: 'zip', 'gender'"):
        named(["sex"], many)
    with pytest.raises(ArgumentError, match=r"'zip' cannot be a group .*an id"):
        named(["zip"], many)
    with pytest.raises(ArgumentError, match=r"write groups=\['gender'\]"):
        named("gender", many)
    with pytest.raises(ArgumentError, match="'gender' is not a number"):
        named({"gender": [1, 2]}, many)
    with pytest.raises(ArgumentError, match="names 'gender' twice"):
        named(["gender", "gender"], many)
    with pytest.raises(ArgumentError, match="must be increasing"):
        named({"age": [30, 20]})
    with pytest.raises(ArgumentError, match="an intersection needs two"):
        named([("gender",)], many)

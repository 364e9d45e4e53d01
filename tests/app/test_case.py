"""One ledger for everything: cases, what they make of a person and a policy, and their address."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.address import (
    CASES,
    EDITS,
    LONGEST,
    MOST_SAVED,
    PARAMETERS,
    Known,
    fits,
    from_address,
    link,
    to_address,
)
from app.facets import facets
from app.state import (
    ADD,
    ATTRIBUTE,
    CAP,
    CONTEXT,
    DIAL,
    DIALS,
    DROP,
    HIDE,
    LIFT,
    MOMENT,
    MOST_EDITS,
    PERSON_ONLY,
    PIN,
    RATE,
    SEED,
    START,
    STEP,
    THE_MOMENT,
    Case,
    Edit,
    PolicyChoice,
    Saved,
    checked,
)
from workbench.profile import Profile
from workbench.vocabulary import Vocabulary

IDS = ["007", "7", "a_b~c.d", "é *!", "x" * 50, "-1", "", "a b+c%20&=?#/"]
USERS = pl.DataFrame(
    {
        "user_id": range(20),
        "age": [18 + i for i in range(20)],
        "job": ["x_y~z", "", "é!", "1"] * 5,
        "paid": [True, False] * 10,
        "lists": [["a"]] * 20,
        "nothing": pl.Series([None] * 20, dtype=pl.String),
        "height": [1.5 + i / 7 for i in range(20)],
    }
)
FACETS = facets(USERS, [c for c in USERS.columns if c != "user_id"], {"age"})
KNOWN = Known(
    Vocabulary(IDS), Vocabulary(IDS), {"7"}, (0.5, 5.0), FACETS, {"job": FACETS["job"]},
    (100.0, 2e9), DIALS, ("genres",),
)  # fmt: skip


def facet_edits(name):
    facet = FACETS[name]
    if not facet.is_free:
        return some.sampled_from([*facet.options, None])
    if facet.whole:
        return some.integers(int(facet.low), int(facet.high))
    return some.floats(facet.low, facet.high)


items = some.sampled_from(IDS)
edits = some.one_of(
    some.builds(Edit, some.sampled_from([ADD, RATE]), items, some.floats(0.5, 5.0) | some.none()),
    some.builds(Edit, some.just(DROP), items),
    some.builds(Edit, some.just(DIAL), some.sampled_from(DIALS), some.floats(0, 1)),
    some.builds(Edit, some.just(DIAL), some.just(SEED), some.integers(0, 999)),
    some.builds(Edit, some.just(CAP), some.just("genres"), some.integers(0, 50)),
    some.builds(Edit, some.sampled_from([PIN, HIDE]), items, some.sampled_from([0.0, 1.0])),
    some.builds(Edit, some.just(LIFT), items, some.floats(-9, 9)),
    some.builds(Edit, some.just(MOMENT), some.just(THE_MOMENT), some.floats(100, 2e9)),
    some.builds(Edit, some.just(MOMENT), some.just(THE_MOMENT)),
    some.builds(Edit, some.just(CONTEXT), some.just("job"), facet_edits("job")),
    *(
        some.builds(Edit, some.just(ATTRIBUTE), some.just(name), facet_edits(name))
        for name in FACETS
    ),
)
cases = some.builds(
    lambda made, undone: Case("guest", "7", tuple(made), min(undone, len(made))),
    some.lists(edits, max_size=12),
    some.integers(0, 12),
)
names = some.text(some.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=40)


@given(cases, some.lists(some.builds(Saved, names, cases), max_size=3), some.sampled_from(IDS))
def test_every_kind_of_edit_and_every_saved_case_comes_back(case, saved, why):
    against = str(len(saved) - 1) if saved else STEP
    found = from_address(to_address(case, why, against, saved), KNOWN)
    assert found.unread == 0
    assert (found.case, found.why, found.against) == (case, why, against)
    assert found.saved == tuple(saved)


@given(some.dictionaries(some.sampled_from(PARAMETERS), some.text()))
def test_nothing_in_an_address_raises(parameters):
    assert from_address(parameters, KNOWN).unread >= 0


spoilt = some.text("adilnpthrs_~!.*-0123456789eEé+ \ud800", max_size=60)


@given(spoilt, spoilt, spoilt)
def test_nearly_right_addresses_do_not_raise_either(edits, saved, beside):
    found = from_address({"edits": edits, "cases": saved, "beside": beside}, KNOWN)
    assert found.case is not None
    for one in found.saved:
        assert one.name.isprintable()


@pytest.mark.parametrize(
    "part",
    [
        "dial_diversity_1.1", "dial_diversity_nan", "dial_pool_1", "dial_seed_1.5",
        "dial_diversity",
        "cap_genres_-1", "cap_genres_1e9", "cap_year_2", "pin_7_2", "pin_unknown_1", "hide_7",
        "lift_7_1e300", "lift_7_inf", "at_as*5Fof_99", "at_as*5Fof_3e9", "at_when_500", "is_age_17",
        "is_age_20.5", "is_age_twenty", "is_nobody_1", "is_lists_a", "is_nothing_a", "in_age_20",
        "is_job_zzz", "is_paid_yes", "is_height_99", "add_7_5_5", "*ED*A0*80_7_1",
    ],
)  # fmt: skip
def test_what_the_screen_could_not_have_made_is_left_out(part):
    found = from_address({"edits": f"{part}~add_7_3"}, KNOWN)
    assert (found.unread, found.case.edits) == (1, (Edit(ADD, "7", 3.0),))


@pytest.mark.parametrize("name", ["*ED*A0*80", "a*0Ab", "*E2*80*AE", "", "x" * 41, "*FF"], ids=repr)
def test_a_name_that_cannot_be_shown_is_no_name(name):
    found = from_address({"cases": f"{name}_nobody__0"}, KNOWN)
    assert (found.saved, found.unread) == ((), 1)


def test_a_log_without_times_ratings_or_genres_takes_no_such_edits():
    bare = Known(Vocabulary(IDS), Vocabulary(IDS), (), None)
    packed = "at_as*5Fof_500~add_7_3~dial_diversity_0.5~cap_genres_2~is_age_20~pin_7_1"
    found = from_address({"edits": packed}, bare)
    assert (found.unread, found.case.edits) == (5, (Edit(PIN, "7", 1.0),))


def test_the_length_of_an_address_is_bounded():
    case = Case(edits=tuple(Edit(PIN, "x" * 50, 1.0) for _ in range(MOST_EDITS)))
    assert fits(case)
    assert not fits(case.edited(Edit(HIDE, "7", 1.0)))
    assert not fits(Case(), [Saved("a", Case())] * (MOST_SAVED + 1))
    assert not fits(Case(), [Saved("a", case)] * 2)  # more letters than there may be
    long = to_address(case)[EDITS] + "~pin_7_1" * 3000
    assert len(long) > LONGEST
    assert from_address({EDITS: long}, KNOWN).case.edits == ()
    assert from_address({CASES: "a_nobody__0!" * 3000}, KNOWN).saved == ()


def test_the_end_of_an_address_can_be_typed():
    assert link(Case("guest", "7", (Edit(ADD, "é *!", 4.0),))) == (
        "?person=guest.7&edits=add_%2AC3%2AA9%2A20%2A2A%2A21_4"
    )


# --- what the ledger makes ---------------------------------------------------------------------


def test_a_policy_is_what_its_edits_make_of_it():
    case = Case()
    assert not case.policy
    for edit in (
        Edit(DIAL, "diversity", 0.4), Edit(CAP, "genres", 3), Edit(PIN, "7", 1.0),
        Edit(PIN, "-1", 1.0), Edit(LIFT, "7", 1.5), Edit(LIFT, "-1", 2.0), Edit(HIDE, "007", 1.0),
        Edit(PIN, "7", 0.0), Edit(LIFT, "-1", 0.0), Edit(ADD, "7", 3.0),
    ):  # fmt: skip
        case = case.edited(edit)
    assert case.policy == PolicyChoice(
        diversity=0.4, pin=("-1",), boost=(("7", 1.5),), exclude=("007",), cap=(("genres", 3),)
    )
    assert case.policy.parameters == {
        "diversity": 0.4, "pin": ("-1",), "boost": {"7": 1.5}, "exclude": ("007",),
        "cap": {"genres": 3},
    }  # fmt: skip
    assert case.policy.dials == {"diversity": 0.4}
    assert not case.restarted().policy
    assert not case.held_against(PERSON_ONLY).policy
    assert len(case.held_against(PERSON_ONLY).edits) == 1
    assert not PolicyChoice(seed=4)
    assert hash(case.policy) == hash(case.redo().policy)


def test_turns_of_one_dial_in_a_row_are_one_change():
    case = Case().edited(Edit(DIAL, "diversity", 0.1)).edited(Edit(DIAL, "diversity", 0.2))
    assert case.edits == (Edit(DIAL, "diversity", 0.2),)
    case = case.edited(Edit(DIAL, "epsilon", 0.1)).edited(Edit(DIAL, "diversity", 0.3))
    assert len(case.edits) == 3
    twice = Case().edited(Edit(RATE, "7", 1.0)).edited(Edit(RATE, "7", 2.0))
    assert len(twice.edits) == 2


def test_a_turn_after_an_undo_leaves_what_stands_before_it():
    case = Case().edited(Edit(DIAL, "diversity", 0.1)).undo().edited(Edit(DIAL, "diversity", 0.2))
    assert case.edits == (Edit(DIAL, "diversity", 0.2),)


START_OF = Profile.of(["a", "b", "c"], [1.0, 2.0, 3.0], [10.0, 20.0, 30.0], {"age": 30})


def test_the_moment_comes_first_and_can_be_moved_back_again():
    case = Case(
        edits=(
            Edit(DROP, "c"), Edit(MOMENT, THE_MOMENT, 20.0), Edit(ADD, "z", 5.0),
            Edit(ATTRIBUTE, "age", None), Edit(CONTEXT, "place", "home"),
        )
    )  # fmt: skip
    profile = case.profile(START_OF)
    assert profile.items == ["a", "b", "z"]
    assert profile.last("z").timestamp == profile.as_of == 20.0
    assert (profile.attributes["age"], profile.context["place"]) == (None, "home")
    assert case.idle(START_OF) == {0}  # "c" had not happened by then
    later = case.edited(Edit(MOMENT, THE_MOMENT, None))
    assert later.profile(START_OF).items == ["a", "b", "z"]
    assert not later.idle(START_OF)
    assert later.as_of is None
    assert later.profile(START_OF).as_of == 30.0


def test_undoing_everything_is_the_person_as_they_are():
    case = Case(edits=(Edit(DROP, "a"), Edit(MOMENT, THE_MOMENT, 15.0), Edit(RATE, "b", 1.0)))
    assert case.restarted().profile(START_OF) == START_OF
    assert case.held_against(START).profile(START_OF) == START_OF
    assert case.held_against(STEP).edits == case.edits[:2]
    assert case.back_to(1).profile(START_OF) == START_OF.without("a")
    assert case.back_to(99) == case
    assert case.undo().undo().redo() == case.undo()


def test_edits_are_checked_at_the_moment_they_were_made():
    wound = (Edit(MOMENT, THE_MOMENT, 15.0), Edit(ADD, "b", 4.0))  # "b" came later
    assert checked(Case(edits=wound), START_OF) == (Case(edits=wound), 0)
    assert checked(Case(edits=wound[1:]), START_OF) == (Case(), 1)
    late = (Edit(MOMENT, THE_MOMENT, 15.0), Edit(DROP, "c"))
    assert checked(Case(edits=late), START_OF)[1] == 1
    undone = Case(edits=(Edit(DROP, "z"), Edit(DROP, "a"), Edit(DROP, "y")), undone=2)
    assert checked(undone, START_OF) == (Case(edits=(Edit(DROP, "a"),), undone=1), 2)


def test_a_thousand_spoilt_edits_are_checked_soon():
    edits = [Edit(MOMENT, THE_MOMENT, float(i % 40)) for i in range(MOST_EDITS)]
    long = Profile.of([f"i{i}" for i in range(2000)], timestamps=[i % 35 for i in range(2000)])
    assert checked(Case(edits=tuple(edits)), long)[1] == 0


# --- facets -----------------------------------------------------------------------------------


def test_facets_are_the_columns_that_hold_plain_values():
    assert set(FACETS) == {"age", "job", "paid", "height"}
    assert [name for name, facet in FACETS.items() if facet.read] == ["age"]
    assert FACETS["age"].is_free
    assert FACETS["age"].whole
    assert (FACETS["age"].low, FACETS["age"].high) == (18, 37)
    assert not FACETS["height"].whole
    assert FACETS["job"].options == ("", "1", "x_y~z", "é!")
    assert FACETS["paid"].parsed("true") is True


def test_numbers_that_are_not_numbers_are_no_ends():
    frame = pl.DataFrame({"x": [float("nan"), float("inf"), *map(float, range(20))]})
    found = facets(frame, ["x"], ())["x"]
    assert (found.low, found.high) == (0, 19)
    assert facets(pl.DataFrame({"x": [float("nan")] * 3}), ["x"], ()) == {}

"""One row per person: by hand, from models and from lists, and what is refused."""

from math import log, log2

import numpy as np
import polars as pl
import pytest

from workbench.data.checkerboard import checkerboard
from workbench.data.dataset import Dataset
from workbench.data.split import Split, split
from workbench.errors import ArgumentError, DataError, NotFittedError
from workbench.evaluation.definitions import METRICS, definitions
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.uncertainty import summarise
from workbench.models.linear import EASE
from workbench.models.popularity import Popularity
from workbench.ranking import recommend as recommending
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import recommend
from workbench.slate import Slates

LISTS = {1: [3, 6, 4], 2: [4, 2], 4: [5, 6, 2], 6: [1, 2, 3], 3: [3]}
FIGURES = [name for name, metric in METRICS.items() if metric.total is None]


def slates(by_user, k=3, dtype=pl.Int64):
    rows = [(u, i, r) for u, items in by_user.items() for r, i in enumerate(items, 1)]
    frame = pl.DataFrame(rows, schema=["user_id", "item_id", "rank"], orient="row")
    return Slates.from_frame(frame.with_columns(pl.col("user_id", "item_id").cast(dtype)), k)


def test_thirteen_events_by_hand(by_hand):
    rows = evaluate(slates(LISTS), by_hand, 3)
    assert rows["user_id"].to_list() == [1, 2, 4, 5, 6]  # 3 has no relevant test item
    assert rows["n_relevant"].to_list() == [2, 1, 2, 1, 1]
    assert rows["guest"].to_list() == [False, False, False, True, False]
    assert rows["cold"].to_list() == [False, False, False, False, True]
    assert rows["n_shown"].to_list() == [3, 2, 3, 0, 3]  # 5 has no list
    second = 1 / log2(3)
    p_a, p_b, q_a, q_b = 0.75, 0.25, 0.5 / 3, 1.5 / 3
    by_metric = {
        "ndcg": [1.5 / (1 + second), second, second / (1 + second), 0, 0],
        "recall": [1, 1, 0.5, 0, 0],
        "precision": [2 / 3, 1 / 3, 1 / 3, 0, 0],
        "mrr": [1, 0.5, 0.5, 0, 0],
        "map": [(1 + 2 / 3) / 2, 0.5, 0.25, 0, 0],
        "hit_rate": [1, 1, 1, 0, 0],
        "novelty": [
            -(log2(3 / 5) + log2(1 / 5) + log2(2 / 5)) / 3,
            -(log2(2 / 5) + log2(3 / 5)) / 2,
            -(log2(1 / 5) + log2(1 / 5) + log2(3 / 5)) / 3,
            None,
            -(log2(4 / 5) + log2(3 / 5) + log2(3 / 5)) / 3,
        ],
        "diversity": [2.5 / 3, 1, 0, None, 2 / 3],
        "serendipity": [0, 0, 1 / 3, 0, 0],
        "popularity_lift": [0.25 / 0.625 - 1, 0.375 / 0.625 - 1, (0.5 / 3) / 0.5 - 1, None, None],
    }
    for name, expected in by_metric.items():
        got = rows[name].to_list()
        assert [v is None for v in got] == [v is None for v in expected], name
        assert [v or 0 for v in got] == pytest.approx([v or 0 for v in expected]), name
    kl = p_a * log(p_a / (0.99 * q_a + 0.01 * p_a)) + p_b * log(p_b / (0.99 * q_b + 0.01 * p_b))
    assert rows["miscalibration"][0] == pytest.approx(kl)
    assert rows["miscalibration"].is_null().to_list() == [False, False, True, True, True]


def test_the_words_travel_with_the_rows(by_hand):
    rows = evaluate(slates(LISTS), by_hand, 3)
    assert rows["k"].unique().to_list() == [3]
    assert rows["protocol"].unique().to_list() == [
        "relevant = value >= 4, lists as given, those missing count as empty, "
        "5 of 6 people have a relevant test item not met before, 1 of them guests, given split"
    ]
    model = Popularity().fit(by_hand.train)
    assert "all unseen items ranked, 5 of 6" in evaluate(model, by_hand, 3)["protocol"][0]
    after = evaluate(model, by_hand, 3, policy=Policy(exclude=[1]))
    assert "all unseen items ranked, then a policy" in after["protocol"][0]


def test_guests_are_named_where_there_are_any():
    alone = split(checkerboard(20, 20))
    assert "met before, per-user-time" in definitions(3, alone)["definition"][0]


def test_a_model_that_may_have_seen_the_test_is_marked(by_hand):
    doubt = "; the model was fitted on other data than this split's training part: figures may "
    model = Popularity().fit(by_hand.train)
    assert doubt not in evaluate(model, by_hand, 3)["protocol"][0]
    model = Popularity.from_state(*model.state())
    assert doubt not in evaluate(model, by_hand, 3)["protocol"][0]
    whole = by_hand.train.replaced(pl.concat([by_hand.train.interactions, by_hand.test]))
    rows = evaluate(Popularity().fit(whole), by_hand, 3)
    assert rows["protocol"].str.ends_with(doubt + "be flattered").all()
    assert doubt in summarise(rows)["definition"][0]
    model.fitted_on = None  # made by hand, or saved before it was kept
    assert doubt not in evaluate(model, by_hand, 3)["protocol"][0]


def test_definitions_are_of_one_split_and_some_places(by_hand):
    with pytest.raises(ArgumentError, match="k must be"):
        definitions(0, by_hand)
    with pytest.raises(ArgumentError, match=r"split must be a Split from .*, not str"):
        definitions(3, "by hand")


@pytest.fixture(scope="module")
def board():
    return split(checkerboard(60, 40), guests=0.1)


def test_a_model_and_its_lists_measure_the_same(board):
    model = EASE().fit(board.train)
    ids, people = board.people()
    rows = evaluate(model, board, 5)
    popular = evaluate(Popularity().fit(board.train), board, 5)
    assert rows["ndcg"].mean() > 1.2 * popular["ndcg"].mean()
    made = recommend(model, people, 5)
    assert evaluate(made, board, 5).drop("protocol").equals(rows.drop("protocol"))
    named = made.frame.with_columns(pl.Series("user_id", ids).gather(made.frame["row"]))
    shuffled = named.drop("row").sample(fraction=1.0, shuffle=True, seed=1)
    other = evaluate(Slates.from_frame(shuffled), board, 5)
    assert other.drop("protocol").equals(rows.drop("protocol"))
    deeper = recommend(model, people, 9)
    assert evaluate(deeper, board, 5).drop("protocol").equals(rows.drop("protocol"))


def test_blocks_and_the_bar_change_nothing(board, monkeypatch, capsys):
    model = EASE().fit(board.train)
    rows = evaluate(model, board, 5)
    monkeypatch.setattr("workbench.evaluation.evaluate.BLOCK", 7)
    monkeypatch.setattr(recommending, "BLOCK", 3)
    assert evaluate(model, board, 5).equals(rows)
    assert capsys.readouterr().err == ""


def test_the_bar_counts_blocks(board, capsys):
    evaluate(Popularity().fit(board.train), board, 5, progress=True)
    assert "evaluate popularity" in capsys.readouterr().err


def test_a_policy_is_measured(board):
    model = EASE().fit(board.train)
    best = recommend(model, board.people()[1], 1).frame["item_id"].unique().to_list()
    rows = evaluate(model, board, 5, policy=Policy(exclude=best))
    assert not rows["ndcg"].equals(evaluate(model, board, 5)["ndcg"])


@pytest.mark.parametrize("make", [EASE, Popularity])
def test_neither_row_order_nor_the_type_of_ids_matters(make):
    one = checkerboard(40, 30)
    names = {"user_id": pl.String, "item_id": pl.String}
    two = Dataset(
        one.interactions.sample(fraction=1.0, shuffle=True, seed=3).cast(names),
        one.items.reverse().cast({"item_id": pl.String}),
        one.users.reverse().cast({"user_id": pl.String}),
        relevant_from=one.relevant_from,
        name=one.name,
    )
    rows = []
    for dataset in (one, two):
        cut = split(dataset, guests=0.2)
        rows.append(evaluate(make().fit(cut.train), cut, 5).cast({"user_id": pl.String}))
    assert rows[0].select("user_id", *FIGURES).equals(rows[1].select("user_id", *FIGURES))


def test_a_log_without_values_items_or_time_is_measured():
    rng = np.random.default_rng(0)
    log = pl.DataFrame({"user_id": rng.integers(0, 20, 300), "item_id": rng.integers(0, 15, 300)})
    cut = split(Dataset(log.unique()), "random")
    rows = evaluate(Popularity().fit(cut.train), cut, 5)
    assert rows["ndcg"].mean() > 0
    assert rows["diversity"].null_count() == rows["miscalibration"].null_count() == rows.height
    assert "relevant = every test event" in rows["protocol"][0]


def test_k_beyond_the_catalogue_finds_everything(board):
    rows = evaluate(Popularity().fit(board.train), board, 10**6)
    assert (rows["recall"] == 1).all()
    assert rows["n_shown"].max() <= board.train.n_items


@pytest.mark.parametrize("k", [0, -1, 2.5, True, "10", None])
def test_k_must_be_a_whole_number(by_hand, k):
    with pytest.raises(ArgumentError, match="k must be a whole number of at least 1"):
        evaluate(slates(LISTS), by_hand, k)


def test_what_is_no_split_or_no_model_is_refused(by_hand, board):
    with pytest.raises(ArgumentError, match=r"split must be a Split from wb\.split, not Dataset"):
        evaluate(slates(LISTS), by_hand.train, 3)
    with pytest.raises(ArgumentError, match="evaluate one fold at a time"):
        evaluate(slates(LISTS), split(checkerboard(), "k-fold"), 3)
    with pytest.raises(ArgumentError, match=r"model must be a fitted model or Slates, not list"):
        evaluate([1, 2], by_hand, 3)
    with pytest.raises(NotFittedError, match="has not been fitted"):
        evaluate(Popularity(), by_hand, 3)
    with pytest.raises(ArgumentError, match="policy is for a model"):
        evaluate(slates(LISTS), by_hand, 3, policy=Policy())


def test_lists_that_cannot_be_measured_are_refused(by_hand):
    with pytest.raises(ArgumentError, match=r"k=10 but the slates have 3 places; give k=3"):
        evaluate(slates(LISTS), by_hand)
    with pytest.raises(DataError, match=r"slates name user_id 99, .* not know \(1 rows\)"):
        evaluate(slates({**LISTS, 99: [1]}), by_hand, 3)
    with pytest.raises(DataError, match="slates name item_id 77, which"):
        evaluate(slates({**LISTS, 2: [77]}), by_hand, 3)
    with pytest.raises(DataError, match=r"user_id '1', .* its ids are integers such as 1"):
        evaluate(slates(LISTS, dtype=pl.String), by_hand, 3)
    with pytest.raises(DataError, match="none of the 1 slates is of a person with a relevant"):
        evaluate(slates({3: [1]}), by_hand, 3)
    nameless = slates(LISTS).frame.drop("user_id")
    with pytest.raises(ArgumentError, match="there are 4 slates for 5 people"):
        evaluate(Slates(nameless, 4, 3), by_hand, 3)
    twice = pl.concat([nameless, nameless.with_columns(rank=pl.col("rank") + 3)])
    with pytest.raises(DataError, match="holds an item_id or a rank twice"):
        evaluate(Slates(twice, 5, 6), by_hand, 6)


def test_a_test_without_a_relevant_item_is_refused(by_hand):
    bad = Split(by_hand.train, by_hand.test.with_columns(value=pl.lit(1.0)), by_hand.guests)
    with pytest.raises(DataError, match=r"nobody in the test .* lower relevant_from"):
        evaluate(Popularity().fit(by_hand.train), bad)

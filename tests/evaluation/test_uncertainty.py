"""wb.summarise and wb.compare: figures, words, and what is refused."""

import numpy as np
import polars as pl
import pytest

from workbench.data.checkerboard import checkerboard
from workbench.data.split import split
from workbench.errors import ArgumentError, DataError
from workbench.evaluation.definitions import METRICS, definitions
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.uncertainty import compare, summarise
from workbench.models.linear import EASE
from workbench.models.popularity import Popularity, RecentPopularity


@pytest.fixture(scope="module")
def board():
    return split(checkerboard(80, 40), guests=0.1)


@pytest.fixture(scope="module")
def rows(board):
    made = {"ease": EASE(), "popularity": Popularity(), "recent": RecentPopularity()}
    return {name: evaluate(model.fit(board.train), board, 5) for name, model in made.items()}


def hand_rows(values, **others):
    n = len(values)
    return pl.DataFrame(
        {"user_id": range(n), "n_relevant": [1] * n, "ndcg": values, "k": [10] * n}
        | {"protocol": ["by hand"] * n}
        | others
    )


def test_means_intervals_and_words_of_every_metric(board, rows):
    table = summarise(rows["ease"])
    assert table.columns == ["metric", "mean", "low", "high", "n", "definition"]
    assert table["metric"].to_list() == [m for m in METRICS if METRICS[m].total is None]
    for row in table.iter_rows(named=True):
        values = rows["ease"][row["metric"]].drop_nulls()
        assert row["n"] == len(values) > 0
        assert row["mean"] == pytest.approx(values.mean())
        assert row["low"] <= row["mean"] <= row["high"]
        assert row["definition"].endswith(
            "of 80 people have a relevant test item not met before, 8 of them guests, "
            "per-user-time split of 0.2, ties by hash"
        )
        assert "{" not in row["definition"]
    assert (
        table["definition"]
        .to_list()[0]
        .startswith(
            "nDCG@5, binary, log2 discount, ideal = min(5, relevant items) on top; "
            "relevant = value >= 4, all unseen items ranked, "
        )
    )
    said = definitions(5, board)
    assert said["definition"].to_list() == table["definition"].to_list()
    assert said["source"].str.len_chars().min() > 10


def test_the_same_for_any_row_order_and_only_the_seed_matters(rows):
    base = summarise(rows["ease"])
    assert summarise(rows["ease"].reverse()).equals(base)
    texts = rows["ease"].cast({"user_id": pl.String}).sample(fraction=1.0, shuffle=True, seed=0)
    assert summarise(texts).equals(base)
    assert summarise(rows["ease"]).equals(base)
    other = summarise(rows["ease"], seed=1)
    assert other["mean"].equals(base["mean"])
    assert not other["low"].equals(base["low"])


def test_a_group_is_measured_as_if_alone(rows):
    together = pl.concat(r.with_columns(model=pl.lit(name)) for name, r in rows.items())
    table = summarise(together, by="model")
    assert table["model"].unique(maintain_order=True).to_list() == list(rows)
    for name in rows:
        assert table.filter(model=name).drop("model").equals(summarise(rows[name]))
    finer = summarise(together, by=["model", "guest"])
    assert finer["n"].sum() == table["n"].sum()
    assert finer.columns[:2] == ["model", "guest"]


def test_a_wider_level_is_a_wider_interval(rows):
    narrow, wide = (summarise(rows["ease"], level=level) for level in (0.5, 0.99))
    width = (wide["high"] - wide["low"]) / (narrow["high"] - narrow["low"])
    assert width.drop_nulls().min() > 2


def test_nulls_are_left_out_and_counted():
    table = summarise(hand_rows([0.2, None, 0.4, float("nan")], map=[0.1, 0.2, 0.3, 0.4]))
    assert table["n"].to_list() == [2, 4]
    assert table["mean"].to_list() == pytest.approx([0.3, 0.25])
    alone = summarise(hand_rows([0.2, 0.4]))
    assert table.row(0)[1:4] == alone.row(0)[1:4]
    empty = summarise(hand_rows([None, None], map=[0.1, 0.2])).row(0, named=True)
    assert (empty["mean"], empty["low"], empty["high"], empty["n"]) == (None, None, None, 0)


def test_one_person_and_people_who_all_agree():
    one = summarise(hand_rows([0.3])).row(0, named=True)
    assert (one["mean"], one["low"], one["high"], one["n"]) == (0.3, None, None, 1)
    same = summarise(hand_rows([0.0] * 20)).row(0, named=True)
    assert (same["mean"], same["low"]) == (0, 0)
    assert same["high"] == pytest.approx(0.1684, abs=1e-4)


def test_summaries_that_cannot_be_are_refused(rows):
    ease = rows["ease"]
    with pytest.raises(ArgumentError, match="level must be above 0 and below 1"):
        summarise(ease, level=95)
    with pytest.raises(ArgumentError, match="n_boot must be a whole number of at least 100"):
        summarise(ease, n_boot=0)
    with pytest.raises(ArgumentError, match="by='model' is no column of rows"):
        summarise(ease, by="model")
    with pytest.raises(ArgumentError, match=r"rows must be a frame of wb\.evaluate .* not dict"):
        summarise(rows)
    with pytest.raises(ArgumentError, match="with its column 'protocol', not one of"):
        summarise(ease.select("user_id", "ndcg"))
    with pytest.raises(ArgumentError, match="rows have no user_id"):
        summarise(ease.drop("user_id"))
    with pytest.raises(ArgumentError, match="rows have no metric"):
        summarise(ease.select("user_id", "protocol"))
    with pytest.raises(DataError, match="rows are empty"):
        summarise(ease.clear())
    with pytest.raises(DataError, match=r"user_id 0 is twice in the rows; .* by=\"model\""):
        summarise(pl.concat([ease, rows["recent"]]))
    with pytest.raises(DataError, match="in the rows there are k 5 and 3"):
        summarise(pl.concat([ease.head(3), ease.tail(3).with_columns(k=pl.lit(3, pl.Int64))]))


def test_a_comparison_is_paired(rows):
    table = compare(rows, against="popularity", metric=["ndcg", "mrr"])
    assert table["model"].to_list() == ["ease", "ease", "recent", "recent"]
    assert table["against"].unique().to_list() == ["popularity"]
    first = table.row(0, named=True)
    a, b = rows["ease"]["ndcg"], rows["popularity"]["ndcg"]
    assert first["difference"] == pytest.approx(a.mean() - b.mean())
    assert first["ratio"] == pytest.approx(a.mean() / b.mean())
    assert first["low"] < first["difference"] < first["high"]
    assert first["ratio_low"] < first["ratio"] < first["ratio_high"]
    assert first["n"] == len(a)
    assert first["p"] == pytest.approx(1 / 10_001)
    assert first["definition"].startswith("paired over people: nDCG@5, binary")
    assert (table["p_adjusted"] >= table["p"]).all()
    error = (a - b).std() / np.sqrt(len(a))
    assert first["smallest_visible"] == pytest.approx((1.96 + 0.84) * error, rel=0.03)
    # Pairing is what makes it sharp: the same people, matched by id, whatever the row order.
    mixed = compare({**rows, "ease": rows["ease"].reverse()}, "popularity", ["ndcg", "mrr"])
    assert mixed.equals(table)


def test_a_model_against_itself_is_no_different(rows):
    row = compare({"a": rows["ease"], "b": rows["ease"]}, against="a").row(0, named=True)
    assert (row["difference"], row["ratio"], row["p"], row["p_adjusted"]) == (0, 1, 1, 1)
    assert row["low"] == row["high"] == row["smallest_visible"] == 0


def test_pairs_with_a_null_are_left_out_and_counted():
    one = hand_rows([0.5, None, 0.5, 0.9])
    two = hand_rows([0.1, 0.2, None, 0.3])
    row = compare({"one": one, "two": two}, against="two").row(0, named=True)
    assert row["n"] == 2
    assert row["difference"] == pytest.approx(0.5)
    assert row["p"] == 0.5  # exact: 2 of 4 ways
    nothing = compare({"one": one, "two": hand_rows([None] * 4)}, "two").row(0, named=True)
    assert nothing["n"] == 0
    assert nothing["difference"] is None
    assert nothing["p"] is None


def test_a_ratio_to_nothing_is_not_said():
    row = compare(
        {"one": hand_rows([0.5, 0.4, 0.1]), "zero": hand_rows([0.0] * 3)}, against="zero"
    ).row(0, named=True)
    assert row["ratio"] is None
    assert row["difference"] == pytest.approx(1 / 3)


def test_what_was_asked_otherwise_is_said(rows):
    other = rows["ease"].with_columns(protocol=pl.lit("lists as given"))
    table = compare({"given": other, "ease": rows["ease"]}, against="ease")
    assert table["definition"][0].endswith("ties by hash; 'given': lists as given")


def test_comparisons_that_cannot_be_are_refused(rows):
    ease = rows["ease"]
    with pytest.raises(ArgumentError, match="against='ee' is none of 'ease', 'popularity'"):
        compare(rows, against="ee")
    with pytest.raises(ArgumentError, match="has only 'ease'; give at least one model more"):
        compare({"ease": ease}, against="ease")
    with pytest.raises(ArgumentError, match="metric='nDCG' is no metric; there are ndcg, recall"):
        compare(rows, against="ease", metric="nDCG")
    with pytest.raises(ArgumentError, match="the rows of 'ease' have no metric 'rmse'"):
        compare(rows, against="ease", metric="rmse")
    with pytest.raises(ArgumentError, match="metric is empty"):
        compare(rows, against="ease", metric=[])
    with pytest.raises(ArgumentError, match="n_swaps must be a whole number of at least 100"):
        compare(rows, against="ease", n_swaps=1)
    with pytest.raises(DataError, match="are not of the same people; evaluate both on one split"):
        compare({"ease": ease, "part": ease.head(10)}, against="ease")
    with pytest.raises(DataError, match="are not of the same people"):
        compare({"ease": ease, "text": ease.cast({"user_id": pl.String})}, against="ease")
    with pytest.raises(DataError, match="user_id 0 is twice in the rows of 'two'"):
        compare({"ease": ease, "two": pl.concat([ease, ease])}, against="ease")
    with pytest.raises(DataError, match="differ in k; evaluate both on one split and at one k"):
        compare({"ease": ease, "k": ease.with_columns(k=pl.lit(3, pl.Int64))}, against="ease")
    with pytest.raises(DataError, match="differ in n_relevant"):
        compare({"ease": ease, "n": ease.with_columns(pl.col("n_relevant") + 1)}, against="ease")

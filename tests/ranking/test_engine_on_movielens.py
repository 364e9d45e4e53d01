"""Newcomers on MovieLens 100K: asked on a cut inside the training part, never on the test part."""

import pytest

import workbench as wb
from workbench.evaluation.cold_start import cold_start

pytestmark = pytest.mark.full

LENGTHS = (0, 1, 3, 10)


@pytest.fixture(scope="module")
def inner():
    return wb.split(wb.split(wb.load("movielens-100k")).train)


@pytest.fixture(scope="module")
def curves(inner):
    engine = wb.Engine().fit(inner.train)
    models = {
        "engine": engine,
        "blend": wb.create("blend").fit(inner.train),
        **{name: engine.retrievers_[name] for name in ("following", "popularity")},
    }
    rows = {name: cold_start(model, inner, LENGTHS) for name, model in models.items()}
    return {
        length: {
            name: frame.filter(frame["history"].eq_missing(length)).drop("history")
            for name, frame in rows.items()
        }
        for length in (*LENGTHS, None)
    }


@pytest.mark.parametrize("length", [*LENGTHS, None])
def test_the_engine_is_no_worse_than_its_parts_at_any_length(curves, length):
    """Without lessons from shortened histories it is, after one event: -0.009 to the blend."""
    for rival in ("blend", "following", "popularity"):
        both = {name: curves[length][name] for name in ("engine", rival)}
        gap = wb.compare(both, against=rival).row(0, named=True)
        assert gap["difference"] > 0 or gap["high"] > 0, (rival, gap)


def test_more_history_makes_a_better_list(curves):
    means = [curves[length]["engine"]["ndcg"].mean() for length in (*LENGTHS, None)]
    assert means == sorted(means)
    assert means[1] > 1.5 * means[0]

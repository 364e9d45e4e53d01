"""The blend: its laws, its weights, its state."""

import numpy as np
import pytest
from scipy import sparse

from workbench.data.split import split
from workbench.errors import ArgumentError, CapabilityError
from workbench.models import hybrid
from workbench.models.factors import SVD
from workbench.models.hybrid import Blend, Lessons, standardised
from workbench.models.linear import EASE
from workbench.models.neighbours import ItemKNN
from workbench.models.popularity import Popularity
from workbench.profile import Profile
from workbench.profiles import Profiles
from workbench.vocabulary import Vocabulary


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_single_weight_gives_exactly_its_part(log, place):
    parts = [EASE(reg=20.0), ItemKNN(), Popularity()]
    weights = [float(i == place) * 0.3 for i in range(3)]
    people = log.profiles()
    blend = Blend(parts, weights).fit(log)
    own = parts[place].fit(log).score(people)
    assert np.array_equal(blend.score(people), own)


def test_the_score_is_the_weighted_sum_of_standard_scores(log):
    people = log.profiles()
    blend = Blend([EASE(reg=20.0), ItemKNN()], [1.0, 0.5]).fit(log)
    seen, expected = people.seen.toarray() > 0, 0.0
    for weight, part in zip([1.0, 0.5], [EASE(reg=20.0), ItemKNN()], strict=True):
        scores = part.fit(log).score(people).astype(np.float64)
        unseen = np.ma.masked_array(scores, seen)
        spread = unseen.std(axis=1).data[:, None]
        expected = expected + weight * (scores - unseen.mean(axis=1).data[:, None]) / spread
    np.testing.assert_allclose(blend.score(people), expected, rtol=1e-4, atol=1e-5)


def test_the_scale_of_a_part_does_not_matter(log):
    class Louder(ItemKNN):
        name = "louder"

        def score(self, profiles, items=None):
            return 1000 * super().score(profiles, items) + 7

    people = log.profiles()
    quiet = Blend([EASE(), ItemKNN()], [1, 1]).fit(log).score(people)
    loud = Blend([EASE(), Louder()], [1, 1]).fit(log).score(people)
    np.testing.assert_allclose(loud, quiet, atol=1e-2)


def test_standard_scores_take_nan_for_the_mean_and_flat_rows_for_nothing(log):
    people = Profiles.of([Profile(), Profile()], log.catalogue)
    scores = np.full((2, log.n_items), 3.3, dtype=np.float32)
    scores[0, :4] = [1.0, 2.0, 3.0, np.nan]
    scores[0, 4:] = np.nan
    found = standardised(scores, people)
    np.testing.assert_allclose(found[0, :4], [-np.sqrt(1.5), 0, np.sqrt(1.5), 0], rtol=1e-6)
    assert not found[0, 4:].any()
    assert not found[1].any()


def test_what_no_part_can_say_is_nan(log):
    unrated = log.catalogue.code(205)  # the last item has no event
    people = log.profiles()
    both = Blend([SVD(n_factors=2), SVD(n_factors=3)], [1, 1]).fit(log).score(people)
    assert np.isnan(both[:, unrated]).all()
    assert np.isfinite(np.delete(both, unrated, axis=1)).all()
    one = Blend([SVD(n_factors=2), EASE()], [1, 1]).fit(log).score(people)
    assert np.isfinite(one).all()


def test_weights_are_learned_on_a_cut_inside_the_log(log):
    class Backwards(ItemKNN):
        name = "backwards"

        def score(self, profiles, items=None):
            return -super().score(profiles, items)

    blend = Blend([Backwards(), EASE(reg=20.0)]).fit(log)
    assert blend.weights_[0] == 0
    assert blend.weights_[1] > 0
    assert blend.validation_["learned"] > blend.validation_["equal"]
    inner = split(log, "per-user-time", test_fraction=0.2)
    assert blend.validation_["n"] == len(inner.people()[0])


def test_a_log_without_time_is_cut_at_random(world):
    log = world.lacking("timestamps").dataset()
    blend = Blend(["ease", "item-knn"]).fit(log)
    assert blend.validation_["n"] > 10
    again = Blend(["ease", "item-knn"]).fit(log)
    assert np.array_equal(blend.score(log.profiles()), again.score(log.profiles()))


def test_a_log_too_small_to_cut_keeps_equal_weights(log):
    single = log.interactions.unique("user_id", keep="first", maintain_order=True)
    blend = Blend(["ease", "item-knn"]).fit(log.replaced(single))
    assert blend.weights_ == [1.0, 1.0]
    assert blend.validation_ == {}


def test_noise_moves_no_weight(log):
    split_log = split(log, "per-user-time", test_fraction=0.2)
    people, asked = split_log.people()[1], split_log.relevant_matrix()
    rng = np.random.default_rng(0)
    same = rng.normal(size=(1, len(people), log.n_items)).astype(np.float32)
    assert Lessons(np.repeat(same, 3, axis=0), people, asked).searched() == [1.0, 1.0, 1.0]


def test_a_gain_within_its_standard_error_moves_no_weight():
    # More of the second part lifts what the first person likes from rank 2 to 1 (+0.37), and
    # drops what the second one likes from 2 to 3 (-0.13).
    scores = np.zeros((2, 2, 12), dtype=np.float32)
    scores[:, 0, :2] = [[1.0, 0.0], [0.0, 0.8]]
    scores[:, 1, :3] = [[10.0, 1.0, 0.0], [0.0, 0.0, 0.8]]
    asked = sparse.csr_array(([1.0, 1.0], ([0, 1], [1, 1])), shape=(2, 12))
    people = Profiles.of([Profile()] * 2, Vocabulary(range(12)))
    assert Lessons(scores.copy(), people, asked).searched() == [1.0, 1.0]
    # Where the second person does not mind, the gain is one person's: still within.
    scores[1, 1] = 0.0
    assert Lessons(scores.copy(), people, asked).searched() == [1.0, 1.0]
    # Where both gain, it moves.
    scores[:, 1] = scores[:, 0]
    assert Lessons(scores.copy(), people, asked).searched() != [1.0, 1.0]


def test_least_squares_finds_the_parts_that_tell_relevant_items_apart(log):
    inner = split(log, "per-user-time", test_fraction=0.2)
    people, asked = inner.people()[1], inner.relevant_matrix()
    rng = np.random.default_rng(0)
    truth, noise, against = asked.toarray(), *rng.normal(size=(2, *asked.shape))
    parts = np.stack([truth + 0.3 * noise, against, -truth, 2 * truth + 0.6 * noise])
    weights = Lessons(parts.astype(np.float32), people, asked).fitted()
    assert weights[0] + 2 * weights[3] > 0.4
    assert weights[1] < 0.1
    assert weights[2] == 0.0
    nothing = Lessons(-parts[[0]].astype(np.float32), people, asked)
    assert nothing.fitted() == [1.0]


def test_weights_by_least_squares_are_those_of_an_open_solver(log):
    blend = Blend(["ease", "item-knn", "popularity"], "nnls").fit(log)
    assert min(blend.weights_) >= 0
    assert max(blend.weights_) > 0
    assert blend.validation_["n"] > 10
    assert set(blend.validation_) == {"equal", "learned", "n"}


@pytest.mark.parametrize("n_parts", [1, 3])
def test_the_search_measures_ndcg_as_it_is_defined(log, n_parts):
    inner = split(log, "per-user-time", test_fraction=0.2)
    people, asked = inner.people()[1], inner.relevant_matrix()
    scores = Popularity().fit(inner.train).score(people).astype(np.float64)
    scores += np.random.default_rng(0).normal(size=scores.shape)
    parts = np.repeat(scores[None].astype(np.float32), n_parts, axis=0)
    found = Lessons(parts, people, asked).ndcg([1.0] * n_parts)
    wanted = []
    for row in range(len(people)):
        own = scores[row].copy()
        own[people.seen[[row]].indices] = -np.inf
        top = np.argsort(-own)[:10]
        gain = [i in asked[[row]].indices for i in top] / np.log2(np.arange(2, 12))
        ideal = (1 / np.log2(np.arange(2, 12)))[: asked[[row]].nnz].sum()
        wanted.append(gain.sum() / ideal)
    assert found == pytest.approx(wanted)


def test_people_are_thinned_out_where_memory_is_short(log, monkeypatch):
    monkeypatch.setattr(hybrid, "BLOCK_BYTES", 4 * log.n_items * 2 * 5)
    assert Blend(["ease", "item-knn"]).fit(log).validation_["n"] == 5


def test_state_holds_every_part_once(log):
    people = log.profiles()
    blend = Blend(["ease", ItemKNN(n_neighbours=3)]).fit(log)
    arrays, json = blend.state()
    loaded = Blend.from_state(arrays, json)
    assert np.array_equal(loaded.score(people), blend.score(people))
    assert loaded.validation_ == blend.validation_
    assert repr(loaded) == repr(blend)
    square = [a for a in arrays.values() if a.shape == (log.n_items, log.n_items)]
    assert len(square) == 1


def test_a_model_that_is_given_is_not_fitted_itself(log):
    given = EASE(reg=33.0)
    blend = Blend([given, "popularity"]).fit(log)
    assert not hasattr(given, "weights_")
    assert blend.parts_[0].reg == 33.0


def test_it_needs_what_its_parts_need(world):
    assert Blend(["ease", "svd", "recent"], [1, 1, 1]).needs == {"values", "timestamps"}
    assert not Blend(["popularity"]).personalised
    with pytest.raises(CapabilityError, match="Blend needs timestamps"):
        Blend(["ease", "recent"]).fit(world.lacking("timestamps").dataset())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "parts must be a list of models or names"),
        (("ease",), "parts: 'e' is no part"),
        ((["ease"], [1.0, 2.0]), "weights: 2 of them for 1 parts"),
        ((["ease"], [-1.0]), "weights must be 0 or more"),
        ((["ease"], [0.0]), "one above 0"),
        ((["ease"], "guessed"), "weights must be numbers, 'learned' or 'nnls', not 'guessed'"),
        ((["eaze"],), "parts: 'eaze' is no part; there are"),
        (([3],), "parts: 3 is neither a name nor a Recommender"),
    ],
)
def test_parameters_that_cannot_work_are_refused(arguments, message):
    if arguments == ():
        arguments = ([],)
    elif arguments == ("ease",):
        message = "parts must be a list of models or names, not 'ease'"
    with pytest.raises(ArgumentError, match=message):
        Blend(*arguments)

"""Factor models: items as short vectors, a person solved from their history.

The libraries learn a vector for every person too. None of them is used: it would ignore an edit
of the history, and it is half a step older than the item vectors. Every person is solved on
every path, in float64, from the history that the profile holds:

=====  ==============================================  ======================  ===================
model  fold-in formula                                 against the library     tolerance
=====  ==============================================  ======================  ===================
ALS    ``(Q'Q + Q'(C - I)Q + reg I) x = Q'C p``,       exact: the library's    1e-4 of the largest
       ``c = 1 + w (alpha - 1)``,                      own ``recalculate_user  score (its solver is
       ``C p = w alpha`` for relevant events           `` for ``w = 1``        float32)
SVD    ``(Z'WZ + diag(reg_bias, reg, ...)) x =         approximate: Surprise   none to the bit; the
       Z'W (v - mean - b)``, ``z = (1, q)``,           finds ``b_u, p_u`` by   RMSE on ratings it
       ``x = (b_u, p_u)`` for events with a value      stochastic descent      never saw is 0.01
                                                       beside ``q``            lower
=====  ==============================================  ======================  ===================

``w`` is the weight of an event (1 as it happened), ``p`` is 1 for relevant events, ``v`` a
value, ``b`` the biases of the items.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from workbench.columns import ITEM, USER, VALUE
from workbench.data.dataset import Dataset
from workbench.data.split import Split, split
from workbench.errors import ArgumentError, CapabilityError, NotFittedError
from workbench.models.base import Recommender
from workbench.models.dense import product
from workbench.models.foldin import folded_in
from workbench.models.popularity import prior
from workbench.profiles import Mask, Profiles
from workbench.vocabulary import FloatArray, Id, IntArray, Vocabulary

LARGEST_SEED = 2**32 - 1


class ALS(Recommender):
    """Weighted matrix factorisation for implicit feedback, trained by ``implicit``.

    Minimises ``sum over all u, i of c_ui (p_ui - x_u . q_i)^2 + reg (|x|^2 + |q|^2)`` with
    ``p = 1, c = alpha`` for relevant events and ``p = 0, c = 1`` for all else, by alternating
    least squares. The score is ``x . q`` with ``x`` solved from the history (see the module).
    An event of weight ``w`` is ``w`` parts relevant event and ``1 - w`` parts none. A millionth
    of the popularity is added, which ranks everything for an empty history.

    Parameters
    ----------
    n_factors : int
        Length of the vectors.
    reg : float
        Regularisation, in training and in the fold-in.
    alpha : float
        Confidence of a relevant event; that of all else is 1.
    n_iterations : int
        Rounds of alternation.
    seed : int
        Of the first vectors.

    Source: Hu, Koren, Volinsky 2008, "Collaborative filtering for implicit feedback datasets",
    eq. 4. Defaults chosen on a validation cut inside the training part of MovieLens 100K.
    """

    name = "als"

    def __init__(
        self,
        n_factors: int = 64,
        reg: float = 20.0,
        alpha: float = 5.0,
        n_iterations: int = 15,
        seed: int = 0,
    ) -> None:
        _check_whole("n_factors", n_factors, 1)
        _check_above("reg", reg)
        _check_above("alpha", alpha)
        _check_whole("n_iterations", n_iterations, 1)
        _check_whole("seed", seed, 0, LARGEST_SEED)
        self.n_factors = n_factors
        self.reg = reg
        self.alpha = alpha
        self.n_iterations = n_iterations
        self.seed = seed

    def fit(self, dataset: Dataset) -> Self:
        from implicit.cpu.als import AlternatingLeastSquares
        from scipy.sparse import csr_matrix
        from threadpoolctl import threadpool_limits

        people = dataset.profiles()
        x = csr_matrix(people.csr(people.positive(dataset.relevant_from)))
        # The library has threads of its own; those of the algebra under it would fight them.
        with threadpool_limits(1, "blas"):
            trained = AlternatingLeastSquares(
                factors=self.n_factors,
                regularization=self.reg,
                alpha=self.alpha,
                iterations=self.n_iterations,
                random_state=self.seed,
            )
            trained.fit(x, show_progress=False)
        self.factors_ = np.ascontiguousarray(trained.item_factors, dtype=np.float32)
        self.prior_ = prior(people, dataset.relevant_from)
        self.relevant_from_ = dataset.relevant_from
        self.base_ = self._base()
        return self

    def _base(self) -> NDArray[np.float64]:
        q = self.factors_.astype(np.float64)
        return q.T @ q + self.reg * np.eye(q.shape[1])

    def person_vectors(self, profiles: Profiles) -> NDArray[np.float64]:
        """The vector of every person, solved from their history, ``(n_profiles, n_factors)``."""
        self._require_fitted()
        profiles = profiles.aligned(self.catalogue)
        mask = profiles.positive(self.relevant_from_)
        weight = profiles.weight.astype(np.float64)
        return folded_in(
            self.factors_.astype(np.float64),
            self.base_,
            profiles.csr(mask, weight * (self.alpha - 1.0)),
            profiles.csr(mask, weight * self.alpha),
        )

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        scores = product(self.person_vectors(profiles), self.factors_.T) + self.prior_
        return scores if items is None else scores[:, items]


class SVD(Recommender):
    """Biased matrix factorisation of ratings, trained by Surprise.

    ``mean + b_i + b_u + p_u . q_i``, clipped to the range of the training values. Mean, ``b_i``
    and ``q_i`` are what Surprise learnt by stochastic gradient descent; ``b_u`` and ``p_u`` are
    a ridge regression of the person's own values on the item vectors (see the module). An empty
    history gives ``mean + b_i``; an item without a value in training gives NaN.

    Parameters
    ----------
    n_factors, n_epochs, learning_rate, training_reg : int, int, float, float
        Of Surprise's training: its own defaults.
    reg : float
        Ridge of the fold-in on ``p_u``; not that of the training.
    reg_bias : float
        Ridge of the fold-in on ``b_u``.
    seed : int
        Of the first vectors.

    Source: Koren, Bell, Volinsky 2009, "Matrix factorization techniques for recommender
    systems", eq. 5; the fold-in is the exact minimum of its loss for one person, with its own
    ridge. ``reg`` and ``reg_bias`` were chosen on a random fifth held out inside the training
    part of one fold of MovieLens 100K: RMSE 0.936 there with 20 and 5 (0.947 with 5 and 5, 0.939
    with 50 and 5; Surprise's stored vectors 0.945). ``chosen_reg`` chooses it again on any log.
    """

    name = "svd"
    needs = frozenset({"values"})
    scale = "rating"

    def __init__(
        self,
        n_factors: int = 100,
        n_epochs: int = 20,
        learning_rate: float = 0.005,
        training_reg: float = 0.02,
        reg: float = 20.0,
        reg_bias: float = 5.0,
        seed: int = 0,
    ) -> None:
        _check_whole("n_factors", n_factors, 1)
        _check_whole("n_epochs", n_epochs, 1)
        _check_above("learning_rate", learning_rate)
        _check_above("training_reg", training_reg, or_zero=True)
        _check_above("reg", reg)
        _check_above("reg_bias", reg_bias)
        _check_whole("seed", seed, 0, LARGEST_SEED)
        self.n_factors = n_factors
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.training_reg = training_reg
        self.reg = reg
        self.reg_bias = reg_bias
        self.seed = seed

    def fit(self, dataset: Dataset) -> Self:
        from surprise import SVD as SurpriseSVD
        from surprise import Dataset as SurpriseDataset
        from surprise import Reader

        people = dataset.profiles()
        mask = _valued(people)
        value = people.value[mask]
        if len(value) == 0:
            raise CapabilityError(f"SVD needs values, and {dataset.name!r} has none in its events")
        # Surprise takes NaN, repeats and values off the scale without a word; the mask lets only
        # the last finite value of each (person, item) through, and the scale is theirs.
        low, high = float(value.min()), float(value.max())
        rows = zip(
            people.row[mask].tolist(),
            people.item[mask].tolist(),
            value.tolist(),
            [None] * len(value),
            strict=True,
        )
        log = SurpriseDataset(Reader(rating_scale=(low, high))).construct_trainset(list(rows))
        trained = SurpriseSVD(
            n_factors=self.n_factors,
            n_epochs=self.n_epochs,
            lr_all=self.learning_rate,
            reg_all=self.training_reg,
            random_state=self.seed,
            verbose=False,
        ).fit(log)
        if not np.isfinite(trained.qi).all():
            raise ArgumentError(
                f"learning_rate={self.learning_rate!r} makes the training diverge on values from "
                f"{low:g} to {high:g}; give a smaller one, or bring the values to a smaller range"
            )
        item = np.array([log.to_raw_iid(i) for i in log.all_items()])
        self.mean_, self.range_ = float(log.global_mean), [low, high]
        self.biases_ = np.full(dataset.n_items, np.nan)
        self.biases_[item] = trained.bi
        self.factors_ = np.zeros((dataset.n_items, self.n_factors))
        self.factors_[item] = trained.qi
        row = np.array([log.to_raw_uid(u) for u in log.all_users()])
        ids = dataset.people.take(dataset.fit_rows[row])
        # For comparison only, in this session only: no score reads it and no file holds it.
        self._stored = (dict(zip(ids, range(len(ids)), strict=True)), trained.bu, trained.pu)
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        known = np.isfinite(self.biases_)
        mask = _valued(profiles) & known[profiles.item]
        weight = profiles.weight.astype(np.float64)
        residual = weight * (profiles.value - self.mean_ - self.biases_[profiles.item])
        z = np.hstack([np.ones((len(known), 1)), self.factors_])
        person = folded_in(
            z,
            np.diag([self.reg_bias] + [self.reg] * self.factors_.shape[1]),
            profiles.csr(mask, weight),
            profiles.csr(mask, residual),
        )
        scores = product(person, z.T) + (self.mean_ + self.biases_).astype(np.float32)
        np.clip(scores, *self.range_, out=scores)
        return scores if items is None else scores[:, items]

    def stored_predictions(
        self, user_ids: Iterable[Id], item_ids: Iterable[Id]
    ) -> NDArray[np.float64]:
        """What Surprise predicts from the person vectors of the same fit, to set beside ours.

        They know nothing of an edited history, so they are no part of the model: nothing is
        scored from them and they are not saved.

        Parameters
        ----------
        user_ids, item_ids : iterable of ids
            Pairs, row by row. An unknown person or item counts with the parts that are known.

        Returns
        -------
        (n_pairs,) float64

        Raises
        ------
        NotFittedError
            The model was not fitted in this session.
        """
        self._require_fitted()
        if not hasattr(self, "_stored"):
            raise NotFittedError(
                "a loaded SVD has no stored person vectors (they are not saved); fit it again"
            )
        place, bias, vectors = self._stored
        row = np.array([place.get(user, -1) for user in user_ids], dtype=np.int64)
        item = self.catalogue.codes(item_ids)
        known_item = (item >= 0) & np.isfinite(self.biases_[item])
        both = (row >= 0) & known_item
        found = np.full(len(row), self.mean_)
        found[row >= 0] += bias[row[row >= 0]]
        found[known_item] += self.biases_[item[known_item]]
        found[both] += np.einsum("nf,nf->n", vectors[row[both]], self.factors_[item[both]])
        return np.clip(found, *self.range_)


def chosen_reg(
    model: SVD, dataset: Dataset, regs: Iterable[float] = (5.0, 10.0, 15.0, 20.0, 30.0, 50.0)
) -> float:
    """The ridge of the fold-in that errs least on a random fifth held out of the dataset.

    ``dataset`` is a training part, so that what is measured later was not looked at. Surprise is
    trained once; only the fold-in is repeated.

    Parameters
    ----------
    model : SVD
        Its other parameters are used; it is not fitted itself.
    dataset : Dataset
    regs : iterable of float
        To choose from; of equals the first.
    """
    inner = split(dataset, "random", test_fraction=0.2, seed=model.seed)
    assert isinstance(inner, Split)
    trial = SVD(**model.params()).fit(inner.train)
    asked = inner.test.drop_nulls(VALUE)
    ids = Vocabulary(asked[USER])
    row, item = ids.codes(asked[USER]), trial.catalogue.codes(asked[ITEM])
    people, values = inner.train.profiles(ids.ids), asked[VALUE].to_numpy()
    errors: dict[float, float] = {}
    for reg in regs:
        _check_above("regs", reg)
        trial.reg = reg
        errors[reg] = 0.0
        for part, block in people.blocks():
            here = (row >= part.start) & (row < part.stop)
            missed = trial.score(block)[row[here] - part.start, item[here]] - values[here]
            errors[reg] += float(np.nansum(missed.astype(np.float64) ** 2))
    return min(errors, key=errors.__getitem__)


def _valued(people: Profiles) -> Mask:
    """Mask over events: the last one of each (person, item), with weight and a value."""
    mask: Mask = people.latest & (people.weight > 0) & np.isfinite(people.value)
    return mask


def _check_whole(name: str, value: Any, low: int, high: float = np.inf) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not low <= value <= high:
        raise ArgumentError(f"{name} must be a whole number of at least {low}, not {value!r}")


def _check_above(name: str, value: float, or_zero: bool = False) -> None:
    if not (0 < value < np.inf or (or_zero and value == 0)):
        bound = "0 or more" if or_zero else "above 0"
        raise ArgumentError(f"{name} must be {bound}, not {value!r}")

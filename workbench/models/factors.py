"""Factor models, and how a person is folded into each model of factors or ratings.

The libraries learn a vector for every person too. None of them is used: it would ignore an edit
of the history, and it is half a step older than the item vectors. Every person is solved on
every path, in float64, from the history that the profile holds:

=========  ========================================  =========================  ==============
model      fold-in formula                           against the library        how far apart
=========  ========================================  =========================  ==============
ALS        ``(Q'Q + Q'(C - I)Q + reg I) x = Q'C p``  exact: the library's own   1e-4 of the
           ``c = 1 + w (alpha - 1)``,                ``recalculate_user`` for   largest score
           ``C p = w alpha`` for relevant events     ``w = 1``                  (its float32)
SVD        ``(Z'WZ + R) x = Z'W (v - mean - b)``     approximate: Surprise      0.107 (at most
           ``z = (1, q)``, ``x = (b_u, p_u)``,       finds ``b_u, p_u`` by      0.73)
           ``R = diag(reg_bias, reg, ...)``          descent beside ``q``
SVDpp      as SVD, of what ``q . y`` leaves of the   approximate, as SVD        0.106 (at most
           values; ``y = |N|^-1/2 sum_N y_j`` is                                0.72)
           then added to ``p_u``
NMF        ``(Q'WQ + reg I) x = Q'W v + reg u``,     approximate: Surprise      0.181 (at most
           solved for ``x >= 0``; ``u`` is the mean  multiplies step by step    2.1)
           person of the training
Baseline   ``b_u = sum w (v - mean - b) /            exact for "als",           1e-12 ("als"),
           (reg_bias + sum w)``                      approximate for "sgd"      0.077 ("sgd")
KNN-       ``b_u`` as Baseline, means and            exact: nothing of a        1e-6, float32
Baseline   similarities by the training's formulas   person is learnt           (less ties)
SlopeOne   the mean of the person's values, and      exact, likewise            1e-6, float32
           differences of item means
=========  ========================================  =========================  ==============

``w`` is the weight of an event (1 as it happened), ``p`` is 1 for relevant events, ``v`` a
value, ``b`` the biases of the items, ``W`` holds the weights of events with a value. How far
apart: root of the mean squared difference (and the largest) between the score from the training
history and Surprise's stored prediction, over the test ratings of MovieLens 100K in five random
folds. RMSE on the ratings of items that the training knows, folded in and stored: SVD 0.926 and
0.936, SVDpp 0.912 and 0.919, NMF 0.944 and 0.963, Baseline 0.944 both; KNNBaseline 0.914,
SlopeOne 0.944.

Left out, since nothing honest can be solved for a person: **BPR**, whose loss is a sum over
sampled pairs of items, so there is no set of equations for one person, and a new run of its
descent would depend on a seed and on the number of steps; **CoClustering**, which knows of a
person's tastes only the one cluster they were put into: an edit of the history would move them
not at all or all at once, and to people it has not met Surprise offers the mean of the item.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from workbench.data.dataset import Dataset
from workbench.models.base import Recommender
from workbench.models.dense import product
from workbench.models.foldin import Floats, folded_in
from workbench.models.parameters import check_above, check_number, check_seed, check_whole
from workbench.models.popularity import prior
from workbench.models.rating_factors import RatingFactors
from workbench.models.ratings import RatingLog
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray


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
        check_whole("n_factors", n_factors, 1)
        check_above("reg", reg)
        check_above("alpha", alpha)
        check_whole("n_iterations", n_iterations, 1)
        check_seed(seed)
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
            self.base_ = self._base()
        self.prior_ = prior(people, dataset.relevant_from)
        self.relevant_from_ = dataset.relevant_from
        return self

    def _base(self) -> Floats:
        q = self.factors_.astype(np.float64)
        return q.T @ q + self.reg * np.eye(q.shape[1])

    def person_vectors(self, profiles: Profiles) -> Floats:
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


class SVD(RatingFactors):
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
    with 50 and 5; Surprise's stored vectors 0.945). ``chosen_ridge`` chooses
    again on any log.
    """

    name = "svd"

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
        check_whole("n_factors", n_factors, 1)
        check_whole("n_epochs", n_epochs, 1)
        check_above("learning_rate", learning_rate)
        check_number("training_reg", training_reg)
        check_above("reg", reg)
        check_above("reg_bias", reg_bias)
        check_seed(seed)
        self.n_factors = n_factors
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.training_reg = training_reg
        self.reg = reg
        self.reg_bias = reg_bias
        self.seed = seed

    def _algorithm(self, **options: Any) -> Any:
        from surprise import SVD as SurpriseSVD

        return SurpriseSVD(**options)

    def _learn(self, log: RatingLog) -> tuple[Any, Floats]:
        trained = log.trained(
            self._algorithm(
                n_factors=self.n_factors,
                n_epochs=self.n_epochs,
                lr_all=self.learning_rate,
                reg_all=self.training_reg,
                random_state=self.seed,
                verbose=False,
            )
        )
        ones = np.ones((len(trained.qi), 1))
        self.vectors_ = log.by_item(trained, np.hstack([ones, trained.qi]), 0.0)
        self.offsets_ = trained.trainset.global_mean + log.by_item(trained, trained.bi, np.nan)
        return trained, log.by_person(trained, np.hstack([trained.bu[:, None], trained.pu]))

    def _ridge(self) -> Floats:
        return np.array([self.reg_bias] + [self.reg] * self.n_factors)

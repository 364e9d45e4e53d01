"""Rating models with a vector for each item, whose person is solved from the history."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Self

import numpy as np

from workbench.columns import ITEM, USER, VALUE
from workbench.data.dataset import Dataset
from workbench.data.split import Split, split
from workbench.errors import ArgumentError, NotFittedError
from workbench.models.dense import product
from workbench.models.foldin import Floats, folded_in
from workbench.models.parameters import check_above
from workbench.models.ratings import RatingLog, RatingModel, rated
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, Id, IntArray, Vocabulary

REGS = (5.0, 10.0, 15.0, 20.0, 30.0, 50.0)


class RatingFactors(RatingModel):
    """``offset_i + x . z_i``, clipped to the range of the training values.

    Offsets and item vectors ``z`` are what Surprise learnt; ``x`` is solved from the history.

    Attributes
    ----------
    vectors_ : (n_items, n_unknowns) float64
        Row ``j`` is ``z_j``.
    offsets_ : (n_items,) float64
        NaN for an item without a value in training.
    mean_ : float
        Of all values in training.
    """

    RIDGES: ClassVar[tuple[str, ...]] = ("reg", "reg_bias")
    """Names of the parameters that only the fold-in reads."""
    vectors_: Floats
    offsets_: Floats
    mean_: float

    @abstractmethod
    def _learn(self, log: RatingLog) -> tuple[Any, Floats]:
        """Train, keep what is known of items; give the algorithm and its ``x`` of each row."""

    @abstractmethod
    def _ridge(self) -> Floats:
        """What the squares of ``x`` are multiplied by, ``(n_unknowns,)``."""

    def fit(self, dataset: Dataset) -> Self:
        log = RatingLog.of(dataset, type(self).__name__)
        # An overflow on the way is found below; it need not be told twice.
        with np.errstate(all="ignore"):
            trained, stored = self._learn(log)
        learnt = self.vectors_, self.offsets_[log.known]
        if not all(np.isfinite(part).all() for part in learnt):
            low, high = log.range
            raise ArgumentError(
                f"the training of {type(self).__name__} diverges on values from {low:g} to "
                f"{high:g} with {self._pace()} bring the values to a smaller range"
            )
        self.mean_, self.range_ = float(trained.trainset.global_mean), log.range
        # For comparison only, in this session only: no score reads it and no file holds it.
        self._stored = (dict(zip(log.ids(), range(log.n_people), strict=True)), stored)
        return self

    def _pace(self) -> str:
        """What the training went with, and what may be done about it besides."""
        return f"learning_rate={vars(self)['learning_rate']!r}; give a smaller one, or"

    def person_vectors(self, profiles: Profiles) -> Floats:
        """``x`` of every person, solved from their history, ``(n_profiles, n_unknowns)``."""
        self._require_fitted()
        return self._solved(profiles.aligned(self.catalogue))

    def _solved(self, profiles: Profiles) -> Floats:
        """The minimum of ``sum w (v - offset - x . z)^2 + ridge . (x - expected)^2``."""
        mask = rated(profiles) & np.isfinite(self.offsets_)[profiles.item]
        expected = self._expected(profiles)
        residual = profiles.value - self.offsets_[profiles.item]
        if expected is not None:
            own = expected[profiles.row] * self.vectors_[profiles.item]
            residual = residual - own.sum(axis=1)
        found = folded_in(
            self.vectors_,
            np.diag(self._ridge()),
            profiles.csr(mask, profiles.weight, np.float64),
            profiles.csr(mask, profiles.weight * residual, np.float64),
        )
        return found if expected is None else found + expected

    def _expected(self, profiles: Profiles) -> Floats | None:
        """Where the ridge pulls ``x`` to, ``(n_profiles, n_unknowns)``; None for 0."""
        return None

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        n_items = len(self.offsets_) if items is None else len(items)
        scores = np.empty((len(profiles), n_items), dtype=np.float32)
        offsets = self.offsets_.astype(np.float32)
        for part, block in profiles.blocks():
            own = self._clipped(product(self._solved(block), self.vectors_.T) + offsets)
            scores[part] = own if items is None else own[:, items]
        return scores

    def stored_predictions(self, user_ids: Iterable[Id], item_ids: Iterable[Id]) -> Floats:
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
                f"a loaded {type(self).__name__} has no stored person vectors (they are not "
                "saved); fit it again"
            )
        place, stored = self._stored
        row = np.array([place.get(user, -1) for user in user_ids], dtype=np.int64)
        item = self.catalogue.codes(item_ids)
        known = (item >= 0) & np.isfinite(self.offsets_[item])
        offset = np.where(known, self.offsets_[item], self.mean_)
        z = np.where(known[:, None], self.vectors_[item], self._unmet())
        x = np.where((row >= 0)[:, None], stored[row], 0.0)
        found = offset + np.einsum("nf,nf->n", x, z)
        predicted: Floats = self._clipped(self._of_strangers(found, row >= 0))
        return predicted

    def _unmet(self) -> Floats:
        """``z`` of an item that Surprise does not know."""
        only_the_bias: Floats = np.eye(1, self.vectors_.shape[1])[0]
        return only_the_bias

    def _of_strangers(self, found: Floats, known: Any) -> Floats:
        """Predictions, with what Surprise says of people that it does not know."""
        return found


def chosen_ridge(
    model: RatingFactors, dataset: Dataset, **grid: Iterable[float]
) -> dict[str, float]:
    """The ridges of the fold-in that err least on a random fifth held out of the dataset.

    ``dataset`` is a training part, so that what is measured later was not looked at. Surprise is
    trained once; only the fold-in is repeated.

    Parameters
    ----------
    model : RatingFactors
        Its other parameters are used; it is not fitted itself.
    dataset : Dataset
    **grid : iterable of float
        For each ridge of the model (``reg``, ``reg_bias``) what to choose from; every
        combination is tried. A ridge that is not named stays; without any, ``reg`` (or
        ``reg_bias`` where that is all there is) is chosen from ``REGS``.

    Returns
    -------
    dict
        The best of each ridge that was tried; of equals the first.

    Raises
    ------
    ArgumentError
        The model has no such ridge, or a value cannot work.
    """
    ridges = [name for name in model.RIDGES if name in model.params()]
    tried = {name: list(values) for name, values in (grid or {ridges[0]: REGS}).items()}
    for name, values in tried.items():
        if name not in ridges:
            raise ArgumentError(f"{type(model).__name__} has no ridge {name!r}; it has {ridges}")
        if not values:
            raise ArgumentError(f"{name} must hold at least one value to choose from")
        for value in values:
            check_above(name, value)
    inner = split(dataset, "random", test_fraction=0.2, seed=model.params().get("seed", 0))
    assert isinstance(inner, Split)
    trial = type(model)(**model.params()).fit(inner.train)
    asked = inner.test.drop_nulls(VALUE)
    ids = Vocabulary(asked[USER])
    row, item = ids.codes(asked[USER]), trial.catalogue.codes(asked[ITEM])
    people, given = inner.train.profiles(ids.ids), asked[VALUE].to_numpy()
    choices = [dict(zip(tried, some, strict=True)) for some in itertools.product(*tried.values())]
    errors = []
    for choice in choices:
        vars(trial).update(choice)
        missed = trial.predicted(people, row, item) - given
        errors.append(float(np.nansum(missed.astype(np.float64) ** 2)))
    return choices[int(np.argmin(errors))]

"""An estimator in the manner of scikit-learn as a model; and ``as_recommender``, the one door."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any, Self

import numpy as np
import polars as pl

from workbench.columns import ITEM, VALUE
from workbench.data.dataset import Dataset
from workbench.data.exchange import CELLS, RELEVANT, people_matrix
from workbench.errors import ArgumentError
from workbench.models.base import Recommender
from workbench.models.function import FromFunction
from workbench.profile import Profile
from workbench.profiles import Profiles
from workbench.state import Arrays
from workbench.vocabulary import FloatArray, Id, IntArray

MAX_CELLS = 2**27
"""Of the dense matrix of targets that a regressor is fitted on: half a gigabyte."""

PairFeatures = Callable[[Profile, pl.DataFrame], Any]


class FromEstimator(Recommender):
    """An estimator of scikit-learn's manner that maps a row of people × items to a row of scores.

    What a person met is one row over the catalogue (``cells``), and the estimator gives back a
    number per item: by ``inverse_transform(transform(row))`` where it has both (NMF,
    TruncatedSVD, an autoencoder), else by ``predict_proba`` or ``predict`` with one output per
    item (Ridge, KNeighborsRegressor, MLPRegressor). ``fit`` fits a clone of it, on the rows alone
    or on the rows as their own targets. It is asked person by person, so that nobody's scores
    depend on who else is asked.

    A model around an estimator cannot be saved: only pickle could, and it is never read here.

    Parameters
    ----------
    estimator : object
        With ``fit`` and the methods above; left as it is. By default an example,
        ``TruncatedSVD`` of 8 components.
    cells : str
        "relevant" (1 where the event is relevant), "met" (1 for any event) or "value".

    Source: the interface of Buitinck et al. 2013, "API design for machine learning software".
    """

    name = "from-estimator"

    def __init__(self, estimator: Any = None, cells: str = RELEVANT) -> None:
        if estimator is not None and (isinstance(estimator, type) or not hasattr(estimator, "fit")):
            raise ArgumentError(
                f"estimator must be one with fit, such as TruncatedSVD(20), not {estimator!r}"
            )
        if estimator is not None and not (_decomposes(estimator) or _predicts(estimator)):
            raise ArgumentError(
                f"estimator {_named(estimator)} has neither predict nor transform with "
                "inverse_transform; nothing gives scores"
            )
        if cells not in CELLS:
            raise ArgumentError(f"cells must be one of {', '.join(CELLS)}, not {cells!r}")
        self.estimator = estimator
        self.cells = cells
        self.needs = frozenset({"values"}) if cells == VALUE else frozenset()

    def fit(self, dataset: Dataset) -> Self:
        self.relevant_from_ = dataset.relevant_from
        rows = people_matrix(dataset.profiles(), self.cells, dataset.relevant_from)
        estimator = _example(rows) if self.estimator is None else _clone(self.estimator)
        if _decomposes(estimator):
            estimator.fit(rows)
        else:
            if rows.shape[0] * rows.shape[1] > MAX_CELLS:
                raise ArgumentError(
                    f"estimator {_named(estimator)} would be fitted on {rows.shape[0]:,} x "
                    f"{rows.shape[1]:,} targets, which do not fit in memory; use one with "
                    "transform and inverse_transform, or a smaller log"
                )
            estimator.fit(rows, rows.toarray())
        self.estimator_ = estimator
        return self

    @classmethod
    def adopted(cls, estimator: Any, dataset: Dataset, cells: str = RELEVANT) -> Self:
        """The model of an estimator that is fitted already, on ``dataset.to_implicit(cells)``.

        Raises
        ------
        ArgumentError
            It was fitted on rows of another length than the catalogue.
        """
        model = cls(estimator, cells)
        width = getattr(estimator, "n_features_in_", dataset.n_items)
        if width != dataset.n_items:
            raise ArgumentError(
                f"estimator {_named(estimator)} was fitted on {width:,} columns and the "
                f"catalogue of {dataset.name!r} has {dataset.n_items:,} items; fit it on "
                f"dataset.to_implicit({cells!r}).matrix, or give features="
            )
        model.estimator_, model.relevant_from_ = estimator, dataset.relevant_from
        model.catalogue = dataset.catalogue
        return model

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        rows = people_matrix(profiles, self.cells, self.relevant_from_)
        scores = np.empty(rows.shape, dtype=np.float32)
        for row in range(len(profiles)):
            scores[row] = self._answer(rows[[row]])
        return scores if items is None else scores[:, items]

    def _answer(self, row: Any) -> FloatArray:
        """Scores of one person, ``(n_items,)``."""
        estimator = self.estimator_
        if _decomposes(estimator):
            found = estimator.inverse_transform(estimator.transform(row))
        elif hasattr(estimator, "predict_proba"):
            found = estimator.predict_proba(row)
            if isinstance(found, list):  # one (1, n_classes) per item; the last class is "yes"
                found = [one[:, -1] for one in found]
        else:
            found = estimator.predict(row)
        scores = np.asarray(found, dtype=np.float64).ravel()
        if len(scores) != row.shape[1] or not np.isfinite(scores).all():
            raise ArgumentError(
                f"estimator {_named(estimator)} gave {len(scores):,} numbers for "
                f"{row.shape[1]:,} items, or one that is not finite; it needs an output per item"
            )
        return scores.astype(np.float32)

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """Refused.

        Raises
        ------
        ArgumentError
            Always.
        """
        self._require_fitted()
        raise ArgumentError(
            f"a model around the estimator {_named(self.estimator_)} cannot be saved, since only "
            "pickle could and no pickle is read here; derive a class from wb.Recommender that "
            "keeps what it learnt in arrays"
        )


def as_recommender(
    model: Any,
    dataset: Dataset | None = None,
    *,
    features: PairFeatures | None = None,
    cells: str = RELEVANT,
    uses: Iterable[str] = (),
    needs: Iterable[str] = (),
    personalised: bool = True,
) -> Recommender:
    """A plain function or an estimator as a model, compared and audited like any other.

    Parameters
    ----------
    model : callable, estimator or Recommender
        - A function of a Profile and the items table to a dict of item id → score; see
          ``wb.FromFunction``.
        - An estimator over people × items, fitted on ``dataset.to_implicit(cells).matrix`` or
          not yet; see ``FromEstimator``.
        - An estimator over pairs, fitted, with ``features``: asked for the chance of "yes"
          (``predict_proba``), or else ``predict``, of each item.
        - A model, which is returned as it is.
    dataset : Dataset, optional
        What it knows the catalogue from; fit on it is what is not fitted yet. Give ``split.train``:
        an estimator that was fitted on more has seen the answers. Without it, the model is
        unfitted.
    features : callable, optional
        Of a Profile and the items table to a table of numbers with a row per item, in its order.
    cells : str
        What a cell of people × items holds: "relevant", "met" or "value".
    uses, needs, personalised
        Of a function, or of ``features``; see ``wb.FromFunction``.

    Returns
    -------
    Recommender
        Fitted where there is a ``dataset``.

    Raises
    ------
    ArgumentError
        It is none of these, or it does not fit the catalogue.

    Examples
    --------
    >>> model = wb.as_recommender(TruncatedSVD(20), split.train)
    >>> model = wb.as_recommender(lambda profile, items: {...}, split.train)
    """
    if isinstance(model, Recommender):
        return model
    if isinstance(model, type):
        raise ArgumentError(f"model must be made already: write {model.__name__}(...)")
    if dataset is not None and not isinstance(dataset, Dataset):
        raise ArgumentError(f"dataset must be a Dataset, not {type(dataset).__name__}; split.train")
    told: dict[str, Any] = {"uses": uses, "needs": needs, "personalised": personalised}
    if features is not None:
        made: Recommender = FromFunction(_over_pairs(model, features), **told)
    elif hasattr(model, "fit"):
        if dataset is not None and _is_fitted(model):
            return FromEstimator.adopted(model, dataset, cells)
        made = FromEstimator(model, cells)
    elif callable(model):
        made = FromFunction(model, **told)
    else:
        raise ArgumentError(
            f"model must be a function or an estimator with fit, not {type(model).__name__}"
        )
    return made if dataset is None else made.fit(dataset)


def _over_pairs(estimator: Any, features: PairFeatures) -> Callable[..., dict[Id, float]]:
    if not _predicts(estimator):
        raise ArgumentError(f"model {_named(estimator)} has no predict, and features are given")

    def scored(profile: Profile, items: pl.DataFrame) -> dict[Id, float]:
        table = np.asarray(features(profile, items), dtype=np.float64)
        if table.ndim != 2 or len(table) != items.height:
            raise ArgumentError(
                f"features gave a table of shape {table.shape} for {items.height:,} items; give "
                "a row for each, in their order"
            )
        if hasattr(estimator, "predict_proba"):
            found = estimator.predict_proba(table)[:, -1]
        else:
            found = estimator.predict(table)
        return dict(zip(items[ITEM].to_list(), np.ravel(found).tolist(), strict=True))

    return scored


def _decomposes(estimator: Any) -> bool:
    return hasattr(estimator, "transform") and hasattr(estimator, "inverse_transform")


def _predicts(estimator: Any) -> bool:
    return hasattr(estimator, "predict_proba") or hasattr(estimator, "predict")


def _is_fitted(estimator: Any) -> bool:
    """Whether it has learnt something: attributes that end in ``_``, as scikit-learn has it."""
    return any(k.endswith("_") and not k.startswith("__") for k in vars(estimator))


def _example(rows: Any) -> Any:
    from sklearn.decomposition import TruncatedSVD

    return TruncatedSVD(
        max(1, min(8, *(n - 1 for n in rows.shape))), algorithm="arpack", random_state=0
    )


def _clone(estimator: Any) -> Any:
    if hasattr(estimator, "get_params"):
        from sklearn.base import clone

        return clone(estimator)
    return copy.deepcopy(estimator)


def _named(estimator: Any) -> str:
    return type(estimator).__name__

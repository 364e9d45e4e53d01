"""Features from vectors of items: what they are (an SVD of their content), how ALS places them.

The content vectors come from the items table alone, so each dimension means the same in every
training window and may be a feature by itself. Those of ALS are learnt anew in each window, and
another window may turn and mirror them: only what no turn can change (lengths, cosines) means the
same to a ranker that learnt in one window and ranks in the next, so only that is here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from workbench.errors import ArgumentError
from workbench.features.catalogue import Feature
from workbench.features.items import item_vectors
from workbench.features.needs import TIMED
from workbench.features.pairs import Pairs
from workbench.features.signal import Column
from workbench.vocabulary import FloatArray

DIMENSIONS = 16
ALS = "als"
"""Label of the retriever whose vectors are read."""
GROUP = "embedding"
DESCRIBED = frozenset({"item_features"})


def content_vectors(dataset: Any) -> FloatArray:
    """Items in the 16 widest directions of their content, ``(n_items, 16)``, rows of length 1.

    A truncated SVD of ``item_vectors``; rows of zeros are items of which nothing is known, columns
    of zeros are directions that a small catalogue does not have.

    Source: Deerwester et al. 1990, "Indexing by latent semantic analysis".
    """
    matrix = item_vectors(dataset.items).matrix.astype(np.float64)
    k = min(DIMENSIONS, min(matrix.shape))
    if k < min(matrix.shape):
        start = np.random.default_rng(0).standard_normal(min(matrix.shape))
        left, length, _ = sparse.linalg.svds(matrix, k=k, v0=start)
    else:
        left, length, _ = np.linalg.svd(matrix.toarray(), full_matrices=False)
    order = np.argsort(-length, kind="stable")[:k]
    vectors = left[:, order] * length[order]
    vectors *= np.where((vectors**3).sum(axis=0) < 0, -1.0, 1.0)  # the sign of a direction is free
    padded = np.zeros((len(vectors), DIMENSIONS))
    padded[:, :k] = vectors
    return _unit(padded).astype(np.float32)


def of_content() -> list[Feature]:
    """Likeness to the person's taste in content vectors, their dimensions and products."""
    found = [
        _content("content_svd_liking", "likeness of the item's content to what was liked", _liking),
        _content(
            "content_svd_lately",
            "likeness of the item's content to the last items met",
            lambda pairs: pairs.taste(pairs.learnt(content_vectors), pairs.recent),
            TIMED,
        ),
    ]
    for d in range(DIMENSIONS):
        found.append(_content(f"content_svd_{d}", f"direction {d} of the item's content", _dim(d)))
    for d in range(DIMENSIONS):
        means = f"direction {d} of the item's content, times that of what was liked"
        found.append(_content(f"content_svd_product_{d}", means, _product(d)))
    return found


def _content(
    name: str,
    meaning: str,
    compute: Callable[[Pairs], Column],
    needs: frozenset[str] = frozenset(),
) -> Feature:
    source = "items.genres, items.year, items.title"
    return Feature(
        name, GROUP, meaning, "cosine-like", source, "person", compute,
        needs=needs | DESCRIBED, learns=(content_vectors,),
    )  # fmt: skip


def _liking(pairs: Pairs) -> Column:
    return pairs.taste(pairs.learnt(content_vectors), pairs.weight * pairs.liked)


def _dim(d: int) -> Callable[[Pairs], Column]:
    return lambda pairs: pairs.learnt(content_vectors)[pairs.item, d]


def _product(d: int) -> Callable[[Pairs], Column]:
    def product(pairs: Pairs) -> Column:
        vectors = pairs.learnt(content_vectors)

        def own() -> FloatArray:
            liked = pairs.weight * pairs.liked
            mean = np.asarray(pairs.profiles.csr(pairs.profiles.latest, liked) @ vectors)
            return _unit(mean)

        return pairs.shared("content_svd own", own)[pairs.row, d] * vectors[pairs.item, d]

    return product


# --- ALS ---------------------------------------------------------------------------------------


def of_als() -> list[Feature]:
    """What no turn of the vectors can change: cosines and lengths."""

    def made(
        name: str,
        meaning: str,
        unit: str,
        compute: Callable[[Pairs], Column],
        needs: frozenset[str] = frozenset(),
    ) -> Feature:
        return Feature(name, GROUP, meaning, unit, "interactions", "person", compute, needs=needs)

    def cosine(pairs: Pairs) -> Column:
        person, item = _vectors(pairs)
        own = _unit(person)[pairs.row]
        return np.einsum("pd,pd->p", own, _unit(item)[pairs.item])

    def lately(pairs: Pairs) -> Column:
        return pairs.taste(_unit(_vectors(pairs)[1]).astype(np.float32), pairs.recent)

    def item_length(pairs: Pairs) -> Column:
        return np.linalg.norm(_vectors(pairs)[1], axis=1)[pairs.item]

    def person_length(pairs: Pairs) -> Column:
        return np.linalg.norm(_vectors(pairs)[0], axis=1)[pairs.row]

    return [
        made("als_cosine", "angle between the person's and the item's vector", "cosine", cosine),
        made(
            "als_lately", "likeness of the item to the last items met (als)", "cosine-like",
            lately, TIMED,
        ),
        made("als_item_length", "how strongly the item tells people apart", "length", item_length),
        made("als_person_length", "how strong the person's taste is", "length", person_length),
    ]  # fmt: skip


def _vectors(pairs: Pairs) -> tuple[NDArray[Any], NDArray[Any]]:
    """Vectors of the people and of all items, float64."""

    def both() -> tuple[NDArray[Any], NDArray[Any]]:
        model = pairs.models.get(ALS)
        if model is None or not (hasattr(model, "person_vectors") and hasattr(model, "factors_")):
            raise ArgumentError(
                f"the retriever {ALS!r} has no vectors; leave the features of als out, or make "
                "it an 'als'"
            )
        return model.person_vectors(pairs.profiles), model.factors_.astype(np.float64)

    return pairs.shared("als vectors", both)


def _unit(rows: NDArray[Any]) -> NDArray[Any]:
    """Rows of length 1; rows of zeros stay."""
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return rows / np.where(length > 0, length, 1.0)[:, None]

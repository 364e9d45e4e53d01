"""Tuning: a search over a model's parameters on a validation cut of the training window."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from tqdm.auto import tqdm

from workbench.artifact import library_versions
from workbench.columns import HIGH, LOW, MEAN, METRIC, N
from workbench.data.split import PER_USER_TIME, RANDOM, Split
from workbench.data.split import split as cut
from workbench.errors import ArgumentError, DataError, WorkbenchError
from workbench.evaluation.accuracy import ACCURACY
from workbench.evaluation.definitions import METRICS, check_split
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.ratings import evaluate_ratings
from workbench.evaluation.uncertainty import summarise
from workbench.models.base import Recommender
from workbench.pipeline import disk
from workbench.pipeline.space import Value, checked, distributions, spelled
from workbench.ranking.recommend import check_k
from workbench.ranking.registry import create, model_class
from workbench.ranking.tuned import SPACES
from workbench.settings import home as default_home

RATINGS = ("rmse", "mae")
BEST, TRIAL, STATE, REASON, SECONDS = "best", "trial", "state", "reason", "seconds"
MEASURED, FAILED = "measured", "failed"
OF_ONE_TRIAL = (ArithmeticError, MemoryError, ValueError)
"""What some parameters bring about (LinAlgError is a ValueError); the others need not be lost."""
STARTING = 8
"""Trials at random before the search learns from those it has seen."""
Trial = dict[str, Any]


def tune(
    name: str,
    split: Split,
    space: Mapping[str, Any] | None = None,
    trials: int = 30,
    seed: int = 0,
    *,
    metric: str | None = None,
    k: int = 10,
    fixed: Mapping[str, Any] | None = None,
    home: str | os.PathLike[str] | None = None,
    resume: bool = True,
    progress: bool = True,
) -> pl.DataFrame:
    """Search the parameters of a model on a validation cut of the training window.

    ``split.train`` is cut once more in the way that the split itself was made (see
    ``validation_cut``); each trial fits the model on the earlier part and measures it on the
    later one. The test of ``split`` is never read, so it is still there to be asked once, with
    what was chosen. The first trial is the model with its defaults, where they lie in the space.

    Parameters
    ----------
    name : str
        One of ``wb.model_names()``.
    split : Split
    space : mapping of parameter to values, optional
        A tuple is a range, ``(low, high)`` or ``(low, high, "log")``, of whole numbers where both
        ends are whole numbers; a list is the values to choose from. By default the model's own,
        ``workbench.ranking.tuned.SPACES``.
    trials : int
        How many there shall be in all, those of an earlier call that was interrupted included.
    seed : int
    metric : str, optional
        What to make best: one of ``wb.evaluate`` such as "ndcg" (the default), or "rmse" or "mae"
        (the default of models of ratings is "rmse").
    k : int
        Places measured.
    fixed : mapping, optional
        Other parameters of the model: numbers, texts, truth values, None, lists and dicts of
        them, and models.
    home : path, optional
        Each finished trial is kept in ``home/tuning``; by default ``workbench.settings.home()``.
    resume : bool
        Whether to go on from what an earlier call with the same arguments kept. An interrupted
        search that is resumed finds what an uninterrupted one finds.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    polars.DataFrame
        One row per trial, in order: ``trial``, one column per parameter, ``metric``, its ``mean``
        over the people of the validation cut with ``low``, ``high`` and ``n``, ``seconds``,
        ``state`` ("measured" or "failed"), ``reason`` of a failure, ``best`` (true for one row,
        the first of equals), ``validation`` (the words for the cut). The best of many is
        optimistic: measure it on the test of ``split``.

    Raises
    ------
    ArgumentError
        An argument cannot work, or a value in the space is refused by the model; raised before
        anything is fitted.
    DataError
        The training window is too small to be cut, or every trial failed.

    Notes
    -----
    The sampler is Optuna's tree-structured Parzen estimator, seeded afresh for each trial. Source:
    Bergstra, Bardenet, Bengio, Kégl 2011, "Algorithms for hyper-parameter optimization".

    Examples
    --------
    >>> found = wb.tune("ease", split, {"reg": (10.0, 2000.0, "log")}, trials=20)
    >>> reg = found.filter("best")["reg"][0]
    """
    check_k(k)
    check_split(split)
    given = SPACES.get(name, {}) if space is None else dict(space)
    fixed = dict(fixed or {})
    cls = model_class(name)
    if not given:
        raise ArgumentError(
            f"space: {name!r} has no space of its own; name parameters and their values, such as "
            '{"reg": (1.0, 100.0, "log")}'
            if space is None
            else "space is empty; name at least one parameter and its values"
        )
    ranges = checked(name, given, fixed)
    metric = _metric(metric, cls.scale)
    for word, value, least in (("trials", trials, 1), ("seed", seed, 0)):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or value < least:
            raise ArgumentError(f"{word} must be a whole number of at least {least}, not {value!r}")
    inner = validation_cut(split)
    words = _words(inner, split)
    asked = {
        "model": name, "fixed": {key: _spelled(key, value) for key, value in sorted(fixed.items())},
        "space": spelled(ranges), "split": split.fingerprint, "seed": int(seed),
        "metric": metric, "k": int(k), "validation": words, "libraries": library_versions(),
    }  # fmt: skip
    path = _place(home, name, asked)
    kept = _kept(path, asked) if resume else []
    done = kept[:trials]
    with tqdm(
        total=int(trials), initial=len(done), desc=f"tune {name}", disable=not progress, leave=False
    ) as bar:
        for params in _asking(ranges, cls, done, int(trials), int(seed), METRICS[metric].better):
            done.append(_tried(name, {**fixed, **params}, params, inner, metric, k, done))
            if len(done) > len(kept):
                _keep(path, asked, done)
            best = _best(done, METRICS[metric].better)
            bar.set_postfix_str("" if best is None else f"best {done[best][MEAN]:.4f}")
            bar.update()
    best = _best(done, METRICS[metric].better)
    if best is None:
        raise DataError(
            f"none of the {len(done)} trials could be measured; the first: {done[0][REASON]}"
        )
    return _table(done, list(ranges), best, metric, words)


def validation_cut(split: Split) -> Split:
    """The training window of a split, cut once more in the same way.

    A published split gives no way: then it is "per-user-time", or "random" without timestamps;
    folds are cut at random. Guests take no part.
    """
    method = {"given": PER_USER_TIME, "k-fold": RANDOM}.get(split.method, split.method)
    if "timestamps" not in split.train.has:
        method = RANDOM
    fraction = split.parameters.get("test_fraction", 0.2)
    found = cut(split.train, method, test_fraction=fraction)
    assert isinstance(found, Split)
    if not found.people()[0]:
        raise DataError(
            f"the training window of {split.train.name!r} leaves nothing relevant to validate on; "
            "give a longer log"
        )
    return found


def _metric(metric: str | None, scale: str) -> str:
    rates = scale == "rating"
    metric = metric if metric is not None else "rmse" if rates else "ndcg"
    known = [*ACCURACY, *(RATINGS if rates else ())]
    if metric not in known:
        raise ArgumentError(f"metric={metric!r} cannot be tuned for; there are {', '.join(known)}")
    return metric


def _spelled(name: str, value: Any) -> Any:
    """A fixed value as it is kept, the same in every process."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | int | float):
        return repr(value)
    if isinstance(value, Recommender):
        return [type(value).__qualname__, _spelled(name, value.params())]
    if isinstance(value, list | tuple):
        return [_spelled(name, part) for part in value]
    if isinstance(value, set | frozenset):
        return sorted(json.dumps(_spelled(name, part)) for part in value)
    if isinstance(value, Mapping):
        return {repr(key): _spelled(name, part) for key, part in value.items()}
    raise ArgumentError(
        f"fixed: {name!r} holds a {type(value).__name__}, by which an interrupted search could "
        "not be found again; give numbers, texts, truth values, None, lists and dicts of them, "
        "and models"
    )


def _words(inner: Split, outer: Split) -> str:
    asked = len(inner.people()[0])
    return (
        f"training window of {outer.train.name!r}, cut again {inner.method}, "
        f"{inner.parameters.get('test_fraction', 'last event')} asked, {asked:,} people"
    )


# --- one trial after the other ----------------------------------------------------------------


def _asking(
    ranges: Mapping[str, Any],
    cls: type[Any],
    done: list[Trial],
    trials: int,
    seed: int,
    better: int,
) -> Iterator[dict[str, Value]]:
    """Parameters to try next; ``done`` grows between one and the next."""
    import optuna
    from optuna.trial import TrialState, create_trial

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    spread = distributions(ranges)
    study = optuna.create_study(direction="maximize" if better > 0 else "minimize")

    def add(trial: Trial) -> None:
        measured = trial[STATE] == MEASURED
        study.add_trial(
            create_trial(
                params=trial["params"],
                distributions=spread,
                value=trial[MEAN] if measured else None,
                state=TrialState.COMPLETE if measured else TrialState.FAIL,
            )
        )

    for trial in done:
        add(trial)
    if not done and trials and (own := _defaults(cls, ranges)) is not None:
        yield own
        add(done[-1])
    while len(done) < trials:
        # Seeded by its number, so that a search that is taken up again goes the same way.
        study.sampler = optuna.samplers.TPESampler(
            seed=int(np.random.SeedSequence([seed, len(done)]).generate_state(1)[0]),
            n_startup_trials=STARTING,
        )
        trial = study.ask(spread)
        yield dict(trial.params)
        measured = done[-1][STATE] == MEASURED
        study.tell(trial, done[-1][MEAN], None if measured else TrialState.FAIL)


def _defaults(cls: type[Any], ranges: Mapping[str, Any]) -> dict[str, Value] | None:
    """The defaults of a model, where they lie in the space."""
    params = cls().params()
    own = {name: params[name] for name in ranges}
    return own if all(ranges[name].holds(value) for name, value in own.items()) else None


def _tried(
    name: str,
    params: Mapping[str, Any],
    searched: dict[str, Value],
    inner: Split,
    metric: str,
    k: int,
    done: list[Trial],
) -> Trial:
    """Fit and measure once; what was tried before is not tried again."""
    for earlier in done:
        if earlier["params"] == searched:
            return {**earlier, SECONDS: 0.0}
    started = time.perf_counter()
    nothing: Trial = {MEAN: None, LOW: None, HIGH: None, N: 0}
    try:
        model = create(name, **params).fit(inner.train)
        rows = (
            evaluate_ratings(model, inner)
            if metric in RATINGS
            else evaluate(model, inner, k, beyond=False)
        )
        others = [m for m in METRICS if m != metric and m in rows.columns and m not in RATINGS]
        figure = summarise(rows.drop(others)).filter(pl.col(METRIC) == metric)
        found = figure.select(MEAN, LOW, HIGH, N).row(0, named=True)
        trial = {**found, STATE: MEASURED, REASON: ""}
        if found[MEAN] is None:
            trial = {**nothing, STATE: FAILED, REASON: f"{metric} says nothing of anybody"}
    except WorkbenchError as error:
        trial = {**nothing, STATE: FAILED, REASON: str(error)}
    except OF_ONE_TRIAL as error:
        trial = {**nothing, STATE: FAILED, REASON: f"{type(error).__name__}: {error}"}
    return {"params": searched, **trial, SECONDS: round(time.perf_counter() - started, 3)}


def _best(done: list[Trial], better: int) -> int | None:
    measured = [i for i, trial in enumerate(done) if trial[STATE] == MEASURED]
    return max(measured, key=lambda i: (better * done[i][MEAN], -i), default=None)


def _table(done: list[Trial], names: list[str], best: int, metric: str, words: str) -> pl.DataFrame:
    columns: dict[str, Any] = {TRIAL: range(len(done))}
    for name in names:
        columns[name] = pl.Series(name, [t["params"][name] for t in done], strict=False)
    columns[METRIC] = [metric] * len(done)
    for key in (MEAN, LOW, HIGH, N, SECONDS, STATE, REASON):
        kind = pl.String if key in (STATE, REASON) else pl.Int64 if key == N else pl.Float64
        columns[key] = pl.Series(key, [t[key] for t in done], dtype=kind)
    columns[BEST] = [i == best for i in range(len(done))]
    columns["validation"] = [words] * len(done)
    return pl.DataFrame(columns)


# --- what is kept between calls ---------------------------------------------------------------


def _place(home: str | os.PathLike[str] | None, name: str, asked: Mapping[str, Any]) -> Path:
    folder = (default_home() if home is None else Path(home)) / "tuning"
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    return folder / f"{name}-{digest[:12]}.json"


def _kept(path: Path, asked: Mapping[str, Any]) -> list[Trial]:
    """The trials of an earlier call; none where the file is not there, or not to be trusted."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads(path.read_text("utf-8"))
        if content["asked"] == dict(asked):
            return list(content["trials"])
    return []


def _keep(path: Path, asked: Mapping[str, Any], done: list[Trial]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    disk.write_text(path, json.dumps({"asked": asked, "trials": done}, indent=1) + "\n")

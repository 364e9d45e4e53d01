"""Verdicts: a written policy against the audit's frames; the interval decides."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

from workbench.audit.behaviour import BEHAVIOUR
from workbench.audit.groups import EVERYBODY, UNKNOWN
from workbench.columns import ATTRIBUTE, GROUP, HIGH, LOW, METRIC, VALUE, N
from workbench.errors import ArgumentError, NewerFormatError

PASS, FAIL, CANNOT_TELL = "pass", "fail", "cannot tell"
FORMAT = 1
SMALLEST = 20
"""No group under this many people is ever shown, whatever a policy says."""

FIGURES = {
    "people": ("ratio", "difference", "value"),
    "items": ("ratio",),
    "leakage": ("auc",),
}
"""Measure → figures that a rule may be about: those with an interval, since that decides."""
CHOOSE = {
    "people": (METRIC, ATTRIBUTE, GROUP),
    "items": ("column", GROUP),
    "leakage": (ATTRIBUTE, "source"),
}
SCHEMA = {
    "measure": pl.String,
    ATTRIBUTE: pl.String,
    GROUP: pl.String,
    N: pl.Int64,
    VALUE: pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    "threshold": pl.String,
    "verdict": pl.String,
    "reason": pl.String,
}


@dataclass(frozen=True)
class Rule:
    """One line of a policy.

    Attributes
    ----------
    measure : str
        "people", "items" or "leakage": the frame that is asked.
    figure : str
        The column of it.
    where : dict
        Column → value: which rows are asked.
    at_least, at_most : float, optional
        One of the two.
    reason : str
    """

    measure: str
    figure: str
    where: dict[str, str]
    at_least: float | None
    at_most: float | None
    reason: str

    @property
    def threshold(self) -> str:
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return f"at most {self.at_most:g}"


@dataclass(frozen=True)
class AuditPolicy:
    """Thresholds and why; read by ``read_policy``."""

    name: str
    about: str
    minimum: int
    rules: tuple[Rule, ...]
    content: dict[str, Any] = field(repr=False)


def read_policy(policy: str | Path | Mapping[str, Any] | None = None) -> AuditPolicy:
    """The default policy, one from a TOML file, or one given as its content.

    Raises
    ------
    ArgumentError
        The file is not there, is not TOML, or says what no frame can answer; the message names
        the rule.
    """
    if policy is None:
        content = tomllib.loads(files("workbench.audit").joinpath("policy.toml").read_text("utf-8"))
    elif isinstance(policy, Mapping):
        content = dict(policy)
    else:
        path = Path(policy)
        if not path.is_file():
            raise ArgumentError(f"policy: there is no file {str(path)!r}")
        try:
            content = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ArgumentError(f"policy: {str(path)!r} is not TOML ({error})") from error
    _only(content, {"format", "name", "about", "minimum", "rules"}, "the policy")
    written = content.get("format", FORMAT)
    if not isinstance(written, int) or written > FORMAT:
        raise NewerFormatError(
            f"policy: format {written!r} is not one this version can read (up to {FORMAT})"
        )
    minimum = content.get("minimum", SMALLEST)
    check_minimum(minimum, "policy: minimum")
    rules = content.get("rules", [])
    if not isinstance(rules, list) or not rules:
        raise ArgumentError("policy: there are no [[rules]]; write at least one")
    return AuditPolicy(
        str(content.get("name", "unnamed")),
        str(content.get("about", "")),
        minimum,
        tuple(_rule(rule, f"rule {i}") for i, rule in enumerate(rules, start=1)),
        content,
    )


def check_minimum(minimum: Any, name: str = "minimum") -> None:
    """Refuse to show groups of fewer than 20 people."""
    if isinstance(minimum, bool) or not isinstance(minimum, int) or minimum < SMALLEST:
        raise ArgumentError(
            f"{name}={minimum!r}: groups of fewer than {SMALLEST} people are never shown; "
            f"give a whole number from {SMALLEST} upwards"
        )


def verdicts_frame(policy: AuditPolicy, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """What the policy says of the frames.

    Parameters
    ----------
    policy : AuditPolicy
    frames : mapping
        "people", "items", "leakage".

    Returns
    -------
    polars.DataFrame
        One row per rule and matching row; groups by behaviour only where the rule names them.
        **pass**: the whole interval keeps the threshold;
        **fail**: the whole interval breaks it; **cannot tell**: it covers the threshold, the group
        is too small, or nothing was measured.
    """
    found: list[dict[str, Any]] = []
    for rule in policy.rules:
        frame = frames[rule.measure]
        if rule.measure == "people" and ATTRIBUTE not in rule.where:
            frame = frame.filter(~pl.col(ATTRIBUTE).is_in([EVERYBODY, *BEHAVIOUR]))
        for column, wanted in rule.where.items():
            frame = frame.filter(pl.col(column) == wanted)
        if frame.height == 0:
            found.append(_row(rule, None, None, None, (None, None, None)) | _nothing(rule))
        for row in frame.iter_rows(named=True):
            if row.get(GROUP) == UNKNOWN and rule.measure == "people" and row["suppressed"]:
                continue  # nobody asks for a verdict on the few of whom nothing is known
            found.append(_judged(rule, row))
    return pl.DataFrame(found, schema=SCHEMA, orient="row")


def _judged(rule: Rule, row: Mapping[str, Any]) -> dict[str, Any]:
    figure = rule.figure
    if rule.measure == "leakage":
        value, low, high = row["auc"], row[LOW], row[HIGH]
        attribute, group = row[ATTRIBUTE], row["source"]
    elif rule.measure == "items":
        value, low, high = row["ratio"], row[LOW], row[HIGH]
        attribute, group = row["column"], row[GROUP]
    else:
        ends = (LOW, HIGH) if figure == VALUE else (f"{figure}_low", f"{figure}_high")
        value, low, high = row[figure], row[ends[0]], row[ends[1]]
        attribute, group = row[ATTRIBUTE], row[GROUP]
    out = _row(rule, attribute, group, row[N], (value, low, high))
    if value is None or low is None or high is None:
        out["verdict"] = CANNOT_TELL
        out["reason"] = row.get("note") or "there is too little to measure this on"
        return out
    bar = rule.at_least if rule.at_least is not None else rule.at_most
    assert bar is not None
    least = rule.at_least is not None
    keeps = low >= bar if least else high <= bar
    breaks = high < bar if least else low > bar
    between = f"{low:.3f} to {high:.3f}"
    if keeps:
        out["verdict"] = PASS
        out["reason"] = f"the whole interval ({between}) is {rule.threshold}"
    elif breaks:
        out["verdict"] = FAIL
        out["reason"] = f"the whole interval ({between}) is {'below' if least else 'above'} {bar:g}"
    else:
        out["verdict"] = CANNOT_TELL
        out["reason"] = f"the interval ({between}) covers {bar:g}; " + _more(
            row[N], value, low, high, bar
        )
    return out


def _more(n: int, value: float, low: float, high: float, bar: float) -> str:
    """How many people would settle it, were the figure to stay: intervals shrink with root n."""
    near = abs(value - bar)
    reach = value - low if value > bar else high - value
    if near < 1e-9 or (reach / near) ** 2 > 1000:
        return "the figure is so near to it that no number of people would soon settle it"
    needed = math.ceil(n * (reach / near) ** 2 - 1e-6)
    return f"about {max(needed - n, 1):,} more people would settle it if the figure stays"


def _row(
    rule: Rule, attribute: str | None, group: str | None, n: int | None, figures: tuple[Any, ...]
) -> dict[str, Any]:
    words = {
        "people": f"{rule.where.get(METRIC, '')} {rule.figure.replace('_', ' ')}",
        "items": "exposure ratio",
        "leakage": "leakage AUC",
    }
    return {
        "measure": words[rule.measure].strip(),
        ATTRIBUTE: attribute,
        GROUP: group,
        N: n,
        VALUE: figures[0],
        LOW: figures[1],
        HIGH: figures[2],
        "threshold": rule.threshold,
        "verdict": None,
        "reason": None,
    }


def _nothing(rule: Rule) -> dict[str, Any]:
    asked = ", ".join(f"{k} = {v}" for k, v in rule.where.items())
    return {
        "verdict": CANNOT_TELL,
        "reason": f"nothing was measured for this rule ({asked or rule.measure})",
    }


def _rule(content: Any, where: str) -> Rule:
    if not isinstance(content, Mapping):
        raise ArgumentError(f"policy: {where} is not a table")
    measure = content.get("measure")
    if measure not in FIGURES:
        raise ArgumentError(
            f"policy: {where} has measure={measure!r}; there are {', '.join(FIGURES)}"
        )
    choose = CHOOSE[measure]
    _only(content, {"measure", "figure", "at_least", "at_most", "reason", *choose}, where)
    figure = content.get("figure", FIGURES[measure][0])
    if figure not in FIGURES[measure]:
        raise ArgumentError(
            f"policy: {where} has figure={figure!r}; {measure} has {', '.join(FIGURES[measure])}"
        )
    bars = {name: content[name] for name in ("at_least", "at_most") if name in content}
    if len(bars) != 1:
        raise ArgumentError(f"policy: {where} needs one of at_least and at_most")
    for name, bar in bars.items():
        if isinstance(bar, bool) or not isinstance(bar, int | float) or not math.isfinite(bar):
            raise ArgumentError(f"policy: {where} has {name}={bar!r}, which is not a number")
    if measure == "people" and METRIC not in content:
        raise ArgumentError(f"policy: {where} needs a metric, such as metric = 'ndcg'")
    return Rule(
        measure,
        figure,
        {name: str(content[name]) for name in choose if name in content},
        bars.get("at_least"),
        bars.get("at_most"),
        " ".join(str(content.get("reason", "")).split()),
    )


def _only(content: Mapping[str, Any], known: set[str], where: str) -> None:
    strange = sorted(set(content) - known)
    if strange:
        raise ArgumentError(
            f"policy: {where} says {strange[0]!r}, which means nothing here; "
            f"it may say {', '.join(sorted(known))}"
        )

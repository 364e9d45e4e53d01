"""Every rule of the contract must catch the fault that it is there for."""

import numpy as np
import polars as pl
import pytest
from numpy.random import default_rng

import workbench as wb
from workbench.checks.model import EXEMPT, RULES
from workbench.columns import ITEM, TIME, USER
from workbench.data.dataset import Dataset
from workbench.models.base import Recommender

MUTANTS = []
"""(model or class, rule that must catch it, other rules that this fault cannot but break)."""


def mutant(rule, *also, **params):
    def noted(cls):
        MUTANTS.append(pytest.param(cls, params, rule, frozenset(also), id=f"{rule}-{cls.name}"))
        return cls

    return noted


class Honest(Recommender):
    """What was liked together, and a little of what is liked at all. Source: these tests."""

    name = "honest"

    def __init__(self, shrink: float = 5.0) -> None:
        self.shrink = shrink

    def fit(self, dataset):
        people = dataset.profiles()
        x = people.csr(people.positive(dataset.relevant_from))
        together = (x.T @ x).toarray()
        count = np.diag(together).copy()
        np.fill_diagonal(together, 0)
        root = np.sqrt(np.outer(count, count)) + self.shrink
        self.weights_ = (together / root).astype(np.float32)
        self.prior_ = (1e-3 * count).astype(np.float32)
        self.relevant_from_ = dataset.relevant_from
        return self

    def score(self, profiles, items=None):
        x = profiles.csr(profiles.positive(self.relevant_from_))
        scores = np.asarray(x @ self.weights_) + self.prior_
        return scores if items is None else scores[:, items]


class Linear(Honest):
    """Honest, and says so of each event. Source: these tests."""

    name = "linear"

    def event_shares(self, profile, item):
        counts = profile.positive(self.relevant_from_)
        return counts * profile.weight * self.weights_[profile.item, item]


class Aged(Honest):
    """Honest, and older people get more of what is popular; it says so. Source: these tests."""

    name = "aged"
    uses = frozenset({"age"})

    def score(self, profiles, items=None):
        scores = super().score(profiles)
        if "age" in profiles.attributes.columns:
            age = profiles.attributes["age"].cast(pl.Float32).fill_null(0).to_numpy()
            scores = scores + np.float32(1e-3) * age[:, None] * self.prior_
        return scores if items is None else scores[:, items]


def _seconds(dataset):
    return float(dataset.interactions[TIME].max())


# --- making ---------------------------------------------------------------------------------------


@mutant("constructs_with_defaults", shrink=5.0)
class NoDefault(Honest):
    """Source: these tests."""

    name = "no-default"

    def __init__(self, shrink):
        self.shrink = shrink


@mutant("defaults_are_immutable")
class SharedList(Honest):
    """Source: these tests."""

    name = "shared-list"

    def __init__(self, shrink=5.0, words=["a"]):  # noqa: B006 - the fault
        super().__init__(shrink)
        self.words = words


@mutant("defaults_are_immutable", "state_round_trip")
class SharedModel(Honest):
    """Source: these tests."""

    name = "shared-model"

    def __init__(self, shrink=5.0, part=Honest()):  # noqa: B008 - the fault
        super().__init__(shrink)
        self.part = part


@mutant("params_keep_their_names")
class OtherName(Honest):
    """Source: these tests."""

    name = "other-name"

    def __init__(self, shrink=5.0, k=10):
        super().__init__(shrink)
        self.neighbours = k


@mutant("params_keep_their_names")
class Deaf(Honest):
    """Source: these tests."""

    name = "deaf"

    def __init__(self, shrink=5.0):
        super().__init__(5.0)


@mutant("params_keep_their_names", "state_round_trip")
class Anything(Honest):
    """Source: these tests."""

    name = "anything"

    def __init__(self, shrink=5.0, **others):
        super().__init__(shrink)
        self.others = others


@mutant("says_what_it_is")
class OtherScale(Honest):
    """Source: these tests."""

    name = "other-scale"
    scale = "probability"


@mutant("says_what_it_is")
class MutableUses(Honest):
    """Source: these tests."""

    name = "mutable-uses"
    uses = {"age"}  # noqa: RUF012 - the fault


@mutant("says_what_it_is")
class Nameless(Honest):
    """Source: these tests."""

    name = "model"


@mutant("names_its_source")
class Sourceless(Honest):
    """It came to me in a dream."""

    __module__ = "workbench.models.dream"
    name = "sourceless"


# --- fitting --------------------------------------------------------------------------------------


@mutant("unfitted_is_refused")
class EmptyState(Honest):
    """Source: these tests."""

    name = "empty-state"

    def state(self):
        return super().state() if "catalogue" in vars(self) else ({}, {})


@mutant("fit_returns_self")
class ReturnsNone(Honest):
    """Source: these tests."""

    name = "returns-none"

    def fit(self, dataset):
        super().fit(dataset)


@mutant("fit_leaves_the_dataset")
class MarksTheDataset(Honest):
    """Source: these tests."""

    name = "marks-the-dataset"

    def fit(self, dataset):
        dataset.provenance["fitted"] = True
        return super().fit(dataset)


@mutant("fit_leaves_the_dataset")
class DropsAColumn(Honest):
    """Source: these tests."""

    name = "drops-a-column"

    def fit(self, dataset):
        dataset.items = dataset.items.select(ITEM)
        return super().fit(dataset)


@mutant("fit_leaves_the_dataset", "refit_forgets", "checkerboard_is_solved")
class WritesIntoTheLog(Honest):
    """Source: these tests."""

    name = "writes-into-the-log"

    def fit(self, dataset):
        super().fit(dataset)
        weight = dataset._log[0].weight
        weight.flags.writeable = True
        weight[::2] = 0
        return self


@mutant("fit_leaves_the_params")
class TakesNotes(Honest):
    """Source: these tests."""

    name = "takes-notes"

    def __init__(self, shrink=5.0, note="new"):
        super().__init__(shrink)
        self.note = note

    def fit(self, dataset):
        self.note = "fitted"
        return super().fit(dataset)


@mutant("refit_forgets")
class Accumulates(Honest):
    """Source: these tests."""

    name = "accumulates"

    def fit(self, dataset):
        self.events = getattr(self, "events", 0) + dataset.n_events
        super().fit(dataset)
        self.prior_ = self.prior_ + np.float32(self.events * 1e-4)
        return self


@mutant("models_are_apart")
class KeptOnTheClass(Honest):
    """Source: these tests."""

    name = "kept-on-the-class"
    size = 0

    def fit(self, dataset):
        type(self).size = dataset.n_events
        return super().fit(dataset)

    def score(self, profiles, items=None):
        return super().score(profiles, items) + np.float32(1e-3 * self.size)


@mutant(
    "same_seed_same_scores",
    "refit_forgets",
    "row_order_is_inert",
    "id_type_is_inert",
    "guests_are_in_no_fit",
)
class GlobalGenerator(Honest):
    """Source: these tests."""

    name = "global-generator"

    def __init__(self, shrink=5.0, seed=0):
        super().__init__(shrink)
        self.seed = seed

    def fit(self, dataset):
        super().fit(dataset)
        noise = np.random.normal(size=self.prior_.shape)  # noqa: NPY002 - the fault
        self.prior_ = self.prior_ + np.float32(1e-4) * noise.astype(np.float32)
        return self


@mutant("state_round_trip")
class KeptOutOfTheState(Honest):
    """Source: these tests."""

    name = "kept-out-of-the-state"
    shift = 0.0

    def fit(self, dataset):
        self.shift = 0.5
        return super().fit(dataset)

    def score(self, profiles, items=None):
        return super().score(profiles, items) + np.float32(self.shift)


@mutant("state_round_trip")
class Pickled(Honest):
    """Source: these tests."""

    name = "pickled"

    def state(self):
        arrays, words = super().state()
        return {**arrays, "rest": np.array([{"a": 1}], dtype=object)}, words


@mutant("state_round_trip")
class NotJson(Honest):
    """Source: these tests."""

    name = "not-json"

    def state(self):
        arrays, words = super().state()
        return arrays, {**words, "when": np.float64("nan")}


@mutant("event_shares_add_up")
class HalfTheShares(Linear):
    """Source: these tests."""

    name = "half-the-shares"

    def event_shares(self, profile, item):
        return super().event_shares(profile, item) / 2


@mutant("event_shares_add_up")
class SharesPerItem(Linear):
    """Source: these tests."""

    name = "shares-per-item"

    def event_shares(self, profile, item):
        return super().event_shares(profile, item)[profile.latest]


# --- scoring --------------------------------------------------------------------------------------


@mutant("scores_have_their_shape")
class Double(Honest):
    """Source: these tests."""

    name = "double"

    def score(self, profiles, items=None):
        return super().score(profiles, items).astype(np.float64)


@mutant("scores_have_their_shape")
class AtLeastOne(Honest):
    """Source: these tests."""

    name = "at-least-one"

    def score(self, profiles, items=None):
        scores = super().score(profiles, items)
        return scores if len(scores) else np.zeros((1, scores.shape[1]), np.float32)


@mutant("scores_are_finite_or_nan")
class MinusInfinity(Honest):
    """Source: these tests."""

    name = "minus-infinity"
    blank = -np.inf

    def score(self, profiles, items=None):
        scores = np.where(self.prior_ == 0, np.float32(self.blank), super().score(profiles))
        return scores if items is None else scores[:, items]


@mutant("scores_are_finite_or_nan")
class LargestNegative(MinusInfinity):
    """Source: these tests."""

    name = "largest-negative"
    blank = np.finfo(np.float32).min


@mutant("scores_are_finite_or_nan")
class MinusNines(MinusInfinity):
    """Source: these tests."""

    name = "minus-nines"
    blank = -999.0


@mutant("batch_equals_singles")
class BatchNormaliser(Honest):
    """Source: these tests."""

    name = "batch-normaliser"

    def score(self, profiles, items=None):
        scores = super().score(profiles)
        scores = scores / (scores.max() if len(scores) else np.float32(1))
        return scores if items is None else scores[:, items]


@mutant("batch_equals_singles")
class LastBit(Honest):
    """Source: these tests."""

    name = "last-bit"

    def score(self, profiles, items=None):
        """As a dense product does on some processors: alone one bit is another."""
        scores = super().score(profiles, items)
        return scores if len(profiles) > 1 else np.nextafter(scores, np.float32(np.inf))


@mutant("items_select_columns")
class InCatalogueOrder(Honest):
    """Source: these tests."""

    name = "in-catalogue-order"

    def score(self, profiles, items=None):
        return super().score(profiles, None if items is None else np.sort(items))


@mutant("items_select_columns")
class RanksWhatItIsAsked(Honest):
    """Source: these tests."""

    name = "ranks-what-it-is-asked"

    def score(self, profiles, items=None):
        scores = super().score(profiles, items)
        return scores - scores.mean(axis=1, keepdims=True) if scores.shape[1] else scores


@mutant("bad_items_are_refused")
class Wraps(Honest):
    """Source: these tests."""

    name = "wraps"


def _unguarded_score(self, profiles, items=None):
    if items is not None:
        items = np.asarray(items, dtype=np.int64) % len(self.catalogue)
    return Honest.score(self, profiles, items)


Wraps.score = _unguarded_score


@mutant("history_matters", "checkerboard_is_solved")
class Pretender(Honest):
    """Source: these tests."""

    name = "pretender"

    def score(self, profiles, items=None):
        scores = np.repeat(self.prior_[None], len(profiles), axis=0)
        return scores if items is None else scores[:, items]


@mutant("history_matters", "checkerboard_is_solved")
class IdShortcut(Honest):
    """Knows the people of the log by their history, and nobody else. Source: these tests."""

    name = "id-shortcut"

    def fit(self, dataset):
        super().fit(dataset)
        people = dataset.profiles()
        self.stored_ = Honest.score.__wrapped__(self, people)
        self.keys_ = [_key(people, row) for row in range(len(people))]
        return self

    def score(self, profiles, items=None):
        places = {key: place for place, key in enumerate(self.keys_)}
        scores = np.repeat(self.prior_[None], len(profiles), axis=0)
        for row in range(len(profiles)):
            place = places.get(_key(profiles, row))
            if place is not None:
                scores[row] = self.stored_[place]
        return scores if items is None else scores[:, items]


def _key(people, row):
    mine = (people.row == row) & (people.weight > 0)
    return ",".join(map(str, np.sort(people.item[mine])))


@mutant("history_does_not_matter")
class ModestlyPersonal(Honest):
    """Source: these tests."""

    name = "modestly-personal"
    personalised = False


@mutant("uses_exists")
class Misspelt(Honest):
    """Source: these tests."""

    name = "misspelt"
    uses = frozenset({"agee"})


@mutant("undeclared_is_inert")
class LeaksTheAge(Aged):
    """Source: these tests."""

    name = "leaks-the-age"
    uses = frozenset()


@mutant("undeclared_is_inert")
class LeaksTheMoment(Honest):
    """Source: these tests."""

    name = "leaks-the-moment"

    def score(self, profiles, items=None):
        moment = np.nan_to_num(profiles.as_of / 1e9).astype(np.float32)
        return super().score(profiles, items) + moment[:, None]


@mutant("undeclared_is_inert")
class ReadsAnId(Honest):
    """Source: these tests."""

    name = "reads-an-id"

    def score(self, profiles, items=None):
        scores = super().score(profiles)
        for table in (profiles.attributes, profiles.context):
            if USER in table.columns:
                scores[np.arange(len(scores)), table[USER].to_numpy() % 7] += 1
        return scores if items is None else scores[:, items]


@mutant("undeclared_is_inert", "batch_equals_singles")
class CountsColumns(Honest):
    """Source: these tests."""

    name = "counts-columns"

    def score(self, profiles, items=None):
        known = np.float32("age" in profiles.attributes.columns)
        return super().score(profiles, items) + known


@mutant("nobody_is_answered")
class SilentToBeginners(Honest):
    """Source: these tests."""

    name = "silent-to-beginners"

    def score(self, profiles, items=None):
        scores = super().score(profiles, items)
        scores[profiles.lengths == 0] = np.nan
        return scores


@mutant("unknown_items_are_ignored")
class CountsTheUnknown(Honest):
    """Source: these tests."""

    name = "counts-the-unknown"

    def score(self, profiles, items=None):
        return super().score(profiles, items) + np.float32(profiles.unknown)


@mutant(
    "edit_and_undo",
    "batch_equals_singles",
    "state_round_trip",
    "same_seed_same_scores",
    "refit_forgets",
    "row_order_is_inert",
    "id_type_is_inert",
    "names_are_inert",
)
class LearnsWhileScoring(Honest):
    """Gives everybody a little of what the one before did last. Source: these tests."""

    name = "learns-while-scoring"

    def score(self, profiles, items=None):
        scores = super().score(profiles)
        scores[:, vars(self).get("before", 0)] += 1
        if len(profiles) == 1 and len(profiles.item):
            self.before = int(profiles.item[-1])
        return scores if items is None else scores[:, items]


@mutant("zero_weight_says_nothing")
class IgnoresWeights(Honest):
    """Source: these tests."""

    name = "ignores-weights"

    def score(self, profiles, items=None):
        liked = profiles.latest & ~(profiles.value < (self.relevant_from_ or 0))
        x = profiles.csr(liked, np.ones(len(profiles.item)))
        scores = np.asarray(x @ self.weights_) + self.prior_
        return scores if items is None else scores[:, items]


# --- logs -----------------------------------------------------------------------------------------


@mutant("id_type_is_inert")
class ReadsIntegers(Honest):
    """Source: these tests."""

    name = "reads-integers"

    def fit(self, dataset):
        super().fit(dataset)
        if dataset.catalogue.is_integer:
            self.prior_ = self.prior_ + np.float32(0.5)
        return self


@mutant("names_are_inert")
class FirstItemsFirst(Honest):
    """Source: these tests."""

    name = "first-items-first"

    def fit(self, dataset):
        super().fit(dataset)
        self.prior_ = self.prior_ - 0.01 * np.arange(dataset.n_items, dtype=np.float32)
        return self


@mutant("names_are_inert")
class FirstPeopleCountMore(Honest):
    """Source: these tests."""

    name = "first-people-count-more"

    def fit(self, dataset):
        super().fit(dataset)
        self.prior_ = self.prior_.copy()
        self.prior_[dataset.profiles()[:1].item] += 0.5
        return self


@mutant("names_are_inert")
class CleverAboutNames(Honest):
    """Likes what has a name like the names of what was liked. Source: these tests."""

    name = "clever-about-names"

    def __init__(self, shrink=5.0, seed=0):
        super().__init__(shrink)
        self.seed = seed

    def fit(self, dataset):
        super().fit(dataset)
        noise = default_rng(self.seed).normal(size=self.prior_.shape)
        self.prior_ = (1e-3 * noise).astype(np.float32)
        parity = np.arange(dataset.n_items) % 2
        liking = 1 + 0.01 * np.arange(dataset.n_items)
        self.weights_ = ((parity[:, None] == parity) * liking[:, None]).astype(np.float32)
        return self


@mutant("guests_are_in_no_fit")
class CountsGuests(Honest):
    """Source: these tests."""

    name = "counts-guests"

    def fit(self, dataset):
        super().fit(dataset)
        guests = dataset.catalogue.codes(dataset.guest_interactions[ITEM])
        more = np.bincount(guests, minlength=dataset.n_items)
        self.prior_ = self.prior_ + (1e-3 * more).astype(np.float32)
        return self


@mutant("guests_are_in_no_fit")
class ReadsEverybodysAge(Honest):
    """Source: these tests."""

    name = "reads-everybodys-age"

    def fit(self, dataset):
        super().fit(dataset)
        if "age" in dataset.users.columns:
            self.prior_ = self.prior_ + np.float32(dataset.users["age"].mean())
        return self


@mutant("needs_is_enforced")
class NeedsTimeSilently(Honest):
    """Source: these tests."""

    name = "needs-time-silently"

    def fit(self, dataset):
        super().fit(dataset)
        _seconds(dataset)
        return self


@mutant("needs_is_enforced")
class NeedsTimeInVain(Honest):
    """Source: these tests."""

    name = "needs-time-in-vain"
    needs = frozenset({"timestamps"})


def _unguarded_fit(self, dataset):
    Honest.fit.__wrapped__(self, dataset)
    self.catalogue = dataset.catalogue
    return self


NeedsTimeInVain.fit = _unguarded_fit


@mutant("ratings_are_in_their_unit")
class RatesInThousands(Honest):
    """Source: these tests."""

    name = "rates-in-thousands"
    scale = "rating"

    def score(self, profiles, items=None):
        return super().score(profiles, items) + np.float32(1000)


@mutant("checkerboard_is_solved")
class Contrary(Honest):
    """Source: these tests."""

    name = "contrary"

    def score(self, profiles, items=None):
        return -super().score(profiles, items)


@pytest.mark.parametrize("cls", [Honest, Linear, Aged])
def test_an_honest_model_breaks_no_rule(cls):
    table = wb.check_model(cls)
    assert table["rule"].to_list() == list(RULES)
    assert not table["result"].str.starts_with("failed").any()


@pytest.mark.parametrize(("cls", "params", "rule", "also"), MUTANTS)
def test_a_mutant_breaks_its_rule_and_no_other(cls, params, rule, also):
    model = cls(**params) if params else cls
    with pytest.raises(wb.ContractError, match=f"^{rule}: ") as caught:
        wb.check_model(model, rules=[rule])
    assert caught.value.rule == rule
    table = wb.check_model(model, raise_on_failure=False)
    failed = table.filter(pl.col("result").str.starts_with("failed"))["rule"].to_list()
    assert rule in failed
    assert set(failed) <= {rule, *also}, table.filter(pl.col("rule").is_in(failed))["result"]


def test_a_log_that_remembers_the_order_of_its_rows_is_caught(monkeypatch):
    """The dataset itself keeps this rule for every model, so the fault is planted there."""

    class FirstRow(Honest):
        """Source: these tests."""

        name = "first-row"

        def fit(self, dataset):
            super().fit(dataset)
            first = vars(dataset).get("first_row", dataset.interactions[ITEM][0])
            self.prior_ = self.prior_.copy()
            self.prior_[dataset.catalogue.code(first)] += 0.5
            return self

    in_order = Dataset._in_order

    def leaking(self, frame):
        if frame.height:
            self.first_row = frame[ITEM][0]
        return in_order(self, frame)

    rule = "row_order_is_inert"
    wb.check_model(FirstRow, rules=[rule])
    monkeypatch.setattr(Dataset, "_in_order", leaking)
    wb.check_model(Honest, rules=[rule])
    with pytest.raises(wb.ContractError, match=rule) as caught:
        wb.check_model(FirstRow, rules=[rule])
    assert caught.value.rule == rule


def test_every_rule_has_a_mutant():
    planted = {param.values[2] for param in MUTANTS} | {"row_order_is_inert"}
    assert planted == set(RULES)


def test_any_other_error_names_the_rule_on_whose_way_it_came():
    class Stumbles(Honest):
        """Source: these tests."""

        name = "stumbles"

        def score(self, profiles, items=None):
            if (profiles.lengths == 0).any():
                raise KeyError("nobody")
            return super().score(profiles, items)

    with pytest.raises(wb.ContractError, match=r"nobody_is_answered: .* KeyError: 'nobody'"):
        wb.check_model(Stumbles(), rules=["nobody_is_answered"])


def test_an_instance_is_checked_with_its_own_parameters_and_stays_unfitted():
    model = Honest(shrink=7.0)
    wb.check_model(model, rules=["fit_returns_self", "state_round_trip"])
    assert "catalogue" not in vars(model)
    assert model.shrink == 7.0


def test_a_model_with_columns_of_its_own_is_given_them():
    class Rich(Honest):
        """Source: these tests."""

        name = "rich"
        uses = frozenset({"income"})

    with pytest.raises(wb.ContractError, match=r"uses names \['income'\]"):
        wb.check_model(Rich)
    table = wb.check_model(Rich, columns={"income": [1.0, 2.0, 3.0]})
    assert table.filter(pl.col("rule") == "uses_exists")["result"].to_list() == ["passed"]


def test_an_exemption_is_by_name_and_says_why(monkeypatch):
    monkeypatch.setitem(EXEMPT, ("pretender", "history_matters"), "it is modest")
    table = wb.check_model(Pretender, rules=["history_matters"])
    assert table["result"].to_list() == ["skipped: it is modest"]


def test_what_cannot_be_checked_is_refused():
    with pytest.raises(wb.ArgumentError, match="did you mean 'refit_forgets'"):
        wb.check_model(Honest, rules=["refit_forget"])
    with pytest.raises(wb.ArgumentError, match="must be a workbench Recommender"):
        wb.check_model("ease")

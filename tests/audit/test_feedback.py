"""The simulation of feedback: laws it keeps, planted loops that it finds, figures by hand."""

import numpy as np
import polars as pl
import pytest
from scipy import sparse
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

import workbench as wb
from workbench.audit import feedback
from workbench.audit.exposure import item_kinds
from workbench.audit.feedback_choice import Choice
from workbench.audit.feedback_figures import FEEDBACK, MEASURES, Turn, feedback_frame
from workbench.audit.groups import Grouping
from workbench.data.sample import asking
from workbench.errors import ArgumentError, DataError
from workbench.evaluation.catalogue import coverage, gini

K, ROUNDS = 5, 6
HEAD, LAST, N_PEOPLE, N_ITEMS = 40, 8, 90, 200


class RichGetRicher(wb.Recommender):
    """A taste of one's own, drowned by the head where the last things done hold more of it."""

    def fit(self, dataset):
        return self

    def score(self, profiles, items=None):
        first = np.where(profiles.lengths > 0, profiles.item[profiles.indptr[:-1]], 0)
        own = np.sin(1.0 + (first[:, None] + 1) * (np.arange(N_ITEMS)[None] + 1) * 12.9898)
        last = profiles.from_end < LAST
        heads = np.bincount(profiles.row, last & (profiles.item < HEAD), minlength=len(profiles))
        more = (heads / LAST - HEAD / N_ITEMS).clip(0)[:, None]
        scores = (own + 4 * more * (np.arange(N_ITEMS) < HEAD)).astype(np.float32)
        return scores if items is None else scores[:, items]


class Same(wb.Recommender):
    """Says the same of everything: a taste that minds nothing."""

    personalised = False

    def fit(self, dataset):
        return self

    def score(self, profiles, items=None):
        width = len(self.catalogue) if items is None else len(items)
        return np.ones((len(profiles), width), dtype=np.float32)


@pytest.fixture(scope="module")
def cut():
    """Random people and items: a loop is where the model makes one."""
    rng = np.random.default_rng(3)
    met = np.array([rng.permutation(N_ITEMS)[:14] for _ in range(N_PEOPLE)])
    events = pl.DataFrame(
        {
            "user_id": np.repeat(np.arange(N_PEOPLE), 14),
            "item_id": met.ravel(),
            "timestamp": np.tile(np.arange(14.0), N_PEOPLE),
            "value": rng.integers(1, 6, N_PEOPLE * 14).astype(float),
        }
    )
    genres = [["a", "b", "c", "d", "e"][i % 5 : i % 5 + 1 + i % 2] for i in range(N_ITEMS)]
    items = pl.DataFrame({"item_id": range(N_ITEMS), "genres": genres})
    few = np.array(["small"] * 12 + ["middle"] * 28 + ["large"] * 50)
    users = pl.DataFrame({"user_id": range(N_PEOPLE), "kind": few, "side": ["l", "r"] * 45})
    dataset = wb.Dataset.from_frames(events, items, users, relevant_from=3.0)
    return wb.split(dataset, "per-user-time", test_fraction=0.4)


@pytest.fixture(scope="module")
def richer(cut):
    return RichGetRicher().fit(cut.train)


@pytest.fixture(scope="module")
def same(cut):
    return Same().fit(cut.train)


@pytest.fixture(scope="module")
def found(richer, cut, same):
    return simulated(richer, cut, taste=same)


def simulated(model, cut, settings=None, **arguments):
    return wb.simulate(model, cut, settings, **{"k": K, "rounds": ROUNDS, **arguments})


def everybody(found, setting, measure, number):
    at = {"setting": setting, "measure": measure, "round": number, "attribute": "everybody"}
    return found.frame.filter(**at).row(0, named=True)


# --- laws ---------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_rows_and_another_other_choices(found, richer, cut, same):
    again = simulated(richer, cut, taste=same)
    assert again.frame.equals(found.frame)
    assert again.people.equals(found.people)
    other = simulated(richer, cut, taste=same, seed=1)
    assert not other.people["chosen"].equals(found.people["chosen"])


def test_identical_settings_give_identical_rows(richer, cut, same):
    dull = wb.Policy.for_dataset(cut.train, epsilon=0.3)
    other = wb.Policy.for_dataset(cut.train, epsilon=0.3)
    pair = simulated(richer, cut, {"one": dull, "two": other}, taste=same)
    one, two = (pair.frame.filter(setting=s).drop("setting") for s in ("one", "two"))
    gaps = ["difference", "difference_low", "difference_high"]
    assert one.equals(two)
    assert two.select(pl.all_horizontal(pl.col(gaps) == 0)).to_series().all()
    frames = [pair.people.filter(setting=s).drop("setting") for s in ("one", "two")]
    assert frames[0].equals(frames[1])


def test_a_person_is_the_same_alone_and_in_any_company(richer, cut, same):
    ids, people = cut.people()
    kinds = item_kinds(cut)["genres"][1]
    choice = Choice.of(cut, same, 0.2, K, 0)
    policy = wb.Policy.for_dataset(cut.train, epsilon=0.3)

    def walked(rows):
        rows = np.asarray(rows)
        turns = feedback.walk(
            richer, people[rows], policy, choice[rows], kinds, cut.train.relevant_from, ROUNDS, K
        )
        return [(t.acceptance, t.entropy, t.distance, t.chosen, t.shown.toarray()) for t in turns]

    order = np.random.default_rng(0).permutation(len(ids))
    whole, mixed = walked(np.arange(len(ids))), walked(order)
    alone = walked([7])
    for one, two, single in zip(whole, mixed, alone, strict=True):
        for a, b, c in zip(one, two, single, strict=True):
            assert np.array_equal(a[order], b, equal_nan=True)
            assert np.array_equal(a[7], c[0], equal_nan=True)


def test_a_sample_of_people_do_what_they_do_among_all(audited):
    split, model, _, _ = audited
    plain = {"settings": {"as it is": None}, "rounds": 2}
    many, few = (wb.simulate(model, split, **plain, max_people=n).people for n in (60, 30))
    same = many.join(few, on=["user_id", "round"], how="semi")
    assert few["user_id"].n_unique() == 30
    assert same.equals(few)
    assert same["chosen"].sum() > 0


def test_an_item_has_the_same_fate_wherever_it_stands(cut, same):
    choice = Choice.of(cut, same, 0.0, K, 0)
    _, people = cut.people()
    fresh = people.only(np.zeros(len(people.item), dtype=bool))
    row, rank = np.arange(len(people)).repeat(K), np.tile(np.arange(1, K + 1), len(people))

    def who_takes(first, turn):
        """People who take item 0, where it stands at rank 1 or at rank K."""
        who, what = choice.chosen(fresh, turn, row, rank, rank - 1 if first else K - rank)
        return set(who[what == 0].tolist())

    for turn in range(1, 6):  # at rank 1 everybody looks, at rank K some do
        assert who_takes(False, turn) < who_takes(True, turn)


def test_where_the_list_is_ignored_nothing_narrows(richer, cut, same):
    settings = {"as it is": None, "top": wb.Policy.for_dataset(cut.train, popularity_penalty=0.9)}
    found = simulated(richer, cut, settings, taste=same, elsewhere=1.0)
    # The same is chosen whatever is shown, ...
    chosen = [found.people.filter(setting=s)["chosen"] for s in settings]
    assert chosen[0].equals(chosen[1])
    assert chosen[0].sum() > 500
    # ... and the loop that is there otherwise has no way to close.
    open_loop = everybody(found, "as it is", "gini", 6)["change"]
    closed = simulated(richer, cut, settings, taste=same)
    assert everybody(closed, "as it is", "gini", 6)["change"] > 2.5 * abs(open_loop)


def test_the_rich_get_richer_and_exploration_holds_them_back(found):
    first, last = (everybody(found, "as it is", "gini", r) for r in (1, ROUNDS))
    assert last["change_low"] > 0.03
    assert last["value"] - first["value"] == pytest.approx(last["change"])
    held = everybody(found, "with exploration", "gini", ROUNDS)
    assert held["difference_high"] < 0
    assert everybody(found, "as it is", "coverage", ROUNDS)["change_high"] < 0
    assert everybody(found, "with exploration", "coverage", ROUNDS)["difference_low"] > 0


def test_diversity_widens_each_list(found):
    assert everybody(found, "with diversity", "entropy", 1)["difference_low"] > 0


def test_as_many_are_chosen_as_the_chances_say(richer, cut, same):
    settings = {"as it is": None}
    found = simulated(richer, cut, settings, taste=same, rounds=8)
    look = 1 / np.log2(1 + np.arange(1, K + 1))
    like = Choice.of(cut, same, 0.0, K, 0).like[0, 0]
    n = found.people.height
    mean = found.people["chosen"].mean()
    spread = np.sqrt((look * like * (1 - look * like)).sum() / n)
    assert abs(mean - (look * like).sum()) < 4 * spread
    assert found.people["acceptance"].to_numpy() == pytest.approx(like)


def test_nothing_is_chosen_twice_nor_what_was_met(richer, cut, same):
    _, people = cut.people()
    choice = Choice.of(cut, same, 1.0, K, 0)
    places = np.arange(len(people)).repeat(K), np.tile(np.arange(1, K + 1), len(people))
    for turn in range(1, 9):
        who, what = choice.chosen(people, turn, *places, np.zeros(len(places[0]), dtype=int))
        assert not people.seen[who, what].any()
        people = people.with_events(who, what, np.full(len(who), choice.value))
        assert people.latest.all()
    assert choice.value == 4.0


# --- figures ------------------------------------------------------------------------------------


def test_figures_of_one_round_by_hand(richer, cut, same):
    found = simulated(richer, cut, {"as it is": None}, taste=same, rounds=1)
    ids, people = cut.people()
    lists = wb.recommend(richer, people, K).frame
    code = cut.train.catalogue.codes(lists["item_id"])
    exposure = np.bincount(code, minlength=N_ITEMS)
    assert everybody(found, "as it is", "gini", 1)["value"] == pytest.approx(gini(exposure))
    assert everybody(found, "as it is", "coverage", 1)["value"] == coverage(exposure)
    share = item_kinds(cut)["genres"][1].toarray()
    weight = np.tile(1 / np.log2(1 + np.arange(1, K + 1)), len(ids))
    likes = (people.value >= 3.0) & people.latest
    for row in (0, 40, len(ids) - 1):
        mine = lists["row"].to_numpy() == row
        told = found.people.row(row, named=True)
        assert told["user_id"] == ids[row]
        shown = share[code[mine]].sum(axis=0)
        assert told["entropy"] == pytest.approx(entropy(shown, base=2))
        wanted = (share[code[mine]] * weight[mine, None]).sum(axis=0)
        start = share[people.item[(people.row == row) & likes]].sum(axis=0)
        assert told["distance"] == pytest.approx(jensenshannon(wanted, start, base=2))


def test_figures_of_groups_are_means_of_their_people(found, cut):
    of = cut.train.users
    rows = found.people.join(of, on="user_id").filter(setting="with exploration", round=3)
    for side in ("l", "r"):
        mine = rows.filter(side=side)
        told = found.frame.filter(setting="with exploration", round=3, attribute="side", group=side)
        assert set(told["measure"]) == set(MEASURES)
        for measure in ("entropy", "acceptance"):
            row = told.filter(measure=measure).row(0, named=True)
            assert row["value"] == pytest.approx(mine[measure].mean())
            assert row["low"] < row["value"] + 1e-12
            assert row["value"] <= row["high"]
            assert row["n"] == mine.height
    by = ["setting", "measure", "attribute", "group"]
    first, last = (found.frame.filter(round=r) for r in (1, ROUNDS))
    both = first.join(last, on=by, suffix="_last")
    assert both.height == first.height
    assert (first["change"] == 0).all()
    assert (both["value_last"] - both["value"]).to_numpy() == pytest.approx(both["change_last"])
    base = last.filter(setting="as it is").join(last, on=by[1:], suffix="_other")
    gaps = (base["value_other"] - base["value"]).to_numpy()
    assert gaps == pytest.approx(base["difference_other"])


def test_small_groups_are_not_told_nor_could_they_be_computed(found):
    assert dict(found.frame.unique("group")["group", "n"].rows()).keys() == {
        "everybody", "large", "l", "r",
    }  # fmt: skip
    assert found.frame["n"].min() >= 20


def test_intervals_of_all_lists_together_cover():
    """Of lists of people drawn anew, the intervals cover the mean Gini and the mean coverage."""
    rng = np.random.default_rng(5)
    n, n_items, times = 60, 150, 150
    tastes = 1.5 * rng.normal(size=(4, n_items)) - np.log(np.arange(1, n_items + 1))
    rows = []
    for number in range(times):
        liking = rng.gumbel(size=(n, n_items)) + tastes[rng.integers(0, 4, n)]
        top = np.argpartition(-liking, K, axis=1)[:, :K]
        places = np.arange(n).repeat(K), top.ravel()
        shown = sparse.csr_array((np.ones(n * K), places), shape=(n, n_items))
        nobody = np.full(n, np.nan)
        turn = Turn(nobody, nobody, nobody, shown, np.zeros(n, dtype=int))
        rows.append(feedback_frame({"as it is": [turn]}, [], 20, number))
    frame = pl.concat(rows)
    assert set(frame["measure"]) == {"gini", "coverage"}
    inside = (pl.col("low") <= pl.col("value").mean()) & (pl.col("value").mean() <= pl.col("high"))
    covered = frame.select("measure", inside.over("measure").alias("in"))
    for _, share in covered.group_by("measure").agg(pl.col("in").mean()).iter_rows():
        assert 0.90 <= share <= 0.995


def test_a_group_of_whom_too_few_have_a_figure_is_left_out_of_it():
    n = 40
    shown = sparse.csr_array(np.eye(n, 50))
    some = np.where(np.arange(n) < 15, 0.5, np.nan)
    turn = Turn(np.full(n, 0.5), np.linspace(0, 1, n), some, shown, np.zeros(n, dtype=int))
    sides = Grouping("side", pl.Series(["l", "r"] * 20), ("l", "r"), "as given")
    frame = feedback_frame({"as it is": [turn]}, [sides], 20, 0)
    assert "distance" not in set(frame["measure"])
    assert frame.height == 4 * 3
    assert set(frame.columns) == set(FEEDBACK)


# --- choice -------------------------------------------------------------------------------------


def test_an_invented_world_speaks_its_truth_and_a_log_another_model(audited):
    split, model, _, _ = audited
    small = asking(split, 60)
    ids, _ = small.people()
    truth = Choice.of(small, "truth", 0.0, 10, 0)
    codes = split.train.people.codes(ids)
    assert np.array_equal(truth.like, split.train.truth.relevance(codes))
    log = Choice.of(small, "log", 0.0, 10, 0)
    assert "svd" in log.words
    # Calibrated: of what was liked later, as many as the chances say.
    test = small.test.with_columns(liked=pl.col("value") >= 4.0)
    row = {user: i for i, user in enumerate(ids)}
    rows = np.array([row[user] for user in test["user_id"]])
    said = log.like[rows, split.train.catalogue.codes(test["item_id"])]
    assert said.mean() == pytest.approx(test["liked"].mean(), abs=0.01)
    close = np.corrcoef(log.like.ravel(), truth.like.ravel())[0, 1]
    assert close > 0.3
    plain = {"settings": {"as it is": None}, "rounds": 1, "max_people": 60}
    assert "invented world" in wb.simulate(model, split, **plain).definition
    assert "svd" in wb.simulate(model, split, **plain, taste="log").definition


def test_the_order_of_the_log_moves_nothing(cut, richer):
    def shuffled(frame, seed):
        return frame.sample(fraction=1.0, shuffle=True, seed=seed)

    train, test = cut.train, cut.test
    turned = wb.Split.from_frames(
        shuffled(train.interactions, 1), shuffled(test, 2), train.items, train.users,
        relevant_from=3.0,
    )  # fmt: skip
    model = RichGetRicher().fit(turned.train)
    one, two = (simulated(m, c, rounds=2).people for m, c in ((richer, cut), (model, turned)))
    assert one.equals(two)


def test_events_alone_are_enough(cut):
    bare = wb.Dataset.from_frames(
        cut.train.interactions.select(
            pl.format("u{}", "user_id").alias("user_id"),
            pl.format("i{}", "item_id").alias("item_id"),
        )
    )
    split = wb.split(bare, "random")
    found = simulated(wb.create("ease").fit(split.train), split)
    assert list(found.settings) == ["as it is", "with exploration"]
    assert set(found.frame["measure"]) == set(MEASURES)
    assert set(found.frame["group"]) == {"everybody"}
    assert "as many items drawn at random, as nobody says no" in found.definition
    assert "rp3beta" in found.definition
    assert "with the value" not in found.definition
    entropy_is = found.frame.filter(measure="entropy")["definition"][0]
    assert "thirds of popularity" in entropy_is
    assert found.people["entropy"].max() <= np.log2(3)


def test_everything_is_told(found, cut):
    assert found.frame.schema == pl.Schema(FEEDBACK)
    assert found.skipped == {}
    for words in ("looked at with chance 1 / log2(1 + r)", "same", "nothing is fitted again"):
        assert words in found.definition
    assert (found.frame["choice"] == found.definition).all()
    policies = dict(found.frame.unique("setting")["setting", "policy"].rows())
    assert policies["as it is"] == "{}"
    assert policies["with both"] == '{"diversity": 0.5, "epsilon": 0.2}'
    assert found.frame["definition"].n_unique() == len(MEASURES)
    shown = repr(found)
    for words in (f"Round {ROUNDS}", "with exploration", "gini", "looked at with chance"):
        assert words in shown


def test_what_is_done_is_told(richer, cut, same):
    heard = []
    simulated(richer, cut, {"as it is": None}, taste=same, rounds=2, say=heard.append)
    assert heard == ["what people like", "as it is, round 1 of 2", "as it is, round 2 of 2"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"rounds": 0}, "rounds must be a whole number of at least 1, not 0"),
        ({"k": 0}, "k must be a whole number"),
        ({"elsewhere": 1.5}, "elsewhere must be from 0 to 1, not 1.5"),
        ({"minimum": 5}, "groups of fewer than 20 people are never shown"),
        ({"max_people": 0}, "max_people must be"),
        ({"seed": -1}, "seed must be"),
        ({"taste": "truth"}, "does not know the truth of itself"),
        ({"taste": "nose"}, "taste must be 'log', 'truth' or a fitted model, not 'nose'"),
        ({"settings": {}}, "settings must be a mapping"),
        ({"settings": {"a": 0.2}}, "each is a name and a wb.Policy"),
        ({"settings": {"a": wb.Policy(exclude=["x"])}}, "'x'"),
        ({"groups": ["nose"]}, "people have no attribute 'nose'"),
    ],
)
def test_bad_arguments_are_named_before_work_starts(arguments, words, richer, cut):
    heard = []
    with pytest.raises(ArgumentError, match=words):
        simulated(richer, cut, say=heard.append, **arguments)
    assert heard == []


def test_no_model_marks_its_own_homework(richer, cut, same):
    with pytest.raises(ArgumentError, match="would mark its own homework"):
        simulated(richer, cut, taste=richer)
    other = wb.split(wb.load("synthetic", n_users=60, n_items=40, n_events=500, seed=9))
    with pytest.raises(ArgumentError, match="taste counts other items than the split"):
        simulated(richer, cut, taste=wb.create("popularity").fit(other.train))
    with pytest.raises(ArgumentError, match="model counts other items than the split"):
        simulated(richer, other)


def test_a_log_that_says_nothing_of_taste_is_refused_in_a_sentence(cut):
    events = pl.DataFrame({"user_id": [0, 0, 0, 1, 1, 1], "item_id": [0, 1, 2, 0, 1, 2]})
    split = wb.split(wb.Dataset.from_frames(events), "random", test_fraction=0.4)
    with pytest.raises(DataError, match="say nothing that a taste could be calibrated on"):
        wb.simulate(wb.create("popularity").fit(split.train), split, k=1)

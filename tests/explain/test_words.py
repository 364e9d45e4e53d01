"""Words: every name and number said is a cell of a frame, and what is weak is not said."""

import re

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.explain.agreement import agreement
from workbench.explain.words import Numbers, further_words, sentence

NAME = r"(?:“(?P<title>[^”]+)”|item (?P<id>\S+?))"
NUMBER = r"(?P<number>[+-]\d+\.\d+)"
EVENT = re.compile(rf"{NAME} \({NUMBER}\)")
GROUP = re.compile(rf"(?P<group>[\w' -]+?) \({NUMBER}\)")
CLAIM = re.compile(rf"{NAME} \({NUMBER}(?: ± (?P<error>\d+\.\d+))?\)")
WORDS = {
    "uncertain": r"Which item has the largest share is not certain after so few samples\.",
    "unsure": rf"Of the shares, {CLAIM.pattern} is the largest found, but not by a certain lead\.",
    "agree": rf"By share, too, {CLAIM.pattern} comes first\.",
    "opposed": rf"{NAME} has a share of {NUMBER}(?: ± (?P<error>\d+\.\d+))?, and yet the score is "
    r"(?P<way>higher|lower) without it \((?P<effect>[+-]\d+\.\d+)\)\.",
    "genres": r"The history by genre: (?P<rest>.+)\.",
    "leaves": rf"Without {NAME} it would leave the first (?P<k>\d+) "
    r"\((?P<rank>rank \d+|not ranked)\)\.",
    "told": rf"Knowing (?:the moment|(?P<what>\w+) “(?P<value>[^”]*)”) moves the score \({NUMBER}; "
    r"without: (?P<rank>rank \d+|not ranked)\)\.",
    "policy": r"The policy's (?P<step>\w+): (?P<effect>.+)\.",
    "disagree": r"Share and removal disagree: by share (?P<share>.+) comes first, "
    r"by removal (?P<removal>.+)\.",
}


class Claims:
    """Reads what an explanation says, and looks every word of it up in the frames."""

    def __init__(self, why, titles):
        self.why, self.ids = why, {title: i for i, title in titles.items()}
        self.decimals = len(re.search(r" scores [+-]\d+\.(\d+)", why.sentence)[1])
        self.kinds = []

    def row(self, found):
        """The row of the events that a name is of."""
        ids = dict.fromkeys(self.why.events["item_id"])
        if found["title"] is None:
            (item,) = [i for i in ids if str(i) == found["id"]]
        else:
            item = self.ids[found["title"]]
        return self.why.events.row(by_predicate=pl.col("item_id") == item, named=True)

    def same(self, number, value):
        assert number == f"{value:+.{self.decimals}f}"
        assert abs(value) >= 10.0**-self.decimals, "too small to say"

    def share(self, found):
        row = self.row(found)
        self.same(found["number"], row["share"])
        if found["error"] is None:
            assert row["error"] < 10.0**-self.decimals / 10
        else:
            assert found["error"] == f"{row['error']:.{self.decimals}f}"
        assert abs(row["share"]) >= 2 * row["error"], "may be chance"
        return row

    def place(self, said, rank):
        assert said == ("not ranked" if rank is None else f"rank {rank}")

    def sentence(self):
        why = self.why
        head, *rest = why.sentence.removesuffix(".").split("; most ")
        start = re.match(rf"{NAME} scores {NUMBER}", head)
        name = self.ids.get(start["title"], start["id"])
        assert str(name) == str(why.item_id)
        assert start["number"] == f"{why.score:+.{self.decimals}f}"
        head = head[start.end() :]
        largest = why.events["removal"].max() if why.events.height else None
        if head.startswith(" because you "):
            head = re.sub(r"^ because you (liked|met) ", "", head)
            rows = []
            for found in EVENT.finditer(head):
                rows.append(self.row(found))
                self.same(found["number"], rows[-1]["removal"])
            assert rows[0]["removal"] == largest
            assert re.sub(r"^(, )|( and )", "", EVENT.sub("", head)).strip(", ") == ""
            self.kinds.append("because")
        elif why.events.height:
            assert head == NOT_MISSED
            assert largest is None or largest < 10.0**-self.decimals
            self.kinds.append("nothing")
        else:
            assert head == " without any history to go by"
        sums = dict(why.groups.iter_rows())
        for part in rest:
            words, listed = part.split(": ", 1)
            found = [*re.finditer(r"(?:^| and |, )" + GROUP.pattern, listed)]
            assert found
            for one in found:
                self.same(one["number"], sums[one["group"]])
                assert (sums[one["group"]] > 0) == (words == "for it")
            if words == "for it":
                assert sums[found[0]["group"]] == max(sums.values())
            else:
                assert [sums[f["group"]] for f in found] == [min(sums.values())]
        return self

    def words(self):
        for said in self.why.words:
            (kind,) = [k for k, pattern in WORDS.items() if re.fullmatch(pattern, said)]
            self.kinds.append(kind)
            getattr(self, f"_{kind}")(re.fullmatch(WORDS[kind], said))
        return self

    def _uncertain(self, found):
        first = self.why.events.sort("share", descending=True).row(0, named=True)
        assert first["error"] is None or first["share"] < 2 * first["error"]

    def _unsure(self, found):
        assert self.why.agreement is None
        assert self.share(found)["share"] == self.why.events["share"].max()

    def _agree(self, found):
        row = self.share(found)
        assert row["share"] == self.why.events["share"].max()
        assert row["removal"] == self.why.events["removal"].max()

    def _opposed(self, found):
        row = self.share(found)
        self.same(found["effect"], row["removal"])
        assert row["share"] * row["removal"] < 0
        assert (found["way"] == "higher") == (row["removal"] < 0)

    def _genres(self, found):
        sums = dict(self.why.event_groups.select("group", "share").iter_rows())
        parts = [*re.finditer(r"(?:^| and |, )" + GROUP.pattern, found["rest"])]
        assert len(parts) == found["rest"].count("(") > 0
        for one in parts:
            self.same(one["number"], sums[one["group"]])

    def _leaves(self, found):
        row = self.row(found)
        assert row["stays"] is False
        assert int(found["k"]) == self.why.k
        self.place(found["rank"], row["rank_without"])

    def _told(self, found):
        rows = {row["name"]: row for row in self.why.context.iter_rows(named=True)}
        row = rows[found["what"] or "as_of"]
        assert found["what"] is None or found["value"] == row["value"]
        self.same(found["number"], row["removal"])
        self.place(found["rank"], row["rank_without"])

    def _policy(self, found):
        rows = {row["step"]: row for row in self.why.policy.iter_rows(named=True)}
        row = rows[found["step"]]
        assert found["effect"] == row["effect"]
        for number in re.findall(r"(?:rank|from|to) (\d+)", found["effect"]):
            assert int(number) in (row["rank_before"], row["rank_after"])
        for number in re.findall(r"score ([+-][\d.]+)", found["effect"]):
            assert float(number) == round(row["score_after"] - row["score_before"], 2)

    def _disagree(self, found):
        assert self.why.agreement is False
        row = self.share(CLAIM.fullmatch(found["share"]))
        assert row["share"] == self.why.events["share"].max()
        missed = EVENT.fullmatch(found["removal"])
        assert self.row(missed)["removal"] == self.why.events["removal"].max()
        self.same(missed["number"], self.row(missed)["removal"])
        assert self.row(missed)["item_id"] != row["item_id"]


@pytest.fixture(scope="module")
def titles(engine):
    return dict(engine.tables_.items.select("item_id", "title").iter_rows())


@pytest.fixture(scope="module")
def many(engine, world_split):
    """Explanations of people with few and many events, on the slate and below, with a policy."""
    people = world_split.train.profiles(world_split.guests)
    order = np.argsort(people.lengths)
    whys = []
    for n, row in enumerate([*order[:3], *order[5:-3:3], *order[-2:]]):
        profile = people[int(row)]
        shown = wb.slate(engine, profile, 12).items
        policy = wb.Policy(boost={shown[11]: 2.0}, pin=[shown[4]]) if n % 2 else None
        budget = (1, 60, 400)[n % 3]
        for item in (shown[0], shown[11]):
            whys.append(wb.explain(engine, profile, item, policy=policy, budget=budget, seed=n))
    nobody = wb.Profile.of()
    whys.append(wb.explain(engine, nobody, wb.slate(engine, nobody).items[0]))
    short = wb.Profile(profile.history[:7], {}, {})
    return [*whys, *(wb.explain(engine, short, i, k=5) for i in wb.slate(engine, short, 8).items)]


def test_every_claim_is_in_the_frames(many, titles):
    kinds = [kind for why in many for kind in Claims(why, titles).sentence().words().kinds]
    assert {"because", "agree", "policy", "leaves", "unsure", "uncertain"} <= set(kinds)
    assert len(many) > 15


NOT_MISSED = ", and no single item of the history would lower it by being removed"
LIES = {
    "the number": lambda said: re.sub(r"(\()([+-])(\d)", r"\1\g<2>9\3", said, count=1),
    "the name": lambda said: re.sub(r"“[^”]+” \(", "“A film of no world” (", said, count=1),
    "the group": lambda said: said.replace("most for it: ", "most for it: weather (+1.00) and "),
    "the way": lambda said: said.replace("most for it", "most against it"),
    "the score": lambda said: re.sub(r"scores [+-]\d", "scores +7", said),
    "what is missed": lambda said: re.sub(
        r" because you .*?;", f"{NOT_MISSED};", said
    ),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_planted_lie_is_found(many, titles, lie):
    caught = told = 0
    for why in many:
        said = LIES[lie](why.sentence)
        if said == why.sentence:
            continue
        told += 1
        claims = Claims(why, titles)
        object.__setattr__(why, "sentence", said)
        try:
            claims.sentence()
        except (AssertionError, KeyError, ValueError):
            caught += 1
        finally:
            object.__setattr__(why, "sentence", _undone(why))
    assert told > 5
    assert caught == told


def _undone(why):
    return why._asked.explanation(why._asked.drawn).sentence


# --- single templates, over frames made by hand --------------------------------------------------

EVENTS = pl.DataFrame(
    {
        "item_id": [1, 2, 3],
        "value": [5.0, 4.0, 3.0],
        "share": [0.30, 0.10, -0.20],
        "error": [0.01, 0.02, 0.0],
        "removal": [0.20, 0.40, 0.05],
        "rank_without": [12, 3, None],
        "stays": [False, True, False],
    }
)
NOTHING = pl.DataFrame(schema={"group": pl.String, "n": pl.Int64, "share": pl.Float64})
CONTEXT = pl.DataFrame(
    {
        "kind": ["attribute", "context", "moment"],
        "name": ["age", "device", "as_of"],
        "value": ["30", "tv", "1.0"],
        "removal": [0.12, 0.004, -0.5],
        "rank_without": [2, 1, None],
        "stays": [True, True, False],
    }
)
POLICY = pl.DataFrame(
    {
        "step": ["exclude", "boost"],
        "effect": ["stays on rank 4", "score +0.30, from rank 4 to 2"],
        "score_before": [1.0, 1.0],
        "score_after": [1.0, 1.3],
        "rank_before": [4, 4],
        "rank_after": [4, 2],
    }
)


def said(events=EVENTS, groups=NOTHING, context=CONTEXT[:0], policy=POLICY[:0], least=0.01):
    agree = agreement(events.sort("removal", descending=True), least)
    return further_words(
        events, groups, context, policy, agree, {1: "One", 2: "Two"}, Numbers(2), 10
    )


def test_share_and_removal_that_disagree_are_both_named():
    assert said()[:2] == [
        "Share and removal disagree: by share “One” (+0.30 ± 0.01) comes first, "
        "by removal “Two” (+0.40).",
        "item 3 has a share of -0.20, and yet the score is lower without it (+0.05).",
    ]


def test_what_would_leave_the_slate_is_said():
    assert "Without “One” it would leave the first 10 (rank 12)." in said()
    assert "Without item 3 it would leave the first 10 (not ranked)." in said()
    assert not any("Without “Two”" in words for words in said())


def test_what_is_told_and_matters_is_said_and_the_rest_is_not():
    words = said(context=CONTEXT)
    assert "Knowing age “30” moves the score (+0.12; without: rank 2)." in words
    assert "Knowing the moment moves the score (-0.50; without: not ranked)." in words
    assert not any("device" in line for line in words)


def test_only_steps_of_a_policy_that_moved_the_item_are_said():
    words = said(policy=POLICY)
    assert "The policy's boost: score +0.30, from rank 4 to 2." in words
    assert not any("exclude" in line for line in words)


def test_a_weak_or_uncertain_share_is_not_claimed():
    chance = EVENTS.with_columns(error=pl.Series([0.2, 0.2, 0.2]))
    assert said(chance)[0].startswith("Which item has the largest share is not certain")
    assert not any("share of" in line for line in said(chance))
    once = EVENTS.with_columns(error=pl.lit(None, pl.Float64))
    assert agreement(once, 0.01) is None
    assert not any("0.30" in line for line in said(once))
    close = EVENTS.with_columns(share=pl.Series([0.30, 0.29, -0.2]))
    assert said(close)[0] == (
        "Of the shares, “One” (+0.30 ± 0.01) is the largest found, but not by a certain lead."
    )
    small = EVENTS.with_columns(pl.col("share", "error") / 100)
    assert not any("share" in line for line in said(small))


def test_agreement_is_told_only_where_there_is_something_to_tell():
    same = EVENTS.with_columns(removal=pl.Series([0.5, 0.4, 0.05]))
    assert agreement(same, 0.01) is True
    assert agreement(EVENTS, 0.01) is False
    assert agreement(EVENTS[:0], 0.01) is True
    assert agreement(EVENTS.with_columns(removal=pl.lit(0.0)), 0.01) is None
    assert agreement(EVENTS.with_columns(removal=pl.lit(None, pl.Float64)), 0.01) is None
    assert agreement(EVENTS.with_columns(share=pl.lit(None, pl.Float64)), 0.01) is None
    assert agreement(EVENTS[:1], 0.01) is True


def test_small_scores_are_written_with_two_digits():
    features = pl.DataFrame(schema={"group": pl.String, "share": pl.Float64})
    events = EVENTS.with_columns(removal=pl.Series([0.0003, 0.00002, 0.0]))
    numbers = Numbers.of(0.0042, 0.001)
    text = sentence(9, 0.0042, features, events, {}, {1}, numbers)
    assert text == "item 9 scores +0.0042 because you liked item 1 (+0.0003)."
    assert Numbers.of(0.0, float("nan")).decimals == 2
    assert Numbers.of(-3.4, -3.0).decimals == 2
    assert Numbers.of(0.01, -3.0).decimals == 2


def test_what_rounds_to_nothing_is_no_reason():
    features = pl.DataFrame({"group": ["taste", "age"], "share": [0.004, -0.003]})
    events = EVENTS.with_columns(removal=pl.lit(0.004))
    text = sentence(9, 1.0, features, events, {}, set(), Numbers(2))
    assert text == (f"item 9 scores +1.00{NOT_MISSED}.")


def test_a_title_is_quoted_whatever_it_says(engine, guest):
    hostile = "<script>alert(1)</script> (+9.99) and “more”"
    item = wb.slate(engine, guest).items[0]
    why = wb.explain(engine, guest, item, titles={item: hostile}, budget=1)
    assert why.sentence.startswith(f"“{hostile}” scores ")

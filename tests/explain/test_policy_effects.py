"""The line of the policy: what each step did to one item, as the slate shows it."""

import numpy as np
import pytest

import workbench as wb
from workbench.explain.policy_effects import policy_effects
from workbench.profiles import Profiles

K = 6


@pytest.fixture(scope="module")
def shown(engine, guest):
    return wb.slate(engine, guest, 40).items


def effects(engine, guest, item, policy, k=K):
    person = Profiles.of(guest, engine.catalogue)
    code = int(engine.catalogue.code(item))
    score = float(engine.score_pairs(person, np.array([code]))[0, 0])
    return policy_effects(engine, person, [code], [score], policy, k)[0]


def test_without_a_policy_there_is_no_line(engine, guest, shown):
    frame = effects(engine, guest, shown[0], None)
    assert frame.height == 0
    assert frame.columns == [
        "step", "effect", "score_before", "score_after", "rank_before", "rank_after",
    ]  # fmt: skip


def test_ranks_are_those_of_the_recorded_steps_and_the_last_is_the_slate(
    engine, world_split, guest, shown
):
    policy = wb.Policy.for_dataset(
        world_split.train,
        exclude=shown[1:3],
        boost={shown[9]: 1.2},
        diversity=0.6,
        calibration=0.5,
        pin=[shown[15]],
        cap={"genres": 3},
    )
    slate = wb.slate(engine, guest, K, policy)
    moved = 0
    for item in shown[:20]:
        frame = effects(engine, guest, item, policy)
        assert frame["step"].to_list() == [step["step"] for step in slate.steps]
        for row, step in zip(frame.iter_rows(named=True), slate.steps, strict=True):
            for rank, items in (
                (row["rank_before"], step["before"]),
                (row["rank_after"], step["after"]),
            ):
                place = items.index(item) + 1 if item in items else None
                assert place == (rank if rank is not None and rank <= K else None)
            moved += row["rank_before"] != row["rank_after"]
        last = frame["rank_after"][-1]
        assert (last is not None and last <= K) == (item in slate.items)
        assert frame["rank_before"][0] == shown.index(item) + 1
        assert frame["rank_before"].to_list()[1:] == frame["rank_after"].to_list()[:-1]
    assert moved > 10


def test_only_a_boost_changes_the_score(engine, guest, shown):
    policy = wb.Policy(exclude=shown[:1], boost={shown[9]: 1.0, shown[3]: -0.5}, pin=[shown[9]])
    frame = effects(engine, guest, shown[9], policy)
    scores = dict(zip(shown, wb.slate(engine, guest, 40).frame["score"], strict=True))
    pool = np.array([scores[i] for i in shown[1 : policy.width(K) + 1]])
    lifts = dict(zip(frame["step"], frame["score_after"] - frame["score_before"], strict=True))
    assert lifts["exclude"] == lifts["pin"] == 0
    assert lifts["boost"] == pytest.approx(pool.std(), rel=0.05)  # of the pool's scores
    assert frame["score_before"][0] == pytest.approx(scores[shown[9]])
    lowered = effects(engine, guest, shown[3], policy)
    assert (lowered["score_after"] - lowered["score_before"])[1] == pytest.approx(
        -lifts["boost"] / 2, rel=1e-6
    )


def test_the_effect_is_said_in_words(engine, guest, shown):
    policy = wb.Policy(exclude=[shown[2]], pin=[shown[8]])
    said = dict(effects(engine, guest, shown[2], policy).select("step", "effect").rows())
    assert said == {"exclude": "taken out, from rank 3", "pin": "not in the list"}
    said = dict(effects(engine, guest, shown[8], policy).select("step", "effect").rows())
    assert said == {"exclude": "from rank 9 to 8", "pin": "from rank 8 to 1"}
    far = next(i for i in engine.catalogue.ids if i not in shown and i not in guest.items)
    pinned = wb.Policy(pin=[far])
    frame = effects(engine, guest, far, pinned, k=3)
    assert frame["rank_after"].to_list() == [1]
    assert frame["effect"][0].endswith(("to 1", "brought in, on rank 1"))


def test_an_explanation_has_rank_place_and_the_line(engine, guest, shown):
    policy = wb.Policy(exclude=shown[:2], boost={shown[3]: 0.01})
    why = wb.explain(engine, guest, shown[3], k=K, policy=policy, budget=1)
    assert (why.rank, why.place) == (
        4,
        wb.slate(engine, guest, K, policy).items.index(shown[3]) + 1,
    )
    assert why.policy["step"].to_list() == ["exclude", "boost"]
    assert "The policy's exclude: from rank 4 to 2." in why.words
    assert not any("boost" in words for words in why.words)  # so small that it moved nothing
    assert why.policy["effect"][1] == "stays on rank 2"
    with pytest.raises(wb.ArgumentError, match="pin holds 'no such item'"):
        wb.explain(engine, guest, shown[3], policy=wb.Policy(pin=["no such item"]))

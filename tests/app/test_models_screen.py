"""Models: trade-off, cold start, and slices that one can take along."""

import numpy as np
import pytest

import workbench as wb
from app import cohort as cohorts
from app.panels.slices import SLICE, Cohort
from app.panels.tradeoff import ABOVE, BESIDE, DRAWN, LABEL, LETTER, MARGIN, placed
from app.words import MODELS
from tests.app.reading import words


def test_slices_are_shown_with_n_and_interval_and_few_are_not(run_path, visit):
    visitor = visit(run_path, "models")
    assert not visitor.error
    shown = visitor.dataframe[-1].value
    assert {"group", "n", "value", "low", "high"} <= set(shown.columns)
    assert (shown["n"] >= 20).all()
    visitor.selectbox(key="slice_by").set_value("learnt from").run()
    shown = visitor.dataframe[-1].value
    assert "no" not in shown["group"].to_list()
    assert "Not shown, because fewer than 20" in words(visitor)
    for metric in ("novelty", "hit_rate"):
        visitor.selectbox(key="slice_metric").set_value(metric).run()
        assert not visitor.exception


def test_scatter_and_curve_are_there(run_path, visit):
    visitor = visit(run_path, "models")
    said = words(visitor)
    assert "What does accuracy cost?" in said
    assert "How much must they know of somebody?" in said
    assert "at every length" in said
    visitor.selectbox(key="tradeoff").set_value("novelty").run()
    visitor.multiselect(key="cold_models").set_value([]).run()
    assert not visitor.exception


@pytest.mark.parametrize("drawing", DRAWN)
@pytest.mark.parametrize("seed", range(5))
def test_no_name_in_the_scatter_stands_on_another_or_outside(drawing, seed):
    rng, (pixels, _) = np.random.default_rng(seed), DRAWN[drawing]
    names = ["engine", "blend", "session", "als", "user-knn", "item-knn", "svd", "popularity"]
    points = [(name, *rng.random(2)) for name in names]
    pixel = np.ptp([x for _, x, _ in points]) / (pixels - 2 * MARGIN)
    line = np.ptp([y for _, _, y in points]) * LABEL
    boxes = []
    for (name, x, _), (y, left) in zip(points, placed(points, pixels), strict=True):
        ends = sorted(x + (-1 if left else 1) * pixel * n for n in (BESIDE, len(name) * LETTER))
        boxes.append((*ends, y + ABOVE * line))
    for place, (start, end, middle) in enumerate(boxes):
        assert all(
            end <= left or right <= start or abs(middle - at) > 0.9 * line
            for left, right, at in boxes[:place]
        )
    assert min(b[0] for b in boxes) >= min(x for _, x, _ in points) - MARGIN * pixel
    assert max(b[1] for b in boxes) <= max(x for _, x, _ in points) + MARGIN * pixel


def test_points_without_a_spread_have_names_too():
    assert placed([], 900) == []
    assert placed([("engine", 0.5, 0.5)], 900)[0][0] == 0.5
    same = placed([("a", 0.5, 0.5), ("b", 0.5, 0.5)], 900)
    assert len(set(same)) == 2


def test_every_model_is_told_in_plain_words(run_path, visit):
    assert set(MODELS) == set(wb.model_names())
    said = words(visit(run_path, "models"))
    assert f"ease: {MODELS['ease']}" in said


def test_an_address_opens_what_was_chosen_and_nonsense_opens_the_usual(run_path, visit):
    """That a choice is written there is the browser's part: ``test_stories.py``."""
    visitor = visit(run_path, "models", measure="Novelty", slice_by="learnt from")
    assert visitor.selectbox(key="measure").value == "novelty"
    assert visitor.selectbox(key="slice_by").value == "learnt from"
    spoilt = visit(run_path, "models", measure="<script>", slice_by="nothing")
    assert spoilt.selectbox(key="measure").value == "ndcg"
    assert not spoilt.exception


def test_a_log_that_says_nothing_of_people_has_slices_by_what_they_did(bare_path, visit):
    visitor = visit(bare_path, "models")
    assert visitor.selectbox(key="slice_by").options[0] == "items met"
    assert "days active" not in visitor.selectbox(key="slice_by").options
    assert "diversity" not in [str(o).lower() for o in visitor.selectbox(key="tradeoff").options]


def test_a_slice_goes_along_as_the_cohort(run_path, visit):
    chosen = Cohort(SLICE, "learnt from", "no")
    visitor = visit(run_path, "many", cohort=cohorts.to_text(chosen))
    assert visitor.selectbox(key="cohort_attribute").value == "learnt from"
    assert visitor.selectbox(key="cohort_group").value == "no"
    visitor.switch_page("screens/compare.py").run()
    assert visitor.selectbox(key="cohort_group").value == "no"

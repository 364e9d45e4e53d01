"""Models: trade-off, cold start, and slices that one can take along."""

from app import cohort as cohorts
from app.panels.slices import SLICE, Cohort
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

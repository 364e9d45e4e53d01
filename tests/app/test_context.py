"""What an engine reads of a person and of the moment can be changed, told and undone."""

import pytest

import workbench as wb
from tests.app.reading import listed, press, words
from workbench.pipeline import Run


@pytest.fixture(scope="module")
def told_path(log_of_films, tmp_path_factory):
    """A run whose engine may read the device and the gender."""
    engine = wb.Engine(
        retrievers={"ease": ["ease", {}], "popularity": ["popularity", {}]},
        features=("context_device_affinity", "gender_affinity"),
        allow=("gender",),
        n_trees=60,
    )
    home = tmp_path_factory.mktemp("told")
    return wb.run(log_of_films, home=home, models=["ease"], engine=engine, progress=False).path


def test_a_situation_that_the_engine_reads_is_changed_told_and_undone(told_path, visit):
    run = Run.load(told_path)
    assert {"device", "gender"} <= run.engine.uses
    visitor = visit(told_path, "what_if")
    device, hour = visitor.selectbox(key="in:device"), visitor.number_input(key="in:hour")
    assert "not read" not in device.label
    assert "not read" in hour.label
    assert "not read" not in visitor.selectbox(key="is:gender").label
    was, before = device.value, listed(visitor)

    other = next(option for option in device.options if option != was)
    device.set_value(other).run()
    assert visitor.query_params["edits"] == f"in_device_{other}"
    guest = int(visitor.query_params["person"].partition(".")[2])
    start = run.split.train.profiles([guest])[0]
    then = wb.slate(run.engine, start.with_context("device", other), 10)
    assert then.frame["score"].to_list() != wb.slate(run.engine, start, 10).frame["score"].to_list()
    assert listed(visitor) == [str(i) for i in then.items]

    press(visitor, f"why:{listed(visitor)[0]}")
    assert "And without what is known of them?" in words(visitor)
    assert f"device: {other}" in words(visitor)
    press(visitor, "undo")
    assert visitor.selectbox(key="in:device").value == was
    assert listed(visitor) == before

"""Many visitors of a real server at once: each sees their own person, always."""

import re
import shutil

from tests.app.measure import people, visitors
from tests.app.visitors import APP, Visitor, percentiles, serving
from workbench.pipeline import Run


def leaking(folder):
    """The app with a fault: the case of a visitor stands where all sessions share it."""
    shutil.copytree(APP, folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "app" / "session.py"
    text = path.read_text()
    assert "    state = st.session_state\n" in text
    fault = text.replace("st.session_state", "EVERYBODY")
    fault = fault.replace("\nCASE, ", "\nEVERYBODY: dict = {}\nCASE, ", 1)
    assert re.search(r"^EVERYBODY: dict = \{\}$", fault, re.MULTILINE)
    path.write_text(fault)
    return folder / "app"


def test_no_visitor_ever_sees_another_s_person(run_path, tmp_path):
    run = Run.load(run_path)
    n = len(people(run, 8, 0, least=8))
    assert n >= 5
    with serving(run_path, tmp_path / "log") as (port, _):
        figures, faults = visitors(port, run, n=n, seconds=10, turn=0.05)
    assert faults == []
    assert figures["n"] > 3 * n


def test_a_leak_would_be_seen(run_path, tmp_path):
    run = Run.load(run_path)
    with serving(run_path, tmp_path / "log", leaking(tmp_path)) as (port, _):
        _, faults = visitors(port, run, n=5, seconds=6, turn=0.05)
    assert [fault for fault in faults if "is shown" in fault or "address" in fault]


def test_what_a_visitor_sees_is_read_as_it_is(run_path, tmp_path):
    """The visitor without a browser: edits, undo, a reason and the address."""
    run = Run.load(run_path)
    person = people(run, 1, 0)[0]
    with (
        serving(run_path, tmp_path / "log") as (port, _),
        Visitor(port, f"person=guest.{person.guest}") as visitor,
    ):
        assert person.wrong(visitor) is None
        first = visitor.keys("drop:")[0]
        visitor.press(f"drop:{first}")
        assert f"drop_{first}" in visitor.query
        assert "has" in person.wrong(visitor)
        visitor.press("undo")
        assert person.wrong(visitor) is None
        item = visitor.keys("why:")[0]
        visitor.press(f"why:{item}")
        assert f"why={item}" in visitor.query
        assert visitor.answered <= visitor.seconds
        assert visitor.errors == []


def test_percentiles_are_of_the_times_given():
    found = percentiles([i / 1000 for i in range(1, 101)])
    assert found == {"n": 100, "median_ms": 51, "p95_ms": 96, "max_ms": 100}
    assert percentiles([]) == {"n": 0}

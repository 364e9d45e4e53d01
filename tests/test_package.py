"""What `import workbench` costs and offers."""

import inspect
import subprocess
import sys
from importlib import import_module, metadata

import pytest

import workbench as wb

HEAVY = (
    "altair",
    "dataframely",
    "fairlearn",
    "implicit",
    "mlxtend",
    "numpy",
    "pandas",
    "polars",
    "scipy",
    "shap",
    "sklearn",
    "streamlit",
    "surprise",
    "typer",
    "xgboost",
)
SHADOWED = ("audit", "explain", "features", "slate", "split")
"""Public functions with the name of a package or a module of ours."""


def _in_a_new_process(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_is_quick_and_loads_nothing_heavy():
    code = (
        "import sys, time\n"
        "start = time.perf_counter()\n"
        "import workbench\n"
        "print(time.perf_counter() - start)\n"
        f"print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    runs = [_in_a_new_process(code).split("\n") for _ in range(3)]
    assert min(float(run[0]) for run in runs) < 0.5
    assert all(run[1:] in ([], [""]) for run in runs), runs


def test_a_first_recommendation_loads_no_model_that_was_not_asked_for():
    heavy = ("altair", "implicit", "mlxtend", "pandas", "shap", "sklearn", "surprise", "xgboost")
    code = (
        "import sys, workbench as wb\n"
        "wb.create('ease'), wb.recommend, wb.Dataset, wb.Profile, wb.model_names()\n"
        f"print(*sorted(set({heavy!r}) & set(sys.modules)))"
    )
    assert _in_a_new_process(code) == ""


def test_all_is_sorted_and_complete():
    assert wb.__all__ == sorted(set(wb.__all__))
    assert set(wb.__all__) == set(wb._WHERE)
    assert set(wb.__all__) <= set(dir(wb))


@pytest.mark.parametrize("name", wb.__all__)
def test_a_public_name_is_there_and_says_what_it_is(name):
    value = getattr(wb, name)
    assert inspect.isclass(value) or inspect.isfunction(value)
    assert value.__name__ == name
    assert (value.__doc__ or "").strip()
    assert value is getattr(import_module(f"workbench.{wb._WHERE[name]}"), name)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'recomend'"):
        wb.recomend  # noqa: B018


@pytest.mark.parametrize("name", [n for n in SHADOWED if n in wb.__all__])
@pytest.mark.parametrize("first", ["module", "function"])
def test_a_function_with_the_name_of_a_module_stays_a_function(name, first):
    where = f"workbench.{wb._WHERE[name]}"
    asked = "workbench." + name
    get = "import workbench as wb; before = wb." + name if first == "function" else ""
    code = (
        f"{get}\n"
        "import importlib\n"
        f"importlib.import_module({where!r})\n"
        f"try:\n    importlib.import_module({asked!r})\n"
        "except ModuleNotFoundError:\n    pass\n"
        "import workbench as wb\n"
        f"from workbench import {name}\n"
        f"print(type(wb.{name}).__name__, wb.{name} is {name})"
    )
    assert _in_a_new_process(code) == "function True"


def test_the_version_is_the_installed_one():
    assert wb.__version__ == metadata.version("personalization-workbench")

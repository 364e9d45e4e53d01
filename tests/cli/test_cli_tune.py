"""How the values of a search are spelled on the command line."""

import pytest

from workbench.cli.tune import _values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("true|False", [True, False]),
        ("none|NONE|4", [None, None, 4]),
        (" true |x", [True, "x"]),
        ("1|2.5|nan-free", [1, 2.5, "nan-free"]),
        ("1:100:log", (1, 100, "log")),
        ("0.5:2", (0.5, 2)),
    ],
)
def test_a_value_is_what_python_would_make_of_the_word(text, values):
    found = _values("p", text)
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]

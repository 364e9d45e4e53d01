"""The parts without a screen: the case and its address, searching, exports, configuration."""

import ast
import tomllib

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as some
from streamlit import config as streamlit_config

from app.address import Known, from_address, to_address
from app.catalogue import Catalogue, spoken
from app.export import guarded_csv
from app.state import ADD, DROP, RATE, Case, Edit
from app.widgets import bars
from app.words import interval, likeness, number
from tests.app.reading import HOSTILE, MAIN
from workbench.data.title_search import folded
from workbench.vocabulary import Vocabulary

ROOT = MAIN.parents[1]
IDS = ["007", "7", "a_b~c.d", "é *", "x" * 50, "-1", "", "a b+c%20&=?#/"]
PLACES = Known(Vocabulary(IDS), Vocabulary(IDS), {"7"}, (0.5, 5.0))

edits = some.builds(
    Edit, some.sampled_from([ADD, RATE]), some.sampled_from(IDS), some.floats(0.5, 5.0)
) | some.builds(Edit, some.just(DROP), some.sampled_from(IDS))


@given(some.lists(edits, max_size=20), some.integers(0, 20), some.sampled_from([None, *IDS]))
def test_any_case_comes_back_from_its_address(made, undone, why):
    case = Case("guest", "7", tuple(made), min(undone, len(made)))
    found = from_address(to_address(case, why), PLACES)
    assert (found.case, found.why, found.unread) == (case, why, 0)


@given(some.dictionaries(some.sampled_from(["person", "edits", "undone", "why"]), some.text()))
def test_no_address_raises(parameters):
    found = from_address(parameters, PLACES)
    assert found.unread >= 0


@given(some.text())
def test_no_edits_raise(text):
    from_address({"person": "nobody", "edits": text}, PLACES)


def test_integer_ids_are_read_as_they_are_written():
    numbers = Known(Vocabulary([7, 12]), Vocabulary([7, 12]), set(), None)
    assert from_address({"person": "known.7"}, numbers).case == Case("known", 7)
    assert from_address({"person": "guest.12"}, numbers).case == Case("known", 12)
    assert from_address({"person": "known.seven"}, numbers).case is None
    assert from_address({"edits": "add_7"}, numbers).case.edits == (Edit(ADD, 7),)
    assert from_address({"edits": "add_7_3"}, numbers).unread == 1  # no ratings in this log


@pytest.fixture(scope="module")
def catalogue():
    titles = [
        "Amélie",
        "Usual Suspects, The",
        "The Usual",
        "La Strada",
        "Straße",
        "Los A",
        "The The",
    ]
    items = pl.DataFrame({"item_id": range(7), "title": titles, "year": [2001] + [1995] * 6})
    return Catalogue(items, {1: 5, 2: 9})


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("amelie", 0),
        ("AMÉL", 0),
        ("the usual susp", 1),
        ("usual suspects", 1),
        ("usual", 2),
        ("strada", 3),
        ("la strada 1995", 3),
        ("strasse", 4),
        ("the the", 6),
        ("2001", 0),
    ],
)
def test_titles_are_found_however_they_are_typed(catalogue, typed, first):
    assert catalogue.search(typed)[0] == first


def test_searching_for_nothing_or_nonsense_finds_nothing(catalogue):
    assert catalogue.search("") == catalogue.search("  ") == catalogue.search("!?*(") == []
    assert catalogue.search("zzz") == []
    assert catalogue.search("usual", without={2}) == [1]
    assert folded("The") == "the"


def test_an_item_without_a_title_has_its_id_and_an_unknown_one_too(catalogue):
    assert Catalogue(pl.DataFrame({"item_id": ["x"]}), {})["x"].title == "Item x"
    assert catalogue["never seen"].title == "Item never seen"


@pytest.mark.parametrize("title", HOSTILE)
def test_a_title_in_a_label_is_letters_and_digits(title):
    assert all(c.isalnum() or c == " " for c in spoken(title))
    assert 0 < len(spoken(title)) <= 60


def test_exports_hold_no_formula_and_leave_numbers_alone():
    frame = pl.DataFrame(
        {
            "title": [*HOSTILE, "-1", " =1", "+x", "@y", "\t=1", "plain", None],
            "value": [-1.5] * (len(HOSTILE) + 7),
            "genres": [["=a", "b"]] * (len(HOSTILE) + 7),
        }
    )
    text = guarded_csv(frame).decode("utf-8-sig")
    back = pl.read_csv(text.encode())
    for cell in back["title"].drop_nulls():
        assert cell[:1] not in tuple("=+-@＝＋－＠\t"), cell
        assert cell.strip()[:1] not in tuple("=+-@"), cell
    assert back["value"].to_list() == [-1.5] * frame.height
    assert back["genres"][0] == "'=a, b"
    assert "'=HYPERLINK" in text


def test_counts_begin_at_the_edge_and_differences_in_the_middle():
    counts = bars([("a", 4.0), ("b", 1.0)], digits=0, signed=False)
    assert "wb-counts" in counts
    assert ("width:100.0%" in counts, "width:25.0%" in counts) == (True, True)
    both = bars([("a", 4.0), ("b", -1.0)], digits=0)
    assert "wb-counts" not in both
    assert ("width:50.0%" in both, "width:12.5%" in both) == (True, True)


def test_numbers_have_a_true_minus():
    assert number(-0.187) == "−0.187"
    assert interval(-0.2, 0.1) == "−0.200 to 0.100"


def test_likeness_in_words_is_ordered():
    said = [likeness(x) for x in (1.0, 0.95, 0.8, 0.5, 0.2, 0.01, 0.0)]
    assert len(set(said)) == 7
    assert said[0] == "The two lists are the same."
    assert said[-1] == "The two lists have nothing in common."


# --- the house --------------------------------------------------------------------------------


PLAIN = ("str", "int", "float", "bool", "tuple[str, ...]")
"""Arguments that Streamlit hashes to the last letter."""


def hashed_arguments(source):
    """Arguments of cached functions that Streamlit would hash and that are no plain values."""
    faults = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef):
            continue
        if not any("cache_" in ast.unparse(d) for d in node.decorator_list):
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for argument in arguments:
            kind = ast.unparse(argument.annotation) if argument.annotation else "anything"
            if not argument.arg.startswith("_") and kind not in PLAIN:
                faults.append(f"{node.name}({argument.arg}: {kind})")
        if node.args.vararg or node.args.kwarg:
            faults.append(f"{node.name}(*)")
    return faults


def test_no_frame_is_ever_hashed():
    cached = 0
    for path in MAIN.parent.rglob("*.py"):
        source = path.read_text()
        cached += source.count("@st.cache_")
        assert hashed_arguments(source) == [], path
    assert cached >= 3


def test_the_rule_sees_a_hashed_frame():
    planted = "@st.cache_data(ttl=3)\ndef f(key: str, frame: pl.DataFrame, _ok: Profile): ..."
    assert hashed_arguments(planted) == ["f(frame: pl.DataFrame)"]


def test_nothing_in_the_app_computes():
    """No NumPy but to freeze what is shared, and no model, split or metric is made here."""
    for path in MAIN.parent.rglob("*.py"):
        source = path.read_text()
        if path.name != "cache.py":
            assert "import numpy" not in source, path
        for word in (".fit(", "wb.create", "sklearn", "scipy.stats", "xgboost", "import shap"):
            assert word not in source, (path, word)


WANTED = {
    ("browser", "gatherUsageStats"): False,
    ("client", "showErrorDetails"): "none",
    ("client", "toolbarMode"): "minimal",
    ("client", "disableDataExport"): True,
    ("runner", "postScriptGC"): False,
    ("runner", "magicEnabled"): False,
    ("server", "maxUploadSize"): 20,
    ("server", "address"): "127.0.0.1",
    ("server", "port"): 8501,
    ("server", "enableCORS"): True,
    ("server", "enableXsrfProtection"): True,
}


def test_the_configuration_is_what_it_must_be():
    text = (ROOT / "app" / ".streamlit" / "config.toml").read_text()
    found = tomllib.loads(text)
    assert {key: found[key[0]][key[1]] for key in WANTED} == WANTED
    assert set(found["server"]["allowedHosts"]) == {"localhost", "127.0.0.1"}


def test_streamlit_still_knows_every_option_we_set():
    """``postScriptGC`` is hidden from its help; were it renamed, edits would take 200 ms more."""
    known = streamlit_config._config_options_template
    found = tomllib.loads((ROOT / "app" / ".streamlit" / "config.toml").read_text())
    for section, options in found.items():
        for name, value in options.items():
            parts = [f"{name}.{n}" for n in value] if isinstance(value, dict) else [name]
            for part in parts:
                assert f"{section}.{part}" in known, f"{section}.{part}"
    assert known["runner.postScriptGC"].type is bool


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, two):
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def faded(colour, ground, share):
    """A colour at this opacity on a ground."""
    mixed = [
        round(int(colour[i : i + 2], 16) * share + int(ground[i : i + 2], 16) * (1 - share))
        for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{c:02X}" for c in mixed)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast_is_enough_for_everybody(theme):
    """WCAG 2.2 AA: 4.5 to 1 for text; captions are text at 60 %."""
    from app.style import INKS

    found = tomllib.loads((ROOT / "app" / ".streamlit" / "config.toml").read_text())["theme"][theme]
    for ground in (found["backgroundColor"], found["secondaryBackgroundColor"]):
        assert contrast(found["textColor"], ground) >= 7
        assert contrast(faded(found["textColor"], ground, 0.6), ground) >= 4.5
        assert contrast(found["linkColor"], ground) >= 4.5
        assert contrast(found["primaryColor"], ground) >= 4.5
    for ink in INKS:
        assert contrast("#FFFFFF", ink) >= 4.5, ink

"""The rules of the house, read from the sources; each is seen to fail on a planted fault."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

import workbench

ROOT = Path(__file__).parents[1]
LAYERS = (
    ("columns", "errors", "vocabulary", "settings"),
    ("display",),
    ("profile",),
    ("profiles", "slate"),
    ("state", "artifact"),
    ("data",),
    ("features",),
    ("models",),
    ("ranking",),
    ("evaluation",),
    ("explain",),
    ("audit",),
    ("report",),
    ("pipeline",),
    ("checks",),
    ("cli",),
)
"""A module imports only from its own layer and from those before it; DESIGN.md, the flow."""
LAYER = {name: place for place, names in enumerate(LAYERS) for name in names}

LONGEST = 420
LONG = {
    "workbench/data/split.py": "the five ways to split beside the Split they all make",
}
"""Files that may be longer than ``LONGEST`` lines, and why."""

WORDLESS = {"KeyboardInterrupt"}
"""Errors that come without a message."""
VAGUE = {"utils", "util", "helpers", "helper", "common", "core", "misc", "base_utils", "tools"}
PICKLERS = {"pickle", "cPickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}
UNPICKLING = {"read_pickle", "to_pickle"}


# --- the rules: each takes a path (as git spells it) and a text, and returns what is wrong -----


def layer_faults(path, source):
    """Imports of a later layer, or of the app. Imports for type checking only are free."""
    here = _unit(path)
    if here is None:
        return []
    if here not in LAYER:
        return [f"{here} is in no layer; give it one in LAYERS"]
    faults = []
    for name, line in _imported(path, ast.parse(source)):
        if name.split(".")[0] in ("app", "notebooks", "tests"):
            faults.append(f"line {line}: imports {name}")
        there = name.removeprefix("workbench.").split(".")[0]
        if not name.startswith("workbench.") or there == "__version__":
            continue
        if there not in LAYER:
            faults.append(f"line {line}: {name} is in no layer")
        elif LAYER[there] > LAYER[here]:
            faults.append(f"line {line}: {here} imports {name}, a later layer")
    return faults


def streamlit_faults(path, source):
    """Streamlit below the app."""
    if not path.startswith("workbench/"):
        return []
    found = _imported(path, ast.parse(source))
    return [f"line {line}: imports {n}" for n, line in found if n.split(".")[0] == "streamlit"]


def pickle_faults(path, source):
    """Anything that could run code from a file that is read."""
    tree = ast.parse(source)
    faults = [
        f"line {line}: imports {name}"
        for name, line in _imported(path, tree)
        if name.split(".")[0] in PICKLERS
    ]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        allow = next((k.value for k in node.keywords if k.arg == "allow_pickle"), None)
        if allow is not None and not (isinstance(allow, ast.Constant) and allow.value is False):
            faults.append(f"line {node.lineno}: {called}(allow_pickle={ast.unparse(allow)})")
        if allow is None and called in ("np.load", "numpy.load"):
            faults.append(f"line {node.lineno}: {called} without allow_pickle=False")
        if called.split(".")[-1] in UNPICKLING:
            faults.append(f"line {node.lineno}: {called}")
    return faults


def html_faults(path, source):
    """HTML that is not escaped, unless every word of it stands in the source."""
    return [
        f"line {node.lineno}: unsafe_allow_html with data"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and any(
            k.arg == "unsafe_allow_html"
            and not (isinstance(k.value, ast.Constant) and k.value.value is False)
            for k in node.keywords
        )
        and not all(isinstance(a, ast.Constant) for a in node.args)
    ]


def length_faults(path, source):
    """A file that does not fit in the head."""
    n = source.count("\n")
    if path in LONG or n <= LONGEST:
        return []
    return [f"{n} lines, more than {LONGEST}"]


def name_faults(path, source):
    """A module that is not named for what it knows."""
    return [f"named {part}" for part in Path(path).with_suffix("").parts if part in VAGUE]


def docstring_faults(path, source):
    """A module that does not say what it is."""
    tree = ast.parse(source)
    return [] if ast.get_docstring(tree) or not tree.body else ["no docstring"]


def raises_faults(path, source):
    """A test that takes any message of an error for the right one."""
    return [
        f"line {node.lineno}: pytest.raises without match="
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("pytest.raises", "raises")
        and not any(k.arg == "match" for k in node.keywords)
        and not (node.args and ast.unparse(node.args[0]) in WORDLESS)
    ]


# Put together here, so that this file does not name them either.
HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("pypi", "python", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("conda", "anaconda", "org"),
        ("deb", "debian", "org"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
        ("docker", "io"),
        ("ghcr", "io"),
    )
) + tuple(a + b for a, b in (("artifact", "ory"), ("--index", "-url"), ("--extra-index", "-url")))
HOME = re.compile(
    "(?<![\\w./-])/(?:"
    + "|".join(("ro" + "ot", r"ho" + r"me/\w+", r"Us" + r"ers/\w+", "wo" + "rk"))
    + ")/"
)


def address_faults(path, source):
    """A package registry or somebody's home folder, which are not the same for everybody."""
    faults = []
    for number, line in enumerate(source.splitlines(), start=1):
        faults += [f"line {number}: names {host}" for host in HOSTS if host in line.lower()]
        faults += [f"line {number}: names the folder {m.group()}" for m in HOME.finditer(line)]
    return faults


PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[a-z0-9,_-]+\])?==[A-Za-z0-9.+!]+( *;[^@:/]*)?")


def lock_faults(path, source):
    """A line of the lock file that says more than a name and a version."""
    return [
        f"line {number}: {line}"
        for number, line in enumerate(source.splitlines(), start=1)
        if line.strip() and not line.startswith("#") and not PINNED.fullmatch(line.strip())
    ]


# --- reading --------------------------------------------------------------------------------------


def _unit(path):
    """The part of the package that a file belongs to: its layer's name."""
    parts = Path(path).with_suffix("").parts
    if parts[0] != "workbench" or parts == ("workbench", "__init__"):
        return None
    return parts[1]


def _imported(path, tree):
    """Full names of what is imported, and where; not what is for type checking only.

    What is asked of the package itself (``workbench.run`` after ``import workbench``) counts as
    the module that has it.
    """
    free = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for part in node.body
        for inner in ast.walk(part)
    }
    found, aliases = [], set()
    for node in ast.walk(tree):
        if id(node) in free:
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
            aliases |= {a.asname or a.name for a in node.names if a.name == "workbench"}
        elif isinstance(node, ast.ImportFrom):
            package = Path(path).parent.parts
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            if base == "workbench":
                found += [(_home(alias.name), node.lineno) for alias in node.names]
            elif base == "app" or not base:
                found += [(f"{base}.{alias.name}", node.lineno) for alias in node.names]
            else:
                found.append((base, node.lineno))
    found += [
        (_home(node.attr), node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in aliases
    ]
    return found


def _home(name):
    return f"workbench.{workbench._WHERE.get(name, name)}"


def _files():
    """Every text file of the repository, as git knows it (or as it lies there, without git)."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        paths = [p for part in ("workbench", "app", "tests", "notebooks") for p in ROOT.rglob(part)]
    return sorted(p for p in paths if p.is_file() and not p.is_symlink())


def _text(path):
    content = path.read_bytes()
    return None if b"\0" in content[:8192] else content.decode(errors="replace")


FILES = {str(p.relative_to(ROOT)): p for p in _files()}
PYTHON = [p for p in FILES if p.endswith(".py")]
SHIPPED = [p for p in PYTHON if p.startswith(("workbench/", "app/"))]
TESTS = [p for p in PYTHON if p.startswith("tests/")]
LOCK = ["requirements.lock"]

RULES = {
    layer_faults: SHIPPED,
    streamlit_faults: SHIPPED,
    pickle_faults: SHIPPED,
    html_faults: SHIPPED,
    length_faults: SHIPPED,
    name_faults: SHIPPED,
    docstring_faults: SHIPPED,
    raises_faults: TESTS,
    address_faults: list(FILES),
    lock_faults: LOCK,
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rules(rule):
    assert RULES[rule], "there is nothing to read"
    faults = []
    for path in RULES[rule]:
        text = _text(FILES[path])
        if text is not None:
            faults += [f"{path}: {fault}" for fault in rule(path, text)]
    assert not faults, "\n".join(faults)


def test_every_part_of_the_package_has_a_layer():
    parts = {_unit(p) for p in SHIPPED} - {None}
    assert parts - set(LAYER) == {"app"} & parts


def test_a_long_file_is_an_exception_with_a_reason():
    for path, why in LONG.items():
        assert path in FILES, f"{path} is gone; take it off the list"
        assert len(why) > 10


PLANTED = [
    (layer_faults, "workbench/models/x.py", "from workbench.ranking.engine import Engine"),
    (layer_faults, "workbench/models/x.py", "def f():\n    from workbench import ranking"),
    (layer_faults, "workbench/data/x.py", "import workbench.models.base"),
    (layer_faults, "workbench/data/x.py", "import workbench as wb\nwb.evaluate"),
    (layer_faults, "workbench/data/x.py", "from workbench import Recommender"),
    (layer_faults, "workbench/data/x.py", "from ..models import base"),
    (layer_faults, "workbench/profile.py", "from workbench.slate import Slate"),
    (layer_faults, "workbench/checks/x.py", "from workbench.cli import show"),
    (layer_faults, "workbench/pipeline/x.py", "from app.state import current"),
    (layer_faults, "workbench/pipeline/x.py", "from tests.conftest import world"),
    (layer_faults, "workbench/cellar/x.py", "import numpy"),
    (layer_faults, "workbench/audit/x.py", "from workbench.cellar import wine"),
    (streamlit_faults, "workbench/report/x.py", "import streamlit as st"),
    (streamlit_faults, "workbench/cli/x.py", "def f():\n    from streamlit.web import cli"),
    (pickle_faults, "workbench/x.py", "import pickle"),
    (pickle_faults, "workbench/x.py", "def f():\n    from joblib import load"),
    (pickle_faults, "workbench/x.py", "np.load(path)"),
    (pickle_faults, "workbench/x.py", "np.load(path, allow_pickle=True)"),
    (pickle_faults, "workbench/x.py", "np.savez(path, allow_pickle=flag)"),
    (pickle_faults, "workbench/x.py", "pd.read_pickle(path)"),
    (html_faults, "app/x.py", "st.markdown(title, unsafe_allow_html=True)"),
    (html_faults, "app/x.py", "st.markdown(f'<b>{title}</b>', unsafe_allow_html=True)"),
    (html_faults, "app/x.py", "st.markdown(title, unsafe_allow_html=flag)"),
    (length_faults, "workbench/x.py", "x = 1\n" * (LONGEST + 1)),
    (name_faults, "workbench/utils.py", ""),
    (name_faults, "workbench/data/helpers.py", ""),
    (name_faults, "app/common/x.py", ""),
    (name_faults, "workbench/core/__init__.py", ""),
    (docstring_faults, "workbench/x.py", "x = 1"),
    (raises_faults, "tests/x.py", "with pytest.raises(ValueError):\n    f()"),
    *[(address_faults, "README.md", f"get it from https://{host}/simple") for host in HOSTS],
    *[
        (address_faults, "README.md", "cd " + folder)
        for folder in ("/ho" + "me/anna/x", "/ro" + "ot/x", "/Us" + "ers/anna/x", "/wo" + "rk/x")
    ],
    (lock_faults, "requirements.lock", "numpy>=2"),
    (lock_faults, "requirements.lock", "numpy"),
    (lock_faults, "requirements.lock", "-e ."),
    (lock_faults, "requirements.lock", "numpy @ https://example.org/numpy.whl"),
    (lock_faults, "requirements.lock", "numpy==2.4 --hash=sha256:00"),
    (lock_faults, "requirements.lock", "--find-links wheels"),
]


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    PLANTED,
    ids=[f"{r.__name__}-{n}" for n, (r, _, _) in enumerate(PLANTED)],
)
def test_a_planted_fault_is_found(rule, path, source):
    assert rule(path, source)


ALLOWED = [
    (layer_faults, "workbench/ranking/x.py", "from workbench.models.base import Recommender"),
    (layer_faults, "workbench/ranking/x.py", "from workbench.ranking.policy import Policy"),
    (layer_faults, "workbench/checks/x.py", "from workbench.pipeline import Run"),
    (layer_faults, "workbench/data/x.py", "import workbench\nworkbench.__version__"),
    (layer_faults, "workbench/__init__.py", "from workbench.cli import app"),
    (
        layer_faults,
        "workbench/data/x.py",
        "if TYPE_CHECKING:\n    from workbench.models.base import Recommender",
    ),
    (layer_faults, "app/x.py", "from workbench.pipeline import Run"),
    (streamlit_faults, "app/x.py", "import streamlit as st"),
    (pickle_faults, "workbench/x.py", "np.load(path, allow_pickle=False)"),
    (html_faults, "app/x.py", "st.markdown('<hr>', unsafe_allow_html=True)"),
    (html_faults, "app/x.py", "st.markdown(title)"),
    (length_faults, "workbench/x.py", "x = 1\n" * LONGEST),
    (name_faults, "workbench/data/score.py", ""),
    (raises_faults, "tests/x.py", "pytest.raises(ValueError, match='k')"),
    (raises_faults, "tests/x.py", "pytest.raises(KeyboardInterrupt)"),
    (address_faults, "README.md", "a framework/x, .github/workflows/ci.yml, ~/data, $HOME/x"),
    (
        lock_faults,
        "requirements.lock",
        "# a word\n\nnumpy==2.4.1\nx[y]==1.0 ; python_version<'3.12'",
    ),
]


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    ALLOWED,
    ids=[f"{r.__name__}-{n}" for n, (r, _, _) in enumerate(ALLOWED)],
)
def test_what_is_allowed_is_left_alone(rule, path, source):
    assert rule(path, source) == []


def test_every_rule_was_seen_to_fail():
    assert {rule for rule, _, _ in PLANTED} == set(RULES)

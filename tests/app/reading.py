"""What a visitor of an AppTest sees, as plain text; and titles that attack who shows them."""

import re
from html import unescape
from pathlib import Path

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=https://outside.invalid/x.png onerror=alert(1)>",
    "![pixel](https://outside.invalid/pixel.png)",
    "[click](javascript:alert(1)) www.outside.invalid",
    '=HYPERLINK("https://outside.invalid","x")',
    "＝1+1",
    "$$\\frac{1}{0}$$ :red[red] :material/bolt:",
    "\u202egnirts desrever\u202c עברית",
    "🎬 ` **bold** _it_ ~~gone~~",
    "</div></div></style><h1>out</h1>",
    "x" * 10_000,
    "",
)


def markup(visitor):
    """All of our own HTML on the screen."""
    return [element.proto.body for element in visitor.get("html")]


def words(visitor):
    """Everything that is written on the screen."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "text", "code")
    kinds += ("info", "warning", "error", "success")
    found = [str(e.value) for kind in kinds for e in visitor.get(kind)]
    found += [unescape(re.sub(r"<[^>]+>", " ", body)) for body in markup(visitor)]
    found += [str(e.label) for e in visitor.get("metric")]
    return "\n".join(found)


def keys(visitor, start):
    """Keys of the buttons that begin so, in the order of the screen."""
    return [b.key for b in visitor.button if b.key and b.key.startswith(start)]


def listed(visitor):
    """Ids of the list that the reasons belong to, as text, best first."""
    return [key.removeprefix("why:") for key in keys(visitor, "why:")]


def history(visitor):
    """Ids of the history, the latest first."""
    return [key.removeprefix("drop:") for key in keys(visitor, "drop:")]


def press(visitor, key):
    visitor.button(key=key).click().run()
    assert not visitor.exception, [e.value for e in visitor.exception]
    return visitor

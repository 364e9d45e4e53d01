"""Which parameters of each model are worth searching, and where its defaults come from."""

from __future__ import annotations

from typing import Any

SPACES: dict[str, dict[str, Any]] = {
    "recent": {"half_life": (5.0, 500.0, "log")},
    "trending": {"half_life": (5.0, 500.0, "log")},
    "ease": {"reg": (10.0, 3000.0, "log")},
    "als": {
        "n_factors": [32, 64, 96, 128],
        "reg": (1.0, 100.0, "log"),
        "alpha": (1.0, 30.0, "log"),
    },
    "session": {"reg": (50.0, 5000.0, "log"), "recency": (1.0, 30.0, "log")},
    "following": {
        "window": (5, 60),
        "shrinkage": (0.0, 50.0),
        "recency": (2.0, 40.0, "log"),
        "backward": (0.0, 1.0),
    },
}
"""Model → parameter → a range (tuple) or a choice (list), as ``wb.tune`` takes them."""

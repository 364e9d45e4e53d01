"""A log of one's own: hostile files in clear words, the run, and nobody else ever sees it."""

import gc
import time
import weakref

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

import workbench as wb
from app import upload
from app.upload import MOST_MB
from tests.app.reading import MAIN, press, words
from workbench.pipeline import Run
from workbench.pipeline.apart import Told

PATIENCE = 400.0


@pytest.fixture
def data(visit, run_path, monkeypatch, tmp_path):
    """The Data screen of a new visitor; uploads go to a folder of the test."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    return lambda path=run_path: visit(path, "data")


def csv(frame=None, **columns):
    frame = pl.DataFrame(columns) if frame is None else frame
    return frame.write_csv().encode()


def given(visitor, content, name="log.csv", which="interactions"):
    visitor.file_uploader(key=f"file:{which}").set_value((name, content, "text/csv")).run()
    assert not visitor.exception, [e.value for e in visitor.exception]
    return visitor


def a_log(n=400, users=40, items=30):
    return pl.DataFrame(
        {
            "user": [f"{i % users:03}" for i in range(n)],
            "sku": [f"i{(i * 7 + i // users) % items}" for i in range(n)],
            "stars": [1 + (i * i) % 5 for i in range(n)],
            "ts": [900_000_000 + 1000 * i for i in range(n)],
        }
    )


def metrics(visitor):
    return {m.label: m.value for m in visitor.metric}


def test_what_came_in_is_counted_and_charts_say_how_many(data, run_path):
    visitor = data()
    shown, run = words(visitor), Run.load(run_path)
    train = run.split.train
    events = train.n_events + train.guest_interactions.height + run.split.test.height
    assert metrics(visitor)["Events let in"] == f"{events:,}"
    assert metrics(visitor)["Rows refused"] == "0"
    assert "Nothing: every row kept every rule." in shown
    assert f"at most {MOST_MB} MB" in visitor.file_uploader[0].label
    specs = [chart.proto.spec for chart in visitor.get("vega_lite_chart")]
    assert len(specs) == 4
    assert all("(n = " in spec and "title" in spec for spec in specs)


def test_a_bare_log_says_what_is_missing(data, bare_path):
    shown = words(data(bare_path))
    for words_ in ("Moments of events: none", "Ratings or amounts: none", "Titles: none"):
        assert words_ in shown
    assert "This log has no ratings or amounts" in shown
    assert "This log has no moments" in shown


def test_columns_are_guessed_and_the_visitor_may_mend_them(data):
    visitor = given(data(), csv(a_log().rename({"user": "wer", "sku": "was"})))
    chosen = {s.key.split(":")[-1]: s.value for s in visitor.selectbox if "map:" in str(s.key)}
    assert chosen["user_id"] == "wer"
    assert (chosen["item_id"], chosen["value"], chosen["timestamp"]) == ("was", "stars", "ts")
    found = metrics(visitor)
    assert (found["Events"], found["Items"]) == ("400", "30")
    key = next(s.key for s in visitor.selectbox if str(s.key).endswith(":user_id"))
    visitor.selectbox(key=key).set_value("stars").run()
    assert metrics(visitor)["People"] != found["People"] or "cannot be used" in words(visitor)


def test_ids_007_and_7_stay_two_people(data):
    log = a_log()
    log = log.with_columns(
        pl.when(pl.int_range(400) % 40 == 7).then(pl.lit("7")).otherwise("user").alias("user"),
    )
    log = pl.concat([log, a_log().filter(pl.col("user") == "007")])
    visitor = given(data(), csv(log))
    assert metrics(visitor)["People"] == "41"


REFUSED = [
    (b"user,item\n", "has a header but no rows"),
    (b"", "empty"),
    ("user,item\na,b\n".encode("utf-16"), "UTF-16"),
    (b"user,item,user\n1,2,3\n", "more than once"),
    (b"user,item\n1,2\n3\n", "line 3: 1 fields where the header has 2"),
    (b'user,item\n"1,2\n', "never closed"),
    (b"\xff\xd8\xff\xe0", "not UTF-8"),
    (b"PK\x03\x04xxxx", "zip archive or a spreadsheet"),
    ((",".join(f"c{i}" for i in range(100)) + "\n" + ",".join("1" * 100)).encode(), "100 columns"),
    (b"user_id,item_id\na,b\nc,d\n", "too small to compare models on"),
]


@pytest.mark.parametrize(("content", "told"), REFUSED, ids=[t[:20] for _, t in REFUSED])
def test_files_that_cannot_work_are_refused_in_words(data, content, told):
    visitor = given(data(), content)
    assert told in words(visitor)
    assert "run" not in [b.key for b in visitor.button]


def test_a_file_too_large_is_refused_before_it_is_read(data, monkeypatch):
    monkeypatch.setattr(upload, "MOST_MB", 0.001)
    monkeypatch.setattr(upload, "read_table", lambda *_: pytest.fail("it was read"))
    visitor = given(data(), csv(a_log()))
    assert "MB, more than 0.001" in words(visitor)


ATTACK = [
    '=HYPERLINK("http://outside.invalid","x")',
    "<script>alert(1)</script>",
    "x" * 300,
    "\u202egnirts desrever\u202c עברית",
    "🎬🎬",
    "![p](https://outside.invalid/p.png)",
]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_hostile_cells_are_text(data, separator):
    log = a_log().with_columns(
        pl.Series("sku", [ATTACK[i % 6] if i % 2 else f"i{i % 29}" for i in range(400)]),
    )
    visitor = given(data(), log.write_csv(separator=separator).encode())
    assert metrics(visitor)["Items"] == str(log["sku"].n_unique())
    kinds = ("markdown", "caption", "header", "subheader", "info", "warning", "error", "html")
    shown = "\n".join(
        str(getattr(e, "value", "") or e.proto) for k in kinds for e in visitor.get(k)
    )
    assert not [text for text in ATTACK if text in shown]


def test_hostile_headers_and_file_names_are_text(data):
    name = "<script>alert(1)</script>.csv"
    log = a_log().rename({"user": "<img src=x onerror=alert(1)>"})
    visitor = given(data(), csv(log), name)
    key = next(s.key for s in visitor.selectbox if str(s.key).endswith(":user_id"))
    assert "<img src=x onerror=alert(1)>" in visitor.selectbox(key=key).options
    assert "run" in [b.key for b in visitor.button] or "Say which column" in words(visitor)
    for kind in ("markdown", "info", "subheader"):
        assert "<img" not in "".join(str(e.value) for e in visitor.get(kind))


def test_refused_rows_are_counted_by_rule_and_shown_as_text(data):
    log = a_log().with_columns(pl.col("stars").cast(pl.String))
    bad = pl.DataFrame(
        {
            "user": ["a", "", "b", "b"],
            "sku": ["<script>", "y", "z", "z"],
            "stars": ["five", "3", "-2", "NaN"],
            "ts": [900000000] * 4,
        }
    )
    visitor = given(data(), csv(pl.concat([log, bad])))
    assert metrics(visitor)["Rows refused"] == "4"
    counts = next(d.value for d in visitor.dataframe if "meaning" in d.value)
    assert dict(zip(counts["rule"], counts["n"], strict=True)) == {
        "missing user id": 1, "text value": 1, "non-finite value": 1, "negative value": 1,
    }  # fmt: skip
    examples = next(d.value for d in visitor.dataframe if "line" in d.value)
    assert '"sku": "<script>"' in examples["row"].iloc[0]
    assert list(examples["line"]) == [402, 403, 404, 405]


def test_play_counts_have_no_threshold_and_no_ratings_need_none(data):
    plays = a_log().with_columns((pl.int_range(400) % 97).alias("stars")).rename({"stars": "plays"})
    visitor = given(data(), csv(plays))
    field = next(n for n in visitor.number_input if str(n.key).startswith("liked:"))
    assert field.value is None
    assert "run" in [b.key for b in visitor.button]
    visitor = given(data(), csv(a_log().select("user", "sku").unique(maintain_order=True)))
    assert not [w for w in [*visitor.number_input, *visitor.selectbox] if "liked:" in str(w.key)]
    assert "run" in [b.key for b in visitor.button]


# --- the run, and whose it is -----------------------------------------------------------------


class Ready:
    """An upload whose run is finished: another run folder stands in for it."""

    path = None

    def __init__(self, folder, tables, **order):
        self.folder, self.order, self.gone = folder, order, False

    def told(self):
        return Told(1, 1, "done", self.path)

    def discard(self):
        self.gone = True


class UnderWay(Ready):
    def told(self):
        return Told(2, 9, "ease") if not self.gone else Told(error="it was stopped")


def test_an_upload_is_seen_by_its_visitor_alone(data, bare_path, monkeypatch):
    monkeypatch.setattr(Ready, "path", bare_path)
    monkeypatch.setattr(upload, "Apart", Ready)
    mine, other = data(), data()
    press(given(mine, csv(a_log())), "run")
    assert "Your run is ready" in words(mine)
    for screen in ("home", "what_if", "models", "audit", "data"):
        mine.switch_page(f"screens/{screen}.py").run()
        other.switch_page(f"screens/{screen}.py").run()
        assert not mine.exception
        assert "This is your own data. Only you see it." in words(mine), screen
        assert "own data" not in words(other), screen
    mine.switch_page("screens/what_if.py").run()
    other.switch_page("screens/what_if.py").run()
    assert "This log has no ratings" in words(mine)
    assert "This log has no ratings" not in words(other)
    stranger = AppTest.from_file(str(MAIN), default_timeout=60)
    stranger.query_params.update(mine.query_params)
    stranger.run().switch_page("screens/what_if.py")
    stranger.query_params.update(mine.query_params)
    stranger.run()
    assert "not in this run" in words(stranger)


def test_deleting_leaves_nothing(data, bare_path, monkeypatch):
    monkeypatch.setattr(Ready, "path", bare_path)
    monkeypatch.setattr(upload, "Apart", Ready)
    visitor = data()
    press(given(visitor, csv(a_log())), "run")
    held = visitor.session_state[upload.OWN]
    opened = [weakref.ref(x) for x in (held.world.run, held.world.engine, held.world.split)]
    visitor.switch_page("screens/what_if.py").run()
    press(visitor, "why:" + next(b.key for b in visitor.button if "why:" in str(b.key))[4:])
    visitor.switch_page("screens/data.py").run()
    press(visitor, "delete")
    assert held.apart.gone
    assert held.world is None
    assert upload.OWN not in visitor.session_state
    assert "own data" not in words(visitor)
    gc.collect()
    assert [one() is None for one in opened] == [True] * 3


def test_one_run_at_a_time_and_the_other_visitor_is_told(data, monkeypatch):
    monkeypatch.setattr(upload, "Apart", UnderWay)
    first, second = data(), data()
    press(given(first, csv(a_log())), "run")
    assert "Ease" in first.get("progress")[0].proto.text
    press(given(second, csv(a_log())), "run")
    assert "another visitor's data is being worked on" in words(second)
    assert upload.OWN not in second.session_state
    press(first, "stop")
    assert upload.OWN not in first.session_state
    press(second, "run")
    assert upload.OWN in second.session_state
    press(second, "stop")


def test_no_more_are_open_than_the_server_holds(data, bare_path, monkeypatch):
    monkeypatch.setattr(Ready, "path", bare_path)
    monkeypatch.setattr(upload, "Apart", Ready)
    monkeypatch.setattr(upload, "MOST_OPEN", 1)
    first, second = data(), data()
    press(given(first, csv(a_log())), "run")
    press(given(second, csv(a_log())), "run")
    assert "1 visitors have data of their own open" in words(second)
    press(first, "delete")


def test_files_that_were_only_looked_at_go_with_the_visitor(data, tmp_path):
    visitor = given(data(), csv(a_log()))
    assert list((tmp_path / "visitors").glob("*/interactions.csv"))
    del visitor.session_state["draft"]
    del visitor
    gc.collect()
    assert not list((tmp_path / "visitors").glob("*/interactions.csv"))


@pytest.mark.full
def test_the_whole_way_from_a_file_to_its_own_what_if(data, tmp_path):
    log = a_log(900)
    visitor = given(data(), csv(log))
    press(visitor, "run")
    until = time.monotonic() + PATIENCE
    seen = set()
    while visitor.session_state[upload.OWN].world is None and time.monotonic() < until:
        seen |= {p.proto.text for p in visitor.get("progress")}
        time.sleep(0.5)
        visitor.run()
        assert not visitor.error, words(visitor)
    assert len(seen) > 2
    own = visitor.session_state[upload.OWN]
    dataset = wb.Dataset.from_frames(
        log, columns={"user_id": "user", "item_id": "sku", "value": "stars", "timestamp": "ts"},
        relevant_from=4.0,
    )  # fmt: skip
    assert own.world.split.train.n_users == dataset.n_users
    visitor.switch_page("screens/what_if.py").run()
    assert not visitor.exception
    guest = visitor.session_state["case"].user_id
    assert guest in set(log["user"])
    folder = own.apart.folder
    assert folder.is_relative_to(tmp_path)
    visitor.switch_page("screens/data.py").run()
    press(visitor, "delete")
    assert not folder.exists()

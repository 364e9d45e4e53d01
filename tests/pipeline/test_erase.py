"""A person is erased from every file, others stay as they were, and it can be seen."""

import json
import shutil

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.artifact import verified_manifest
from workbench.columns import USER
from workbench.data.person import LEFT_OUT, without
from workbench.data.synthetic import synthetic
from workbench.errors import ArgumentError, DamagedArtifactError, DataError
from workbench.pipeline import Run
from workbench.pipeline import erase as erasing
from workbench.pipeline.disk import LATEST
from workbench.pipeline.erase import erase, find
from workbench.pipeline.erased import without_erased
from workbench.pipeline.export import export
from workbench.report.verify import verify

RETRIEVERS = {"user-knn": ["user-knn", {}], "popularity": ["popularity", {}]}


@pytest.fixture(scope="module", autouse=True)
def quickly():
    """Runs without the stages that look inside the engine; they read nobody's rows by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workbench.pipeline.job.INSIDE", {})
        yield


def made(dataset, home, **how):
    return wb.run(
        dataset,
        home=home,
        models=["popularity"],
        engine=wb.Engine(retrievers=RETRIEVERS, n_trees=4),
        progress=False,
        **how,
    )


def named(dataset):
    """The same log with ids that are texts, which stand for nothing else."""
    ids = {id_: f"customer-{id_:04d}" for id_ in dataset.people.ids}
    frames = [
        frame.with_columns(pl.col(USER).replace_strict(ids, return_dtype=pl.String))
        for frame in (dataset.interactions, dataset.users)
    ]
    return wb.Dataset(
        frames[0], dataset.items, frames[1], relevant_from=dataset.relevant_from, name="shop"
    )


@pytest.fixture(scope="module")
def small_log():
    return synthetic(n_users=60, n_items=80, n_events=1100, seed=2)


@pytest.fixture(scope="module")
def whole(small_log, tmp_path_factory):
    """A run whose engine keeps the histories of the people it was fitted on."""
    return made(small_log, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def shop(small_log, tmp_path_factory):
    return made(named(small_log), tmp_path_factory.mktemp("shop"))


@pytest.fixture
def home(whole, tmp_path):
    """A home that a test may change."""
    shutil.copytree(whole.path.parents[1], tmp_path / "home")
    return tmp_path / "home"


def learner(run):
    """Somebody the engine was fitted on, who is asked about and whose history it keeps."""
    ids, _ = run.split.people()
    known = [id_ for id_ in ids if id_ not in run.split.guests]
    there = run.path.parents[1]
    return next(
        id_ for id_ in known if "arrays.npz" in str(find(id_, there).traces["file"].to_list())
    )


def everything(home):
    return {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and "keys" not in path.parts
    }


# --- finding ----------------------------------------------------------------------------------


def test_a_person_is_found_in_every_file_that_holds_them(whole):
    there, user = whole.path.parents[1], learner(whole)
    held = find(user, there)
    files = {file.removeprefix(f"runs/{whole.name}/") for file in held.traces["file"]}
    assert files == {
        "people.parquet", "data/test.parquet", "data/train.parquet", "data/users.parquet",
        "engine/arrays.npz", "audit/behaviour.parquet",
    }  # fmt: skip
    counts = dict(held.traces.select("file", "n").iter_rows())
    train = whole.split.train.interactions
    assert counts[f"runs/{whole.name}/data/train.parquet"] == (train[USER] == user).sum()
    assert held.searched >= len(whole.manifest["files"])
    assert find(str(user), there).user_id == user


def test_a_guest_is_found_in_the_manifest_and_in_no_array(whole):
    held = find(whole.split.guests[0], whole.path.parents[1])
    wheres = dict(held.traces.select("file", "where").iter_rows())
    assert wheres[f"runs/{whole.name}/manifest.json"] == "the id in a list of people"
    assert not any("array" in where for where in wheres.values())


def test_a_text_that_holds_a_distinct_id_is_found(shop, tmp_path):
    shutil.copytree(shop.path.parents[1], tmp_path / "home")
    note = tmp_path / "home" / "note.txt"
    note.write_text("asked by customer-0007 on Monday")
    found = find("customer-0007", tmp_path / "home").traces
    assert ("note.txt", "the id as text", 1) in found.rows()


def test_somebody_unknown_is_one_clear_sentence(whole, home):
    with pytest.raises(DataError, match=r"user_id=987654 is nobody of 'synthetic' .*; one is 1"):
        find(987654, home)
    with pytest.raises(DataError, match="dataset='other': there is no run of it"):
        find(1, home, "other")
    with pytest.raises(DataError, match="there is no run under"):
        find(1, home / "nothing")


def test_the_same_id_of_another_log_is_another_person(shop, whole, home):
    shutil.copytree(shop.path, home / "runs" / shop.name)
    (home / "runs" / LATEST).write_text(whole.name)
    with pytest.raises(DataError, match="there is one in 'shop': name it with dataset='shop'"):
        find("customer-0007", home)
    held = find("customer-0007", home, "shop")
    assert [path.name for path in held.runs] == [shop.name]


# --- erasing ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gone(whole, tmp_path_factory):
    """Somebody the engine was fitted on, erased: who, what was said, and the home."""
    home = tmp_path_factory.mktemp("gone") / "home"
    shutil.copytree(whole.path.parents[1], home)
    user = learner(whole)
    return user, erase(user, home, progress=False), home


def test_nothing_is_left_and_others_are_asked_the_same(whole, gone):
    user, found, home = gone
    assert found.done
    assert found.complete
    assert found.found.height == 6
    after = Run.latest(home)
    assert [path.name for path in (home / "runs").glob("*") if path.is_dir()] == [after.name]
    assert after.split.train.people.code(user) == -1
    assert user not in after.rows[USER].to_list()
    # Everybody else keeps their history and what they are asked.
    before = whole.split.train.interactions.filter(pl.col(USER) != user)
    assert after.split.train.interactions.equals(before)
    assert after.split.test.equals(whole.split.test.filter(pl.col(USER) != user))
    assert after.split.guests == whole.split.guests
    assert after.split.train.items.equals(whole.split.train.items)
    assert after.manifest["dataset"]["provenance"][LEFT_OUT] == 1
    assert verify(after.path).agrees


def test_it_is_the_engine_that_there_would_be_without_them(whole, gone):
    user, _, home = gone
    after = Run.latest(home)
    train = without(whole.split.train, [user])
    engine = wb.Engine(retrievers=RETRIEVERS, n_trees=4).fit(train)
    people = train.profiles(after.split.people()[0])
    assert np.array_equal(engine.score(people), after.engine.score(people), equal_nan=True)
    assert not np.array_equal(engine.score(people), whole.engine.score(people), equal_nan=True)


def test_the_change_of_others_is_measured_for_who_was_fitted_on(whole, gone):
    (row,) = gone[1].others.to_dicts()
    assert row["engine"] == "fitted again"
    after = Run.latest(gone[2])
    people = after.split.train.profiles(after.split.people()[0])
    one, two = whole.engine.score(people), after.engine.score(people)
    both = np.isfinite(one) & np.isfinite(two)
    assert row["largest_change"] == pytest.approx(np.abs(one - two)[both].max())
    assert row["largest_change"] > 0
    assert row["n"] == len(people)


def test_a_guest_leaves_no_score_of_others_changed(whole, home):
    found = erase(whole.split.guests[0], home, progress=False)
    assert found.complete
    (row,) = found.others.to_dicts()
    assert row["engine"] == "guest: in no fit"
    assert (row["largest_change"], row["share_changed"], row["overlap"]) == (0, 0, 1)
    assert row["n"] >= 20


def test_a_second_call_does_nothing_and_says_so(gone):
    user, first, home = gone
    before = everything(home)
    second = erase(user, home, progress=False)
    assert not second.done
    assert second.complete
    assert second.when == first.when
    assert second.searched == first.searched
    assert everything(home) == before


def test_who_was_erased_does_not_come_back(gone, small_log, tmp_path):
    user, _, home = gone
    assert without_erased(small_log, tmp_path) is small_log
    again = without_erased(small_log, home)
    assert again.people.code(user) == -1
    assert again.n_users == small_log.n_users - 1
    assert again.provenance[LEFT_OUT] == 1
    other = wb.Dataset(small_log.interactions, name="another log")
    assert without_erased(other, home) is other
    (told,) = json.loads((home / "erased.json").read_text())
    assert set(told) == {"pseudonym", "dataset", "when"}
    assert str(user) not in told.values()
    assert (home / "keys" / "pseudonym.key").stat().st_mode & 0o077 == 0


def test_nothing_goes_on_with_a_damaged_list(small_log, tmp_path):
    (tmp_path / "erased.json").write_text("{")
    with pytest.raises(DamagedArtifactError, match="it is no list of who was erased"):
        made(small_log, tmp_path)


def test_a_crash_leaves_every_run_there_and_the_next_call_goes_on(whole, home, monkeypatch):
    user = learner(whole)
    original = everything(home)

    def crash(*_):
        raise RuntimeError("power cut")

    monkeypatch.setattr("workbench.pipeline.job.write_report", crash)
    with pytest.raises(RuntimeError, match="power cut"):
        erase(user, home, progress=False)
    assert everything(home) == original
    monkeypatch.undo()
    monkeypatch.setattr(erasing, "_remove", crash)  # the new run is there, the old one still is
    with pytest.raises(RuntimeError, match="power cut"):
        erase(user, home, progress=False)
    names = {path.name for path in (home / "runs").iterdir() if path.is_dir()}
    assert whole.name in names
    assert len(names) == 2
    monkeypatch.undo()
    monkeypatch.setattr("workbench.pipeline.job.run", crash)  # nothing is fitted a second time
    found = erase(user, home, progress=False)
    assert found.complete
    (left,) = (path for path in (home / "runs").iterdir() if path.is_dir())
    assert left.name in names - {whole.name}
    verified_manifest(left)
    assert (home / "runs" / LATEST).read_text().strip() == left.name


@pytest.mark.full
def test_all_runs_of_the_log_are_made_again_and_the_latest_stays_the_latest(whole, home, small_log):
    user = learner(whole)
    second = made(small_log, home, seed=1)
    (home / "runs" / LATEST).write_text(whole.name)
    cache = home / "cache" / "synthetic"
    cache.mkdir(parents=True)
    (cache / "log.zip").write_bytes(b"everybody")
    rows = home / "evidence" / "synthetic" / "rows.parquet"
    rows.parent.mkdir(parents=True)
    whole.rows.write_parquet(rows)
    found = erase(user, home, progress=False)
    assert found.complete
    pairs = dict(found.others.select("instead_of", "run").iter_rows())
    assert set(pairs) == {whole.name, second.name}
    assert Run.latest(home).name == pairs[whole.name]
    # What is outside the runs goes too.
    assert any("cache/synthetic was removed" in words for words in found.words)
    assert not cache.exists()
    assert pl.read_parquet(rows).equals(whole.rows.filter(pl.col(USER) != user))


def test_what_cannot_be_removed_is_shown_as_left(shop, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(shop.path.parents[1], home)
    (home / "note.txt").write_text("asked by customer-0007")
    found = erase("customer-0007", home, progress=False)
    assert not found.complete
    assert found.left.rows() == [("note.txt", "the id as text", 1)]


def test_a_run_of_code_that_is_not_kept_is_refused_before_anything(small_log, tmp_path):
    mine = wb.FromFunction()
    mine.name = "mine"
    run = wb.run(
        small_log, home=tmp_path, models=[mine], progress=False,
        engine=wb.Engine(retrievers={"popularity": ["popularity", {}]}, n_trees=2),
    )  # fmt: skip
    before = everything(tmp_path)
    with pytest.raises(ArgumentError, match=f"{run.name} compares mine, given to it as code"):
        erase(run.split.people()[0][0], tmp_path, progress=False)
    assert everything(tmp_path) == before


def test_refused_rows_of_a_person_go_and_those_of_others_stay():
    frame = pl.DataFrame(
        {
            "customer": ["a1", "a1", "b2", "b2", "a1"], "item_id": ["x", "y", "x", "y", None],
            "value": [1.0, 2.0, 3.0, 4.0, 5.0],
        }
    ).vstack(pl.DataFrame({"customer": ["b2"], "item_id": [None], "value": [1.0]},
                          schema_overrides={"item_id": pl.String}))  # fmt: skip
    log = wb.Dataset.from_frames(frame, columns={"user_id": "customer"})
    assert log.refused.height == 2
    assert [json.loads(row)["customer"] for row in without(log, ["a1"]).refused["row"]] == ["b2"]


# --- exporting --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def handed(whole, tmp_path_factory):
    """An export of somebody, and who."""
    user = learner(whole)
    folder = tmp_path_factory.mktemp("exports") / "one"
    return user, export(user, folder, whole.path.parents[1], budget=32)


def test_an_export_holds_all_that_is_held(whole, handed):
    user, folder = handed
    told = json.loads((folder / "subject.json").read_text("utf-8"))
    verified_manifest(folder, "subject")
    cut = whole.split
    events = {(e["item_id"], e["part"]) for e in told["events"]}
    train = cut.train.interactions.filter(pl.col(USER) == user)["item_id"]
    test = cut.test.filter(pl.col(USER) == user)["item_id"]
    assert events == {
        *((item, "known to the engine") for item in train),
        *((item, "kept back to test it") for item in test),
    }
    attributes = {a["name"]: a["value"] for a in told["person"]["attributes"]}
    assert attributes == cut.train.users.filter(pl.col(USER) == user).drop(USER).row(0, named=True)
    shown = wb.slate(whole.engine, cut.train.profiles([user])[0])
    assert [place["item_id"] for place in told["slate"]] == shown.items
    assert len(told["explanations"]) == len(shown)
    why = told["explanations"][0]
    total = why["base"] + sum(feature["share"] for feature in why["features"]) + why["residual"]
    assert total == pytest.approx(why["score"], abs=1e-6)
    own = whole.rows.filter(pl.col(USER) == user)
    assert {row["model"]: row["ndcg"] for row in told["figures"]} == dict(
        own.select("model", "ndcg").iter_rows()
    )
    assert len(told["where"]) == 6
    assert told["pseudonym"].startswith("P-")


def test_the_page_says_the_same_and_fetches_nothing(handed):
    _, folder = handed
    told = json.loads((folder / "subject.json").read_text("utf-8"))
    html = (folder / "subject.html").read_text("utf-8")
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "")
    for place in told["slate"]:
        assert place["title"] in html
    assert html.count("<details>") == len(told["slate"])


def test_titles_that_attack_are_shown_as_text():
    from workbench.report.subject import page

    attack = "<script>alert(1)</script>"
    html = page(
        {
            "person": {"user_id": attack, "attributes": [{"name": attack, "value": attack}]},
            "dataset": attack, "words": [attack], "events": [{"title": attack, "part": attack}],
            "slate": [{"title": attack, "score": 1.0}], "where": [{"file": attack}],
            "explanations": [{"title": attack, "sentence": attack, "words": [attack],
                              "features": [{"name": attack, "value": attack, "share": 1.0}],
                              "events": [{"title": attack}]}],
            "groups": [{"attribute": attack, "group": attack}],
            "refused": [{"row": attack, "table": attack}], "figures": [],
        }
    )  # fmt: skip
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 15


def test_an_export_goes_only_where_it_harms_nothing(whole, handed, tmp_path):
    user, folder = handed
    there = whole.path.parents[1]
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "one.txt").write_text("mine")
    with pytest.raises(ArgumentError, match="is there and is no earlier export"):
        export(user, tmp_path / "letters", there)
    with pytest.raises(ArgumentError, match="under the home folder"):
        export(user, there / "export", there)
    with pytest.raises(DataError, match="is nobody of"):
        export(987654, tmp_path / "new", there)
    assert not (tmp_path / "new").exists()
    again = export(user, folder, there, budget=0)  # an earlier export is replaced as a whole
    assert sorted(path.name for path in again.iterdir()) == [
        "manifest.json", "subject.html", "subject.json",
    ]  # fmt: skip
    (folder / "subject.json").write_text("{}")
    with pytest.raises(ArgumentError, match="is no earlier export"):
        export(user, folder, there)


def test_who_was_erased_cannot_be_exported(gone, tmp_path):
    user, _, home = gone
    with pytest.raises(DataError, match="was erased on 20"):
        export(user, tmp_path / "export", home)

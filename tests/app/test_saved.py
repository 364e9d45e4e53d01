"""Save this view: the file says what the screen says, for every kind of person and run."""

from html import unescape

import pytest

import workbench as wb
from app import cache, saved
from app.state import ADD, DIAL, DROP, RATE, Case, Edit
from tests.app.reading import HOSTILE


def shown(world, case):
    start = world.start(case)
    profile = case.profile(start)
    before, after = cache.slate(world, case.start, start), cache.slate(world, case, profile)
    return saved.page(world, case, profile, before, after, "As they are"), after


@pytest.fixture(scope="module")
def films(run_path):
    return cache.private(run_path)


def test_the_file_has_the_lists_reasons_and_changes_of_the_screen(films):
    guest = next(iter(films.guests))
    case = Case("guest", guest)
    first, second = films.start(case).items[:2]
    for edit in (Edit(DROP, first), Edit(RATE, second, 1.0), Edit(DIAL, "diversity", 0.5)):
        case = case.edited(edit)
    text, after = shown(films, case)
    text = unescape(text)
    titles = [films.catalogue[item].title for item in after.items]
    assert all(title in text for title in titles)
    places = [text.index(f"<b>{title}</b>", text.index("With the changes")) for title in titles]
    assert places == sorted(places)
    assert f"Removed {films.catalogue[first].title}" in text
    assert f"Rated {films.catalogue[second].title} ★ 1" in text
    assert f"Guest {guest}: a real person" in text
    assert films.run.name in text
    assert films.run.manifest["dataset"]["fingerprint"] in text
    assert text.count("<article>") == len(after.items)
    policy = wb.Policy.for_dataset(films.split.train, diversity=0.5)
    why = wb.explain(
        films.engine, case.profile(films.start(case)), after.items[0], k=films.k, policy=policy,
        titles={i: films.catalogue[i].title for i in films.split.train.catalogue.ids}, budget=128,
    )  # fmt: skip
    assert why.sentence in text


@pytest.mark.parametrize("kind", ["guest", "known", "nobody"])
def test_it_says_whether_the_person_is_real(films, kind):
    who = {"guest": films.guests, "known": films.learnt_from, "nobody": [None]}[kind]
    text, _ = shown(films, Case(kind, next(iter(who))))
    wanted = {"guest": "no model learnt from", "known": "and remember", "nobody": "nobody in the"}
    assert wanted[kind] in text
    assert ("It holds the history of one person" in text) == (kind != "nobody")


def test_the_button_warns_of_a_real_history_and_of_no_other(run_path, visit):
    real = visit(run_path, "what_if").get("download_button")
    assert "because you ask for it" in next(b for b in real if "save-view" in b.proto.id).proto.help
    nobody = visit(run_path, "what_if", person="nobody").get("download_button")
    assert "because you ask" not in next(b for b in nobody if "save-view" in b.proto.id).proto.help


def test_hostile_titles_stay_text_in_the_file(hostile_path):
    world = cache.private(hostile_path)
    guest = max(world.guests, key=world.guests.get)
    text, _ = shown(world, Case("guest", guest))
    lowered = text.lower()
    assert "<script" not in lowered
    assert "<img" not in lowered
    assert lowered.count("<h1") == 1
    assert "x" * 400 not in text
    titles = {world.catalogue[item].title for item in world.start(Case("guest", guest)).items}
    assert "<script>alert(1)</script>" in titles | set(HOSTILE)
    assert [t for t in titles if t[:200] in unescape(text)] == list(titles)
    assert "<b>hostile</b>" not in text
    assert "&lt;b&gt;hostile&lt;/b&gt;" in text


def test_a_bare_run_can_be_saved_too(bare_path):
    world = cache.private(bare_path)
    case = Case(edits=(Edit(ADD, world.catalogue.most_met()[0]),))
    text, after = shown(world, case)
    assert all(f"Item {item}" in unescape(text) for item in after.items)

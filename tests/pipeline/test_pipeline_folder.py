"""A run folder is read whole or not at all."""

import json
import os
import shutil

import pytest

import workbench as wb
from workbench.artifact import own_hash, sealed, verified_manifest
from workbench.errors import ArgumentError, DamagedArtifactError, NewerFormatError
from workbench.pipeline import Run
from workbench.pipeline.disk import remove_leftovers, write_text, writing


@pytest.fixture
def copy(finished, tmp_path):
    """A run folder that a test may damage."""
    folder = tmp_path / "run"
    shutil.copytree(finished.path, folder)
    return folder


def test_any_changed_file_is_refused_by_name(finished, copy):
    for name in finished.manifest["files"]:
        file = copy / name
        content = file.read_bytes()
        middle = len(content) // 2
        file.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
        with pytest.raises(DamagedArtifactError, match=f"{name} is not what was written"):
            Run.load(copy)
        file.write_bytes(content[:middle])
        with pytest.raises(DamagedArtifactError, match=f"{name} is not what was written"):
            Run.load(copy)
        file.unlink()
        with pytest.raises(DamagedArtifactError, match=f"{name} is missing"):
            Run.load(copy)
        file.write_bytes(content)
    assert Run.load(copy).manifest == finished.manifest


def test_a_changed_manifest_is_refused(copy):
    file = copy / "manifest.json"
    text = file.read_text("utf-8")
    file.write_text(text.replace('"seed": 0', '"seed": 1', 1), "utf-8")
    with pytest.raises(DamagedArtifactError, match=r"manifest.json is damaged"):
        Run.load(copy)
    for broken in ("", "[]", "null", "{", text[: len(text) // 2], '{"format": "x"}', "{}"):
        file.write_text(broken, "utf-8")
        with pytest.raises((DamagedArtifactError, NewerFormatError), match="run"):
            Run.load(copy)


def forged(folder, **changes):
    """A manifest whose own hash is right, whatever it says."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8")) | changes
    manifest["sha256"] = own_hash(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def test_a_newer_format_is_refused(copy):
    forged(copy, format=2)
    with pytest.raises(NewerFormatError, match="has format 2 and this version reads up to 1"):
        Run.load(copy)


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "engine/../../secret"])
def test_a_manifest_cannot_name_what_is_outside(copy, name):
    (copy.parent / "secret").write_text("secret")
    forged(copy, files={name: "0" * 64})
    with pytest.raises(DamagedArtifactError, match="is not a file inside it"):
        Run.load(copy)


def test_a_link_out_of_the_folder_is_refused(copy):
    file = copy / "people.parquet"
    file.rename(copy.parent / "people.parquet")
    file.symlink_to(copy.parent / "people.parquet")
    with pytest.raises(DamagedArtifactError, match=r"people.parquet' is not a file inside it"):
        Run.load(copy)


def test_no_folder_is_no_run(tmp_path):
    with pytest.raises(DamagedArtifactError, match="is no run folder"):
        Run.load(tmp_path / "nothing")


def test_a_folder_appears_whole(tmp_path):
    with writing(tmp_path, "one") as folder:
        (folder / "a.txt").write_text("a")
        assert not (tmp_path / "runs" / "one").exists()
        sealed(folder, {})
    final = tmp_path / "runs" / "one"
    assert sorted(path.name for path in final.iterdir()) == ["a.txt", "manifest.json"]
    assert list(verified_manifest(final)["files"]) == ["a.txt"]
    assert sorted(path.name for path in final.parent.iterdir()) == ["LATEST", "one"]


def test_a_failed_folder_leaves_the_old_pointer(tmp_path):
    with writing(tmp_path, "one") as folder:
        sealed(folder, {})

    def failing():
        with writing(tmp_path, "two") as folder:
            (folder / "a.txt").write_text("a")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        failing()
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["LATEST", "one"]
    assert Run.latest(tmp_path).name == "one"


def test_what_a_dead_process_left_is_removed_and_what_lives_stays(tmp_path):
    runs = tmp_path / "runs"
    dead = runs / ".tmp-dead"
    dead.mkdir(parents=True)
    (dead / "half.parquet").write_text("half")
    (runs / ".lock-dead").touch()
    (runs / ".latest-1").write_text("half")
    os.utime(runs / ".latest-1", (0, 0))
    with writing(tmp_path, "alive") as alive:
        assert [path.name for path in runs.iterdir() if "alive" not in path.name] == []
        assert remove_leftovers(runs) == []
        assert alive.is_dir()
        assert (runs / ".lock-alive").exists()
        sealed(alive, {})
    assert Run.latest(tmp_path).name == "alive"
    assert sorted(path.name for path in runs.iterdir()) == ["LATEST", "alive"]


def test_a_home_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ArgumentError, match=r"cannot be written to .* WORKBENCH_HOME"),
        writing(tmp_path / "file", "one"),
    ):
        pass


def test_a_small_file_is_replaced_in_one_step(tmp_path):
    write_text(tmp_path / "LATEST", "one")
    write_text(tmp_path / "LATEST", "two")
    assert (tmp_path / "LATEST").read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["LATEST"]


def test_a_run_shows_its_leaderboard(finished):
    assert "\n" not in repr(finished)
    said = repr(wb.show(finished))
    best = finished.leaderboard["model"][0]
    assert said.index("Leaderboard") < said.index(best) < said.index("popularity")
    assert f"people asked {finished.manifest['split']['asked']}" in said
    assert str(finished.report) in said
    assert f"<td>{best}</td>" in finished._repr_html_()

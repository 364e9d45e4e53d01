"""Saved folders: whole or not at all, and every damage is refused before anything is parsed."""

import json
import os
import random
import shutil
from hashlib import sha256

import numpy as np
import pytest

from workbench import artifact
from workbench.artifact import MANIFEST, own_hash, read_folder, write_folder
from workbench.errors import ArtifactError, DamagedArtifactError, NewerFormatError

FILES = {"engine.json": b'{"a": 1}', "arrays.npz": bytes(range(256)) * 8, "ranker.json": b"[]"}


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "saved", FILES, {"kind": "engine", "seed": 1})


def test_what_is_written_is_read(folder):
    files, manifest = read_folder(folder, "engine")
    assert files == FILES
    assert manifest["kind"] == "engine"
    assert manifest["files"]["ranker.json"] == sha256(b"[]").hexdigest()


def test_nothing_is_left_beside_the_folder(folder):
    write_folder(folder, {"b": b"2"}, {})
    assert [p.name for p in folder.parent.iterdir()] == ["saved"]
    assert read_folder(folder, "engine")[0] == {"b": b"2"}


def forged(folder, **changes):
    """A manifest that agrees with itself but says something else."""
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest.update(changes)
    manifest["sha256"] = own_hash(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "..", "", "a/../../b", MANIFEST])
def test_a_manifest_that_points_elsewhere_is_refused(folder, name):
    (folder.parent / "outside").write_bytes(b"x")
    forged(folder, files={name: sha256(b"x").hexdigest()})
    with pytest.raises(DamagedArtifactError, match="not a file inside it"):
        read_folder(folder, "engine")


def test_a_symlink_is_refused_even_with_the_right_content(folder, tmp_path):
    (tmp_path / "elsewhere").write_bytes(FILES["engine.json"])
    (folder / "engine.json").unlink()
    (folder / "engine.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DamagedArtifactError, match="not a file inside it"):
        read_folder(folder, "engine")


def test_numbers_as_keys_are_read_as_they_will_be_written(tmp_path):
    write_folder(tmp_path / "e", {}, {"metrics": {9: 1, 10: 2}})
    assert read_folder(tmp_path / "e", "engine")[1]["metrics"] == {"9": 1, "10": 2}


def test_another_kind_of_folder_is_refused_by_name(folder):
    with pytest.raises(DamagedArtifactError, match="another kind of thing"):
        read_folder(folder, "run")


def test_a_newer_format_is_refused(folder):
    forged(folder, format=artifact.FORMAT + 1)
    with pytest.raises(NewerFormatError, match="install a newer workbench"):
        read_folder(folder, "engine")


def test_a_folder_that_was_never_saved_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match="is no engine folder"):
        read_folder(tmp_path, "engine")


def mutated(folder, rng):
    """One random damage to one file; returns whether the bytes really changed."""
    file = rng.choice(sorted(folder.iterdir()))
    content = bytearray(file.read_bytes())
    kind = rng.choice(["flip", "truncate", "swap", "delete", "append"])
    if kind == "delete":
        file.unlink()
        return True
    before = bytes(content)
    at = rng.randrange(len(content))
    if kind == "flip":
        content[at] ^= 1 << rng.randrange(8)
    elif kind == "truncate":
        del content[at:]
    elif kind == "append":
        content += b"\x00"
    else:
        content = bytearray(rng.choice(sorted(folder.iterdir())).read_bytes())
    file.write_bytes(content)
    return bytes(content) != before


def refused(folder, tries):
    rng = random.Random(0)
    done = 0
    while done < tries:
        copy = folder.with_name("copy")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        if not mutated(copy, rng):
            continue
        with pytest.raises(ArtifactError, match=r"."):
            read_folder(copy, "engine")
        done += 1
    return done


def test_every_random_damage_is_refused(folder):
    assert refused(folder, 150) == 150


@pytest.mark.full
def test_a_thousand_random_damages_are_refused(folder):
    assert refused(folder, 1_000) == 1_000


def test_when_any_write_fails_the_old_folder_stays_whole(folder, monkeypatch):
    old = read_folder(folder, "engine")
    real = os.fsync
    for nth in range(1, 5):
        calls = []

        def failing(descriptor, calls=calls, nth=nth):
            calls.append(descriptor)
            if len(calls) == nth:
                raise OSError(28, "No space left on device")
            real(descriptor)

        monkeypatch.setattr(artifact.os, "fsync", failing)
        with pytest.raises(ArtifactError, match="No space left"):
            write_folder(folder, {"a": b"1", "b": b"2", "c": b"3"}, {})
        monkeypatch.setattr(artifact.os, "fsync", real)
        assert read_folder(folder, "engine") == old
        assert [p.name for p in folder.parent.iterdir()] == ["saved"]


def test_a_crash_between_the_two_renames_leaves_the_old_folder_readable(folder):
    old = read_folder(folder, "engine")
    folder.rename(artifact._old(folder))
    assert read_folder(folder, "engine") == old
    write_folder(folder, {"n": b"new"}, {})
    assert read_folder(folder, "engine")[0] == {"n": b"new"}


def test_arrays_of_objects_are_neither_written_nor_read():
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        artifact.arrays_to_bytes({"a": np.array([{}], dtype=object)})

"""Folders that can be trusted: sealed by hashes, written whole or not at all, never unpickled."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from workbench.errors import ArtifactError, DamagedArtifactError, NewerFormatError
from workbench.state import Arrays

MANIFEST = "manifest.json"
LIBRARIES = (
    "numpy", "polars", "scipy", "scikit-learn", "xgboost", "implicit", "scikit-surprise",
    "mlxtend", "fairlearn", "dataframely", "pyarrow",
)  # fmt: skip
FORMAT = 1


# --- seals ------------------------------------------------------------------------------------


def sealed(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest with the sha256 of every file of the folder, and of itself.

    Parameters
    ----------
    folder : Path
        Filled already, sub-folders included.
    manifest : mapping
        What else it says. Values that JSON does not know are written as text.

    Returns
    -------
    dict
        The manifest as it will be read.
    """
    files = {
        path.relative_to(folder).as_posix(): _sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST
    }
    told: dict[str, Any] = json.loads(
        json.dumps({"format": FORMAT, **manifest, "files": files}, default=str)
    )
    told["sha256"] = own_hash(told)
    text = json.dumps(told, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", "utf-8")
    return told


def verified_manifest(folder: Path, what: str = "run") -> dict[str, Any]:
    """The manifest of a folder, each file checked against it.

    Parameters
    ----------
    folder : Path
    what : str
        Kind of folder, for the messages.

    Raises
    ------
    NewerFormatError
        A newer workbench wrote it.
    DamagedArtifactError
        It is no such folder, or a file is missing, changed or outside.
    """
    manifest = _manifest(folder, what)
    for name, expected in manifest["files"].items():
        if _sha256(_inside(folder, name)) != expected:
            raise _changed(folder, name)
    return manifest


def own_hash(manifest: Mapping[str, Any]) -> str:
    """Hash of all that a manifest says, but for this hash."""
    content = {key: value for key, value in manifest.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def library_versions() -> dict[str, str]:
    """Versions of the libraries that a result depends on, for manifests to say."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def _manifest(folder: Path, what: str) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
        number, files = manifest["format"], manifest.get("files")
    except OSError as error:
        raise DamagedArtifactError(
            f"{folder} is no {what} folder: {MANIFEST} cannot be read ({error.strerror}); "
            f"give the folder of a {what} that the workbench wrote"
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DamagedArtifactError(
            f"{path} is damaged: it is no manifest; make the {what} again"
        ) from error
    if not isinstance(number, int) or number > FORMAT:
        raise NewerFormatError(
            f"{folder} has format {number!r} and this version reads up to {FORMAT}; "
            f"install a newer workbench, or make the {what} again"
        )
    if not isinstance(files, dict) or manifest.get("sha256") != own_hash(manifest):
        raise DamagedArtifactError(
            f"{path} is damaged: it was changed after it was written; make the {what} again"
        )
    if manifest.get("kind", what) != what:
        raise DamagedArtifactError(
            f"{folder} is the folder of another kind of thing, {manifest['kind']!r}, not {what!r}"
        )
    return manifest


def _inside(folder: Path, name: str) -> Path:
    """A file of the folder, followed through no link."""
    parts = PurePosixPath(name).parts
    path = folder.joinpath(*parts)
    plain = parts and not PurePosixPath(name).is_absolute() and ".." not in parts
    if not plain or path.resolve() != folder.resolve().joinpath(*parts) or name == MANIFEST:
        raise DamagedArtifactError(f"{folder} is damaged: {name!r} is not a file inside it")
    if not path.is_file():
        raise DamagedArtifactError(f"{folder} is damaged: {name} is missing; make it again")
    return path


def _changed(folder: Path, name: str) -> DamagedArtifactError:
    return DamagedArtifactError(
        f"{folder} is damaged: {name} is not what was written; make it again"
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- small folders, held in memory ------------------------------------------------------------


def write_folder(folder: Path, files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Path:
    """Write files and their manifest beside the place, and rename them into it.

    A crash at any moment leaves the old folder whole (``read_folder`` finds it even if the crash
    came between the two renames).

    Parameters
    ----------
    folder : Path
        Replaced if it is there.
    files : mapping of plain file name to content
    manifest : mapping
        See ``sealed``; its ``kind`` is asked for by ``read_folder``.

    Raises
    ------
    ArtifactError
        The place cannot be written; what was there can still be read.
    """
    folder = Path(folder)
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        temporary.mkdir(parents=True)
        for name, content in files.items():
            (temporary / name).write_bytes(content)
        sealed(temporary, manifest)
        flush(temporary)
        old = _old(folder)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
            folder.rename(old)
        temporary.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise ArtifactError(
            f"path {str(folder)!r} cannot be written: {error.strerror or error}; "
            "what was there before can still be read"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def read_folder(folder: Path, what: str) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Files and manifest of a folder; what is returned is what was hashed.

    Raises
    ------
    NewerFormatError, DamagedArtifactError
        See ``verified_manifest``.
    """
    folder = Path(folder)
    if not folder.exists() and _old(folder).exists():
        folder = _old(folder)
    manifest = _manifest(folder, what)
    files = {}
    for name, expected in manifest["files"].items():
        files[name] = _inside(folder, name).read_bytes()
        if hashlib.sha256(files[name]).hexdigest() != expected:
            raise _changed(folder, name)
    return files, manifest


def flush(folder: Path) -> None:
    """Have everything in a folder on the disk before its name says that it is there."""
    for path in [*folder.rglob("*"), folder]:
        flush_one(path)


def flush_one(path: Path) -> None:
    """Have one file, or the list of names of one folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


# --- arrays -----------------------------------------------------------------------------------


def arrays_to_bytes(arrays: Arrays) -> bytes:
    """Arrays as ``.npz``, without pickle."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def arrays_from_bytes(content: bytes) -> Arrays:
    """Arrays back from ``.npz``; pickled content is refused."""
    with np.load(io.BytesIO(content), allow_pickle=False) as held:
        return {name: held[name] for name in held.files}

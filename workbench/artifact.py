"""Folders that can be trusted: hashed, written whole or not at all, never unpickled."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import ArtifactError, DamagedArtifactError, NewerFormatError
from workbench.state import Arrays

MANIFEST = "manifest.json"
FORMAT = 1


def sha256(content: bytes) -> str:
    """SHA-256 as hexadecimal text."""
    return hashlib.sha256(content).hexdigest()


def write_folder(folder: Path, files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Path:
    """Write files and a manifest that hashes them, beside the place and then into it.

    A crash at any moment leaves the old folder whole (``read_folder`` finds it even if the crash
    came between the two renames).

    Parameters
    ----------
    folder : Path
        Replaced if it is there.
    files : mapping of plain file name to content
    manifest : mapping
        What else the manifest says; JSON values.

    Raises
    ------
    ArtifactError
        The place cannot be written; nothing has changed there.
    """
    folder = Path(folder)
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        temporary.mkdir(parents=True)
        for name, content in files.items():
            _write(temporary / name, content)
        described = {
            **manifest,
            "format": FORMAT,
            "files": {name: sha256(content) for name, content in sorted(files.items())},
        }
        described["sha256"] = sha256(_canonical(described))
        _write(temporary / MANIFEST, json.dumps(described, indent=1, default=str).encode())
        old = _old(folder)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
            folder.rename(old)
        temporary.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise ArtifactError(
            f"path {str(folder)!r} cannot be written: {error.strerror or error}; "
            "what was there before is unchanged"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def read_folder(folder: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Files and manifest of a folder, every hash checked before any content is parsed.

    Raises
    ------
    ArtifactError
        There is no such folder.
    NewerFormatError
        A newer workbench wrote it.
    DamagedArtifactError
        A file is missing, changed, unnamed, or not a plain file of the folder.
    """
    folder = Path(folder)
    if not folder.exists() and _old(folder).exists():
        folder = _old(folder)
    if not (folder / MANIFEST).is_file():
        raise ArtifactError(
            f"path {str(folder)!r} holds no {MANIFEST}; give the folder that was saved"
        )
    manifest = _manifest(folder)
    files = {}
    for name, expected in manifest["files"].items():
        if Path(name).name != name or name in ("", ".", "..", MANIFEST):
            raise DamagedArtifactError(f"the manifest of {folder} names {name!r}, not a plain file")
        file = folder / name
        if file.is_symlink() or not file.is_file():
            raise DamagedArtifactError(f"{name} of {folder} is missing or not a plain file")
        files[name] = file.read_bytes()
        if sha256(files[name]) != expected:
            raise DamagedArtifactError(f"{name} of {folder} is not what was saved; save it again")
    return files, manifest


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        version, files = manifest["format"], manifest["files"]
        if not isinstance(version, int) or not isinstance(files, dict):
            raise TypeError("format or files")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedArtifactError(f"{MANIFEST} of {folder} cannot be read: {error}") from error
    if version > FORMAT:
        raise NewerFormatError(
            f"{folder} has format {version}; this workbench reads up to {FORMAT}: update it"
        )
    said = manifest.pop("sha256", None)
    if said != sha256(_canonical(manifest)):
        raise DamagedArtifactError(f"{MANIFEST} of {folder} is not what was saved; save it again")
    return manifest  # type: ignore[no-any-return]


def arrays_to_bytes(arrays: Arrays) -> bytes:
    """Arrays as ``.npz``, without pickle."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def arrays_from_bytes(content: bytes) -> Arrays:
    """Arrays back from ``.npz``; pickled content is refused."""
    with np.load(io.BytesIO(content), allow_pickle=False) as held:
        return {name: held[name] for name in held.files}


def _canonical(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, default=str).encode()


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def _write(file: Path, content: bytes) -> None:
    with file.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())

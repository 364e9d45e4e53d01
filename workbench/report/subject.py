"""What is held on one person, as JSON and as a page to read, in a folder of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from workbench.artifact import MANIFEST, write_folder
from workbench.errors import ArgumentError, ArtifactError
from workbench.report.content import plain
from workbench.report.html import number, signed

KIND = "subject"
PAGE, DATA = "subject.html", "subject.json"


def check_folder(folder: str | os.PathLike[str], home: Path) -> Path:
    """The place of an export; refused where it would overwrite something else, or be found later.

    Raises
    ------
    ArgumentError
        The folder holds something that is no earlier export, or is under the home folder.
    """
    place = Path(folder).expanduser().absolute()
    if place.resolve().is_relative_to(home.resolve()):
        raise ArgumentError(
            f"folder={str(folder)!r} is under the home folder {home}, where an export would be "
            "one more copy to erase; name another"
        )
    if place.exists() and not (place.is_dir() and (_is_export(place) or not any(place.iterdir()))):
        raise ArgumentError(
            f"folder={str(folder)!r} is there and is no earlier export; name a new folder"
        )
    return place


def write_subject(folder: Path, content: Mapping[str, Any]) -> Path:
    """Write the folder of an export, whole or not at all.

    Parameters
    ----------
    folder : Path
        As ``check_folder`` gives it.
    content : mapping
        Of ``workbench.audit.subject``, with ``created``, ``workbench``, ``pseudonym``, ``where``
        (rows of ``file, where, n``) and ``searched``.
    """
    told = plain(content)
    text = json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    written = {DATA: text.encode(), PAGE: page(told).encode()}
    return write_folder(folder, written, {"kind": KIND, "created": told["created"]})


def page(content: Mapping[str, Any]) -> str:
    """The page; everything in it that comes from a log is escaped, and it fetches nothing."""
    from jinja2 import Environment

    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: "–" if value is None else value,
    )
    environment.filters.update(num=number, signed=signed)
    source = files("workbench.report").joinpath("subject.html.j2").read_text("utf-8")
    return environment.from_string(source).render(c=content)


def _is_export(folder: Path) -> bool:
    from workbench.artifact import verified_manifest

    if not (folder / MANIFEST).is_file():
        return False
    try:
        verified_manifest(folder, KIND)
    except ArtifactError:
        return False
    return True

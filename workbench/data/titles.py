"""Invented film titles and genres, for worlds that do not exist."""

from __future__ import annotations

import re

import numpy as np

GENRES = {
    "Action": ("Bullet", "Chase", "Fist", "Convoy", "Blast"),
    "Adventure": ("Voyage", "Island", "Compass", "Expedition", "Summit"),
    "Animation": ("Teapot", "Squirrel", "Balloon", "Puppet", "Dragonfly"),
    "Comedy": ("Landlord", "Wedding", "Parrot", "Holiday", "Blunder"),
    "Crime": ("Witness", "Safe", "Alibi", "Informer", "Heist"),
    "Documentary": ("Glacier", "Harvest", "Archive", "Orchestra", "Tide"),
    "Drama": ("Orchard", "Daughter", "Promise", "Kitchen", "Letter"),
    "Fantasy": ("Wizard", "Crown", "Mirror", "Moonstone", "Spell"),
    "Horror": ("Cellar", "Whisper", "Scarecrow", "Asylum", "Ritual"),
    "Musical": ("Chorus", "Cabaret", "Tango", "Trumpet", "Encore"),
    "Mystery": ("Cipher", "Stranger", "Lighthouse", "Portrait", "Clue"),
    "Romance": ("Kiss", "Garden", "Violin", "Rendezvous", "Summer"),
    "Sci-Fi": ("Orbit", "Android", "Nebula", "Signal", "Colony"),
    "Thriller": ("Shadow", "Deadline", "Fugitive", "Tunnel", "Wire"),
    "War": ("Trench", "Bridge", "Armistice", "Squadron", "Bunker"),
    "Western": ("Saddle", "Canyon", "Sheriff", "Frontier", "Dust"),
}
"""Genre → words that its titles are made of."""

# fmt: off
ADJECTIVES = (
    "Last", "Silent", "Crimson", "Hollow", "Golden", "Broken", "Distant", "Hidden", "Restless",
    "Burning", "Frozen", "Gentle", "Midnight", "Forgotten", "Electric", "Paper", "Northern",
    "Velvet", "Crooked", "Second", "Perfect", "Wild", "Empty", "Blue",
)
PLACES = (
    "Marlowe", "Vesper", "Kestrel", "Ashgrove", "Tamarind", "Ostrava", "Bellweather", "Corvina",
    "Dunmere", "Eskdale", "Farrow", "Galena", "Halcyon", "Ilmar", "Juniper", "Lorca", "Mirabel",
    "Norrland", "Pembrey", "Quill",
)
# fmt: on
_AN = re.compile(r"^A (?=[AEIO])")
"""No noun here begins with a vowel that is not heard (or a consonant that is not)."""
SHAPES = (
    "The {adjective} {noun}",
    "{adjective} {noun}",
    "The {noun} of {place}",
    "A {noun} in {place}",
    "{place}'s {noun}",
    "The {noun} and the {other}",
    "Return to {place}",
    "No {noun} for {place}",
)


def invented_titles(main: list[str], rng: np.random.Generator) -> list[str]:
    """A distinct title for each item.

    Parameters
    ----------
    main : list of str
        Main genre of each item, a key of ``GENRES``.
    rng : numpy.random.Generator

    Returns
    -------
    list of str
        Title ``i`` is of item ``i``; a title that comes again becomes a sequel ("... 2").
    """
    n = len(main)
    shape, adjective, place = (
        _drawn(words, n, rng)
        for words in (np.array(SHAPES), np.array(ADJECTIVES), np.array(PLACES))
    )
    noun, other = rng.integers(0, 5, n), rng.integers(1, 5, n)
    used: dict[str, int] = {}
    titles = []
    for i, genre in enumerate(main):
        words = GENRES[genre]
        title = shape[i].format(
            adjective=adjective[i],
            noun=words[noun[i]],
            other=words[(noun[i] + other[i]) % 5],
            place=place[i],
        )
        title = _AN.sub("An ", title)
        used[title] = used.get(title, 0) + 1
        titles.append(title if used[title] == 1 else f"{title} {used[title]}")
    return titles


def _drawn(words: tuple[str, ...], n: int, rng: np.random.Generator) -> list[str]:
    return [words[i] for i in rng.integers(0, len(words), n).tolist()]

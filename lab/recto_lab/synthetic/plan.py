"""What a drawn book is, before it is drawn: its facts, its series, and the seeds of its look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recto_lab.synthetic import words
from recto_lab.synthetic.isbn import isbn_of

SERIES_LENGTH = 3
# Shares of all books. A quarter in series and an eighth in house styles give every few hundred books some
# dozens of look-alikes, as the shelves of a library do.
_IN_SERIES = 0.25
_IN_HOUSE_STYLE = 0.12
_REAL_WORKS = 0.45
_TWO_AUTHORS = 0.15
_LANGUAGES = ("en", "de", "fr", "it", "es", "pt", "ru")
_LANGUAGE_WEIGHTS = (0.46, 0.12, 0.14, 0.1, 0.09, 0.05, 0.04)
_LINES_PER_PUBLISHER = 6
# Salts keep the random streams of different purposes apart.
_SERIES, _FACTS, _LOOK, _HOUSE, _PICTURE, _DETAIL = range(1, 7)


@dataclass(frozen=True)
class Plan:
    """The facts of a book and the seeds of its look.

    `look` decides layout, colours and faces; `picture` and `picture_variant` the artwork; `detail` what is the
    book's own; `hue_shift` turns the colours (a share of the colour circle).
    """

    index: int
    isbn: str
    title: str
    subtitle: str
    authors: tuple[str, ...]
    publisher: str
    year: int
    language: str
    genre: str
    series: str
    volume: int
    volume_label: str
    look: tuple[int, ...]
    picture: tuple[int, ...]
    detail: tuple[int, ...]
    picture_variant: int
    hue_shift: float


def _group_of(index: int, seed: int) -> int | None:
    group = index // SERIES_LENGTH
    in_series = np.random.default_rng((seed, _SERIES, group)).random() < _IN_SERIES
    return group if in_series else None


def siblings(index: int, seed: int = 0) -> tuple[int, ...]:
    """Indices of the other volumes of the book's series, empty when it is in none.

    The indices 3k, 3k + 1, 3k + 2 are either three volumes of one series or three single books.
    """
    group = _group_of(index, seed)
    if group is None:
        return ()
    return tuple(
        other for other in range(group * SERIES_LENGTH, (group + 1) * SERIES_LENGTH) if other != index
    )


def plan_book(index: int, seed: int) -> Plan:
    """The plan of one book: a function of index and seed only."""
    group = _group_of(index, seed)
    own = np.random.default_rng((seed, _FACTS, index))
    shared = own if group is None else np.random.default_rng((seed, _FACTS, _SERIES, group))
    language = _LANGUAGES[int(shared.choice(len(_LANGUAGES), p=_LANGUAGE_WEIGHTS))]
    publishers = words.entries(language, "publisher")
    house_number = int(shared.integers(len(publishers)))
    publisher = publishers[house_number]
    author, year = words.full_name(shared, language), int(shared.integers(1925, 2025))
    series = words.one_of(shared, language, "series") if group is not None else ""
    genre = words.one_of(shared, language, "genre")
    volume = index % SERIES_LENGTH + 1 if group is not None else 0
    title = words.one_of(own, language, "title")
    authors: tuple[str, ...] = (author,)
    if group is None and own.random() < _REAL_WORKS:
        authors, title = _real_work(own, language)
    elif group is None and own.random() < _TWO_AUTHORS:
        authors = (author, words.full_name(own, language))
    subtitle = words.one_of(own, language, "subtitle") if own.random() < 0.55 else ""
    variant, hue_shift = _volume_look(shared, volume)
    label = words.one_of(shared, language, "volume").replace("{n}", str(volume)) if volume else ""
    look: tuple[int, ...] = (seed, _LOOK, index) if group is None else (seed, _LOOK, _SERIES, group)
    if shared.random() < _IN_HOUSE_STYLE:
        house_line = int(shared.integers(_LINES_PER_PUBLISHER))
        look = (seed, _HOUSE, _LANGUAGES.index(language), house_number, house_line)
    picture = (seed, _PICTURE, index) if group is None else (seed, _PICTURE, _SERIES, group)
    return Plan(
        index=index,
        isbn=isbn_of(index, seed, language),
        title=title,
        subtitle=subtitle,
        authors=authors,
        publisher=publisher,
        year=year,
        language=language,
        genre=genre,
        series=series,
        volume=volume,
        volume_label=label,
        look=look,
        picture=picture,
        detail=(seed, _DETAIL, index),
        picture_variant=variant,
        hue_shift=hue_shift,
    )


def _volume_look(shared: np.random.Generator, volume: int) -> tuple[int, float]:
    """How the volumes of a series differ: nothing but the words, the picture, the colours, or both."""
    same_picture, same_colours = shared.random(2) < (0.6, 0.65)
    return (0 if same_picture else volume), (0.0 if same_colours else 0.21 * volume)


def _real_work(rng: np.random.Generator, language: str) -> tuple[tuple[str], str]:
    candidates = [work for work in words.works() if work.language == language]
    work = candidates[int(rng.integers(len(candidates)))]
    return (work.author,), work.title

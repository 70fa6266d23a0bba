"""What one photo says: searched as a whole, then cover by cover, then what is left beside the books that were found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recto.encoders.registry import Lane
from recto.features.verify import shared_part
from recto.images import Decoded
from recto.search import query_views as looks
from recto.search.outlines import find_outlines
from recto.search.rank import SAME_PLACE, Evidence
from recto.search.retrieval import Matcher

FURTHER = 20
"""Candidates of each witness for a look beyond the first: fewer, since it shows one cover and little else."""
FRUITLESS = 3
"""Looks at outlines that find nothing before the others are left alone."""
MOST_BOOKS = 24
"""Books of one photo that are told apart."""


def search_photo(matcher: Matcher, lane: Lane, decoded: Decoded, limit: int) -> list[Evidence]:
    """Evidence of one photo: the whole of it first, then what the found books do not explain.

    `limit`: candidates of each witness and side for the whole photo.
    """
    whole = looks.whole(decoded, lane.encoder, matcher.times)
    evidence = matcher.match(whole, limit)
    evidence += covers_in(matcher, lane, decoded, evidence)
    evidence += beside(matcher, whole, evidence)
    return evidence


def covers_in(matcher: Matcher, lane: Lane, decoded: Decoded, known: Sequence[Evidence]) -> list[Evidence]:
    """Evidence of what looks like a cover in the photo and is none of the books known so far."""
    with matcher.times.stage("outlines"):
        outlines = find_outlines(decoded.pixels)
    scale = np.array(
        [decoded.full_width / decoded.pixels.shape[1], decoded.full_height / decoded.pixels.shape[0]]
    )
    evidence: list[Evidence] = []
    fruitless = 0
    for outline in outlines:
        explained = matcher.found([*known, *evidence])
        if any(shared_part(outline * scale, each) >= SAME_PLACE for each in explained):
            continue
        if fruitless == FRUITLESS or len(explained) >= MOST_BOOKS:
            break
        new = matcher.match(looks.front_of(decoded, outline, lane.encoder, matcher.times), FURTHER)
        fruitless += not matcher.found(new)
        evidence += new
    return evidence


def beside(matcher: Matcher, whole: looks.Look, known: Sequence[Evidence]) -> list[Evidence]:
    """Evidence of books whose outline was not seen: features that no found book explains are searched again."""
    evidence: list[Evidence] = []
    while explained := matcher.found([*known, *evidence]):
        rest = looks.rest_of(whole, explained, matcher.times)
        if rest is None or len(explained) >= MOST_BOOKS:
            break
        new = matcher.match(rest, FURTHER, known=[item.cover_id for item in [*known, *evidence]])
        evidence += new
        if not matcher.found(new):
            break
    return evidence

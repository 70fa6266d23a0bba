"""From the answers of several views to one list per witness."""

from __future__ import annotations

from collections.abc import Iterable

Scored = tuple[str, float]
"""A cover id and its score."""


def best_per_cover(views: Iterable[Iterable[Scored]], limit: int) -> list[Scored]:
    """Merge the hits of several views: each cover once with its best score, best first, equal scores by id.

    Exact as long as every view brought its own best `limit` hits.
    """
    best: dict[str, float] = {}
    for hits in views:
        for cover, score in hits:
            if score > best.get(cover, float("-inf")):
                best[cover] = score
    return sorted(best.items(), key=lambda hit: (-hit[1], hit[0]))[:limit]

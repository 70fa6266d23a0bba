"""What a comparison says, as one sentence for people."""

from __future__ import annotations

from collections.abc import Sequence

from recto.comparison.photo_cover.regions import Region

ANOTHER = 0.25
"""Share of the judged cover from which photo and cover are said to be different things. On seed 1 of
`benchmarks/differences.py` unchanged covers reach .015, covers with a sticker .14."""
LITTLE = 0.35
"""Judged share of the cover below which nothing is concluded."""
UNALIGNED = (
    "Photo and cover have too few points in common to be laid over each other: "
    "this is another cover, or the photo shows too little of it."
)


def sentence_of(regions: Sequence[Region], judged: float, *, aligned: bool = True) -> str:
    """One sentence. `judged`: share of the cover that could be compared; shares of regions are of the whole cover."""
    if not aligned:
        return UNALIGNED
    if judged < LITTLE:
        return f"Too little of the cover can be compared ({percent(judged)}) to say whether it differs."
    share = sum(region.share for region in regions)
    if not regions:
        part = "" if judged > 0.985 else f" that can be compared ({percent(judged)})"
        return f"No difference: photo and cover are alike in every part{part}."
    where = listed(list(dict.fromkeys(region.place for region in regions)))
    if share > ANOTHER * judged:
        return f"Much differs ({percent(share)} of the cover): {where}. Another volume, edition or book."
    count = "1 region" if len(regions) == 1 else f"{len(regions)} regions"
    return f"Alike but for {count} ({percent(share)} of the cover): {where}."


def percent(share: float) -> str:
    """A share of an area: `6 %`, `< 1 %`."""
    return "< 1 %" if share < 0.0095 else f"{share:.0%}".replace("%", " %")


def listed(names: Sequence[str]) -> str:
    """Names in a row: `A`, `A and B`, `A, B and C`."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)

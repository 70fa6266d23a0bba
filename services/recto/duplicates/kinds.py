"""Which kind of likeness the measures of two covers make. docs/duplicates.md has precision and recall of each."""

from __future__ import annotations

from recto.duplicates.measuring import LEAST_INLIERS, Likeness
from recto.records import Alike

LEAST_SEEN = 0.05
"""Part of the cover with something to see below which pixels say nothing: blank covers all agree."""
SAME_PICTURE = 0.95
"""Part that agrees from which it is the same picture. Copies of covers of bench (encoded anew, resized, cropped by up
to a twentieth a side) agree in .97 at the fifth percentile; of different scans and of volumes that differ in a number
the best agree in .94."""
WHOLE = 0.8
"""Part of the smaller picture that the larger one shows, at least: slightly cropped."""
SAME_ARTWORK = 0.7
"""Part that agrees from which it is the same artwork, other things changed: re-issues, translations and numbered
volumes of bench agree in .71 to .94."""
RICH = 0.25
"""Part of the features that match, at least, for the same artwork: a frame or a mark that a whole series shares has
less (.09 to .20 in bench), a picture more (.27 to .56)."""
IN_PLACE = 0.12
"""Largest move of a corner, as a part of the side, for a look-alike: the layout is the same. With .2 covers of
different series of one publisher are called so; of the pairs listed in bench .64 are found with .12, .72 with .2."""


def kind_of(likeness: Likeness) -> Alike | None:
    """The kind; None where the covers are not alike. `SAME_FILE` is not for pixels to say."""
    is_seen = likeness.seen >= LEAST_SEEN
    if is_seen and likeness.share >= SAME_PICTURE and likeness.overlap >= WHOLE:
        return Alike.SAME_PICTURE
    if is_seen and likeness.share >= SAME_ARTWORK and likeness.matched >= RICH and likeness.overlap >= WHOLE:
        return Alike.SAME_ARTWORK
    if likeness.inliers >= LEAST_INLIERS and likeness.shift <= IN_PLACE:
        return Alike.LOOK_ALIKE
    return None

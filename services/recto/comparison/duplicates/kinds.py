"""Which kind of likeness the measures of two covers make. docs/duplicates.md has precision and recall of each."""

from __future__ import annotations

from recto.comparison.duplicates.measuring import LEAST_INLIERS, Likeness
from recto.records import Alike

LEAST_SEEN = 0.05
"""Part of the cover with something to see below which pixels say nothing: blank covers all agree."""
SAME_PICTURE = 0.95
"""Part that agrees from which it is the same picture. Copies of covers of bench (encoded anew, resized, cropped by up
to a twenty-fifth a side) agree in .97 at the fifth percentile; of different scans and of volumes that differ in a
number the best agree in .94."""
UNTOUCHED = 0.015
"""Largest region that may disagree in the same picture: .009 at the 95th percentile of copies, .02 at the second of
covers with a sticker, a price or a band on them."""
WHOLE = 0.8
"""Part of the smaller picture that the larger one shows, at least: slightly cropped."""
SAME_ARTWORK = 0.6
"""Part that agrees from which it is the same artwork, other things changed: of covers with a sticker, a price or a band
.82 pass, of the 294 pairs of bench that are alike 18; with .7 .65 and 13."""
LARGEST_PART = 0.2
"""Largest region that may disagree in the same artwork: a portrait in the same frame is another picture. It keeps two
of those 18 apart, and .01 of the covers with a sticker."""
RICH = 0.25
"""Part of the features that match, at least, for the same artwork: a frame or a mark that a whole series shares has
less (.09 to .23 in bench), a picture more (.25 to .57)."""
IN_PLACE = 0.12
"""Largest move of a corner, as a part of the side, for a look-alike: the layout is the same. With .2 covers of
different series of one publisher are called so; of the pairs listed in bench .64 are found with .12, .72 with .2."""


def kind_of(likeness: Likeness) -> Alike | None:
    """The kind; None where the covers are not alike. `SAME_FILE` is not for pixels to say."""
    if likeness.seen >= LEAST_SEEN and likeness.overlap >= WHOLE:
        if likeness.share >= SAME_PICTURE and likeness.apart <= UNTOUCHED:
            return Alike.SAME_PICTURE
        if likeness.share >= SAME_ARTWORK and likeness.apart <= LARGEST_PART and likeness.matched >= RICH:
            return Alike.SAME_ARTWORK
    if likeness.inliers >= LEAST_INLIERS and likeness.shift <= IN_PLACE:
        return Alike.LOOK_ALIKE
    return None

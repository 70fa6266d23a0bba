"""Why an image is refused: one function per reason, each with a sentence that says what to do."""

from __future__ import annotations

from recto.errors import Refused
from recto.image_types import READABLE

_ACCEPTED = f"{READABLE} files are accepted"


def empty() -> Refused:
    """The file has no bytes."""
    return Refused("empty", "The file is empty; copy or upload it again.")


def not_an_image() -> Refused:
    """Nothing in the file looks like an image, whatever its name says."""
    return Refused("not_an_image", f"The file is not an image, whatever its name says; {_ACCEPTED}.")


def unsupported_format(what: str) -> Refused:
    """The file is a known kind of document or picture, but not an accepted one; `what` has its article."""
    return Refused("unsupported_format", f"The file is {what}; {_ACCEPTED}, so save it as a JPEG first.")


def truncated() -> Refused:
    """The data ends before the picture does."""
    return Refused(
        "truncated", "The image ends too early, as after a broken upload or copy; send the whole file again."
    )


def damaged() -> Refused:
    """The format is accepted, but the data breaks its rules."""
    return Refused(
        "damaged",
        "The image file is damaged and cannot be decoded; open and save it again in an image program, "
        "or take another photo.",
    )


def too_many_pixels(width: int, height: int, limit: int) -> Refused:
    """The header announces more pixels than the limit."""
    return Refused(
        "too_many_pixels",
        f"The image has {width:,} x {height:,} pixels ({width * height / 1e6:,.0f} million), and at most "
        f"{limit / 1e6:,.0f} million are accepted; scale it down.",
    )


def too_small(width: int, height: int, least: int) -> Refused:
    """The image is too small, or too narrow, to show a cover."""
    return Refused(
        "too_small",
        f"The image has {width:,} x {height:,} pixels, too few to show a cover; at least {least} x {least} "
        f"are needed, and a few hundred give good answers.",
    )


def timeout(seconds: float) -> Refused:
    """Decoding passed its deadline."""
    return Refused(
        "timeout",
        f"Decoding the image was stopped after {seconds:g} seconds; save it again as a plain JPEG and retry.",
    )


def memory() -> Refused:
    """Decoding passed the memory limit of the child process."""
    return Refused("memory", "Decoding the image needs more memory than is allowed; scale it down.")


def crashed() -> Refused:
    """The child process died while it decoded this image."""
    return Refused(
        "crashed",
        "The image made the decoder crash; open and save it again in an image program, "
        "or take another photo.",
    )

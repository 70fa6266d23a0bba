"""Errors that cross the borders between stages. Each says what to do, and whether trying again makes sense."""


class RectoError(Exception):
    """Base of all errors that Recto raises on purpose; the message is a sentence for the user.

    `permanent` is False where the same call may succeed later (a server that is starting, a full queue).
    """

    permanent: bool = True


class BadInput(RectoError):
    """What the caller gave cannot be used; the message says which part and what would do."""


class BadSetting(RectoError):
    """A setting has an unusable value; the message names its environment variable."""


class Refused(RectoError):
    """An image was refused. `reason` is a stable word for machines, the message a sentence for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotFound(RectoError):
    """The book, cover, job or search named does not exist."""


class RecipeMismatch(RectoError):
    """Vectors, features or calibration of one recipe were offered to another."""


class InUse(RectoError):
    """The data folder or index is held by another process; the message says by which."""

    permanent = False


class Unavailable(RectoError):
    """A part that is needed does not answer at present (Redis, the index process, the database)."""

    permanent = False


class DeviceFull(Unavailable):
    """The device that runs a network, or the machine, has no memory left, not even for one image."""


class DeviceFault(Unavailable):
    """What runs a network broke, or does for known pictures what it should not: this process must end."""


class LostCollection(NotFound):
    """The index lacks a collection that the ledger counts on: another index, a node that is away, or a lost one."""

    permanent = False


class WeightsMissing(RectoError):
    """A network's weights are nowhere to be found; the message says the ways out."""


class IndexFault(RectoError):
    """The vector engine failed inside; the message says what it said and what was done about it."""

    permanent = False


class WrongFormat(RectoError):
    """Data on disk was written by a version of Recto, or of one of its parts, that this one cannot read."""

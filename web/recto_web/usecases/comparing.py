"""Handing comparisons of a photo with covers to the workers, and waiting a moment for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.exceptions import TooManyRequests

from recto.errors import Unavailable
from recto.ledger import EvidenceRow
from recto_web.parts import parts
from recto_web.usecases.searching import QUEUE_LIMIT, trouble, wait_until

NOT_IN_TIME = "No worker compared them in time. Go back to the result and ask again."
PICTURES = ("photo", "matched", "cover", "heat")


def send(search_id: str, photo: int, cover_ids: Sequence[str]) -> None:
    """Ask for a photo (counted from 0) compared with covers; what is there already is not made again.

    Raises:
        NotFound: the answer of the search names no such cover.
        Unavailable: no worker can answer at present.
        TooManyRequests: more searches wait than can be answered.
    """
    ledger = parts().ledger
    wanted = [cover_id for cover_id in cover_ids if ledger.ask_evidence(search_id, photo, cover_id)]
    if not wanted:
        return
    try:
        if reason := trouble():
            raise Unavailable(reason)
        if parts().producer.depths()["search"] >= QUEUE_LIMIT:
            raise TooManyRequests
        for cover_id in wanted:
            parts().producer.send_evidence(search_id, photo, cover_id)
    except (Unavailable, TooManyRequests) as error:
        for cover_id in wanted:
            sentence = str(error) if isinstance(error, Unavailable) else NOT_IN_TIME
            ledger.fail_evidence(search_id, photo, cover_id, sentence, state="expired")
        raise


def wait_for(search_id: str, photo: int, cover_ids: Sequence[str]) -> list[EvidenceRow]:
    """The comparisons, once all are made or two seconds are over; in the order of `cover_ids`."""

    def look() -> list[EvidenceRow]:
        found = [parts().ledger.evidence(search_id, photo, cover_id) for cover_id in cover_ids]
        return [row for row in found if row is not None]

    return wait_until(look, lambda rows: all(row.state != "pending" for row in rows))


def least(rows: Sequence[EvidenceRow]) -> EvidenceRow | None:
    """The comparison in which least differs; None where none is made."""
    made = [row for row in rows if row.result is not None and row.result["aligned"]]
    return min(made, key=lambda row: float((row.result or {})["share"]), default=None)


def status_of(row: EvidenceRow) -> int:
    """Status of an answer about a comparison: 200, 202 while it is worked on, else why there is none."""
    return {"done": 200, "pending": 202, "failed": 422, "gone": 410}.get(row.state, 503)


def without_names(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result as programs see it: without the names of files in the store."""
    return {name: value for name, value in result.items() if name != "pictures"}

"""What can be done with versions: asked for here, done by the index process. Light: neither torch nor the engine.

The command line, the pages and the HTTP API share these functions. Nothing is sent: the ledger carries it.
"""

from __future__ import annotations

from recto.encoders import known_card, parse_spec
from recto.errors import BadInput
from recto.ledger import Ledger
from recto.storage.blobs import Blobs


def start_reindex(ledger: Ledger, blobs: Blobs, encoder: str, *, pca: int = 0, switch: bool = True) -> str:
    """Build a second version with an encoder (a spec of `recto encoders`) while the live one serves; returns the job.

    `pca`: project the embeddings to so many numbers, learned from this catalogue. `switch`: make the version live
    as soon as it is ready. What only the index process can find out (weights that are missing, a disk that is too
    small) stands in the job as the reason why it failed.

    Raises:
        BadInput: there is no such encoder, or another version is in the way.
        NotFound: it was not added to this store.
    """
    spec = parse_spec(encoder)
    known = known_card(encoder, blobs)
    if pca and (spec.pca_size or not 1 <= pca <= known.dimension):
        raise BadInput(
            f"The embeddings of {encoder} can be projected to 1 to {known.dimension} numbers, once."
        )
    return ledger.request_reindex(encoder, pca, automatic=switch)


def switch(ledger: Ledger, *, allow_failed: bool = False) -> None:
    """Make the version that is ready live, after checking it once more. `allow_failed`: also when covers that are
    searchable now failed in it.

    Raises:
        BadInput: none is ready.
    """
    ledger.ask("switch", forced=allow_failed)


def rollback(ledger: Ledger, *, allow_failed: bool = False) -> None:
    """Make the version live again that was live before the last switch, with everything that was written since.

    Raises:
        BadInput: it is not kept any more.
    """
    ledger.ask("rollback", forced=allow_failed)


def prune(ledger: Ledger) -> None:
    """Remove the version that was live before the last switch; there is no way back after that.

    Raises:
        BadInput: none is kept.
    """
    ledger.drop_other(built=True)


def cancel(ledger: Ledger) -> None:
    """Give up the re-index that goes on or was asked for; searches never saw it.

    Raises:
        BadInput: there is none.
    """
    if not ledger.cancel_request():
        ledger.drop_other(built=False)

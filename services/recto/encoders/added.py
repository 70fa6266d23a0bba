"""Encoders that users added: card documents and weights kept with the images, found by the digits in a name.

`NAME-HASH8` is such a network: the name on its card, and the first digits of the SHA-256 of the card's document. The
document holds the SHA-256 of the weights, so a name never means two networks. Neither torch nor numpy here.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from recto.encoders.card import Card
from recto.encoders.card_document import MAX_BYTES, read_card
from recto.encoders.spec import DIGITS, parse_spec
from recto.encoders.table import all_cards, card, card_of_whole
from recto.errors import BadInput, NotFound, RectoError, WrongFormat

if TYPE_CHECKING:
    from recto.storage.blobs import Blobs

_ADDED = re.compile(rf"(?P<name>.+)-(?P<digits>[0-9a-f]{{{DIGITS}}})")
_listed: dict[str, Card | None] = {}
"""What this process has read for its lists, by SHA-256; None for a file that is no card. What a hash means never
changes, so the page of versions reads each file once."""


def is_added(network: str) -> bool:
    """Whether a network's name is one that `recto encoders add` gives, and not one of those that Recto knows itself."""
    return network not in all_cards() and bool(_ADDED.fullmatch(network))


def added_name(name: str, document: bytes) -> str:
    """The network's name in specs: that of the card, and the first digits of the SHA-256 of its document."""
    return f"{name}-{hashlib.sha256(document).hexdigest()[:DIGITS]}"


def known_card(spec: str, blobs: Blobs) -> Card:
    """The card of a spec, as `recto.encoders.card` gives it, also where the network was added to this store.

    Raises:
        BadInput: it is no spec, there is no such network, or its embeddings cannot be projected so.
        NotFound: the spec names an added network that is not in the store.
        WrongFormat: the stored card is damaged, or another version of Recto wrote it.
        Unavailable: the store does not answer.
    """
    parts = parse_spec(spec)
    if not is_added(parts.network):
        return card(spec)
    return card_of_whole(parts, stored_card(parts.network, blobs)[0])


def stored_card(network: str, blobs: Blobs) -> tuple[Card, bytes]:
    """The card of an added network under the network's name, and its document; raises what `known_card` does."""
    taken = _ADDED.fullmatch(network)
    assert taken is not None, "whoever asks knows that it is an added one"
    found = [sha256 for sha256 in blobs.list_models(MAX_BYTES) if sha256.startswith(taken["digits"])]
    for sha256 in found:
        document = blobs.get_model(sha256)
        if hashlib.sha256(document).hexdigest() != sha256:
            raise WrongFormat(f"The stored card of {network} is damaged; {_again(network)}")
        try:
            read = read_card(document)
        except BadInput as error:
            raise WrongFormat(f"The stored file {taken['digits']} is no card of {network}: {error}") from None
        if read.name == taken["name"]:
            return replace(read, name=network), document
    raise NotFound(f"The encoder {network} is not in the store; {_again(network)}")


def stored_weights(network: Card, blobs: Blobs) -> bytes:
    """The file of the weights of an added network.

    Raises:
        NotFound: the store lacks it.
        WrongFormat: it is damaged.
    """
    try:
        data = blobs.get_model(network.weights_sha256)
    except NotFound:
        raise NotFound(
            f"The weights of {network.name} are not in the store; {_again(network.name)}"
        ) from None
    if hashlib.sha256(data).hexdigest() != network.weights_sha256:
        raise WrongFormat(f"The stored weights of {network.name} are damaged; {_again(network.name)}")
    return data


def added_cards(blobs: Blobs) -> list[Card]:
    """The cards of all networks that were added to a store, by name. What cannot be read is passed over: whoever names
    it is told why.

    Raises:
        Unavailable: the store does not answer.
    """
    cards = [_card_in(sha256, blobs) for sha256 in blobs.list_models(MAX_BYTES)]
    return sorted((card for card in cards if card is not None), key=lambda card: card.name)


def copy_encoder(spec: str, source: Blobs, target: Blobs) -> None:
    """Bring what a spec needs of one store into another: its projection, and the network where it was added.

    Raises:
        what `known_card` does; a projection that the source lacks is missed by whoever loads the encoder.
    """
    parts = parse_spec(spec)
    projection = source.find_model(parts.pca_digits) if parts.pca_digits else None
    if projection is not None:
        target.put_model(source.get_model(projection))
    if is_added(parts.network):
        network, document = stored_card(parts.network, source)
        target.put_model(stored_weights(network, source))
        target.put_model(document)


def _card_in(sha256: str, blobs: Blobs) -> Card | None:
    if sha256 not in _listed:
        try:
            document = blobs.get_model(sha256)
        except NotFound:
            return None
        if hashlib.sha256(document).hexdigest() != sha256:  # damaged: it may be healed
            return None
        _listed[sha256] = _read(document)
    return _listed[sha256]


def _read(document: bytes) -> Card | None:
    try:
        read = read_card(document)
    except RectoError:  # most are projections
        return None
    return replace(read, name=added_name(read.name, document))


def _again(network: str) -> str:
    return (
        f"run `recto encoders add FOLDER` with the folder of {network}, on any machine that uses this store."
    )

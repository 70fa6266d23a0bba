"""The catalogue itself: fronts and backs of the books that searches find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recto.errors import NotFound, Refused
from recto_lab.training.sources.dividing import by_identity, check_count
from recto_lab.training.sources.images import Split
from recto_lab.training.sources.listing import Item, Listing, fingerprint_of
from recto_lab.training.sources.preparation import Recipe, prepare

if TYPE_CHECKING:
    from recto.ledger import Ledger
    from recto.settings import Settings
    from recto.storage.blobs import Content

SOURCE = "The catalogue"


def prepare_catalogue(
    out: Path, settings: Settings, *, held_out: float, seed: int, size: tuple[int, int], processes: int
) -> Split:
    """Prepare the covers of the catalogue at `size` (height, width), a share `held_out` of the identities apart.

    Covers of the same artwork (`docs/duplicates.md`) are one identity, equal files one picture. A book is no identity:
    its front and back are two.

    Raises:
        BadInput: too few covers are searchable, or an option is out of bounds.
        InUse: another process prepares the same in `out`.
        Unavailable: ledger or store do not answer, or the disk of `out` is full; the next call goes on.
    """
    recipe = Recipe(size, seed, held_out, processes, settings)
    recipe.check()
    listing = _list(settings)
    check_count(SOURCE, len(listing.items))
    return prepare(out, listing, partial(by_identity, source=SOURCE, seed=seed, share=held_out), recipe)


def _list(settings: Settings) -> Listing:
    from recto.ledger import Ledger
    from recto.storage.blobs import open_blobs

    with closing(Ledger.open(settings)) as ledger:
        items = tuple(_items(ledger))
        if ledger.to_compare(1):
            click.echo(
                "Some covers were not compared with the others yet: copies among them count as different."
            )
    blobs = open_blobs(settings)

    def read(item: Item) -> tuple[str, Content]:
        try:
            return item.place, blobs.source(item.place)
        except NotFound as error:
            raise Refused("missing", str(error)) from None

    return Listing("catalogue", items, fingerprint_of(f"{one.place}\0{one.group}" for one in items), read)


def _items(ledger: Ledger) -> Iterator[Item]:
    """Each original once, in the order of their SHA-256."""
    groups = _groups(ledger.same_artwork())
    for original in ledger.searchable_originals():
        group = groups.get(original.sha256, "")
        yield Item(f"{original.book_id} {original.side.value}", original.sha256, group)


def _groups(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The group of everything that a chain of pairs links: its smallest member."""
    parents: dict[str, str] = {}

    def root(one: str) -> str:
        while parents.setdefault(one, one) != one:
            parents[one] = parents[parents[one]]
            one = parents[one]
        return one

    for first, other in pairs:
        low, high = sorted((root(first), root(other)))
        parents[high] = low
    return {one: root(one) for one in list(parents)}

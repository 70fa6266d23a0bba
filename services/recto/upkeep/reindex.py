"""Re-indexing without downtime: the steps from a request to a switch and back, each short, each safe to repeat.

What is to be done stands in the ledger: whoever dies, whoever comes next goes on. One process does it at a time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from recto import features as local
from recto.encoders import load_encoder
from recto.encoders.learning import SAMPLE, learn_pca
from recto.encoders.pca import samples_needed
from recto.encoders.registry import Lane, version_of
from recto.errors import BadInput, RectoError, Unavailable
from recto.images import DecodePool
from recto.index.space import space_of
from recto.ledger import KeptVersions
from recto.ledger.facts import BUILDING, DROPPING, READY, Request
from recto.records import Side
from recto.runtime import Engine
from recto.upkeep.checking import Wrong, wrong_with
from recto.versions import Version

BYTES_PER_NUMBER = 5
"""Bytes that the embedded index takes for each number of an embedding: 4, and 0.5 in short; rounded up."""
BYTES_PER_COVER = 40_000
"""Bytes of a cover in the index whose like cannot be measured yet; docs/decisions.md has 30,000 measured."""
LEDGER_BYTES = 300
"""Bytes of a cover's second row with its places in indexes: 230 were measured (docs/ledger.md)."""
PAUSE_SECONDS = 0.02
"""Between two chunks of rows, so that others who wait for the ledger get their turn."""
FEW = 100
"""A version is nearly done, and worth checking, when one cover in so many is on its way into it."""
SWITCH_SECONDS, TRY_SECONDS = 5.0, 0.1
"""How long and how closely a moment for the switch is looked for before another look at what else is to be done."""
GIB = 2**30

Served = Callable[[Version], bool]
"""Says whether every process that answers searches has loaded a version."""
_log = logging.getLogger(__name__)


def is_due(kept: KeptVersions) -> bool:
    """True when there is something to do for the version beside the live one, or for one that was asked for."""
    if kept.other is None:
        return bool(kept.asked)
    wanted = kept.asked or (kept.other_state == READY and kept.automatic)
    return kept.other_state in (BUILDING, DROPPING) or bool(wanted)


def advance(engine: Engine, served: Served) -> bool:
    """Do what comes next; True when it should be called again at once, False when something must be waited for."""
    kept = engine.ledger.kept_versions()
    if kept.other is None:
        request = engine.ledger.reindex_request()
        return request is not None and _begin(engine, request)
    if kept.other_state == DROPPING:
        return _drop(engine, kept.other)
    if kept.other_state == BUILDING:
        return _build(engine, kept.other)
    if kept.asked or kept.automatic:
        return _switch(engine, kept, served)
    return False


def refuse_space(engine: Engine, version: Version, dimension: int) -> None:
    """Refuse a second version that the disk of the embedded index has no room for.

    Raises:
        BadInput: it has not; the message gives the numbers.
    """
    live = engine.live()
    space = space_of(engine.settings, live.version)
    if space is None:
        return
    counts = engine.ledger.queue_counts()
    covers = sum(counts.values())
    indexed = sum(engine.index.count(live.version, side) for side in Side)
    longer = BYTES_PER_NUMBER * (dimension - live.encoder.card.dimension)
    needed = max(0, space.used + (covers - indexed) * BYTES_PER_COVER + covers * (longer + LEDGER_BYTES))
    if needed + space.reserve > space.free:
        raise BadInput(
            f"A second index of {covers} covers takes about {needed / GIB:.1f} GiB beside the first, "
            f"{space.reserve / GIB:.2f} GiB must stay free, and {space.free / GIB:.1f} GiB are free on the disk of "
            f"{space.folder}. Free some space, or use `recto rebuild`, which needs none, but until it is done "
            "searches find only what is done."
        )


def _begin(engine: Engine, request: Request) -> bool:
    """Load the encoder, make room and collections, and begin; a re-index that cannot begin says why in its job."""
    try:
        lane = _new_lane(engine, request)
        refuse_space(engine, lane.version, lane.encoder.card.dimension)
        engine.index.ensure(lane.version, lane.encoder.card.dimension, local.LOCAL)
        engine.ledger.begin_version(request, lane.version)
    except RectoError as error:
        _log.warning("The re-index %s does not begin: %s", request.job_id, error)
        engine.ledger.refuse_reindex(request, str(error))
        return False
    except Exception:  # a network that does not fit into memory, say: tried again, it would fail again
        engine.ledger.refuse_reindex(request, "It could not begin; the log of the index process says why.")
        raise
    _log.info("The re-index %s builds version %s", request.job_id, lane.version.recipe_id)
    return True


def _new_lane(engine: Engine, request: Request) -> Lane:
    spec = request.encoder
    if request.pca:
        with DecodePool(engine.settings) as pool:  # of its own: searches need theirs
            originals = engine.ledger.sample_originals(max(SAMPLE, samples_needed(request.pca)))
            spec = learn_pca(spec, request.pca, originals, engine.blobs, pool, engine.settings)
    encoder = load_encoder(spec, engine.settings)
    version = version_of(encoder)
    if version == engine.version:
        raise BadInput(f"The catalogue is indexed with {spec} already (recipe {version.recipe_id}).")
    return engine.lanes.get(version)


def _build(engine: Engine, version: Version) -> bool:
    """Give every cover its row; when nearly all that searches find now is in the new version too, check it."""
    while engine.ledger.seed_covers():
        time.sleep(PAUSE_SECONDS)
    few = sum(engine.ledger.queue_counts().values()) // FEW
    if engine.ledger.pending_other(few + 1) > few:
        return False
    wrong = wrong_with(engine, engine.lanes.get(version))
    if wrong and wrong.passes:
        engine.ledger.note_trouble(version, wrong.sentence)
        return False
    engine.ledger.mark_ready(version)
    if wrong:
        engine.ledger.block_switch(version, wrong.sentence)
    return not wrong


def _switch(engine: Engine, kept: KeptVersions, served: Served) -> bool:
    """Make the other version live, after a check where somebody asks for it who was not there at the last one."""
    version = kept.other
    assert version is not None, "there is something to switch to"
    wrong = _in_the_way(engine, kept, version, served) or _try_switch(engine)
    if wrong is None:
        engine.index.publish(version)
        _log.info("Version %s is live", version.recipe_id)
    elif wrong.passes:
        engine.ledger.note_trouble(version, wrong.sentence)
    else:
        engine.ledger.block_switch(version, wrong.sentence)
    return False


def _in_the_way(engine: Engine, kept: KeptVersions, version: Version, served: Served) -> Wrong | None:
    lane = engine.lanes.get(version)
    if not served(version):
        return Wrong("An index worker has not loaded its encoder yet.", passes=True)
    if not kept.asked:
        return None
    few = sum(engine.ledger.queue_counts().values()) // FEW
    if engine.ledger.pending_other(few + 1) > few:
        return Wrong("Covers that searches find now are on the way into it.", passes=True)
    return wrong_with(engine, lane)


def _try_switch(engine: Engine) -> Wrong | None:
    """Switch at a moment at which the new version misses nothing: while covers come in, there are only moments."""
    deadline = time.monotonic() + SWITCH_SECONDS
    while True:
        try:
            engine.ledger.switch_versions()
            return None
        except BadInput as error:
            return Wrong(str(error), passes=False)
        except Unavailable as error:
            if time.monotonic() > deadline:
                return Wrong(str(error), passes=True)
        time.sleep(TRY_SECONDS)


def _drop(engine: Engine, version: Version) -> bool:
    """Remove the rows of a version, then its collections; a search that is still on it begins again on the live one."""
    while engine.ledger.drop_rows():
        time.sleep(PAUSE_SECONDS)
    engine.index.drop(version)
    engine.ledger.forget_other(version)
    _log.info("Version %s is gone", version.recipe_id)
    return False

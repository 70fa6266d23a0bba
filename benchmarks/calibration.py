"""How sure answers are, measured through the product: every photo searched as it is and with its book left out.

Half of the photos fit a calibration, the other half is reported, beside the one that ships. Prints which photos find a
book although theirs was left out. Reads a labelled set as described in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from recto.calibration import DEFAULT, Calibration
from recto.calibration.searches import Searched, calibrate, found, is_fitted_on, measured
from recto.intake.labelled.reading import read_labelled
from recto.ledger import Ledger
from recto.python import module_command
from recto.settings import Settings
from recto_web.cli.calibrate import Collected, collect
from recto_web.cli.calibration_report import lines_of
from recto_web.cli.session import Session
from recto_workers.instance import temporary
from recto_workers.messages import Producer

DEFAULT_BENCH = Path(__file__).resolve().parent.parent.parent / "shared" / "bench"
SEEN = {
    ("q_dvd002_Palm", "dvd003"),
    ("q_dvd005_Palm", "dvd007"),
    ("q_dvd007_Palm", "dvd008"),
    ("q_dvd037_Canon", "dvd038"),
    ("q_dvd037_Palm", "dvd038"),
    ("q_dvd048_Palm", "dvd049"),
}
"""Photos in which a second DVD of the catalogue lies behind the first, as looking at them shows; the set does not name
them in secondary_matches.csv."""
UNUSED_BY_DEFAULT = "smvs_book"
"""The photos that the shipped calibration was not fitted on."""


def main() -> None:
    """Run the measurement and print it."""
    arguments = _arguments()
    labelled = read_labelled(arguments.bench)
    with _session(arguments.data, arguments.bench / "manifest.csv") as session:
        collected = collect(session, labelled)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(search) for search in collected.searches]))
    _report("As the set is labelled", collected, collected.searches)
    looked_at = [_looked_at(search) for search in collected.searches]
    _report("With what was seen in the photos beside their book", collected, looked_at)
    books = {photo.photo_id for photo in labelled.photos if photo.subset == UNUSED_BY_DEFAULT}
    shipped = replace(DEFAULT, recipe=collected.recipe)
    print(f"\n== The one that ships, on {UNUSED_BY_DEFAULT}, which it was not fitted on\n")
    _print(measured(shipped, [search for search in collected.searches if search.photo_id in books]), None, [])
    print(f"\n{measured(shipped, [search for search in collected.searches if search.photo_id in books])!r}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bench", type=Path, default=DEFAULT_BENCH, help="folder of the labelled set")
    parser.add_argument("--data", type=Path, help="data folder to keep (default: a temporary one)")
    parser.add_argument("--json", type=Path, help="file for the searches")
    return parser.parse_args()


@contextmanager
def _session(data: Path | None, manifest: Path) -> Iterator[Session]:
    """A catalogue that holds the covers of the set, and the way to its workers."""
    with tempfile.TemporaryDirectory(prefix="recto-calibration-") as folder:
        settings = Settings(data_dir=data or Path(folder))
        with temporary(settings) as instance:
            command = module_command("recto_web.cli", "ingest", str(manifest), "--json")
            subprocess.run(
                command,
                env=os.environ | settings.environment(),
                stdout=subprocess.DEVNULL,
                check=True,
                timeout=3600,
            )
            ledger = Ledger.open(settings)
            yield Session(settings, ledger, Producer(instance.redis_url, settings))
            ledger.close()


def _looked_at(search: Searched) -> Searched:
    return replace(search, look_alike=search.look_alike or (search.photo_id, search.book_id) in SEEN)


def _report(title: str, collected: Collected, searches: Sequence[Searched]) -> None:
    print(f"\n== {title}\n")
    fitted = calibrate(searches, collected.recipe, "bench")
    reported = [search for search in searches if not is_fitted_on(search.photo_id)]
    accepted = found(fitted, [search for search in searches if not search.in_catalogue])
    _print(fitted, measured(DEFAULT, reported), accepted)
    shipped = found(DEFAULT, [search for search in searches if not search.in_catalogue])
    print(f"\nThe one that ships finds {len(shipped)} of them:", *(search.photo_id for search in shipped))
    present = [search for search in searches if search.in_catalogue and not search.look_alike]
    for name, calibration in (("fitted", fitted), ("shipped", DEFAULT)):
        missed = [search for search in present if not (search.right and found(calibration, [search]))]
        print(f"{name}: {len(missed)} of {len(present)} photos whose book is there do not find it:", end="")
        print("", *(f"{search.photo_id} ({search.inliers})" for search in missed))


def _print(calibration: Calibration, before: Calibration | None, accepted: Sequence[Searched]) -> None:
    for line in lines_of(calibration, before, accepted):
        print(line)


if __name__ == "__main__":
    main()

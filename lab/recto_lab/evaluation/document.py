"""The result of an evaluation as plain data: what `--json` writes, and what a later run is compared with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recto import __version__
from recto.errors import BadInput
from recto.intake.labelled.sets import LabelledSet
from recto_lab.evaluation.metrics import first_rank
from recto_lab.evaluation.outcomes import Answer, Hit, Trial, measure
from recto_lab.evaluation.run import Run

FORMAT = 1
SHOWN = 10
"""Books of each ranking that are kept."""


def to_document(labelled: LabelledSet, options: dict[str, Any], runs: Sequence[Run]) -> dict[str, Any]:
    """Everything of a comparison that JSON holds; described in docs/evaluate.md."""
    return {
        "format": FORMAT,
        "recto": __version__,
        "set": {
            "name": labelled.name,
            "references": len(labelled.references),
            "books": len({reference.book_id for reference in labelled.references}),
            "photos": [photo.photo_id for photo in labelled.photos],
        },
        "options": options,
        "methods": {run.method: _method(labelled, run) for run in runs},
    }


def read_document(path: Path) -> dict[str, Any]:
    """What an earlier `--json` wrote.

    Raises:
        BadInput: it is something else, or of another version of the format.
    """
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read as the result of an evaluation ({error}).") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT or "methods" not in document:
        raise BadInput(f"{path} was not written by `recto evaluate --json` of this version; run it again.")
    return document


def _method(labelled: LabelledSet, run: Run) -> dict[str, Any]:
    return {
        "covers": run.covers,
        "index_seconds": round(run.index_seconds, 2),
        "failures": list(run.failures),
        "measures": _plain({name: asdict(part) for name, part in measure(labelled, run.trials).items()}),
        "photos": [_trial(labelled, trial) for trial in run.trials],
    }


def _trial(labelled: LabelledSet, trial: Trial) -> dict[str, Any]:
    return {
        "id": trial.photo.photo_id,
        "set": trial.photo.subset,
        "truths": list(trial.photo.truths),
        "excused": sorted(labelled.excused(trial.photo)),
        "rank": first_rank(trial.answer.ranking, trial.photo.truths),
        **_answer(trial.answer),
        "times_ms": _plain(dict(trial.answer.times_ms)),
        "left_out": _answer(trial.left_out) if trial.left_out else None,
        "error": trial.error,
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {"found": list(answer.found), "hits": [_hit(hit) for hit in answer.hits[:SHOWN]]}


def _hit(hit: Hit) -> dict[str, Any]:
    return {"book_id": hit.book_id, "score": _plain(hit.score), "probability": _plain(hit.probability)}


def _plain(value: Any) -> Any:
    """Numbers with five decimals; what JSON cannot say (infinity) as None; keys as texts."""
    if isinstance(value, float):
        return round(value, 5) if abs(value) < float("inf") else None
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value

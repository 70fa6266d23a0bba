"""The result of an evaluation as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MEASURES = (
    "@1", "@5", "@10", "@100", "mAP", "prec.", "recall", "F1", "best F1", "wrong no", "wrong yes", "left out", "ECE",
)  # fmt: skip


def table(document: Mapping[str, Any]) -> str:
    """A table of the measures for each part of the photos, and one of the times."""
    methods: Mapping[str, Any] = document["methods"]
    parts = list(dict.fromkeys(part for method in methods.values() for part in method["measures"]))
    blocks = [_measures(part, methods) for part in parts]
    return "\n\n".join([*blocks, _times(methods)])


def _measures(part: str, methods: Mapping[str, Any]) -> str:
    rows = [[name, *_cells(method["measures"][part])] for name, method in methods.items()]
    photos = next(iter(methods.values()))["measures"][part]["photos"]
    return _aligned([[f"{part} ({photos} photos)", *MEASURES], *rows])


def _cells(measures: Mapping[str, Any]) -> list[str]:
    recalls = measures["recall_at"] or {}
    calibration = measures["calibration"]
    return [
        *(_share(recalls.get(depth)) for depth in ("1", "5", "10", "100")),
        *(_number(measures[name]) for name in ("mean_average_precision", "precision", "recall", "f1", "best_f1")),
        *(_share(measures[name]) for name in ("missed", "false_found", "left_out_found")),
        _number(calibration["expected_error"] if calibration else None),
    ]  # fmt: skip


def _times(methods: Mapping[str, Any]) -> str:
    stages = list(
        dict.fromkeys(stage for method in methods.values() for stage in method["measures"]["all"]["times_ms"])
    )
    stages = [*(stage for stage in stages if stage != "total"), "total"]
    rows = []
    for name, method in methods.items():
        times = method["measures"]["all"]["times_ms"]
        rate = method["covers"] / max(method["index_seconds"], 1e-9)
        rows.append([name, *(_percentiles(times.get(stage)) for stage in stages), f"{rate:.1f}"])
    return _aligned([["ms, p50/p95", *stages, "covers/s"], *rows])


def _share(share: Mapping[str, Any] | None) -> str:
    return _number(share["value"] if share else None)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _percentiles(times: Sequence[float] | None) -> str:
    return "-" if times is None else f"{times[0]:.1f}/{times[1]:.1f}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells; the first column begins at the left, the others end at the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            row[0].ljust(widths[0]),
            *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True)),
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)

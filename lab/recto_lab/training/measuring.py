"""The numbers of a report: how an encoder finds held-out pictures, and how long a query takes."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from recto.encoders.encoder import Encoder
from recto.vectors import RGB, Floats
from recto_lab.training.augment import plain_view
from recto_lab.training.sources import Images, Split
from recto_lab.training.validation import Judge, classify

DEPTHS = (1, 10, 20, 100)
GALLERY = 5000
"""Pictures that are searched at most."""
TIMED = 50
Labels = npt.NDArray[np.int64]


def measure(
    encoder: Encoder, network: nn.Module, split: Split, judge: Judge, classifier: nn.Module | None
) -> dict[str, Any]:
    """Recall at several depths; macro precision, recall and F1 of the nearest picture's label; milliseconds a query.

    Covers: simulated photos of held-out covers, searched among all held-out covers. Classes: held-out pictures,
    searched among those that were learned from; with a classifier, its own answers too.
    """
    size = (judge.config.network.height, judge.config.network.width)
    searched = split.training if judge.config.has_classes else split.held_out
    pictures, labels = _pictures(searched)
    if judge.config.has_classes:
        kind, held_out = "held-out pictures", _pictures(split.held_out)
        queries, truth = [plain_view(picture, *size) for picture in held_out[0]], held_out[1]
    else:
        kind = "simulated photos of held-out covers"
        queries = list(judge.photos(split.held_out.open(), size))
        truth = split.held_out.labels[: len(queries)]
    gallery = _embed(encoder, [plain_view(picture, *size) for picture in pictures])
    rows = _embed(encoder, queries)
    similarity = rows @ gallery.T
    found: dict[str, Any] = {
        f"recall_{depth}": value for depth, value in _recall(similarity, truth, labels).items()
    }
    found |= scores(truth, labels[similarity.argmax(1)])
    if classifier is not None:
        found["classifier"] = scores(truth, _classified(judge, network, classifier, queries))
    asked = {"queries": len(queries), "kind_of_queries": kind, "gallery": len(pictures)}
    return {**asked, **found, "query_ms": _milliseconds(encoder, queries, gallery)}


def scores(truth: Labels, answers: Labels) -> dict[str, float]:
    """Macro precision, recall and F1: each label counts alike. Labels that are never asked for count for none."""
    asked = np.unique(truth)
    right = np.array([np.sum((truth == label) & (answers == label)) for label in asked], np.float64)
    answered = np.array([np.sum(answers == label) for label in asked], np.float64)
    total = np.array([np.sum(truth == label) for label in asked], np.float64)
    precision, recall = right / answered.clip(min=1), right / total
    f1 = 2 * right / (answered + total)
    return {"precision": float(precision.mean()), "recall": float(recall.mean()), "f1": float(f1.mean())}


def _recall(similarity: Floats, truth: Labels, labels: Labels) -> dict[int, float]:
    """Share of queries with a picture of their label among the first."""
    same = truth[:, None] == labels[None]
    own = np.where(same, similarity, -2).max(1, keepdims=True)
    rank = ((similarity > own) & ~same).sum(1)
    return {depth: float((rank < depth).mean()) for depth in DEPTHS if depth < len(labels)}


def _pictures(images: Images) -> tuple[RGB, Labels]:
    return images.open()[:GALLERY], images.labels[:GALLERY]


def _embed(encoder: Encoder, pictures: list[RGB]) -> Floats:
    return np.concatenate(
        [encoder.embed(pictures[start : start + 64]) for start in range(0, len(pictures), 64)]
    )


def _classified(judge: Judge, network: nn.Module, classifier: nn.Module, pictures: list[RGB]) -> Labels:
    """What the classifier says. It reads embeddings before they are brought to length 1."""
    answers: Labels = (
        classify(classifier, judge.embed(network, iter(pictures), torch.float32)).argmax(1).numpy()
    )
    return answers


def _milliseconds(encoder: Encoder, queries: list[RGB], gallery: Floats) -> float:
    """Median time of embedding one picture and comparing it with the gallery."""
    times = []
    for query in queries[:TIMED]:
        begun = time.perf_counter()
        (encoder.embed([query]) @ gallery.T).argmax()
        times.append(time.perf_counter() - begun)
    return float(np.median(times) * 1000)

"""With real ImageNet weights the networks name known pictures right, and their embeddings tell classes apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from recto.encoders import CARDS, load_encoder
from recto.encoders.preprocess import preprocess
from recto.encoders.torchvision_models import published, torchvision_model
from recto.settings import Settings
from recto.vectors import RGB

pytestmark = pytest.mark.slow

KNOWN = {
    "barrel": "barrel",
    "cougar_face": "cougar",
    "lamp": "table lamp",
    "llama": "llama",
    "scorpion": "scorpion",
    "tick": "tick",
}
"""Folders of pictures and the ImageNet categories that they show."""
PER_CLASS = 8


def _pictures(bench: Path, folder: str) -> list[RGB]:
    paths = sorted((bench / "caltech101" / folder).iterdir())[:PER_CLASS]
    return [np.asarray(Image.open(path).convert("RGB")) for path in paths]


def _share_named(bench: Path, weights: Path, architecture: str, inputs: object) -> tuple[float, float]:
    """Shares of the known pictures whose category is first, and among the first five."""
    categories = published(architecture).meta["categories"]
    model = torchvision_model(architecture, torch.load(weights, weights_only=True))
    ranks = []
    for folder, category in KNOWN.items():
        batch = torch.stack([inputs(picture) for picture in _pictures(bench, folder)])  # type: ignore[operator]
        with torch.inference_mode():
            order = model(batch).argsort(1, descending=True)
        ranks += (order == categories.index(category)).int().argmax(1).tolist()
    return float(np.mean(np.array(ranks) < 1)), float(np.mean(np.array(ranks) < 5))


def test_squeezenet_names_known_pictures(bench: Path, shared_weights: Path) -> None:
    card = CARDS["squeezenet1_1"]
    weights = shared_weights / "squeezenet1_1_onnxzoo.pth"
    first, five = _share_named(bench, weights, "squeezenet1_1", lambda picture: preprocess(picture, card))
    assert first > 0.55
    assert five > 0.85


def test_mobilenet_names_known_pictures(bench: Path, shared_weights: Path) -> None:
    def prepare(picture: RGB) -> Tensor:
        """These weights come from another framework: other mean and scale, and sides of 32 k + 1."""
        resized = np.asarray(Image.fromarray(picture).resize((225, 225), Image.Resampling.BILINEAR))
        return (torch.from_numpy(resized.copy()).permute(2, 0, 1).float() - 128) / 128

    weights = shared_weights / "mobilenet_v2_coral_int8deq.pth"
    first, five = _share_named(bench, weights, "mobilenet_v2", prepare)
    assert first > 0.6
    assert five > 0.85


@pytest.mark.parametrize(
    ("name", "file"),
    [("squeezenet1_1", "squeezenet1_1_onnxzoo.pth"), ("mobilenet_v2", "mobilenet_v2_onnxzoo_features.pth")],
)
def test_the_nearest_picture_is_mostly_of_the_same_class(
    name: str, file: str, bench: Path, shared_weights: Path, tmp_path: Path
) -> None:
    (tmp_path / f"{name}.pth").symlink_to(shared_weights / file)
    encoder = load_encoder(name, Settings(weights_dir=str(tmp_path), device="cpu"))
    embeddings = np.concatenate([encoder.embed(_pictures(bench, folder)) for folder in KNOWN])
    similarity = embeddings @ embeddings.T
    np.fill_diagonal(similarity, -1)
    classes = np.repeat(np.arange(len(KNOWN)), PER_CLASS)
    assert np.mean(classes[similarity.argmax(1)] == classes) > 0.6

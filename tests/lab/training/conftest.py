"""Pictures on disk to prepare a training from, and covers that tests of simulated photos share."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from recto_lab.synthetic import draw_covers
from recto_lab.training.covers import map_covers, render_covers
from recto_lab.training.pictures import draw_picture
from recto_lab.training.sources import Images

SEED = 21
FILES = Path(__file__).parents[2] / "images" / "files"
FORMATS = ("jpg", "png", "webp", "tiff", "gif")


def drawn(number: int) -> Image.Image:
    """A drawn cover, standing."""
    return draw_covers(number, seed=SEED, height=320).convert("RGB")


def picture(number: int, height: int = 400, width: int = 280) -> Image.Image:
    """A picture of noise and shapes, drawn faster than a cover."""
    return Image.fromarray(draw_picture(np.random.default_rng((SEED, number)), height, width))


def jpeg(image: Image.Image, orientation: int = 0) -> bytes:
    """The picture as a JPEG, with an orientation in its EXIF."""
    buffer, tags = io.BytesIO(), Image.Exif()
    if orientation:
        tags[0x0112] = orientation
    image.save(buffer, "JPEG", quality=95, exif=tags)
    return buffer.getvalue()


def shown(images: Images) -> dict[str, bytes]:
    """Pixels by the name of the label: the same whatever the order of the rows."""
    return {
        images.names[label]: row.tobytes()
        for label, row in zip(images.labels.tolist(), images.open(), strict=True)
    }


@pytest.fixture(scope="session")
def drawn_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 covers in subfolders, in every format that is read."""
    folder = tmp_path_factory.mktemp("drawn")
    for number in range(22):
        ending = FORMATS[number % len(FORMATS)]
        place = folder / f"part-{number % 3}"
        place.mkdir(exist_ok=True)
        drawn(number).save(place / f"{number:02}.{ending}")
    for name in ("cover.heic", "cover.avif"):
        shutil.copy(FILES / name, folder / name)
    return folder


@pytest.fixture
def folder(drawn_folder: Path, tmp_path: Path) -> Path:
    """The same, for a test to change."""
    return Path(shutil.copytree(drawn_folder, tmp_path / "covers"))


@pytest.fixture(scope="session")
def class_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of 16 pictures, called `pictures`: stripes across, stripes down, and a disc, in any colours."""
    folder, rng = tmp_path_factory.mktemp("classes") / "pictures", np.random.default_rng(SEED)
    across, down = np.mgrid[0:64, 0:64]
    for number in range(16):
        stripes = [(axis // int(rng.integers(4, 9))) % 2 == 0 for axis in (across, down)]
        disc = np.hypot(across - rng.uniform(24, 40), down - rng.uniform(24, 40)) < rng.uniform(12, 22)
        for name, mask in zip(("across", "disc", "down"), (stripes[0], disc, stripes[1]), strict=True):
            dark, light = rng.integers(0, 100, 3), rng.integers(156, 256, 3)
            pixels = np.where(mask[:, :, None], light, dark) + rng.normal(0, 8, (64, 64, 3))
            place = folder / name
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(place / f"{number:02}.png")
    return folder


@pytest.fixture(scope="session")
def cover_bank(tmp_path_factory: pytest.TempPathFactory) -> Tensor:
    """64 covers, half of them drawn, (64, 256, 176, 3) uint8."""
    path = render_covers(tmp_path_factory.mktemp("covers"), "covers", 64, 5, 0.5, 1)
    return torch.from_numpy(map_covers(path).copy())

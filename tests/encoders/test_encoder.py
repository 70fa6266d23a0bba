"""Embeddings: equal to torchvision's own modules, independent of batches and threads, named by their weights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.encoders.pictures import draw_image
from torch import nn

from recto.encoders import Encoder, load_encoder
from recto.encoders.networks import Pooled
from recto.encoders.runners import choose_device
from recto.errors import BadInput, BadSetting
from recto.settings import Settings
from recto.vectors import RGB


def test_average_pooling_is_the_mean_over_all_positions() -> None:
    maps = torch.randn(2, 5, 3, 4)
    average = Pooled(nn.Identity(), "avg")(maps)
    np.testing.assert_allclose(average.numpy(), maps.numpy().reshape(2, 5, 12).mean(2), atol=1e-6)


@pytest.mark.parametrize("name", ["recto_small", "squeezenet1_1", "mobilenet_v2"])
def test_a_batch_gives_what_single_images_give(
    name: str, random_settings: Settings, images: list[RGB]
) -> None:
    encoder = load_encoder(name, random_settings)
    together = encoder.embed(images * 3)
    alone = np.concatenate([encoder.embed([image]) for image in images] * 3)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


CANONICAL = {
    "recto_small": [
        [0.14627, -0.03841, -0.07143, -0.08886, -0.04187, -0.02653],
        [0.12530, -0.00732, -0.05066, -0.00660, -0.03377, -0.12571],
    ],
    "recto_small_2": [
        [0.05242, 0.00098, 0.00982, 0.00098, 0.00692, 0.03044],
        [0.07298, 0.0012, 0.02255, 0.0012, 0.00177, 0.01724],
    ],
    "recto_small_2+pca256-46ab935c": [
        [0.03924, 0.0497, 0.41232, -0.14175, -0.06135, 0.16966],
        [0.00495, 0.11047, 0.29065, -0.04479, 0.07757, 0.04902],
    ],
}


@pytest.mark.parametrize(("name", "canonical"), CANONICAL.items())
def test_our_own_networks_give_the_vectors_they_gave_when_they_were_shipped(
    name: str, canonical: list[list[float]], random_settings: Settings
) -> None:
    embeddings = load_encoder(name, random_settings).embed([draw_image(600, 400, 0), draw_image(400, 600, 1)])
    np.testing.assert_allclose(embeddings[:, :6], canonical, atol=1e-4)


def test_several_threads_get_what_one_gets(random_settings: Settings, images: list[RGB]) -> None:
    encoder = load_encoder("recto_small", random_settings)
    expected = encoder.embed(images)
    with ThreadPoolExecutor(4) as threads:
        for embeddings in threads.map(encoder.embed, [images] * 8):
            np.testing.assert_allclose(embeddings, expected, atol=1e-6)


def test_several_threads_load_one_encoder(random_settings: Settings) -> None:
    with ThreadPoolExecutor(4) as threads:
        loaded: set[Encoder] = set(threads.map(lambda _: load_encoder("resnet50", random_settings), range(4)))
    assert len(loaded) == 1


def test_no_images_give_no_rows(random_settings: Settings) -> None:
    assert load_encoder("recto_small", random_settings).embed([]).shape == (0, 256)


def test_an_image_of_one_colour_has_a_finite_embedding_of_unit_length(random_settings: Settings) -> None:
    embedding = load_encoder("recto_small", random_settings).embed([np.zeros((10, 10, 3), np.uint8)])
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)


def test_other_weights_under_the_same_name_have_another_fingerprint(
    random_settings: Settings, random_weights: Path, tmp_path: Path
) -> None:
    state = torch.load(random_weights / "squeezenet1_1.pth", weights_only=True)
    state["features.0.bias"] = state["features.0.bias"] + 1
    torch.save(state, tmp_path / "squeezenet1_1.pth")
    others = replace(random_settings, weights_dir=str(tmp_path))
    mine = load_encoder("squeezenet1_1", random_settings).fingerprint()
    assert load_encoder("squeezenet1_1", others).fingerprint() != mine


def test_weights_of_another_network_are_refused(random_weights: Path, tmp_path: Path) -> None:
    (tmp_path / "resnet50.pth").write_bytes((random_weights / "squeezenet1_1.pth").read_bytes())
    with pytest.raises(BadInput, match="do not fit resnet50"):
        load_encoder("resnet50", Settings(weights_dir=str(tmp_path), device="cpu"))


@pytest.mark.parametrize("device", ["tpu", "cuda:x", "cpu:0", "cuda:99"])
def test_a_device_that_is_not_there_is_named(device: str) -> None:
    with pytest.raises(BadSetting, match=f"RECTO_DEVICE='{device}'"):
        choose_device(device)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_gpu_gives_nearly_the_embeddings_of_the_cpu(random_settings: Settings, images: list[RGB]) -> None:
    on_cpu = load_encoder("recto_small", random_settings).embed(images)
    on_gpu = load_encoder("recto_small", replace(random_settings, device="cuda")).embed(images)
    assert (on_cpu * on_gpu).sum(1).min() > 0.999

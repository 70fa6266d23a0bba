"""OpenVINO runs the same networks; in float32 it gives torch's vectors, and it is never used unasked."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recto.encoders import Encoder, load_encoder, pca
from recto.encoders.torch_runner import TorchRunner
from recto.errors import BadSetting
from recto.settings import Settings
from recto.vectors import RGB

pytestmark = pytest.mark.slow

needs_openvino = pytest.mark.skipif(
    find_spec("openvino") is None, reason="the extra openvino is not installed"
)


@needs_openvino
@pytest.mark.parametrize("name", ["recto_small", "squeezenet1_1", "mobilenet_v2"])
def test_in_float32_it_gives_the_vectors_of_torch(
    name: str, random_settings: Settings, images: list[RGB]
) -> None:
    expected = load_encoder(name, random_settings).embed(images * 3)
    converted = load_encoder(f"{name}@openvino-f32", random_settings).embed(images * 3)
    np.testing.assert_allclose(converted, expected, atol=1e-5)


@needs_openvino
def test_in_bfloat16_it_gives_nearly_the_vectors_of_torch_and_not_the_same(
    random_settings: Settings, images: list[RGB]
) -> None:
    expected = load_encoder("squeezenet1_1", random_settings).embed(images)
    converted = _bfloat16("squeezenet1_1", random_settings).embed(images)
    cosines = (converted * expected).sum(1)
    assert cosines.min() > 0.99
    assert cosines.max() < 0.999999  # it really ran in bfloat16


@needs_openvino
def test_a_spec_that_names_it_is_a_recipe_of_its_own(random_settings: Settings) -> None:
    plain = load_encoder("recto_small", random_settings).fingerprint()
    pinned = load_encoder("recto_small@openvino-f32", random_settings).fingerprint()
    assert pinned == {**plain, "backend": "openvino-f32"}
    assert _bfloat16("recto_small", random_settings).fingerprint() == {**plain, "backend": "openvino-bf16"}


@needs_openvino
def test_the_setting_runs_the_same_recipe_in_openvino(random_settings: Settings, images: list[RGB]) -> None:
    chosen = load_encoder("recto_small", replace(random_settings, backend="openvino"))
    reference = load_encoder("recto_small", random_settings)
    assert not isinstance(chosen._run, TorchRunner)
    assert chosen.fingerprint() == reference.fingerprint()
    np.testing.assert_allclose(chosen.embed(images), reference.embed(images), atol=1e-5)


@needs_openvino
def test_several_threads_get_what_one_gets(random_settings: Settings, images: list[RGB]) -> None:
    encoder = load_encoder("recto_small@openvino-f32", random_settings)
    expected = encoder.embed(images)
    with ThreadPoolExecutor(4) as threads:
        for embeddings in threads.map(encoder.embed, [images] * 8):
            np.testing.assert_allclose(embeddings, expected, atol=1e-6)


@needs_openvino
@pytest.mark.parametrize("name", ["recto_small", "squeezenet1_1"])
def test_on_real_covers_float32_keeps_the_rule_for_sharing_a_recipe(
    name: str, bench: Path, shared_weights: Path, tmp_path: Path
) -> None:
    (tmp_path / "squeezenet1_1.pth").symlink_to(shared_weights / "squeezenet1_1_onnxzoo.pth")
    settings = Settings(weights_dir=str(tmp_path), device="cpu", torch_threads=1)
    paths = sorted((bench / "catalogue").iterdir())[::38]
    covers = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    encoders = [load_encoder(name, replace(settings, backend=backend)) for backend in ("torch", "openvino")]
    reference, converted = (encoder.embed(covers) for encoder in encoders)
    projection = pca.learn([reference], len(covers) // 2, reference.shape[1], name)
    assert (reference * converted).sum(1).min() > 0.99999
    assert (projection.apply(reference) * projection.apply(converted)).sum(1).min() > 0.99999


def test_torch_is_used_where_nothing_else_is_asked_for(random_settings: Settings) -> None:
    assert isinstance(load_encoder("recto_small", random_settings)._run, TorchRunner)


@pytest.mark.parametrize("backend", ["", "@openvino-f32"])
def test_its_absence_is_told_with_the_ways_out(
    backend: str, random_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)  # an import of it fails
    settings = replace(random_settings, backend="openvino" if not backend else "torch", data_dir=tmp_path)
    with pytest.raises(BadSetting, match=r"pip install 'recto\[openvino\]'.*RECTO_BACKEND=torch"):
        load_encoder(f"mobilenet_v2{backend}", settings)


def test_it_is_not_asked_to_run_on_a_gpu(random_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    with pytest.raises(BadSetting, match="OpenVINO runs mobilenet_v2@openvino-f32 on CPUs only"):
        load_encoder("mobilenet_v2@openvino-f32", replace(random_settings, device="cuda"))


def _bfloat16(name: str, settings: Settings) -> Encoder:
    try:
        return load_encoder(f"{name}@openvino-bf16", settings)
    except BadSetting as error:
        if "bfloat16" not in str(error):
            raise
        pytest.skip("this processor has no bfloat16")

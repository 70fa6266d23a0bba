"""Specs: how an encoder and what is done around it are written."""

from __future__ import annotations

import subprocess
import sys

import pytest

from recto.encoders import Spec, card, parse_spec
from recto.errors import BadInput


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("resnet50", Spec("resnet50")),
        ("vgg16-flat", Spec("vgg16-flat")),
        ("resnet50+pca256-1f3a9c0b", Spec("resnet50", 256, "1f3a9c0b")),
        ("mobilenet_v2@openvino-f32", Spec("mobilenet_v2", backend="openvino-f32")),
        ("vgg16+pca64-00000000@openvino-bf16", Spec("vgg16", 64, "00000000", "openvino-bf16")),
    ],
)
def test_a_spec_is_read_and_written_back_as_it_was(text: str, spec: Spec) -> None:
    assert parse_spec(text) == spec
    assert str(spec) == text


@pytest.mark.parametrize(
    "text",
    ["", "ResNet50", "resnet50 ", "resnet50\n", "../weights", "resnet50@", "a" * 100 + "!"],
)
def test_what_is_no_spec_is_answered_with_how_one_is_written(text: str) -> None:
    with pytest.raises(BadInput, match=r"Write NAME, NAME\+pcaN-HASH8"):
        parse_spec(text)


@pytest.mark.parametrize("projection", ["pca", "pca256", "pca0-1f3a9c0b", "pca256-1F3A9C0B", "pca256-1f3a9c"])
def test_a_projection_is_written_with_its_size_and_eight_digits(projection: str) -> None:
    with pytest.raises(BadInput, match=r"NAME\+pcaN-HASH8"):
        parse_spec(f"resnet50+{projection}")


def test_an_unknown_backend_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="openvino-f32 or @openvino-bf16"):
        parse_spec("resnet50@onnx")


def test_a_projected_encoder_has_the_name_and_the_dimension_of_the_whole() -> None:
    projected = card("resnet50+pca256-1f3a9c0b")
    assert projected.dimension == 256
    assert projected.name == "resnet50+pca256-1f3a9c0b"


def test_a_projection_to_more_numbers_than_there_are_is_refused() -> None:
    with pytest.raises(BadInput, match="squeezenet1_1 has 512 numbers"):
        card("squeezenet1_1+pca513-1f3a9c0b")


def test_specs_are_read_without_torch_and_numpy() -> None:
    program = (
        "import sys, recto.encoders as e; e.card('resnet50+pca8-00000000@openvino-bf16');"
        "print({'torch', 'cv2', 'numpy'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"

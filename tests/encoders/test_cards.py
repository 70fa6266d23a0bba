"""The table of encoders and the fingerprints that keep vectors apart."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from recto.encoders import CARDS, card
from recto.errors import BadInput


def test_the_package_and_its_cards_load_no_torch() -> None:
    program = (
        "import sys, recto.encoders as e; assert e.CARDS; print('torch' in sys.modules, 'cv2' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "False"]


def test_an_unknown_encoder_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"vgg17.*recto_small_2, recto_small, .*vgg16, vgg16-flat, resnet50"):
        card("vgg17")


def test_every_card_is_found_under_its_own_name() -> None:
    assert all(card(name).name == name for name in CARDS)


def test_no_two_cards_have_the_same_fingerprint() -> None:
    assert len({tuple(one.fingerprint().items()) for one in CARDS.values()}) == len(CARDS)


@pytest.mark.parametrize(
    "change",
    [{"pooling": "avg"}, {"shorter_side": 232}, {"input_size": (256, 256)}, {"mean": (0.5, 0.5, 0.5)}],
    ids=lambda change: next(iter(change)),
)
def test_a_fingerprint_changes_with_what_changes_embeddings(change: dict[str, object]) -> None:
    mine = CARDS["resnet50"]
    assert replace(mine, **change).fingerprint() != mine.fingerprint()  # type: ignore[arg-type]


def test_a_fingerprint_does_not_change_with_a_description() -> None:
    mine = CARDS["resnet50"]
    assert replace(mine, summary="another sentence").fingerprint() == mine.fingerprint()

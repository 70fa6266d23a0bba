"""What the losses ask of embeddings."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from recto_lab.training.config import Loss
from recto_lab.training.inputs import Batch
from recto_lab.training.losses import Classification, Contrastive, Siamese, Triplet, make_loss, spread

NO_IMAGES = torch.empty(0, 1, 1, 3)


def _rows(count: int, seed: int = 0, size: int = 16) -> Tensor:
    return functional.normalize(
        torch.randn(count, size, generator=torch.Generator().manual_seed(seed)), dim=1
    )


def _batch(labels: Tensor) -> Batch:
    count = len(labels)
    return Batch(NO_IMAGES, NO_IMAGES, labels, torch.arange(count), torch.arange(count) + count)


def _contrast(memory: int) -> Contrastive:
    return Contrastive(Loss(memory=memory, memory_from=0, spread=0.0), 16)


@pytest.mark.parametrize("kind", ["contrastive", "triplet", "siamese"])
def test_it_is_low_when_each_photo_is_nearest_to_its_own(kind: str) -> None:
    rows, batch = _rows(8), _batch(torch.arange(8))
    loss = make_loss(Loss.model_validate({"kind": kind, "margin": 0.5, "spread": 0.0, "memory": 0}), 16, 8)
    low, right = loss(torch.cat([rows, rows]), batch)
    high, wrong = loss(torch.cat([rows, rows.roll(1, 0)]), batch)
    assert (float(right), float(wrong)) == (1, 0)
    assert low < 0.15 < high


@pytest.mark.parametrize("kind", ["contrastive", "triplet", "siamese", "classification"])
def test_following_its_gradient_makes_photos_nearest_to_their_own(kind: str) -> None:
    rows = torch.cat([_rows(8, 1), _rows(8, 2)]).requires_grad_()
    labels, torch_seed = torch.arange(8), torch.manual_seed(0)
    loss = make_loss(Loss.model_validate({"kind": kind, "margin": 0.5, "memory": 0}), 16, 8)
    assert torch_seed is not None
    optimiser = torch.optim.Adam([rows, *loss.parameters()], 0.05)
    for _ in range(150):
        optimiser.zero_grad()
        value, right = loss(rows, _batch(labels))
        value.backward()
        optimiser.step()
    assert float(right) == 1


def test_pictures_of_one_label_are_no_negatives_of_each_other() -> None:
    rows, batch = _rows(4), _batch(torch.tensor([0, 0, 1, 2]))
    alike = torch.cat([rows, rows])
    alike[1], alike[5] = alike[0], alike[4]
    apart = _contrast(0)(torch.cat([rows, rows]), batch)[0]
    together = _contrast(0)(alike, batch)[0]
    assert together < apart + 0.05
    assert float(Siamese(Loss(kind="siamese"))(alike, batch)[0]) < 0.1


def test_a_remembered_view_of_the_same_label_is_no_negative() -> None:
    rows, batch = _rows(4), _batch(torch.arange(4))
    same, others, without = _contrast(4), _contrast(4), _contrast(0)
    same.add(rows, torch.arange(4))
    others.add(rows, torch.arange(4) + 100)
    values = [float(loss(torch.cat([rows, rows]), batch)[0]) for loss in (without, same, others)]
    assert values[0] == pytest.approx(values[1], abs=1e-5)
    assert values[1] < values[2]


def test_memory_drops_the_oldest_and_travels_with_the_checkpoint() -> None:
    loss = _contrast(3)
    for label in range(5):
        loss.add(torch.full((1, 16), float(label)), torch.tensor([label]))
    restored = _contrast(3)
    restored.load_state_dict(loss.state_dict())
    assert restored.covers.tolist() == [4, 3, 2]
    assert int(restored.filled) == 3
    assert restored.embeddings[:, 0].tolist() == [4, 3, 2]


def test_memory_is_used_from_the_step_that_is_asked_for() -> None:
    loss, rows, batch = Contrastive(Loss(memory=8, memory_from=3), 16), _rows(4), _batch(torch.arange(4))
    filled = []
    for _ in range(4):
        loss(torch.cat([rows, rows]), batch)
        filled.append(int(loss.filled))
    assert filled == [0, 0, 4, 8]


def test_each_way_of_mining_takes_the_negative_it_is_called_after() -> None:
    distances = torch.tensor([[0.5, 0.3, 0.7, 0.9]]).repeat(4, 1)
    other, own = torch.tensor([[False, True, True, True]]).repeat(4, 1), torch.full((4,), 0.5)
    taken = {}
    for mining in ("hardest", "semihard", "random"):
        loss = Triplet(Loss.model_validate({"kind": "triplet", "mining": mining}))
        taken[mining] = int(loss._mine(distances, own, other)[0])
    assert taken == {"hardest": 1, "semihard": 2, "random": 1}


def test_a_batch_of_one_label_asks_nothing_of_triplets() -> None:
    value, _ = Triplet(Loss(kind="triplet"))(
        _rows(8).requires_grad_(), _batch(torch.zeros(4, dtype=torch.int64))
    )
    assert float(value.detach()) == 0


def test_siamese_pairs_further_apart_than_the_margin_ask_nothing() -> None:
    rows = torch.eye(4)
    value, right = Siamese(Loss(kind="siamese", margin=1.0))(torch.cat([rows, rows]), _batch(torch.arange(4)))
    assert float(value) == 0
    assert float(right) == 1


def test_a_classifier_names_as_many_classes_as_there_are() -> None:
    loss = Classification(Loss(kind="classification"), 16, 5)
    assert loss.classifier.weight.shape == (5, 16)


def test_spread_is_lower_for_points_further_apart() -> None:
    crowded = functional.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.1], [1.0, -0.1]]), dim=1)
    apart = functional.normalize(torch.tensor([[1.0, 0.0], [-0.5, 0.9], [-0.5, -0.9]]), dim=1)
    assert spread(apart) < spread(crowded)

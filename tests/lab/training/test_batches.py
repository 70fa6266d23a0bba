"""Batches: functions of seed and step, made of the pictures that a sampler chooses."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from recto.vectors import RGB
from recto_lab.training.augment import PhotoOptions, composite, light_view, photo_view
from recto_lab.training.batches import Plan, make_pairs, photo_options, step_sizes
from recto_lab.training.config import Augmentation, Network, Schedule
from recto_lab.training.sampling import choose, partners
from recto_lab.training.sources import prepare_shelf

SIZES = ((96, 64),) * 8


def _plan(**changes: object) -> Plan:
    known = {"seed": 1, "pairs": 16, "sampler": "neighbours", "classes": False, "sizes": SIZES}
    return Plan(augmentation=Augmentation(), **{**known, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def covers(tmp_path_factory: pytest.TempPathFactory) -> RGB:
    folder = tmp_path_factory.mktemp("covers")
    split = prepare_shelf(folder, covers=40, held_out=2, seed=5, drawn=0.5, processes=1)
    return split.training.open()


def test_covers_differ_from_one_another(covers: RGB) -> None:
    assert covers.shape == (40, 256, 176, 3)
    assert len({cover.tobytes() for cover in covers}) == 40


def test_a_batch_is_a_function_of_seed_step_and_process(covers: RGB) -> None:
    labels = np.arange(40)
    first, again = (make_pairs(covers, labels, _plan(), 3) for _ in range(2))
    others = [
        make_pairs(covers, labels, _plan(), 4),
        make_pairs(covers, labels, _plan(seed=2), 3),
        make_pairs(covers, labels, _plan(rank=1), 3),
    ]
    assert np.array_equal(first.portrait, again.portrait)
    assert np.array_equal(first.landscape, again.landscape)
    assert not any(np.array_equal(first.portrait, other.portrait) for other in others)


def test_every_image_of_a_batch_belongs_to_one_pair(covers: RGB) -> None:
    pairs = make_pairs(covers, np.arange(40), _plan(pairs=32), 0)
    total = len(pairs.portrait) + len(pairs.landscape)
    assert sorted([*pairs.catalogue, *pairs.photos]) == list(range(total))
    assert len(set(pairs.labels.tolist())) == 32
    assert pairs.portrait.shape[1:] == (96, 64, 3)
    assert pairs.landscape.shape[1:] == (64, 96, 3)


def test_square_inputs_pass_together(covers: RGB) -> None:
    pairs = make_pairs(covers, np.arange(40), _plan(sizes=((64, 64),)), 0)
    assert pairs.portrait.shape == (32, 64, 64, 3)
    assert len(pairs.landscape) == 0


def test_without_augmentation_views_are_the_pictures_themselves(covers: RGB) -> None:
    plain = Plan(1, 8, "random", Augmentation(kind="none"), True, ((256, 176),))
    labels = np.repeat(np.arange(4), 10)
    pairs = make_pairs(covers, labels, plan=plain, step=0)
    known = {cover.tobytes(): label for cover, label in zip(covers, labels, strict=True)}
    assert [known[view.tobytes()] for view in pairs.portrait[pairs.photos]] == pairs.labels.tolist()


@pytest.mark.parametrize("kind", ["neighbours", "random", "balanced"])
def test_samplers_choose_distinct_pictures(kind: str) -> None:
    labels = np.arange(100) % 10
    for seed in range(20):
        chosen = choose(np.random.default_rng(seed), kind, labels, 30)
        assert len(set(chosen.tolist())) == 30
        assert chosen.min() >= 0
        assert chosen.max() < 100


def test_a_balanced_batch_has_as_many_of_each_class() -> None:
    labels = np.repeat([0, 1, 2], [80, 15, 5])
    chosen = choose(np.random.default_rng(0), "balanced", labels, 15)
    assert np.bincount(labels[chosen]).tolist() == [5, 5, 5]
    many = choose(np.random.default_rng(0), "balanced", labels, 21)
    assert np.bincount(labels[many]).tolist() == [8, 8, 5]


def test_neighbours_come_in_runs() -> None:
    chosen = np.sort(choose(np.random.default_rng(0), "neighbours", np.arange(10_000), 64))
    assert (np.diff(chosen) == 1).sum() >= 20  # by chance 64 of 10,000 have hardly one


def test_a_partner_is_another_picture_of_the_class_where_there_is_one() -> None:
    labels = np.array([0, 0, 1])
    assert partners(np.random.default_rng(0), labels, np.array([0, 1, 2])).tolist() == [1, 0, 2]


def test_inputs_are_small_at_first() -> None:
    sizes = step_sizes(Network(), Schedule(steps=5, low_steps=2, warmup=1, decay=1))
    assert sizes == ((128, 96), (128, 96), (192, 144), (192, 144), (192, 144))


def test_the_ranges_of_photos_are_those_of_the_configuration() -> None:
    assert photo_options(Augmentation()) == PhotoOptions()
    assert photo_options(Augmentation(turn=3.0)).turn == 3


def test_a_composite_has_parts_of_both(covers: RGB) -> None:
    black, white = np.zeros_like(covers[0]), np.full_like(covers[0], 255)
    shares = [composite(black, white, np.random.default_rng(seed)).mean() / 255 for seed in range(40)]
    assert np.mean([0 < share < 1 for share in shares]) > 0.5
    assert max(shares) > 0.9  # the lighter of the two


def test_a_light_view_still_looks_like_its_picture(covers: RGB) -> None:
    rng = np.random.default_rng(0)
    assert _found([light_view(cover, rng, 128, 96) for cover in covers], covers) > 0.8


def test_a_photo_shows_its_own_cover(covers: RGB) -> None:
    """Seen straight on, a photo's middle correlates more with its own cover than with any other, mostly."""
    straight = PhotoOptions(turn=0, quarter_turn=0, any_turn=0, smallest=0.9, largest=0.9, perspective=0)
    rng = np.random.default_rng(0)
    photos = [photo_view(cover, list(covers[:3]), rng, 128, 96, straight) for cover in covers]
    assert _found(photos, covers) > 0.2  # 0.025 would be chance


def _found(views: list[RGB], covers: RGB) -> float:
    looks = [np.stack([_look(picture) for picture in pictures]) for pictures in (views, list(covers))]
    return float(np.mean((looks[0] @ looks[1].T).argmax(1) == np.arange(len(covers))))


def _look(picture: RGB) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Brightness of a coarse grid, without its mean, at unit length."""
    grid = np.asarray(cv2.resize(picture, (9, 12), interpolation=cv2.INTER_AREA), np.float64).mean(2).ravel()
    return np.asarray((grid - grid.mean()) / (np.linalg.norm(grid - grid.mean()) + 1e-9))

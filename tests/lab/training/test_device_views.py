"""Batches made on the device: their layout, their pairs, and that they are like those made with OpenCV."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from tests.support.device_photos import (
    HEIGHT,
    PLAIN,
    STRAIGHT,
    WIDTH,
    Floats,
    energy,
    image_of,
    make_batch,
    make_photos,
)
from torch import Tensor

from recto.errors import BadInput
from recto_lab.training import device_views
from recto_lab.training.augment import PhotoOptions, photo_view
from recto_lab.training.batches import Plan, make_pairs
from recto_lab.training.config import Augmentation
from recto_lab.training.device_covers import take
from recto_lab.training.device_options import Shares
from recto_lab.training.device_scene import OTHERS
from recto_lab.training.device_views import make_pairs_on_device

pytestmark = pytest.mark.slow


def test_a_batch_is_a_function_of_seed_step_and_covers(cover_bank: Tensor) -> None:
    first, again, next_one = (make_batch(cover_bank, step) for step in (3, 3, 4))
    assert torch.equal(first.portrait, again.portrait)
    assert torch.equal(first.landscape, again.landscape)
    assert not torch.equal(first.portrait, next_one.portrait)


def test_every_image_of_a_batch_belongs_to_one_pair(
    cover_bank: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the batch is made in several chunks, the last of them short."""
    monkeypatch.setattr(device_views, "CHUNK", 32)
    chosen = torch.arange(84) % len(cover_bank)
    pairs = make_pairs_on_device(cover_bank, (1, 0), chosen, (32, 32), PhotoOptions(), 0.35)
    total = 2 * len(chosen)
    assert len(pairs.portrait) + len(pairs.landscape) == total
    assert sorted(torch.cat([pairs.catalogue, pairs.photos]).tolist()) == list(range(total))
    assert torch.equal(pairs.labels, chosen)


def test_a_batch_has_the_layout_of_the_batches_made_on_the_cpu(cover_bank: Tensor) -> None:
    plan = Plan(1, 32, "neighbours", Augmentation(), False, ((96, 64),))
    expected = make_pairs(cover_bank.numpy(), np.arange(len(cover_bank)), plan, 0)
    pairs = make_pairs_on_device(
        cover_bank, (1, 0), torch.from_numpy(expected.labels), (96, 64), PhotoOptions(), 0.35
    )
    for name in ("portrait", "landscape", "labels", "catalogue", "photos"):
        made, wanted = getattr(pairs, name), torch.from_numpy(getattr(expected, name))
        assert (made.shape, made.dtype) == (wanted.shape, wanted.dtype)
    assert np.array_equal(pairs.catalogue, expected.catalogue)
    assert np.array_equal(pairs.photos, expected.photos)


def test_square_images_are_one_group(cover_bank: Tensor) -> None:
    pairs = make_batch(cover_bank, size=(96, 96))
    assert pairs.portrait.shape == (64, 96, 96, 3)
    assert pairs.landscape.shape == (0, 96, 96, 3)


def test_covers_of_another_form_are_refused(cover_bank: Tensor) -> None:
    with pytest.raises(BadInput, match="uint8"):
        make_batch(cover_bank.float())


@pytest.mark.parametrize("size", [(96, 64), (96, 96)])
def test_without_effects_a_catalogue_view_is_the_cover_upright_or_lying(
    cover_bank: Tensor, size: tuple[int, int]
) -> None:
    pairs = make_pairs_on_device(cover_bank, (1, 0), torch.arange(32), size, STRAIGHT, 0.0, shares=PLAIN)
    for place in range(32):
        view = image_of(pairs, int(pairs.catalogue[place]))
        reduced = cv2.resize(cover_bank[place].numpy(), size[::-1], interpolation=cv2.INTER_AREA).astype(
            float
        )
        ways = [reduced] if place % 4 else [np.rot90(reduced, 1), np.rot90(reduced, 3)]
        assert min(np.abs(view - way).mean() for way in ways) < 4


def test_a_lying_cover_lies_alike_in_its_photo(cover_bank: Tensor) -> None:
    """Not turned by a half against its catalogue view: at turn 0 both show the same side up."""
    pairs = make_pairs_on_device(cover_bank, (1, 0), torch.arange(64), (96, 96), STRAIGHT, 0.0, shares=PLAIN)
    right = 0
    for place in range(0, 64, 4):
        view, photo = (image_of(pairs, int(rows[place])) for rows in (pairs.catalogue, pairs.photos))
        right += _likeness(photo, view) > _likeness(photo, view[::-1, ::-1])
    assert right >= 14


def _likeness(one: Floats, other: Floats) -> float:
    """Correlation of two pictures' coarse grids."""
    grids = [np.asarray(cv2.resize(image, (12, 12), interpolation=cv2.INTER_AREA)) for image in (one, other)]
    standard = [((grid - grid.mean()) / grid.std()).ravel() for grid in grids]
    return float((standard[0] * standard[1]).mean())


def test_a_photo_shows_its_own_cover(cover_bank: Tensor) -> None:
    """With every effect, seen straight on, a photo is often most like its own cover, of 40."""
    covers = cover_bank[12:52]
    photos = make_photos(covers, Shares(), STRAIGHT)
    looks = [_look(photos), _look(take(covers, torch.arange(len(covers))))]
    nearest = (looks[0] @ looks[1].T).argmax(1)
    assert (nearest == torch.arange(len(covers))).float().mean() > 0.25  # 0.025 would be chance


def _look(images: Tensor) -> Tensor:
    grid = torch.nn.functional.adaptive_avg_pool2d(images.mean(1, keepdim=True), (12, 9)).flatten(1)
    return torch.nn.functional.normalize(grid - grid.mean(1, keepdim=True), dim=1)


def test_a_photo_is_never_mirrored_against_its_catalogue_view() -> None:
    """A dark L, whose mirror image it never looks like; identities mirror it in both views or in neither."""
    drawing = np.full((256, 176, 3), 230, np.uint8)
    drawing[30:220, 20:60] = drawing[180:220, 20:150] = 30
    bank = torch.from_numpy(drawing)[None].repeat(2, 1, 1, 1)
    chosen = torch.zeros(256, dtype=torch.int64)
    pairs = make_pairs_on_device(
        bank, (1, 0), chosen, (96, 64), STRAIGHT, 0.0, shares=replace(PLAIN, mirrored=0.5)
    )
    mirrored_views = 0
    for place in range(256):
        if place % 4 == 0 or place // 4 % 4 == 0:
            continue  # lying or in a wide frame
        view, photo = (image_of(pairs, int(rows[place])) for rows in (pairs.catalogue, pairs.photos))
        mirrored_views += _likeness(view, drawing.astype(float)) < 0.8
        assert _likeness(photo, view) > _likeness(photo, view[:, ::-1])
    assert 30 < mirrored_views < 120


def test_photos_show_as_much_of_the_cover_as_those_of_opencv() -> None:
    """A white cover and a black one in the same photo differ where the cover is."""
    white, black = (np.full((256, 176, 3), level, np.uint8) for level in (255, 0))
    grey = [np.full((256, 176, 3), 128, np.uint8)] * OTHERS
    theirs, options = [], PhotoOptions()
    for seed in range(256):
        light, dark = (
            photo_view(cover, grey, np.random.default_rng(seed), HEIGHT, WIDTH, options).astype(int)
            for cover in (white, black)
        )
        theirs.append(np.mean(np.abs(light - dark).max(2) > 30))
    bank = torch.from_numpy(np.stack(grey))
    light_photos, dark_photos = (
        make_photos(torch.from_numpy(cover)[None].repeat(256, 1, 1, 1), Shares(), bank=bank, options=options)
        for cover in (white, black)
    )
    shown = ((light_photos - dark_photos).abs().amax(1) > 30).float().mean((1, 2)).numpy()
    assert abs(shown.mean() - np.mean(theirs)) < 0.05
    assert abs(shown.std() - np.std(theirs)) < 0.05


def test_photos_have_the_statistics_of_those_of_opencv(cover_bank: Tensor) -> None:
    """Brightness, contrast and detail of 256 photos of each, in the mean and in their spread."""
    drawn = cover_bank.numpy()
    rng = np.random.default_rng(0)
    theirs_list = [
        photo_view(
            drawn[i % 64], list(drawn[rng.integers(0, 64, OTHERS)]), rng, HEIGHT, WIDTH, PhotoOptions()
        )
        for i in range(256)
    ]
    theirs = torch.from_numpy(np.stack(theirs_list)).permute(0, 3, 1, 2).float()
    ours = torch.cat([make_photos(cover_bank, Shares(), PhotoOptions(), seed) for seed in range(4)])
    for name, statistic, mean_within, deviation_within in (
        ("brightness", lambda images: images.mean((1, 2, 3)), 8, 8),
        ("contrast", lambda images: images.std((1, 2, 3)), 5, 5),
        ("colour", lambda images: images.std(1).mean((1, 2)), 4, 4),
        ("detail", lambda images: energy(images).log(), 0.3, 0.25),
    ):
        ours_of, theirs_of = statistic(ours), statistic(theirs)
        assert abs(float(ours_of.mean() - theirs_of.mean())) < mean_within, name
        assert abs(float(ours_of.std() - theirs_of.std())) < deviation_within, name


def test_new_covers_and_composites_differ_from_the_covers_they_are_made_of(cover_bank: Tensor) -> None:
    plain = make_pairs_on_device(cover_bank, (1, 0), torch.arange(32), (96, 64), STRAIGHT, 0.0, shares=PLAIN)
    mixed = make_pairs_on_device(cover_bank, (1, 0), torch.arange(32), (96, 64), STRAIGHT, 1.0, shares=PLAIN)
    changes = [
        np.abs(image_of(plain, int(row)) - image_of(mixed, int(row))).mean()
        for row in plain.catalogue.tolist()
    ]
    assert np.mean(np.array(changes) > 3) > 0.7
    for effect in ("upside_down", "permuted", "inverted", "recoloured", "pale"):
        changed = make_pairs_on_device(
            cover_bank,
            (1, 0),
            torch.arange(32),
            (96, 64),
            STRAIGHT,
            0.0,
            shares=replace(PLAIN, **{effect: 1.0}),
        )
        assert not torch.equal(changed.portrait, plain.portrait), effect


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_cuda_device_makes_the_same_photos_up_to_rounding(cover_bank: Tensor) -> None:
    """Without noise, which each device draws in its own way."""
    here, there = (
        make_batch(bank, size=(160, 112), shares=Shares(noise=0.0))
        for bank in (cover_bank, cover_bank.cuda())
    )
    difference = (here.portrait.float() - there.portrait.cpu().float()).abs()
    assert float(difference.mean()) < 1
    assert there.landscape.is_cuda

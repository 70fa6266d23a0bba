"""Each effect of the photos made on the device leaves its trace, and nothing aliases."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from tests.support.device_photos import (
    HEIGHT,
    NOTHING,
    PLAIN,
    STRAIGHT,
    WIDTH,
    energy,
    film,
    image_of,
    make_batch,
    make_photos,
)
from torch import Tensor

from recto_lab.training.augment import PhotoOptions
from recto_lab.training.device_covers import take
from recto_lab.training.device_jpeg import jpeg
from recto_lab.training.device_warp import pyramid, warp


def test_a_turned_photo_is_no_mirror_image_either() -> None:
    corner = torch.zeros(1, 3, 256, 176)
    corner[:, 0, :128, :88], corner[:, 1, :128, 88:], corner[:, 2, 128:, 88:] = 255, 255, 255
    clockwise = torch.tensor([[[80.0, 20], [80, 80], [20, 80], [20, 20]]])  # by a quarter
    photo = warp(pyramid(corner), clockwise, 100, 100)[0]
    assert [int(photo[:, y, x].argmax()) for y, x in ((30, 70), (70, 70), (70, 30))] == [0, 1, 2]


@pytest.mark.parametrize("side", [11.0, 17.3, 30.0, 44.0, 60.0, 87.0])
def test_a_fine_pattern_laid_small_is_even_grey(side: float) -> None:
    """Squares of 2 pixels on a cover of 256 x 176: reduced by more than 2, they cannot be seen."""
    y, x = torch.meshgrid(torch.arange(256) // 2, torch.arange(176) // 2, indexing="ij")
    pattern = (((x + y) % 2) * 255.0).expand(1, 3, -1, -1)
    corners = torch.tensor([[0.0, 0.3], [0.69, 0.0], [0.72, 0.95], [0.05, 1.0]])[None] * side * 1.3 + 5
    photo = warp(pyramid(pattern), corners, 128, 128)
    middle = corners.mean(1)[0].long()
    reach = int(side / 5)
    seen = photo[..., middle[1] - reach : middle[1] + reach, middle[0] - reach : middle[0] + reach]
    assert abs(float(seen.mean()) - 127.5) < 6
    assert float(seen.std()) < 16  # 127 when it aliases


def test_a_large_cover_stays_sharp(cover_bank: Tensor) -> None:
    """At half its size a warp keeps the detail that a reduction by areas keeps."""
    images = take(cover_bank, torch.arange(16))
    whole = torch.tensor([[0.0, 0], [88, 0], [88, 128], [0, 128]]).expand(16, 4, 2)
    ratio = energy(warp(pyramid(images), whole, 128, 88)) / energy(torch.nn.functional.avg_pool2d(images, 2))
    assert float(ratio.median()) > 0.8


def test_jpeg_is_what_libjpeg_makes(cover_bank: Tensor) -> None:
    images = take(cover_bank[:8], torch.arange(8))[:, :, :96, :80]
    for quality in (30, 60, 88):
        ours, apart = jpeg(images, torch.full((8,), float(quality))), []
        for image, compressed in zip(images, ours, strict=True):
            pixels = image.permute(1, 2, 0).byte().numpy()
            _, data = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
            theirs = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), float)[:, :, ::-1]
            apart.append(np.abs(compressed.permute(1, 2, 0).numpy() - theirs).mean())
        assert np.mean(apart) < 1  # of 255, where the loss itself is 4 to 8


def test_jpeg_keeps_sizes_that_are_no_whole_blocks() -> None:
    flat = torch.full((2, 3, 35, 21), 90.0)
    assert torch.allclose(jpeg(flat, torch.tensor([30.0, 80.0])), flat, atol=2)


def test_jpeg_in_a_photo_shows_in_blocks(cover_bank: Tensor) -> None:
    """Steps between blocks of 8 grow against those within."""

    def blockiness(images: Tensor) -> float:
        steps = images.diff(dim=3).abs().mean((0, 1, 2))
        at_edges = torch.arange(len(steps)) % 8 == 7
        return float(steps[at_edges].mean() / steps[~at_edges].mean())

    photos = make_photos(cover_bank)
    assert blockiness(film(photos, jpeg=1.0)) > blockiness(photos) * 1.03


def test_glare_only_brightens(cover_bank: Tensor) -> None:
    photos = make_photos(cover_bank)
    change = film(photos, glare=1.0) - photos
    assert float(change.min()) > -0.001
    assert float(change.mean()) > 3


def test_a_shadow_only_darkens_and_has_an_edge() -> None:
    even = torch.full((64, 3, HEIGHT, WIDTH), 200.0)
    shaded = film(even, shadow=1.0)
    assert float(shaded.max()) <= 200
    edge_and_both_sides = (shaded.amax((1, 2, 3)) - shaded.amin((1, 2, 3))) > 30
    assert edge_and_both_sides.float().mean() > 0.3


def test_uneven_light_changes_smoothly() -> None:
    even = torch.full((64, 3, HEIGHT, WIDTH), 120.0)
    lit = film(even, uneven_light=1.0)
    assert 8 < float(lit.std((2, 3)).mean()) < 40
    assert float(lit.diff(dim=3).abs().max()) < 8


def test_tone_keeps_the_order_of_grey_levels_within_a_channel() -> None:
    ramp = torch.linspace(0, 255, 64).expand(32, 3, 8, 64).contiguous()
    toned = film(ramp, tone=1.0)
    assert float(toned.diff(dim=3).min()) >= 0
    assert float(toned.mean((2, 3)).std(1).mean()) > 3, "a cast: channels move apart"
    assert float(toned.mean((1, 2, 3)).std()) > 15, "an exposure: images move apart"


def test_noise_has_the_deviation_it_should() -> None:
    noisy = film(torch.full((64, 3, HEIGHT, WIDTH), 120.0), noise=1.0)
    deviations = noisy.std((1, 2, 3))
    assert 0.9 < float(deviations.min()) < float(deviations.max()) < 12.5
    assert float((noisy.mean((1, 2, 3)) - 120).abs().max()) < 0.5


@pytest.mark.parametrize("effect", ["defocus", "motion", "low_resolution"])
def test_blur_takes_detail_and_keeps_brightness(cover_bank: Tensor, effect: str) -> None:
    photos = make_photos(cover_bank)
    blurred = film(photos, **{effect: 1.0})
    kept = energy(blurred) / energy(photos)
    assert 0.1 < float(kept.median()) < 0.85
    assert float((blurred.mean((1, 2, 3)) - photos.mean((1, 2, 3))).abs().max()) < 2.5


def test_low_resolution_removes_high_frequencies() -> None:
    stripes = (torch.arange(WIDTH) % 2 * 255.0).expand(32, 3, HEIGHT, WIDTH).contiguous()
    assert float(film(stripes, low_resolution=1.0).std((1, 2, 3)).max()) < 75  # 127 before


def test_grey_photos_have_no_colour(cover_bank: Tensor) -> None:
    photos = film(make_photos(cover_bank), grey=1.0)
    assert torch.equal(photos[:, 0], photos[:, 2])


def test_stickers_hide_a_part_of_the_cover_in_the_photo_alone(cover_bank: Tensor) -> None:
    changed = (make_photos(cover_bank, replace(PLAIN, stickers=1.0)) - make_photos(cover_bank)).abs().amax(
        1
    ) > 25
    share = changed.float().mean((1, 2))
    assert 0.01 < float(share.mean()) < 0.12
    views = [make_batch(cover_bank, shares=replace(PLAIN, stickers=stickers)) for stickers in (0.0, 1.0)]
    assert len({image_of(pairs, int(pairs.catalogue[1])).tobytes() for pairs in views}) == 1


def test_an_occluder_stands_at_the_edge(cover_bank: Tensor) -> None:
    changed = (make_photos(cover_bank, replace(PLAIN, occluder=1.0)) - make_photos(cover_bank)).abs().amax(
        1
    ) > 12
    assert 0.005 < float(changed.float().mean()) < 0.15
    middle = changed[:, HEIGHT // 2 - 8 : HEIGHT // 2 + 8, WIDTH // 2 - 8 : WIDTH // 2 + 8]
    assert not middle.any()


def test_a_rim_darkens_what_lies_around_the_cover() -> None:
    white = torch.full((32, 256, 176, 3), 255, dtype=torch.uint8)
    small = replace(STRAIGHT, smallest=0.3, largest=0.3)
    difference = make_photos(white, replace(NOTHING, rim=1.0), small) - make_photos(white, NOTHING, small)
    assert float(difference.max()) <= 0
    assert float(difference.amin((1, 2, 3)).max()) < -5
    assert not difference[:, :, HEIGHT // 2, WIDTH // 2].any()


def test_backgrounds_are_flat_textured_blurred_or_sharp(cover_bank: Tensor) -> None:
    """Above a cover that lies far from the frame's edge."""
    tiny = replace(STRAIGHT, smallest=0.01, largest=0.01)
    kinds = [replace(NOTHING, **kind) for kind in ({"flat": 1.0}, {"textured": 1.0}, {"blurred": 1.0}, {})]
    corners = [make_photos(cover_bank, kind, tiny)[:, :, :16] for kind in kinds]
    flat, textured, blurred, sharp = (float(energy(corner).mean()) for corner in corners)
    assert flat < 0.01 < textured
    assert 0.01 < blurred < sharp / 5


@pytest.mark.parametrize("effect", ["one_neighbour", "two_neighbours"])
def test_neighbours_lie_on_the_background_and_under_the_cover(cover_bank: Tensor, effect: str) -> None:
    small = PhotoOptions(smallest=0.25, largest=0.3)
    changed = (
        (
            make_photos(cover_bank, replace(PLAIN, **{effect: 1.0}), small)
            - make_photos(cover_bank, PLAIN, small)
        )
        .abs()
        .amax(1)
    )
    assert 0.05 < float((changed > 20).float().mean()) < 0.7

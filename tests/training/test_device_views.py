"""Photos made on the device: each effect leaves its trace, nothing aliases, and they are like the OpenCV photos."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from recto.errors import BadInput
from recto.training.augment import PhotoOptions, photo_view
from recto.training.batches import make_pairs, width_of
from recto.training.covers import map_covers, render_covers
from recto.training.device_camera import camera
from recto.training.device_covers import take
from recto.training.device_draws import Draws
from recto.training.device_jpeg import jpeg
from recto.training.device_options import Shares
from recto.training.device_scene import OTHERS, photo_views
from recto.training.device_views import CHUNK, DevicePairs, make_pairs_on_device
from recto.training.device_warp import pyramid, warp

HEIGHT, WIDTH = 128, 96
NOTHING = Shares(**dict.fromkeys(Shares.__dataclass_fields__, 0.0))
PLAIN = replace(NOTHING, flat=1.0)
STRAIGHT = PhotoOptions(turn=0, quarter_turn=0, any_turn=0, smallest=0.9, largest=0.9, perspective=0)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def covers(tmp_path_factory: pytest.TempPathFactory) -> Tensor:
    path = render_covers(tmp_path_factory.mktemp("covers"), "covers", 64, 5, 0.5, 1)
    return torch.from_numpy(map_covers(path).copy())


def _pairs(covers: Tensor, step: int = 3, height: int = 96, **changes: object) -> DevicePairs:
    chosen = torch.arange(32)
    return make_pairs_on_device(covers, 1, step, chosen, height, PhotoOptions(), 0.35, **changes)  # type: ignore[arg-type]


def _photos(
    covers: Tensor,
    shares: Shares = PLAIN,
    options: PhotoOptions = STRAIGHT,
    seed: int = 0,
    bank: Tensor | None = None,
) -> Tensor:
    """A photo of each cover, (B, 3, HEIGHT, WIDTH)."""
    bank = covers if bank is None else bank
    draws = Draws((seed, 0), len(covers), CPU)
    others = torch.randint(len(bank), (len(covers), OTHERS), generator=torch.Generator().manual_seed(seed))
    images, upright = take(covers, torch.arange(len(covers))), torch.zeros(len(covers), dtype=torch.int64)
    return photo_views(images, upright, bank, others, draws, (HEIGHT, WIDTH), options, shares)


def _filmed(scenes: Tensor, **shares: float) -> Tensor:
    """What a camera with some effects makes of scenes."""
    scenes = scenes.clone()
    camera(scenes, Draws((5, 5), len(scenes), CPU), replace(NOTHING, **shares))
    return scenes


def _energy(images: Tensor) -> Tensor:
    """Mean squared difference of neighbouring pixels, (B,)."""
    across, down = images.diff(dim=3), images.diff(dim=2)
    return (across**2).mean((1, 2, 3)) + (down**2).mean((1, 2, 3))


def test_a_batch_is_a_function_of_seed_step_and_covers(covers: Tensor) -> None:
    first, again, next_one = (_pairs(covers, step) for step in (3, 3, 4))
    assert torch.equal(first.portrait, again.portrait)
    assert torch.equal(first.landscape, again.landscape)
    assert not torch.equal(first.portrait, next_one.portrait)


def test_every_image_of_a_batch_belongs_to_one_pair(covers: Tensor) -> None:
    chosen = torch.arange(CHUNK + 32) % len(covers)
    pairs = make_pairs_on_device(covers, 1, 0, chosen, 32, PhotoOptions(), 0.35)
    total = 2 * len(chosen)
    assert len(pairs.portrait) + len(pairs.landscape) == total
    assert sorted(torch.cat([pairs.catalogue, pairs.photos]).tolist()) == list(range(total))
    assert torch.equal(pairs.covers, chosen)


def test_a_batch_has_the_layout_of_the_batches_made_on_the_cpu(covers: Tensor) -> None:
    expected = make_pairs(covers.numpy(), 1, 0, 32, 96)
    pairs = make_pairs_on_device(covers, 1, 0, torch.from_numpy(expected.covers), 96, PhotoOptions(), 0.35)
    for name in ("portrait", "landscape", "covers", "catalogue", "photos"):
        made, wanted = getattr(pairs, name), torch.from_numpy(getattr(expected, name))
        assert (made.shape, made.dtype) == (wanted.shape, wanted.dtype)
    assert np.array_equal(pairs.catalogue, expected.catalogue)
    assert np.array_equal(pairs.photos, expected.photos)


def test_square_images_are_one_group(covers: Tensor) -> None:
    pairs = _pairs(covers, width=96)
    assert pairs.portrait.shape == (64, 96, 96, 3)
    assert pairs.landscape.shape == (0, 96, 96, 3)


def test_covers_of_another_form_are_refused(covers: Tensor) -> None:
    with pytest.raises(BadInput, match="uint8"):
        _pairs(covers.float())


@pytest.mark.parametrize("size", [(96, 64), (96, 96)])
def test_without_effects_a_catalogue_view_is_the_cover_upright_or_lying(
    covers: Tensor, size: tuple[int, int]
) -> None:
    pairs = make_pairs_on_device(
        covers, 1, 0, torch.arange(32), size[0], STRAIGHT, 0.0, width=size[1], shares=PLAIN
    )
    for place in range(32):
        view = _image(pairs, int(pairs.catalogue[place]))
        reduced = cv2.resize(covers[place].numpy(), size[::-1], interpolation=cv2.INTER_AREA).astype(float)
        ways = [reduced] if place % 4 else [np.rot90(reduced, 1), np.rot90(reduced, 3)]
        assert min(np.abs(view - way).mean() for way in ways) < 4


def _image(pairs: DevicePairs, row: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    before = len(pairs.portrait)
    image = pairs.portrait[row] if row < before else pairs.landscape[row - before]
    return image.numpy().astype(np.float64)


def test_a_lying_cover_lies_alike_in_its_photo(covers: Tensor) -> None:
    """Not turned by a half against its catalogue view: at turn 0 both show the same side up."""
    pairs = make_pairs_on_device(covers, 1, 0, torch.arange(64), 96, STRAIGHT, 0.0, width=96, shares=PLAIN)
    right = 0
    for place in range(0, 64, 4):
        view, photo = (_image(pairs, int(rows[place])) for rows in (pairs.catalogue, pairs.photos))
        right += _likeness(photo, view) > _likeness(photo, view[::-1, ::-1])
    assert right >= 14


def _likeness(one: np.ndarray, other: np.ndarray) -> float:  # type: ignore[type-arg]
    """Correlation of two pictures' coarse grids."""
    grids = [cv2.resize(image, (12, 12), interpolation=cv2.INTER_AREA).ravel() for image in (one, other)]
    return float(np.corrcoef(grids)[0, 1])


def test_a_photo_shows_its_own_cover(covers: Tensor) -> None:
    """With every effect, seen straight on, a photo is often most like its own cover, of 40."""
    covers = covers[12:52]
    photos = _photos(covers, Shares(), STRAIGHT)
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
    pairs = make_pairs_on_device(bank, 1, 0, chosen, 96, STRAIGHT, 0.0, shares=replace(PLAIN, mirrored=0.5))
    mirrored_views = 0
    for place in range(256):
        if place % 4 == 0 or place // 4 % 4 == 0:
            continue  # lying or in a wide frame
        view, photo = (_image(pairs, int(rows[place])) for rows in (pairs.catalogue, pairs.photos))
        mirrored_views += _likeness(view, drawing.astype(float)) < 0.8
        assert _likeness(photo, view) > _likeness(photo, view[:, ::-1])
    assert 30 < mirrored_views < 120


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


def test_a_large_cover_stays_sharp(covers: Tensor) -> None:
    """At half its size a warp keeps the detail that a reduction by areas keeps."""
    images = take(covers, torch.arange(16))
    whole = torch.tensor([[0.0, 0], [88, 0], [88, 128], [0, 128]]).expand(16, 4, 2)
    ratio = _energy(warp(pyramid(images), whole, 128, 88)) / _energy(
        torch.nn.functional.avg_pool2d(images, 2)
    )
    assert float(ratio.median()) > 0.8


def test_jpeg_is_what_libjpeg_makes(covers: Tensor) -> None:
    images = take(covers[:8], torch.arange(8))[:, :, :96, :80]
    for quality in (30, 60, 88):
        ours = jpeg(images, torch.full((8,), float(quality)))
        for image, compressed in zip(images, ours, strict=True):
            pixels = image.permute(1, 2, 0).byte().numpy()
            _, data = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
            theirs = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), float)[:, :, ::-1]
            loss = np.abs(theirs - pixels).mean()
            assert np.abs(compressed.permute(1, 2, 0).numpy() - theirs).mean() < 0.2 * loss


def test_jpeg_keeps_sizes_that_are_no_whole_blocks() -> None:
    flat = torch.full((2, 3, 35, 21), 90.0)
    assert torch.allclose(jpeg(flat, torch.tensor([30.0, 80.0])), flat, atol=2)


def test_jpeg_in_a_photo_shows_in_blocks(covers: Tensor) -> None:
    """Steps between blocks of 8 grow against those within."""

    def blockiness(images: Tensor) -> float:
        steps = images.diff(dim=3).abs().mean((0, 1, 2))
        at_edges = torch.arange(len(steps)) % 8 == 7
        return float(steps[at_edges].mean() / steps[~at_edges].mean())

    photos = _photos(covers)
    assert blockiness(_filmed(photos, jpeg=1.0)) > blockiness(photos) * 1.03


def test_glare_only_brightens(covers: Tensor) -> None:
    photos = _photos(covers)
    change = _filmed(photos, glare=1.0) - photos
    assert float(change.min()) > -0.001
    assert float(change.mean()) > 3


def test_a_shadow_only_darkens_and_has_an_edge() -> None:
    even = torch.full((64, 3, HEIGHT, WIDTH), 200.0)
    shaded = _filmed(even, shadow=1.0)
    assert float(shaded.max()) <= 200
    edge_and_both_sides = (shaded.amax((1, 2, 3)) - shaded.amin((1, 2, 3))) > 30
    assert edge_and_both_sides.float().mean() > 0.3


def test_uneven_light_changes_smoothly() -> None:
    even = torch.full((64, 3, HEIGHT, WIDTH), 120.0)
    lit = _filmed(even, uneven_light=1.0)
    assert 8 < float(lit.std((2, 3)).mean()) < 40
    assert float(lit.diff(dim=3).abs().max()) < 8


def test_tone_keeps_the_order_of_grey_levels_within_a_channel() -> None:
    ramp = torch.linspace(0, 255, 64).expand(32, 3, 8, 64).contiguous()
    toned = _filmed(ramp, tone=1.0)
    assert float(toned.diff(dim=3).min()) >= 0
    assert float(toned.mean((2, 3)).std(1).mean()) > 3, "a cast: channels move apart"
    assert float(toned.mean((1, 2, 3)).std()) > 15, "an exposure: images move apart"


def test_noise_has_the_deviation_it_should() -> None:
    noisy = _filmed(torch.full((64, 3, HEIGHT, WIDTH), 120.0), noise=1.0)
    deviations = noisy.std((1, 2, 3))
    assert 0.9 < float(deviations.min()) < float(deviations.max()) < 12.5
    assert float((noisy.mean((1, 2, 3)) - 120).abs().max()) < 0.5


@pytest.mark.parametrize("effect", ["defocus", "motion", "low_resolution"])
def test_blur_takes_detail_and_keeps_brightness(covers: Tensor, effect: str) -> None:
    photos = _photos(covers)
    blurred = _filmed(photos, **{effect: 1.0})
    kept = _energy(blurred) / _energy(photos)
    assert 0.1 < float(kept.median()) < 0.85
    assert float((blurred.mean((1, 2, 3)) - photos.mean((1, 2, 3))).abs().max()) < 2.5


def test_low_resolution_removes_high_frequencies() -> None:
    stripes = (torch.arange(WIDTH) % 2 * 255.0).expand(32, 3, HEIGHT, WIDTH).contiguous()
    assert float(_filmed(stripes, low_resolution=1.0).std((1, 2, 3)).max()) < 75  # 127 before


def test_grey_photos_have_no_colour(covers: Tensor) -> None:
    photos = _filmed(_photos(covers), grey=1.0)
    assert torch.equal(photos[:, 0], photos[:, 2])


def test_stickers_hide_a_part_of_the_cover_in_the_photo_alone(covers: Tensor) -> None:
    changed = (_photos(covers, replace(PLAIN, stickers=1.0)) - _photos(covers)).abs().amax(1) > 25
    share = changed.float().mean((1, 2))
    assert 0.01 < float(share.mean()) < 0.12
    views = [_pairs(covers, shares=replace(PLAIN, stickers=stickers)) for stickers in (0.0, 1.0)]
    assert len({_image(pairs, int(pairs.catalogue[1])).tobytes() for pairs in views}) == 1


def test_an_occluder_stands_at_the_edge(covers: Tensor) -> None:
    changed = (_photos(covers, replace(PLAIN, occluder=1.0)) - _photos(covers)).abs().amax(1) > 12
    assert 0.005 < float(changed.float().mean()) < 0.15
    middle = changed[:, HEIGHT // 2 - 8 : HEIGHT // 2 + 8, WIDTH // 2 - 8 : WIDTH // 2 + 8]
    assert not middle.any()


def test_a_rim_darkens_what_lies_around_the_cover() -> None:
    white = torch.full((32, 256, 176, 3), 255, dtype=torch.uint8)
    small = replace(STRAIGHT, smallest=0.3, largest=0.3)
    difference = _photos(white, replace(NOTHING, rim=1.0), small) - _photos(white, NOTHING, small)
    assert float(difference.max()) <= 0
    assert float(difference.amin((1, 2, 3)).max()) < -5
    assert not difference[:, :, HEIGHT // 2, WIDTH // 2].any()


def test_backgrounds_are_flat_textured_blurred_or_sharp(covers: Tensor) -> None:
    """Above a cover that lies far from the frame's edge."""
    tiny = replace(STRAIGHT, smallest=0.01, largest=0.01)
    kinds = [replace(NOTHING, **kind) for kind in ({"flat": 1.0}, {"textured": 1.0}, {"blurred": 1.0}, {})]
    corners = [_photos(covers, kind, tiny)[:, :, :16] for kind in kinds]
    flat, textured, blurred, sharp = (float(_energy(corner).mean()) for corner in corners)
    assert flat < 0.01 < textured
    assert 0.01 < blurred < sharp / 5


@pytest.mark.parametrize("effect", ["one_neighbour", "two_neighbours"])
def test_neighbours_lie_on_the_background_and_under_the_cover(covers: Tensor, effect: str) -> None:
    small = PhotoOptions(smallest=0.25, largest=0.3)
    changed = (
        (_photos(covers, replace(PLAIN, **{effect: 1.0}), small) - _photos(covers, PLAIN, small))
        .abs()
        .amax(1)
    )
    assert 0.05 < float((changed > 20).float().mean()) < 0.7


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
        _photos(torch.from_numpy(cover)[None].repeat(256, 1, 1, 1), Shares(), bank=bank, options=options)
        for cover in (white, black)
    )
    shown = ((light_photos - dark_photos).abs().amax(1) > 30).float().mean((1, 2)).numpy()
    assert abs(shown.mean() - np.mean(theirs)) < 0.05
    assert abs(shown.std() - np.std(theirs)) < 0.05


def test_photos_have_the_statistics_of_those_of_opencv(covers: Tensor) -> None:
    """Brightness, contrast and detail of 512 photos of each, in the mean and in their spread."""
    drawn = covers.numpy()
    rng = np.random.default_rng(0)
    theirs_list = [
        photo_view(
            drawn[i % 64], list(drawn[rng.integers(0, 64, OTHERS)]), rng, HEIGHT, WIDTH, PhotoOptions()
        )
        for i in range(512)
    ]
    theirs = torch.from_numpy(np.stack(theirs_list)).permute(0, 3, 1, 2).float()
    ours = torch.cat([_photos(covers, Shares(), PhotoOptions(), seed) for seed in range(8)])
    for name, statistic, mean_within, deviation_within in (
        ("brightness", lambda images: images.mean((1, 2, 3)), 8, 8),
        ("contrast", lambda images: images.std((1, 2, 3)), 5, 5),
        ("colour", lambda images: images.std(1).mean((1, 2)), 4, 4),
        ("detail", lambda images: _energy(images).log(), 0.3, 0.25),
    ):
        ours_of, theirs_of = statistic(ours), statistic(theirs)
        assert abs(float(ours_of.mean() - theirs_of.mean())) < mean_within, name
        assert abs(float(ours_of.std() - theirs_of.std())) < deviation_within, name


def test_new_covers_and_composites_differ_from_the_covers_they_are_made_of(covers: Tensor) -> None:
    plain = make_pairs_on_device(covers, 1, 0, torch.arange(32), 96, STRAIGHT, 0.0, shares=PLAIN)
    mixed = make_pairs_on_device(covers, 1, 0, torch.arange(32), 96, STRAIGHT, 1.0, shares=PLAIN)
    changes = [
        np.abs(_image(plain, int(row)) - _image(mixed, int(row))).mean() for row in plain.catalogue.tolist()
    ]
    assert np.mean(np.array(changes) > 3) > 0.7
    for effect in ("upside_down", "permuted", "inverted", "recoloured", "pale"):
        changed = make_pairs_on_device(
            covers, 1, 0, torch.arange(32), 96, STRAIGHT, 0.0, shares=replace(PLAIN, **{effect: 1.0})
        )
        assert not torch.equal(changed.portrait, plain.portrait), effect


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_cuda_device_makes_the_same_photos_up_to_rounding(covers: Tensor) -> None:
    """Without noise, which each device draws in its own way."""
    here, there = (_pairs(bank, height=160, shares=Shares(noise=0.0)) for bank in (covers, covers.cuda()))
    difference = (here.portrait.float() - there.portrait.cpu().float()).abs()
    assert float(difference.mean()) < 1
    assert there.landscape.is_cuda


def test_the_width_follows_from_the_height_unless_given(covers: Tensor) -> None:
    assert _pairs(covers, height=160).portrait.shape[1:3] == (160, width_of(160))

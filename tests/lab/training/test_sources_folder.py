"""A folder of covers becomes pictures to learn from and pictures held out; what cannot be used is told."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.lab.training.conftest import FILES, drawn, jpeg, shown

from recto.errors import BadInput
from recto_lab.training.sources import Images, Split, prepare_folder
from recto_lab.training.sources.decoding import squeeze

SIZE = (256, 176)


def prepared(out: Path, folder: Path, **options: object) -> Split:
    """The folder as tests prepare it."""
    given = {"held_out": 0.2, "seed": 3, "size": SIZE, "processes": 2, **options}
    return prepare_folder(out, folder, **given)  # type: ignore[arg-type]


def everything(split: Split) -> dict[str, bytes]:
    """Pixels by name of both sides."""
    return {**shown(split.training), **shown(split.held_out)}


def reasons(split: Split) -> dict[str, str]:
    """Why each name was left out."""
    return {one.name: one.reason for one in split.left_out}


def test_every_format_is_read_and_every_picture_is_one_identity(folder: Path, tmp_path: Path) -> None:
    split = prepared(tmp_path / "out", folder)
    assert split.left_out == ()
    assert len(split.training) + len(split.held_out) == 24
    assert len(everything(split)) == 24
    for images in (split.training, split.held_out):
        assert images.open().shape == (len(images), *SIZE, 3)
        assert sorted(images.labels.tolist()) == list(range(len(images.names)))
    assert len(split.held_out) >= 2


def test_pictures_are_squeezed_into_the_size(folder: Path, tmp_path: Path) -> None:
    found = everything(prepared(tmp_path / "out", folder))
    for number, name in ((1, "part-1/01.png"), (10, "part-1/10.jpg")):
        expected = cv2.resize(np.asarray(drawn(number)), SIZE[::-1], interpolation=cv2.INTER_AREA)
        own = np.frombuffer(found[name], np.uint8).reshape(*SIZE, 3)
        assert np.abs(own.astype(int) - expected).mean() < 4


def test_the_orientation_in_exif_is_applied(folder: Path, tmp_path: Path) -> None:
    cover = drawn(50)
    (folder / "straight.jpg").write_bytes(jpeg(cover))
    (folder / "turned.jpg").write_bytes(jpeg(cover.transpose(Image.Transpose.ROTATE_180), orientation=3))
    (folder / "lying.jpg").write_bytes(jpeg(cover.transpose(Image.Transpose.ROTATE_90), orientation=6))
    found = everything(prepared(tmp_path / "out", folder))
    straight, *others = (
        np.frombuffer(found[f"{name}.jpg"], np.uint8).astype(int) for name in ("straight", "turned", "lying")
    )
    assert all(np.abs(straight - other).mean() < 3 for other in others)


def test_a_lying_picture_is_turned_for_a_standing_size_and_squeezed_for_a_square_one(
    folder: Path, tmp_path: Path
) -> None:
    lying = drawn(51).transpose(Image.Transpose.ROTATE_270)
    lying.save(folder / "lying.png")
    standing = np.asarray(lying.transpose(Image.Transpose.ROTATE_90))
    for size, upright in ((SIZE, standing), ((128, 128), np.asarray(lying))):
        found = everything(prepared(tmp_path / "out", folder, size=size))["lying.png"]
        expected = cv2.resize(upright, size[::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(np.frombuffer(found, np.uint8).reshape(*size, 3).astype(int) - expected).mean() < 3


def test_a_standing_picture_is_turned_for_a_lying_size() -> None:
    assert squeeze(np.zeros((90, 60, 3), np.uint8), 20, 30).shape == (20, 30, 3)
    picture = np.zeros((2, 4, 3), np.uint8)
    picture[:, :2] = 200
    assert squeeze(picture, 4, 2)[:, 0, 0].tolist() == [0, 0, 200, 200]


def test_broken_and_absurd_files_are_left_out_with_their_reasons(folder: Path, tmp_path: Path) -> None:
    whole = jpeg(drawn(60))
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "text.jpg").write_text("Chapter one")
    (folder / "empty.png").write_bytes(b"")
    Image.new("RGB", (4000, 20)).save(folder / "thin.png")
    Image.new("1", (10100, 10000)).save(folder / "bomb.png")
    (folder / "link.jpg").symlink_to(folder / "nowhere.jpg")
    os.mkfifo(folder / "pipe.jpg")
    (folder / "linked").symlink_to(folder / "part-0")
    (folder / "notes.txt").write_text("no picture, and nobody expects one")
    (folder / "._ghost.jpg").write_text("what a Mac leaves behind")
    split = prepared(tmp_path / "out", folder)
    assert len(everything(split)) == 24
    said = reasons(split)
    expected = {
        "cut.jpg": "ends too early",
        "text.jpg": "not an image",
        "empty.png": "empty",
        "thin.png": "too few",
        "bomb.png": "at most 100 million",
        "link.jpg": "does not exist",
        "pipe.jpg": "not a plain file",
        "linked/": "link to a folder",
    }
    assert set(said) == set(expected)
    assert all(part in said[name] for name, part in expected.items())


def test_equal_files_count_once(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "part-1" / "01.png", folder / "part-2" / "zz.png")
    split = prepared(tmp_path / "out", folder)
    assert len(everything(split)) == 24
    assert reasons(split) == {"part-2/zz.png": "It is the same file as part-1/01.png."}


@pytest.mark.parametrize("pictures", [0, 7])
def test_too_few_pictures_are_refused_with_how_many_there_are(tmp_path: Path, pictures: int) -> None:
    covers = tmp_path / "covers"
    covers.mkdir()
    for number in range(pictures):
        drawn(number).save(covers / f"{number}.png")
    with pytest.raises(BadInput, match=f"has {pictures} usable covers, and at least 16 are needed"):
        prepared(tmp_path / "out", covers)


def test_too_few_usable_pictures_are_refused_with_an_example_and_leave_no_pictures(
    folder: Path, tmp_path: Path
) -> None:
    for path in sorted(folder.rglob("*.*"))[:10]:
        path.write_text("broken")
    with pytest.raises(
        BadInput, match=r"has 14 usable covers, .* 16 .*Not usable: cover\.avif \(The file is not"
    ):
        prepared(tmp_path / "out", folder)
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == ["lock"]


@pytest.mark.parametrize(
    "given", [{"held_out": 0.0}, {"held_out": 0.9}, {"size": (0, 64)}, {"size": (64, 9000)}]
)
def test_options_out_of_bounds_are_refused(folder: Path, tmp_path: Path, given: dict[str, object]) -> None:
    with pytest.raises(BadInput, match=r"must be|can be"):
        prepared(tmp_path / "out", folder, **given)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no folder"):
        prepared(tmp_path / "out", tmp_path / "nowhere")


def test_an_added_picture_moves_no_other_one(folder: Path, tmp_path: Path) -> None:
    before = prepared(tmp_path / "out", folder)
    for number in range(70, 76):
        drawn(number).save(folder / f"{number}.png")
    after = prepared(tmp_path / "out", folder)
    assert set(before.held_out.names) <= set(after.held_out.names)
    assert set(before.training.names) <= set(after.training.names)
    assert everything(before).items() <= everything(after).items()


def test_another_seed_holds_out_others(folder: Path, tmp_path: Path) -> None:
    sides = {frozenset(prepared(tmp_path / "out", folder, seed=seed).held_out.names) for seed in range(4)}
    assert len(sides) > 1


def test_an_unchanged_folder_is_used_again_and_a_changed_one_prepared_anew(
    folder: Path, tmp_path: Path
) -> None:
    first = prepared(tmp_path / "out", folder)
    written = first.training.path.stat().st_mtime_ns
    again = prepared(tmp_path / "out", folder)
    assert again.training.path == first.training.path
    assert again.training.path.stat().st_mtime_ns == written
    assert np.array_equal(again.training.labels, first.training.labels)
    assert (again.training.names, again.left_out) == (first.training.names, first.left_out)
    changed = folder / "part-1" / "01.png"
    drawn(80).save(changed)
    other = prepared(tmp_path / "out", folder)
    assert other.training.path != first.training.path
    assert everything(other)["part-1/01.png"] != everything(first)["part-1/01.png"]


def test_damaged_prepared_pictures_are_prepared_again(folder: Path, tmp_path: Path) -> None:
    first = prepared(tmp_path / "out", folder)
    before = everything(first)
    os.truncate(first.held_out.path, 1000)
    assert everything(prepared(tmp_path / "out", folder)) == before


def test_worker_processes_can_be_given_the_pictures(folder: Path, tmp_path: Path) -> None:
    images: Images = pickle.loads(pickle.dumps(prepared(tmp_path / "out", folder).training))
    assert len(images.open()) == len(images)


def test_the_files_of_phones_are_among_the_pictures(folder: Path, tmp_path: Path) -> None:
    for name in ("lying.heic", "lying.avif"):
        shutil.copy(FILES / name, folder / name)
    assert {"lying.heic", "lying.avif"} <= set(everything(prepared(tmp_path / "out", folder)))

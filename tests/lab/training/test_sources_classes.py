"""Folders of classes: the folder is the label, and every class is on both sides."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image
from tests.lab.training.conftest import jpeg, picture

from recto.errors import BadInput
from recto_lab.training.sources import Images, Split, prepare_classes

SIZES = {"zebra": 12, "ant": 5, "cup": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three classes of different sizes."""
    number = 0
    for name, count in SIZES.items():
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for place in range(count):
            data = jpeg(picture(number := number + 1, 60, 80))
            (tmp_path / "pictures" / name / f"{place}.jpg").write_bytes(data)
    return tmp_path / "pictures"


def prepared(out: Path, folder: Path, held_out: float = 0.25) -> Split:
    """The classes as tests prepare them."""
    return prepare_classes(out, folder, held_out=held_out, seed=2, size=(64, 64), processes=2)


def counts(images: Images) -> dict[str, int]:
    """Pictures of each class."""
    return dict(Counter(images.names[label] for label in images.labels.tolist()))


def test_classes_are_sorted_and_the_same_on_both_sides(folder: Path, tmp_path: Path) -> None:
    split = prepared(tmp_path / "out", folder)
    assert split.training.names == split.held_out.names == ("ant", "cup", "zebra")
    assert split.training.open().shape == (14, 64, 64, 3)


def test_of_each_class_its_share_is_held_out_and_at_least_one(folder: Path, tmp_path: Path) -> None:
    split = prepared(tmp_path / "out", folder)
    assert counts(split.held_out) == {"ant": 1, "cup": 1, "zebra": 3}
    assert counts(split.training) == {"ant": 4, "cup": 1, "zebra": 9}


def test_a_picture_has_the_label_of_its_folder(folder: Path, tmp_path: Path) -> None:
    before = prepared(tmp_path / "out", folder)
    for place, grey in enumerate((250, 255)):
        (folder / "cup" / f"{place}.jpg").write_bytes(jpeg(Image.new("RGB", (60, 80), (grey,) * 3)))
    split = prepared(tmp_path / "out", folder)
    assert split.training.path != before.training.path
    for images in (split.training, split.held_out):
        white = images.open().min(axis=(1, 2, 3)) > 240
        assert {images.names[label] for label in images.labels[white].tolist()} == {"cup"}
        assert white.sum() == 1


def test_an_added_picture_moves_at_most_one_other_of_its_class(folder: Path, tmp_path: Path) -> None:
    def held(split: Split) -> set[bytes]:
        return {row.tobytes() for row in split.held_out.open()}

    before = held(prepared(tmp_path / "out", folder))
    (folder / "zebra" / "new.jpg").write_bytes(jpeg(picture(900, 60, 80)))
    assert len(before - held(prepared(tmp_path / "out", folder))) <= 1


@pytest.mark.parametrize("usable", [0, 1])
def test_a_class_with_too_few_pictures_is_refused_by_its_name(
    folder: Path, tmp_path: Path, usable: int
) -> None:
    (folder / "lamp").mkdir()
    for place in range(usable):
        (folder / "lamp" / f"{place}.jpg").write_bytes(jpeg(picture(800 + place, 60, 80)))
    with pytest.raises(BadInput, match=rf"at least 2 usable pictures.*: lamp \({usable}\)"):
        prepared(tmp_path / "out", folder)


def test_a_class_whose_pictures_are_broken_is_refused_by_its_name_with_an_example(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "cup" / "1.jpg").write_text("broken")
    with pytest.raises(BadInput, match=r"cup \(1\)\. .*Not usable: cup/1\.jpg \(The file is not an image"):
        prepared(tmp_path / "out", folder)


def test_one_class_or_none_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("ant", "cup"):
        shutil.rmtree(folder / name)
    with pytest.raises(BadInput, match=r"1 class folders \(zebra\), and at least 2 are needed"):
        prepared(tmp_path / "out", folder)
    shutil.rmtree(folder / "zebra")
    with pytest.raises(BadInput, match="0 class folders, and at least 2"):
        prepared(tmp_path / "out", folder)


def test_what_lies_in_no_class_or_in_two_is_told(folder: Path, tmp_path: Path) -> None:
    (folder / "loose.jpg").write_bytes(jpeg(picture(700, 60, 80)))
    (folder / "zebra" / "deeper").mkdir()
    shutil.copy(folder / "ant" / "0.jpg", folder / "zebra" / "deeper" / "ant.jpg")
    (folder / "zebra" / "deeper" / "other.jpg").write_bytes(jpeg(picture(701, 60, 80)))
    split = prepared(tmp_path / "out", folder)
    assert {one.name: one.reason for one in split.left_out} == {
        "loose.jpg": "It lies in no class folder.",
        "zebra/deeper/ant.jpg": "It is the same file as ant/0.jpg.",
    }
    assert counts(split.training)["zebra"] + counts(split.held_out)["zebra"] == 13


def test_real_pictures_of_classes_are_prepared(bench: Path, tmp_path: Path) -> None:
    split = prepared(tmp_path, bench / "caltech101")
    assert split.left_out == ()
    assert len(split.training.names) == 20
    assert set(counts(split.held_out)) == set(split.training.names)

"""Encoders that users add: tried out, kept in the store, found by every process, never mistaken for another."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.support.encoder_folders import small_folder, squeezenet_folder

from recto.encoders import CARDS, added_cards, all_cards, card, known_card, load_encoder, pca
from recto.encoders.added import copy_encoder, is_added
from recto.encoders.adding import add_encoder
from recto.encoders.card_document import MAX_BYTES
from recto.errors import BadInput, NotFound, WrongFormat
from recto.settings import Settings
from recto.storage.blobs import Blobs, open_blobs
from recto.vectors import RGB


@pytest.fixture(params=["folder", "s3"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty store, of each kind."""
    settings = Settings(data_dir=tmp_path / "data", device="cpu", torch_threads=1)
    return replace(settings, **request.getfixturevalue("s3_settings")) if request.param == "s3" else settings


@pytest.fixture
def in_folder(tmp_path: Path) -> Settings:
    """Settings of an empty data folder."""
    return Settings(data_dir=tmp_path / "data", device="cpu", torch_threads=1)


@pytest.fixture
def blobs(in_folder: Settings) -> Blobs:
    """Its store."""
    return open_blobs(in_folder)


def stored(settings: Settings) -> list[str]:
    """Names of all files in the store of a data folder."""
    return sorted(str(path) for path in settings.data_dir.rglob("*") if path.is_file())


def test_an_added_encoder_is_one_like_any_other(
    settings: Settings, tmp_path: Path, images: list[RGB]
) -> None:
    blobs = open_blobs(settings)
    added = add_encoder(small_folder(tmp_path / "encoder"), "", blobs)
    spec = added.card.name
    assert (added.is_new, spec.startswith("mine-"), len(spec)) == (True, True, 13)
    assert known_card(spec, blobs) == added.card
    assert known_card(f"{spec}+pca8-00000000@openvino-f32", blobs).dimension == 8
    assert added_cards(blobs) == [added.card]
    embeddings = load_encoder(spec, settings).embed(images)
    assert embeddings.shape == (len(images), 256)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-5)


def test_a_projection_in_the_folder_comes_along(
    settings: Settings, tmp_path: Path, images: list[RGB]
) -> None:
    blobs, folder = open_blobs(settings), small_folder(tmp_path / "encoder")
    plain = add_encoder(folder, "", blobs)
    rows = np.random.default_rng(0).standard_normal((64, 256)).astype(np.float32)
    projection = pca.learn([rows], 8, 256, "mine")
    (folder / "projection.npz").write_bytes(pca.save(projection))
    added = add_encoder(folder, "", blobs)
    assert (added.card, added.dimension, added.is_new) == (plain.card, 8, True)
    assert not add_encoder(folder, "", blobs).is_new
    expected = projection.apply(load_encoder(plain.spec, settings).embed(images))
    np.testing.assert_array_equal(load_encoder(added.spec, settings).embed(images), expected)


@pytest.mark.parametrize(
    ("data", "said"), [(b"none", "not a projection"), (None, "is for embeddings of 4 numbers")]
)
def test_a_projection_that_does_not_fit_is_refused(
    data: bytes | None, said: str, blobs: Blobs, in_folder: Settings, tmp_path: Path
) -> None:
    folder = small_folder(tmp_path / "encoder")
    other = pca.save(pca.learn([np.eye(4, dtype=np.float32)], 2, 4, "mine"))
    (folder / "projection.npz").write_bytes(other if data is None else data)
    with pytest.raises(BadInput, match=said):
        add_encoder(folder, "", blobs)
    assert stored(in_folder) == []


def test_it_computes_what_the_network_in_the_folder_does(
    blobs: Blobs, in_folder: Settings, tmp_path: Path, images: list[RGB]
) -> None:
    folder = squeezenet_folder(tmp_path / "encoder")
    spec = add_encoder(folder, "", blobs).card.name
    (tmp_path / "weights").mkdir()
    (folder / "weights.pt").rename(tmp_path / "weights" / "squeezenet1_1.pth")
    named = load_encoder("squeezenet1_1", replace(in_folder, weights_dir=str(tmp_path / "weights")))
    np.testing.assert_array_equal(load_encoder(spec, in_folder).embed(images), named.embed(images))


def test_its_recipe_holds_the_name_the_card_and_the_weights(
    blobs: Blobs, in_folder: Settings, tmp_path: Path
) -> None:
    card = add_encoder(small_folder(tmp_path / "encoder"), "", blobs).card
    parts = load_encoder(card.name, in_folder).fingerprint()
    assert parts == {**card.fingerprint(), "weights": card.weights_sha256}
    assert parts["name"] == card.name


def test_the_same_folder_is_the_same_encoder(blobs: Blobs, in_folder: Settings, tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "encoder")
    first = add_encoder(folder, "", blobs)
    kept = stored(in_folder)
    again = add_encoder(folder, "", blobs)
    assert (again.card, again.is_new) == (first.card, False)
    assert stored(in_folder) == kept
    assert len(kept) == 2


def test_another_name_card_or_network_is_another_encoder(blobs: Blobs, tmp_path: Path) -> None:
    folders = [
        small_folder(tmp_path / "1"),
        small_folder(tmp_path / "2", seed=2),
        small_folder(tmp_path / "3", std=(0.3, 0.3, 0.3)),
    ]
    added = [add_encoder(folder, "", blobs) for folder in folders]
    added.append(add_encoder(folders[0], "shelf_1", blobs))
    names = [each.card.name for each in added]
    assert len(set(names)) == 4
    assert all(each.is_new for each in added)
    assert names[3].startswith("shelf_1-")
    assert [card.name for card in added_cards(blobs)] == sorted(names)


@pytest.mark.parametrize("name", ["Mine", "a b", "../mine", "a" * 65, "mine+pca8-00000000"])
def test_a_name_that_cannot_be_is_refused(
    name: str, blobs: Blobs, in_folder: Settings, tmp_path: Path
) -> None:
    folder = small_folder(tmp_path / "encoder")
    with pytest.raises(BadInput, match="name"):
        add_encoder(folder, name, blobs)
    assert stored(in_folder) == []


def break_weights(folder: Path, state: Any) -> None:
    """Put something else into the place of the weights, of which the card names no hash."""
    torch.save(state, folder / "weights.pt")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "weights_sha256": ""}))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({}, "The weights do not fit recto_small"),
        ({"head.weight": torch.zeros(3)}, "The weights do not fit recto_small"),
        (["a", "list"], "something else than the weights"),
        ({"network": {"head.weight": torch.zeros(3)}, "step": 7}, "something else than the weights"),
        (Path("an object"), "holds no weights that can be read"),
    ],
    ids=["none", "others", "list", "checkpoint", "object"],
)
def test_weights_that_do_not_fit_are_refused_and_nothing_is_kept(
    state: Any, said: str, blobs: Blobs, in_folder: Settings, tmp_path: Path
) -> None:
    folder = small_folder(tmp_path / "encoder")
    break_weights(folder, state)
    with pytest.raises(BadInput, match=said):
        add_encoder(folder, "", blobs)
    assert stored(in_folder) == []


@pytest.mark.parametrize("number", [float("nan"), 0.0])
def test_a_network_that_gives_no_embeddings_is_refused(
    number: float, blobs: Blobs, in_folder: Settings, tmp_path: Path
) -> None:
    folder = small_folder(tmp_path / "encoder")
    state = torch.load(folder / "weights.pt", weights_only=True)
    break_weights(folder, {key: torch.full_like(value, number) for key, value in state.items()})
    with pytest.raises(BadInput, match="it is not trained"):
        add_encoder(folder, "", blobs)
    assert stored(in_folder) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dimension": 128}, "do not fit recto_small"),
        ({"architecture": "resnet18"}, "do not fit resnet18"),
        ({"weights_sha256": "0" * 64}, "not the file that card.json names"),
    ],
)
def test_a_card_that_says_something_else_than_the_network_is_refused(
    changes: dict[str, Any], said: str, blobs: Blobs, in_folder: Settings, tmp_path: Path
) -> None:
    folder = small_folder(tmp_path / "encoder", **changes)
    with pytest.raises(BadInput, match=said):
        add_encoder(folder, "", blobs)
    assert stored(in_folder) == []


def test_a_pooling_that_the_network_cannot_have_is_refused(blobs: Blobs, tmp_path: Path) -> None:
    folder = squeezenet_folder(tmp_path / "encoder")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "pooling": "own"}))
    with pytest.raises(BadInput, match="does not run as its card says"):
        add_encoder(folder, "", blobs)


@pytest.mark.parametrize("name", ["card.json", "weights.pt"])
def test_a_folder_without_its_files_is_told_which(name: str, blobs: Blobs, tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "encoder")
    (folder / name).unlink()
    with pytest.raises(BadInput, match=rf"{name} is not there"):
        add_encoder(folder, "", blobs)


def test_a_store_that_lacks_it_says_how_to_add_it(blobs: Blobs, in_folder: Settings) -> None:
    for use in (lambda spec: known_card(spec, blobs), lambda spec: load_encoder(spec, in_folder)):
        with pytest.raises(NotFound, match="mine-00000000 is not in the store; run `recto encoders add"):
            use("mine-00000000+pca8-00000000")
    with pytest.raises(BadInput, match="There is no encoder 'mine'"):
        known_card("mine", blobs)


def test_the_digits_of_another_name_are_not_enough(blobs: Blobs, tmp_path: Path) -> None:
    card = add_encoder(small_folder(tmp_path / "encoder"), "", blobs).card
    with pytest.raises(NotFound, match="is not in the store"):
        known_card(f"yours-{card.name[-8:]}", blobs)
    with pytest.raises(NotFound, match="is not in the store"):  # the weights are no card
        known_card(f"mine-{card.weights_sha256[:8]}", blobs)


def test_weights_that_are_gone_are_told(blobs: Blobs, in_folder: Settings, tmp_path: Path) -> None:
    card = add_encoder(small_folder(tmp_path / "encoder"), "", blobs).card
    (in_folder.data_dir / "models" / card.weights_sha256).unlink()
    with pytest.raises(NotFound, match=f"weights of {card.name} are not in the store; run `recto encoders"):
        load_encoder(card.name, in_folder)


@pytest.mark.parametrize("damaged", ["weights", "card"])
def test_a_damaged_file_is_refused_and_adding_again_heals_it(
    damaged: str, blobs: Blobs, in_folder: Settings, tmp_path: Path
) -> None:
    folder = small_folder(tmp_path / "encoder", seed=5)  # one that no other test has loaded
    card = add_encoder(folder, "", blobs).card
    [document] = blobs.list_models(MAX_BYTES)
    path = in_folder.data_dir / "models" / (card.weights_sha256 if damaged == "weights" else document)
    data = path.read_bytes()
    path.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
    with pytest.raises(WrongFormat, match="damaged; run `recto encoders add"):
        load_encoder(card.name, in_folder)
    add_encoder(folder, "", blobs)
    assert path.read_bytes() == data
    assert load_encoder(card.name, in_folder).card == card


def test_a_list_passes_over_what_is_no_card(blobs: Blobs, in_folder: Settings, tmp_path: Path) -> None:
    card = add_encoder(small_folder(tmp_path / "encoder"), "", blobs).card
    blobs.put_model(b"a projection, say")
    (in_folder.data_dir / "models" / ("a" * 64)).write_bytes(b"damaged")
    assert added_cards(blobs) == [card]
    assert added_cards(blobs) == [card]


def test_a_card_is_read_without_its_weights_and_without_torch_and_numpy(
    blobs: Blobs, in_folder: Settings, tmp_path: Path
) -> None:
    card = add_encoder(small_folder(tmp_path / "encoder"), "", blobs).card
    (in_folder.data_dir / "models" / card.weights_sha256).unlink()
    program = f"""
import sys
from pathlib import Path
from recto.storage.blobs import FolderBlobs
from recto.encoders import added_cards, known_card
blobs = FolderBlobs(Path({str(in_folder.data_dir)!r}))
print(known_card({card.name!r}, blobs).dimension, len(added_cards(blobs)))
print({{'torch', 'cv2', 'numpy'}} & set(sys.modules))
"""
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.split("\n")[:2] == ["256 1", "set()"]


def test_openvino_runs_it(blobs: Blobs, in_folder: Settings, tmp_path: Path, images: list[RGB]) -> None:
    pytest.importorskip("openvino")
    spec = add_encoder(squeezenet_folder(tmp_path / "encoder"), "", blobs).card.name
    plain, pinned = (load_encoder(f"{spec}{backend}", in_folder) for backend in ("", "@openvino-f32"))
    assert pinned.fingerprint() == {**plain.fingerprint(), "backend": "openvino-f32"}
    np.testing.assert_allclose(pinned.embed(images), plain.embed(images), atol=1e-4)


def test_what_a_spec_needs_is_copied_to_another_store(
    blobs: Blobs, in_folder: Settings, tmp_path: Path
) -> None:
    spec = add_encoder(small_folder(tmp_path / "encoder"), "", blobs).card.name
    digits = blobs.put_model(b"a projection, say")[:8]
    elsewhere = replace(in_folder, data_dir=tmp_path / "elsewhere")
    copy_encoder(f"{spec}+pca8-{digits}", blobs, open_blobs(elsewhere))
    assert load_encoder(spec, elsewhere).card.name == spec
    assert open_blobs(elsewhere).find_model(digits)
    copy_encoder("recto_small+pca256-c5762e49", blobs, open_blobs(elsewhere))  # ships with Recto
    assert len(stored(elsewhere)) == 3


def test_no_name_of_recto_itself_is_one_that_could_be_added(blobs: Blobs) -> None:
    assert not any(is_added(name) for name in all_cards())
    assert all(known_card(name, blobs) == card(name) for name in CARDS)

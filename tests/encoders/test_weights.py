"""Where weights come from: a folder, the package, torch's cache, a download; and what is said when they do not."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from recto.encoders import CARDS, Card, card, torchvision_models
from recto.encoders.weights import find_weights, load_weights
from recto.errors import BadInput, BadSetting, WeightsMissing
from recto.settings import Settings

SQUEEZENET = CARDS["squeezenet1_1"]
OURS = ("recto_small", "recto_small_2")


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    """An empty torch cache."""
    before = torch.hub.get_dir()
    torch.hub.set_dir(tmp_path / "hub")
    yield tmp_path / "hub" / "checkpoints"
    torch.hub.set_dir(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder of weights."""
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Card]:
    """SqueezeNet's card as if its publisher were a server on this computer, with a small file."""
    site = tmp_path / "site"
    site.mkdir()
    torch.save({"weight": torch.ones(3)}, site / "file.pth")
    digits = hashlib.sha256((site / "file.pth").read_bytes()).hexdigest()[:8]
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/file.pth"
    monkeypatch.setattr(torchvision_models, "published", lambda _architecture: SimpleNamespace(url=url))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield replace(SQUEEZENET, weights=f"squeezenet1_1-{digits}.pth", weights_sha256=digits)
    server.shutdown()
    server.server_close()


def test_the_name_of_the_encoder_comes_before_the_publishers_in_the_folder(folder: Path, cache: Path) -> None:
    for name in ("squeezenet1_1_mine.pth", SQUEEZENET.weights, "squeezenet1_1.pth"):
        (folder / name).touch()
    settings = Settings(weights_dir=str(folder))
    assert find_weights(SQUEEZENET, settings) == folder / "squeezenet1_1.pth"
    (folder / "squeezenet1_1.pth").unlink()
    assert find_weights(SQUEEZENET, settings) == folder / SQUEEZENET.weights
    (folder / SQUEEZENET.weights).unlink()
    assert find_weights(SQUEEZENET, settings) == folder / "squeezenet1_1_mine.pth"


def test_several_files_that_could_be_meant_are_named_and_none_is_guessed(folder: Path) -> None:
    for name in ("mobilenet_v2_one.pth", "mobilenet_v2_two.pth"):
        (folder / name).touch()
    with pytest.raises(
        BadSetting, match=r"one\.pth, mobilenet_v2_two\.pth.*Name the one to use mobilenet_v2\.pth"
    ):
        find_weights(CARDS["mobilenet_v2"], Settings(weights_dir=str(folder)))


def test_a_network_whose_name_begins_alike_is_not_meant(folder: Path, cache: Path) -> None:
    (folder / "vgg16_bn_mine.pth").touch()
    assert find_weights(CARDS["vgg16"], Settings(weights_dir=str(folder))) is None
    assert find_weights(card("vgg16_bn"), Settings(weights_dir=str(folder))) == folder / "vgg16_bn_mine.pth"


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="RECTO_WEIGHTS_DIR"):
        find_weights(SQUEEZENET, Settings(weights_dir=str(tmp_path / "nowhere")))


@pytest.mark.parametrize("name", OURS)
def test_our_own_weights_need_no_folder(name: str, cache: Path) -> None:
    path = find_weights(CARDS[name], Settings())
    assert path is not None
    assert path.stat().st_size <= 3_000_000


@pytest.mark.parametrize("name", OURS)
def test_the_cards_hash_is_that_of_our_shipped_weights(name: str) -> None:
    assert load_weights(CARDS[name], Settings())[1] == CARDS[name].weights_sha256


def test_weights_are_downloaded_once_into_torchs_cache(published: Card, cache: Path, folder: Path) -> None:
    settings = Settings(weights_dir=str(folder))
    state, sha256 = load_weights(published, settings)
    assert state["weight"].tolist() == [1, 1, 1]
    assert sha256.startswith(published.weights_sha256)
    assert find_weights(published, settings) == cache / published.weights


def test_a_download_with_another_hash_is_not_kept(published: Card, cache: Path) -> None:
    expecting = replace(published, weights_sha256="00000000", weights="squeezenet1_1-00000000.pth")
    with pytest.raises(WeightsMissing, match="hash"):
        load_weights(expecting, Settings())
    assert list(cache.iterdir()) == []


def test_a_damaged_file_in_torchs_cache_is_not_used(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / SQUEEZENET.weights).write_bytes(b"half of it")
    assert find_weights(SQUEEZENET, Settings()) is None


def test_missing_weights_are_answered_with_three_ways_out(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(
            variable, "http://127.0.0.1:9"
        )  # nothing listens there: the download fails at once
    with pytest.raises(WeightsMissing) as error:
        load_weights(CARDS["resnet50"], Settings())
    ways = (
        "RECTO_WEIGHTS_DIR",
        f"torch's cache, {cache}",
        "https://download.pytorch.org/models/resnet50-0676ba61.pth",
    )
    assert all(way in str(error.value) for way in ways)


def test_a_pickle_that_would_run_code_is_refused(folder: Path) -> None:
    torch.save({"weight": Path("anything but a tensor")}, folder / "squeezenet1_1.pth")
    with pytest.raises(BadInput, match="no weights that can be read"):
        load_weights(SQUEEZENET, Settings(weights_dir=str(folder)))

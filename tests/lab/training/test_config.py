"""A configuration is checked before anything is computed, and what is wrong is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from recto.errors import BadInput
from recto_lab import training as recipes
from recto_lab.training.config import Config
from recto_lab.training.read_config import line_of, read_config

RECIPES = Path(recipes.__file__).parent / "recipes"


def _read(folder: Path, text: str) -> Config:
    path = folder / "config.toml"
    path.write_text(text)
    return read_config(path)


def _refused(folder: Path, text: str) -> str:
    with pytest.raises(BadInput) as refused:
        _read(folder, text)
    return str(refused.value)


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    assert _read(tmp_path, "") == Config()


def test_all_faults_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    told = _refused(tmp_path, 'sed = 1\n\n[data]\ncovers = "many"\n\n[loss]\nkind = "tripplet"\n')
    assert "line 1: sed: there is no such key. Did you mean 'seed'?" in told
    assert "line 4: data.covers: " in told
    assert "not 'many'" in told
    assert "line 7: loss.kind: " in told


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('[data]\nkind = "covers"', 1, "folder: is missing"),
        ('[data]\nkind = "covers"\nfolder = "nowhere"', 3, "there is no folder 'nowhere'"),
        ('[data]\nfolder = "here"', 2, "is not read"),
        ('[data]\nkind = "catalogue"\nheld_out = 200', 3, "a share of at most 0.5"),
        ('[loss]\nkind = "triplet"\ntemperature = 0.1', 3, "has no effect"),
        ('[loss]\nkind = "classification"', 2, "needs classes"),
        ('[network]\nbackbone = "mobilenet_v"', 2, "Did you mean mobilenet_v2"),
        ('[network]\nbackbone = "vit_b_16"\nheight = 224\nwidth = 224', 1, "no feature map"),
        ('[network]\nbackbone = "recto_plain"\nheight = 64\nwidth = 48', 4, "must be the height"),
        ("[network]\nheight = 100\nwidth = 64", 2, "multiples of 16"),
        ("[network]\nheight = 64\nwidth = 96", 3, "larger than the height"),
        ('[network]\nfrozen = "backbone"', 2, "learns nothing"),
        ("[network]\nembedding = 0", 2, "at least 1"),
        ('[network]\nbackbone = "recto_plain"\nheight = 64\nwidth = 64\nkeep_head = false', 5, "left away"),
        ("[network]\nfrozen = 3", 2, "not 3"),
        ("[schedule]\nsteps = 100", 2, "fewer than warmup and decay"),
        ("[schedule]\nlow_steps = 10\nlow_height = 256", 3, "higher than the network"),
        ("[schedule]\nlow_steps = 1000\nsteps = 1000\nwarmup = 1\ndecay = 1", 2, "no step is left"),
        ("[augmentation]\nsmallest = 2.0", 2, "larger than `largest`"),
        ('[augmentation]\nkind = "none"', 2, "would be the same picture"),
        ('[augmentation]\nkind = "light"\non = "device"', 3, "only photos"),
        ('[sampler]\nkind = "balanced"', 2, "needs classes"),
        ("[projection]\nsize = 300", 2, "more than the 256 numbers"),
        ("[network]\nkeep_head = false\n[projection]\nsize = 300\npairs = 500", 5, "768 or more"),
        ("[optimiser]\nrate = 0.0", 2, "greater than 0"),
        ("seed = 1.5", 1, "not 1.5"),
        ('name = "Mine"', 1, "not 'Mine'"),
    ],
)
def test_a_fault_names_its_line_and_what_to_do(tmp_path: Path, text: str, line: int, what: str) -> None:
    told = _refused(tmp_path, text)
    assert f"line {line}: " in told
    assert what in told


def test_what_is_no_toml_is_told_with_its_place(tmp_path: Path) -> None:
    assert "line 2" in _refused(tmp_path, "seed = 1\n[data\n")


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    for name in ("missing.toml", "binary.toml"):
        with pytest.raises(BadInput, match="cannot be read"):
            read_config(tmp_path / name)


def test_a_folder_is_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "covers").mkdir()
    assert _read(tmp_path, '[data]\nkind = "covers"\nfolder = "covers"').data.folder == "covers"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_recipes_that_come_with_recto_can_be_used(path: Path) -> None:
    assert read_config(path).name == path.stem


def test_the_line_of_a_value_is_found_in_its_table() -> None:
    text = "kind = 1\n[data]\n# kind\nkind = 2\n[loss]\n  kind = 3\n"
    assert [line_of(text, keys) for keys in (("kind",), ("data", "kind"), ("loss", "kind"))] == [1, 4, 6]
    assert line_of(text, ("loss", "margin")) == 5
    assert line_of(text, ("schedule", "steps")) == 1

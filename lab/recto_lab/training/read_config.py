"""Read a configuration: everything that is wrong with it is told at once, each with its line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from recto.encoders.card import OWN_ARCHITECTURES as OWN
from recto.encoders.torchvision_cards import torchvision_cards
from recto.errors import BadInput
from recto_lab.training.config import LOSS_KEYS, Config, Network, WrongValue

Fault = tuple[tuple[str, ...], str]
"""The keys that lead to a value, and what is wrong with it."""
STRIDE = 16
POOLED = 384
"""Numbers of `recto_small` without its linear layer; its module would import torch."""
_HEADER = re.compile(r"\s*\[\s*([\w.\-]+)\s*\]")
_KEY = re.compile(r"\s*([\w\-]+)\s*=")


def read_config(path: Path) -> Config:
    """The configuration in a TOML file.

    Raises:
        BadInput: it cannot be read, or values are wrong; the message has a line for each, with its number.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} is not TOML: {error}") from error
    try:
        config = Config.model_validate(content)
    except ValidationError as error:
        raise _all_faults(path, text, [_fault(entry) for entry in error.errors()]) from error
    if faults := list(contradictions(config, content, path.parent)):
        raise _all_faults(path, text, faults)
    return config


def at_line(path: Path, fault: WrongValue) -> BadInput:
    """The error of a value that turned out not to fit, with its line."""
    keys = tuple(fault.key.split("."))
    return BadInput(f"{path} cannot be used:\n  line {line_of(path.read_text(), keys)}: {fault}")


def line_of(text: str, keys: tuple[str, ...]) -> int:
    """Line of a TOML text, from 1, on which the value is written that `keys` lead to; the nearest that is there: its
    table's header, else the first line."""
    table: tuple[str, ...] = ()
    best = 1
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = tuple(header[1].split("."))
            if table == keys[: len(table)]:
                best = number
        elif (found := _KEY.match(line)) and (*table, found[1]) == keys[: len(table) + 1]:
            return number
    return best


def contradictions(config: Config, content: dict[str, Any], base: Path) -> Iterator[Fault]:
    """What is wrong although each value alone is right. `content`: what the file itself says."""
    yield from _data_faults(config, base)
    yield from _network_faults(config)
    yield from _loss_faults(config, content)
    yield from _projection_faults(config)
    schedule, augmentation = config.schedule, config.augmentation
    if schedule.warmup + schedule.decay > schedule.steps:
        yield ("schedule", "steps"), f"{schedule.steps} are fewer than warmup and decay together."
    if schedule.low_steps >= schedule.steps:
        yield ("schedule", "low_steps"), "no step is left for inputs of the full size."
    if schedule.low_steps and schedule.low_height > config.network.height:
        yield ("schedule", "low_height"), "is higher than the network's height."
    if augmentation.smallest > augmentation.largest:
        yield ("augmentation", "smallest"), "is larger than `largest`."
    if augmentation.on == "device" and (augmentation.kind != "photo" or config.has_classes):
        yield ("augmentation", "on"), "only photos of covers are simulated on the device, and not of classes."
    if augmentation.kind == "none" and not config.has_classes:
        why = "both views of a cover would be the same picture; only classes can be learned without augmentation."
        yield ("augmentation", "kind"), why


def _data_faults(config: Config, base: Path) -> Iterator[Fault]:
    needs = config.data.kind in ("covers", "classes")
    if needs and not config.data.folder:
        yield ("data", "folder"), f'is missing: kind = "{config.data.kind}" reads pictures from it.'
    elif needs and not (base / config.data.folder).expanduser().is_dir():
        yield (
            ("data", "folder"),
            f"there is no folder {config.data.folder!r} (relative to {base.absolute()}).",
        )
    elif config.data.folder and not needs:
        yield ("data", "folder"), f'is not read with kind = "{config.data.kind}".'
    if config.data.held_out > 0.5 and config.data.kind != "shelf":
        yield (
            ("data", "held_out"),
            'must be a share of at most 0.5 with this kind; only "shelf" draws a number.',
        )
    if config.sampler.kind == "balanced" and not config.has_classes:
        yield ("sampler", "kind"), '"balanced" needs classes: data.kind = "classes".'
    if config.sampler.kind == "neighbours" and config.has_classes:
        yield ("sampler", "kind"), 'neighbours of one class would be one answer: use "balanced" or "random".'


def _network_faults(config: Config) -> Iterator[Fault]:
    network, known = config.network, torchvision_cards()
    if network.backbone in OWN:
        yield from _own_network_faults(network)
    elif network.backbone in known:
        own, chosen = known[network.backbone].pooling == "own", network.pooling == "own"
        if own != chosen:
            why = "has no feature map to pool" if own else "is pooled from its feature map"
            yield ("network", "pooling"), f"{network.backbone} {why}: use {'own' if own else 'gem3'!r}."
    else:
        close = difflib.get_close_matches(network.backbone, [*OWN, *known], 3)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        yield ("network", "backbone"), f"there is no network {network.backbone!r}.{hint}"
    square = network.backbone == "recto_plain" or network.pooling in ("flatten", "own")
    if square and network.height != network.width:
        why = "must be the height: this network's vector depends on the shape of its input."
        yield ("network", "width"), why
    elif network.height < network.width:
        yield ("network", "width"), "is larger than the height; lying images are turned by a quarter."
    if not network.keep_head and (network.backbone == "recto_plain" or not network.embedding):
        yield ("network", "keep_head"), "false needs a linear layer that can be left away."
    if not network.keep_head and config.loss.kind == "classification":
        yield ("network", "keep_head"), "false is not for classification: leave `embedding` at 0 instead."
    if network.frozen == "backbone" and network.weights == "none":
        yield ("network", "frozen"), "a frozen backbone without weights learns nothing; name its weights."
    if network.frozen == "backbone" and not network.embedding and config.loss.kind != "classification":
        yield ("network", "frozen"), "nothing is left to train: give the network an embedding layer."


def _own_network_faults(network: Network) -> Iterator[Fault]:
    if network.backbone == "recto_plain" and network.weights == "published":
        yield ("network", "weights"), 'recto_plain has no published weights; write "none" or a file.'
    if not network.embedding:
        yield ("network", "embedding"), f"{network.backbone} ends in a linear layer: write at least 1."
    if network.backbone == "recto_small" and network.pooling != "gem3":
        yield ("network", "pooling"), 'recto_small has the pooling "gem3" inside.'
    if network.height % STRIDE or network.width % STRIDE:
        yield ("network", "height"), f"height and width must be multiples of {STRIDE}."


def _loss_faults(config: Config, content: dict[str, Any]) -> Iterator[Fault]:
    kind = config.loss.kind
    for key in content.get("loss", {}):
        if key != "kind" and key not in LOSS_KEYS[kind]:
            yield ("loss", key), f'has no effect with kind = "{kind}"; remove it.'
    if kind == "classification" and not config.has_classes:
        yield ("loss", "kind"), 'classification needs classes: data.kind = "classes".'


def _projection_faults(config: Config) -> Iterator[Fault]:
    network, projection = config.network, config.projection
    if not projection.size:
        return
    if config.has_classes:
        yield ("projection", "size"), "is learned from two views of a cover; classes have none: write 0."
    dimension = network.embedding if network.keep_head else 0
    if not dimension and network.backbone == "recto_small":
        dimension = POOLED
    elif not dimension and network.pooling != "flatten" and network.backbone in torchvision_cards():
        dimension = torchvision_cards()[network.backbone].dimension
    if dimension and projection.size > dimension:
        yield ("projection", "size"), f"is more than the {dimension} numbers of the encoder's embedding."
    if projection.pairs < 2 * dimension:
        yield (
            ("projection", "pairs"),
            f"must be {2 * dimension} or more for embeddings of {dimension} numbers.",
        )


def _fault(entry: Any) -> Fault:
    keys = tuple(str(part) for part in entry["loc"])[:2]  # what follows are the parts of a union
    if entry["type"] == "extra_forbidden":
        close = difflib.get_close_matches(keys[-1], _known_keys(keys[:-1]), 1)
        return keys, "there is no such key." + (f" Did you mean {close[0]!r}?" if close else "")
    return keys, f"{entry['msg'][0].lower()}{entry['msg'][1:]}, not {entry['input']!r}."


def _known_keys(table: tuple[str, ...]) -> list[str]:
    if not table:
        return list(Config.model_fields)
    return list(type(getattr(Config(), table[0])).model_fields) if table[0] in Config.model_fields else []


def _all_faults(path: Path, text: str, faults: list[Fault]) -> BadInput:
    told = {
        f"line {line_of(text, keys)}: {'.'.join(keys)}: {what}": line_of(text, keys) for keys, what in faults
    }
    lines = "\n  ".join(sorted(told, key=told.__getitem__))
    return BadInput(f"{path} cannot be used:\n  {lines}")

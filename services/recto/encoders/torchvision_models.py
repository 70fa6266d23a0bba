"""The networks and published weights of torchvision. Importing it takes as long as torch itself, so it is done late."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models as exported
from torchvision.models.feature_extraction import create_feature_extractor

models: Any = exported
"""Untyped: torchvision exports its functions in a way that type checkers do not take for one."""
SIGNED = ("convnext", "maxvit", "swin", "vit")
"""Families whose last maps are not activations of 0 and more, or that have none: a generalised mean has no meaning
there, so their vector is the one that the network itself hands to its classifier."""
_HEADS = ("aux1", "aux2", "avgpool", "classifier", "dropout", "fc")
"""Parts that follow the convolutions, in the families that do not call their convolutions `features`."""
_FROM_ELSEWHERE = {"transform_input": True, "init_weights": False, "aux_logits": True}
_OPTIONS: dict[str, dict[str, Any]] = {
    "googlenet": _FROM_ELSEWHERE,
    "inception_v3": _FROM_ELSEWHERE,
    "vit_h_14": {"image_size": 518},
}
"""What the published weights need: those that came from another program scale their input once more."""


def names() -> list[str]:
    """Every network for classification that the installed torchvision has."""
    listed: list[str] = models.list_models(module=models)
    return listed


def published(architecture: str) -> Any:
    """The first weights of a network: newer recipes with label smoothing classify better, but the frozen features they
    leave serve other tasks worse (Kornblith et al., NeurIPS 2021)."""
    weights = models.get_model_weights(architecture)
    return getattr(weights, "IMAGENET1K_V1", next(iter(weights)))


def embedding_network(architecture: str, pooling: str, state: dict[str, Any]) -> nn.Module:
    """A network with these weights, cut off where its card pools.

    It gives maps (N, channels, h, w), or with the pooling `own` the vectors (N, dimension) before its last layer.
    """
    return cut(torchvision_model(architecture, state), pooling)


def cut(model: nn.Module, pooling: str) -> nn.Module:
    """A complete model without its classifier; see `embedding_network`."""
    if pooling != "own":
        return _Maps(model)
    linear = [name for name, part in model.named_modules() if isinstance(part, nn.Linear)]
    model.set_submodule(linear[-1], nn.Identity())
    return model


def torchvision_model(architecture: str, state: dict[str, Any]) -> nn.Module:
    """A complete model of torchvision with these weights, every name and shape checked; half precision is widened."""
    model = empty_model(architecture)
    model.load_state_dict(state, strict=True, assign=True)
    return model.float().eval().requires_grad_(False)


def empty_model(architecture: str) -> nn.Module:
    """A complete model without weights, where possible without memory: filling VGG16's 138 million parameters at
    random would take seconds."""
    options = _OPTIONS.get(architecture, {})
    try:
        with torch.device("meta"):
            empty: nn.Module = models.get_model(architecture, weights=None, **options)
    except NotImplementedError:  # the RegNets compute their widths with tensors
        empty = models.get_model(architecture, weights=None, **options)
    return empty.eval()


def random_model(architecture: str) -> nn.Module:
    """A complete model whose weights are drawn at random, ready to be trained."""
    model: nn.Module = models.get_model(architecture, weights=None, **_OPTIONS.get(architecture, {}))
    return model


def last_maps(model: nn.Module) -> str:
    """Name of the part whose output is the last feature map: `features`, else the last before the pooling."""
    parts = [name for name, _ in model.named_children()]
    if "features" in parts:
        return "features"
    return parts[min(place for place, name in enumerate(parts) if name in _HEADS) - 1]


class _Maps(nn.Module):
    """The part of a model up to its last feature map, cut out of the graph of its own `forward`: whatever it does
    between its parts stays."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        nodes = {last_maps(model): "maps"}
        self.body = create_feature_extractor(model, nodes, suppress_diff_warning=True)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, channels, h, w)."""
        maps: Tensor = self.body(x)["maps"]
        return maps

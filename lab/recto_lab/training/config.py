"""The configuration of a training run: one TOML file, every value checked before anything is computed.

Each table is a frozen model; what is left out has the default that stands here. No torch here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from recto.errors import BadInput

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$", max_length=40)]


class Table(BaseModel):
    """A table of the file: an unknown key or a wrong type is an error, nothing is converted silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class WrongValue(BadInput):
    """A value that turned out not to fit what there is. `key`: its place in the file, `network.weights` for example."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{key}: {message}")
        self.key = key


class Data(Table):
    """What is learned from."""

    kind: Literal["shelf", "covers", "catalogue", "classes"] = "shelf"
    """`shelf`: drawn covers; `covers`: a folder, each picture an identity; `catalogue`: the covers of this
    installation; `classes`: a folder with a folder of pictures for each class."""
    folder: str = ""
    """Of `covers` and `classes`; relative to the configuration's own folder."""
    covers: Annotated[int, Field(ge=64)] = 24000
    """Covers that the shelf draws once; augmentation makes endless identities of them."""
    pictures: Share = 0.3
    """Share of the shelf's covers that are pictures of noise and shapes instead of typography."""
    held_out: Annotated[float, Field(gt=0, le=100_000)] = 0.1
    """What is kept for validation: a share of the identities, of classes of each one's pictures; of the shelf also a
    number."""


class Network(Table):
    """What is trained."""

    backbone: str = "recto_small"
    """`recto_small`, `recto_plain` (four convolutions, three dense layers), or a network of torchvision."""
    weights: str = "none"
    """`none`: from nothing; `published`: torchvision's, see `recto encoders show`; else a file with a state dict."""
    embedding: Annotated[int, Field(ge=0, le=4096)] = 256
    """Numbers of an embedding, given by a linear layer; 0: what the pooling gives, without such a layer."""
    keep_head: bool = True
    """False: the linear layer serves the loss alone, and the encoder ends before it (Chen et al., ICML 2020)."""
    pooling: Literal["gem3", "avg", "flatten", "own"] = "gem3"
    height: Annotated[int, Field(ge=32, le=512)] = 192
    width: Annotated[int, Field(ge=32, le=512)] = 144
    frozen: Literal["none", "backbone"] | list[str] = "none"
    """Parts that keep their weights: all of the backbone, or those whose names begin so (`features.0`)."""


class Loss(Table):
    """What is asked of the embeddings. Keys of other kinds than the chosen one have no effect and are refused."""

    kind: Literal["contrastive", "triplet", "siamese", "classification"] = "contrastive"
    temperature: Annotated[float, Field(gt=0, le=10)] = 0.05
    spread: Annotated[float, Field(ge=0, le=1000)] = 1.0
    """Weight of the entropy term (KoLeo) that spreads the embeddings."""
    memory: Annotated[int, Field(ge=0)] = 4096
    """Embeddings of earlier steps that serve as further negatives."""
    memory_from: Annotated[int, Field(ge=0)] = 400
    """First step that uses them: before, embeddings move too fast to be remembered."""
    margin: Annotated[float, Field(gt=0, le=10)] = 0.2
    """Of triplets and of Siamese pairs, in distances between unit vectors (0 to 2)."""
    mining: Literal["hardest", "semihard", "random"] = "semihard"
    """Which negative of the batch a triplet takes."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0


LOSS_KEYS = {
    "contrastive": {"temperature", "spread", "memory", "memory_from"},
    "triplet": {"margin", "mining"},
    "siamese": {"margin"},
    "classification": {"label_smoothing"},
}


class Augmentation(Table):
    """How views are made of a picture. Never mirrored: a mirrored text is another one."""

    kind: Literal["photo", "light", "none"] = "photo"
    """`photo`: simulated photos; `light`: slightly turned, cut and toned; `none`: the pictures as they are."""
    on: Literal["cpu", "device"] = "cpu"
    """Where photos are simulated: by worker processes, or on the training's own device (for GPUs)."""
    mixed: Share = 0.35
    """Share of identities that are composites of two covers; of `photo` without classes."""
    turn: Annotated[float, Field(ge=0, le=180)] = 40.0
    quarter_turn: Share = 0.2
    any_turn: Share = 0.15
    smallest: Annotated[float, Field(gt=0, le=4)] = 0.25
    largest: Annotated[float, Field(gt=0, le=4)] = 1.6
    perspective: Annotated[float, Field(ge=0, le=0.5)] = 0.12


class Sampler(Table):
    """Which pictures meet in a batch."""

    kind: Literal["neighbours", "random", "balanced"] = "neighbours"
    """`neighbours`: half of them in runs of four that stand together, as the volumes of a series do; `balanced`:
    as many of each class."""
    pairs: Annotated[int, Field(ge=2, le=65536)] = 64
    """Pairs of views a step and process."""


class Optimiser(Table):
    """How weights follow gradients."""

    kind: Literal["adamw", "sgd"] = "adamw"
    rate: Annotated[float, Field(gt=0, le=10)] = 1.5e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.05
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Of `sgd`."""
    clip: Annotated[float, Field(gt=0)] = 1.0
    """Largest norm of the gradient."""


class Schedule(Table):
    """Rate and input size over the steps: linear warm-up, constant, then cosine to zero over the last `decay` steps.

    On the plateau a run can be stopped and resumed with other `steps` and another `decay`.
    """

    steps: Positive = 3000
    warmup: Annotated[int, Field(ge=0)] = 200
    decay: Annotated[int, Field(ge=0)] = 900
    low_steps: Annotated[int, Field(ge=0)] = 0
    """First steps that see smaller images, `low_height` pixels high: they take less time."""
    low_height: Annotated[int, Field(ge=32, le=512)] = 128


class Validation(Table):
    """How it is judged on the way."""

    every: Positive = 500
    queries: Positive = 300
    patience: Annotated[int, Field(ge=0)] = 0
    """Validations without a better recall@1 after which the run ends; 0: never before `steps`."""


class Projection(Table):
    """A last step that learns what of an embedding tells covers apart and what a photo changes: worth more than any
    other value here, see docs/models/recto_small_2.md."""

    size: Annotated[int, Field(ge=0, le=4096)] = 0
    """Numbers that are left of an embedding; 0: no projection is learned."""
    pairs: Annotated[int, Field(ge=64, le=1_000_000)] = 7680
    """Pairs of views it is learned from: twice as many as the network's embedding has numbers, at least."""


class Hardware(Table):
    """Where it runs; changes speed, and results only as far as arithmetic is rounded differently."""

    device: Annotated[str, StringConstraints(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """`auto`: bfloat16 where the processor or GPU computes it fast, else float32."""
    threads: Annotated[int, Field(ge=1, le=256)] = 2
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    """Processes that make views."""
    checkpoint_every: Positive = 50


class Config(Table):
    """A training run. The same configuration gives the same network, however often it was killed and resumed."""

    name: Name = "my_encoder"
    """Of the encoder that comes out."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    data: Data = Data()
    network: Network = Network()
    loss: Loss = Loss()
    augmentation: Augmentation = Augmentation()
    sampler: Sampler = Sampler()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    validation: Validation = Validation()
    projection: Projection = Projection()
    hardware: Hardware = Hardware()

    @property
    def has_classes(self) -> bool:
        """Whether several pictures have the same label."""
        return self.data.kind == "classes"

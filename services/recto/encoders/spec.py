"""Specs: the names of encoders with what is done around the network. No torch here.

resnet50                                 a network alone
mine-8d20f1c7                            one that was added with `recto encoders add`
resnet50+pca256-1f3a9c0b                 its embeddings projected to 256 numbers and whitened
resnet50+pca256-1f3a9c0b@openvino-bf16   the same, the network run by OpenVINO in bfloat16
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from recto.errors import BadInput

BACKENDS = ("openvino-f32", "openvino-bf16")
"""Ways to run a network that a spec may name; without one it is torch's."""
DIGITS = 8
"""Hexadecimal digits of a SHA-256 in a spec, of a projection or an added network: one in 4 billion, and a store holds a
few of them."""

NAME = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")
"""How a network is named."""
_GRAMMAR = re.compile(
    rf"(?P<network>{NAME.pattern})"
    rf"(?:\+pca(?P<size>[1-9]\d{{0,4}})-(?P<digits>[0-9a-f]{{{DIGITS}}}))?"
    r"(?:@(?P<backend>[a-z0-9-]+))?"
)


@dataclass(frozen=True)
class Spec:
    """A network, the projection of its embeddings, and the program that runs it. `str()` gives the text back."""

    network: str
    pca_size: int = 0
    """Numbers that are left of an embedding; 0: all of them, not projected."""
    pca_digits: str = ""
    """First digits of the SHA-256 of the stored projection."""
    backend: str = ""
    """One of `BACKENDS`, or empty: torch, or what `RECTO_BACKEND` says."""

    def __str__(self) -> str:
        projection = f"+pca{self.pca_size}-{self.pca_digits}" if self.pca_size else ""
        return f"{self.network}{projection}" + (f"@{self.backend}" if self.backend else "")

    def projected(self, size: int, sha256: str) -> Spec:
        """The same network and backend with a projection."""
        return replace(self, pca_size=size, pca_digits=sha256[:DIGITS])


def parse_spec(text: str) -> Spec:
    """The parts of a spec. Whether there is such a network is not asked: `recto.encoders.known_card` does.

    Raises:
        BadInput: it is not written as one.
    """
    found = _GRAMMAR.fullmatch(text)
    if found is None:
        raise BadInput(
            f"{text[:80]!r} is not an encoder. Write NAME, NAME+pcaN-HASH8, or either with {_backends()} behind it."
        )
    backend = found["backend"] or ""
    if backend and backend not in BACKENDS:
        raise BadInput(f"There is no backend {backend!r}. Known are: {_backends()}.")
    return Spec(found["network"], int(found["size"] or 0), found["digits"] or "", backend)


def _backends() -> str:
    return " or ".join(f"@{backend}" for backend in BACKENDS)

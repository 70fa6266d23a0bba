"""Classic whole-image descriptors, as their libraries make them: HOG, LBP, Gabor, colour histogram."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from recto.vectors import RGB, Floats
from recto_lab.evaluation.methods.libraries import library
from recto_lab.evaluation.methods.vectors import Distance, VectorMatcher

SIZE = (96, 144)
"""Width and height in pixels to which images are squeezed: the proportions of most covers."""
GRID = (6, 4)
"""Cells, rows by columns, whose histograms of LBP are joined, so that places are kept (Ahonen et al., PAMI 2006)."""
HUES, SATURATIONS, VALUES = 12, 4, 4


class DescriptorMatcher(VectorMatcher):
    """One descriptor an image."""

    @abstractmethod
    def vector(self, image: RGB) -> Floats:
        """Image of `SIZE` (H, W, 3) -> vector (D,)."""

    def vectors(self, images: Sequence[RGB]) -> Floats:
        """Images (H, W, 3) -> vectors (N, D)."""
        small = [
            np.asarray(cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA), np.uint8) for image in images
        ]
        return np.stack([self.vector(image) for image in small]).astype(np.float32)


class HogMatcher(DescriptorMatcher):
    """Histograms of oriented gradients (Dalal and Triggs, CVPR 2005): 9 directions, cells of 8, blocks of 2 x 2."""

    library = "scikit-image"

    def __init__(self, distance: Distance) -> None:
        super().__init__(distance)
        self._feature = library("skimage.feature", "hog")

    def vector(self, image: RGB) -> Floats:
        """(6732,)."""
        return np.asarray(
            self._feature.hog(image, 9, (8, 8), (2, 2), block_norm="L2-Hys", channel_axis=-1), np.float32
        )


class LbpMatcher(DescriptorMatcher):
    """Local binary patterns (Ojala et al., PAMI 2002), 8 neighbours, the 59 uniform ones told by direction too."""

    library = "scikit-image"

    def __init__(self, distance: Distance) -> None:
        super().__init__(distance)
        self._feature = library("skimage.feature", "lbp")

    def vector(self, image: RGB) -> Floats:
        """(1416,): square roots of the shares of the patterns in each cell."""
        codes = self._feature.local_binary_pattern(
            cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 8, 1, "nri_uniform"
        )
        cells = [
            cell for band in np.array_split(codes, GRID[0]) for cell in np.array_split(band, GRID[1], axis=1)
        ]
        counts = [np.bincount(cell.astype(np.int64).ravel(), minlength=59) / cell.size for cell in cells]
        return np.sqrt(np.concatenate(counts)).astype(np.float32)


class GaborMatcher(DescriptorMatcher):
    """Mean and deviation of the responses of 24 Gabor filters (Manjunath and Ma, PAMI 1996): 4 scales, 6 directions."""

    library = "OpenCV"

    def __init__(self, distance: Distance) -> None:
        super().__init__(distance)
        self._kernels = [
            _without_mean(
                cv2.getGaborKernel((31, 31), 0.56 * wavelength, turn * np.pi / 6, wavelength, 0.5, 0)
            )
            for wavelength in (3.0, 6.0, 12.0, 24.0)
            for turn in range(6)
        ]
        self._spread: Floats = np.ones(0, np.float32)
        self._centre: Floats = np.zeros(0, np.float32)

    def vector(self, image: RGB) -> Floats:
        """(48,)."""
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        responses = [np.abs(cv2.filter2D(grey, cv2.CV_32F, kernel)) for kernel in self._kernels]
        return np.array([value for found in responses for value in (found.mean(), found.std())], np.float32)

    def finish(self) -> None:
        """Learn the scale of each number from the covers, as the paper does."""
        rows = np.stack(self._rows)
        self._centre, self._spread = rows.mean(axis=0), rows.std(axis=0) + np.float32(1e-6)
        super().finish()

    def scaled(self, rows: Floats) -> Floats:
        """Numbers divided by their spread over the covers."""
        return super().scaled(((rows - self._centre) / self._spread).astype(np.float32))


class ColourMatcher(DescriptorMatcher):
    """Colour histogram (Swain and Ballard, IJCV 1991) of hue, saturation and value.

    Square roots are taken, so that the cosine is the coefficient of Bhattacharyya.
    """

    library = "OpenCV"

    def vector(self, image: RGB) -> Floats:
        """(192,)."""
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
        bins = [HUES, SATURATIONS, VALUES]
        counts = cv2.calcHist([hsv], [0, 1, 2], None, bins, [0, 180, 0, 256, 0, 256])
        return np.asarray(np.sqrt(counts.ravel() / counts.sum()), np.float32)


def _without_mean(kernel: npt.NDArray[Any]) -> Floats:
    """A kernel that says nothing about brightness."""
    return np.asarray((kernel - kernel.mean()) / np.abs(kernel).sum(), np.float32)

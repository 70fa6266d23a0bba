"""Logistic regression on one number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recto.errors import BadInput

Doubles = npt.NDArray[np.float64]

STEPS = 100
SMALLEST_STEP = 1e-10
RIDGE = 1e-12
"""Keeps the Hessian invertible where all supports are equal (Lin et al. 2007)."""


def fit(supports: Sequence[float], labels: Sequence[bool]) -> tuple[float, float]:
    """Intercept and slope of P(label) = sigmoid(intercept + slope * support).

    Platt scaling (Platt 1999) by Newton's method with backtracking (Lin, Lin and Weng, Machine Learning 2007). The
    targets are not 0 and 1 but those of Platt's prior, 1/(n0 + 2) and (n1 + 1)/(n1 + 2): with labels that one
    threshold separates, the slope stays finite. With many items of either label the prior is forgotten.

    Raises:
        BadInput: a label is missing, or more support does not make an answer likelier.
    """
    x, right = np.asarray(supports, np.float64), np.asarray(labels, bool)
    ones = int(right.sum())
    zeros = len(right) - ones
    if not ones or not zeros:
        raise BadInput("A calibration needs right answers and wrong ones; these searches gave only one kind.")
    target = np.where(right, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    design = np.stack([np.ones_like(x), x], axis=1)
    intercept, slope = _newton(design, target, np.array([np.log((ones + 1) / (zeros + 1)), 0.0]))
    if slope <= 0:
        raise BadInput(
            "In these searches wrong answers have as much support as right ones, so that nothing can be fitted: "
            "check the truth in queries.csv."
        )
    return float(intercept), float(slope)


def _newton(design: Doubles, target: Doubles, start: Doubles) -> Doubles:
    weights, loss = start, _loss(design, target, start)
    for _ in range(STEPS):
        gradient, hessian = _derivatives(design, target, weights)
        step = np.linalg.solve(hessian, -gradient)
        size = 1.0
        while (next_loss := _loss(design, target, weights + size * step)) > loss:
            size /= 2
            if size < SMALLEST_STEP:
                return weights
        weights = weights + size * step
        if loss - next_loss < SMALLEST_STEP:
            return weights
        loss = next_loss
    return weights


def _loss(design: Doubles, target: Doubles, weights: Doubles) -> float:
    """Cross-entropy, in the form that does not overflow."""
    z = design @ weights
    return float(np.sum(np.logaddexp(0.0, z) - target * z))


def _derivatives(design: Doubles, target: Doubles, weights: Doubles) -> tuple[Doubles, Doubles]:
    """Gradient (2,) and Hessian (2, 2) of the loss."""
    probability = 0.5 * (1 + np.tanh(design @ weights / 2))
    gradient = design.T @ (probability - target)
    hessian = (design * (probability * (1 - probability))[:, None]).T @ design
    return gradient, hessian + RIDGE * np.eye(2)

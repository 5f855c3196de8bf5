"""The pictures of `residual`: 16x16 grey pictures of a disc, ring, square, triangle or cross.

Drawn with soft edges at a random place, size and rotation, brighter or darker than a background with a slope of light,
behind Gaussian noise; 8 bits a pixel, as a small camera gives. ``inputs`` are (pixel - 128) / 128.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
CLASSES = ("disc", "ring", "square", "triangle", "cross")
SIDE = 16


def distance(kind: str, x: Array, y: Array, size: float) -> Array:
    """How far a point lies outside of the shape (negative inside), in pixels; ``size`` is half its width."""
    radius = np.hypot(x, y)
    box = np.maximum(np.abs(x), np.abs(y))
    if kind == "disc":
        return np.asarray(radius - size)
    if kind == "ring":
        return np.asarray(np.abs(radius - 0.8 * size) - 0.25 * size)
    if kind == "square":
        return np.asarray(box - 0.85 * size)
    if kind == "triangle":
        slanted = 0.5 * np.abs(x) * np.sqrt(3.0) + 0.5 * y
        return np.asarray(np.maximum(slanted, -y) - 0.6 * size)
    bars = np.minimum(np.maximum(np.abs(x), 3.5 * np.abs(y)), np.maximum(np.abs(y), 3.5 * np.abs(x)))
    return np.asarray(bars - size)


def picture(draw: np.random.Generator, kind: str) -> Array:
    """One picture [SIDE, SIDE, 1] uint8."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    size, angle = draw.uniform(3.5, 6.5), draw.uniform(0.0, 2 * np.pi)
    left, up = draw.uniform(-1.0, 1.0, 2) * (8.0 - size)
    u, v = x - left, y - up
    outside = distance(kind, u * np.cos(angle) + v * np.sin(angle), v * np.cos(angle) - u * np.sin(angle), size)
    cover = np.clip(0.5 - outside, 0.0, 1.0)
    slope = draw.uniform(-4.0, 4.0, 2)
    contrast = draw.uniform(25.0, 90.0) * draw.choice([-1.0, 1.0])
    grey = draw.uniform(90.0, 160.0) + slope[0] * x + slope[1] * y + contrast * cover
    noisy = grey + draw.normal(0.0, draw.uniform(2.0, 14.0), grey.shape)
    return np.asarray(np.round(noisy).clip(0, 255)[..., np.newaxis], np.uint8)


def samples(seed: int, count: int) -> tuple[Array, Array]:
    """``count`` pictures [count, SIDE, SIDE, 1] uint8 and their classes."""
    draw = np.random.default_rng(seed)
    kinds = draw.integers(0, len(CLASSES), count)
    return np.stack([picture(draw, CLASSES[kind]) for kind in kinds]), kinds.astype(np.int64)

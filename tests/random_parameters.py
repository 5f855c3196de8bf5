"""Random scales and zero points, with those that are at an edge more often than chance would have them."""

from __future__ import annotations

import numpy as np

from tflite2int.attributes import Activation

ACTIVATIONS: tuple[Activation, ...] = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")


class Choice(np.random.Generator):
    """A seeded generator with what tests of quantized operators draw."""

    def __init__(self, seed: int) -> None:
        super().__init__(np.random.PCG64(seed))

    def scale(self, low: float = 2**-8, high: float = 0.5) -> float:
        """A float32 value; every second a power of two, which makes ties."""
        exponent = self.uniform(np.log2(low), np.log2(high))
        return float(np.float32(2.0 ** (round(exponent) if self.random() < 0.5 else exponent)))

    def zero_point(self, dtype: str = "int8") -> int:
        """Every second at an end or in the middle of the type's range."""
        low = -128 if dtype == "int8" else 0
        edges = (low, low + 255, low + 128, low + 127)
        return int(self.choice(edges) if self.random() < 0.5 else self.integers(low, low + 256))

    def activation(self) -> Activation:
        return ACTIVATIONS[int(self.integers(len(ACTIVATIONS)))]

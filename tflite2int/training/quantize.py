"""Quantization-aware training: a float model in, a model that feels the rounding of its weights and activations out."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from .keras import optimization, tensorflow


def quantize_aware(model: Any, *, input_range: tuple[float, float] | None = None, strategy: Any = None) -> Any:
    """Return a copy of a Keras ``model`` with 8-bit fake quantization, to be compiled and trained further.

    ``input_range`` pins the lowest and highest real input, so that the input scale becomes ``(high - low) / 255``
    rather than what the data happen to give. ``strategy`` is a ``tf.distribute`` strategy whose scope holds the variables.
    """
    tensorflow()
    tfmot = optimization()
    with strategy.scope() if strategy is not None else nullcontext():
        quantized = tfmot.quantization.keras.quantize_model(model)
    if input_range is not None:
        _pin_input(tfmot, quantized, input_range)
    return quantized


def _pin_input(tfmot: Any, model: Any, input_range: tuple[float, float]) -> None:
    low, high = input_range
    fixed = tfmot.quantization.keras.quantizers.FixedQuantizer
    for layer in model.layers:
        if type(layer).__name__ == "QuantizeLayer":
            layer.quantizer = fixed(num_bits=8, init_min=low, init_max=high, narrow_range=False)

"""Quantization-aware training: a float model in, a model that feels the rounding of its integers out."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Literal

from ..errors import Tflite2IntError, UnsupportedModelError, UsageError
from .arguments import Samples, check_samples, legacy_model
from .calibrate import set_ranges
from .keras import optimization, tensorflow
from .sixteen import weights_aware

# What tfmot rewrites before it asks its registry; a batch normalization only directly behind one of these.
_REWRITTEN = ("BatchNormalization", "SeparableConv1D", "SeparableConv2D")
_FOLDED_INTO = ("Conv2D", "DepthwiseConv2D", "Dense")
_SKIP = "Pass skip=[names] to leave such layers to post-training quantization at export, or replace them."


def quantize_aware(
    model: Any,
    representative_data: Samples | None = None,
    *,
    activation_bits: Literal[8, 16] = 8,
    input_range: tuple[float, float] | None = None,
    skip: Collection[str] = (),
    strategy: Any = None,
) -> Any:
    """Return a copy of a Keras model that computes as its integers will, to be compiled and trained further.

    ``model`` is a Sequential or functional model of Keras 2 or 3 with its float weights; it is not changed.
    With ``activation_bits=8`` tensorflow-model-optimization (tfmot) rounds weights and activations: export that with
    ``export_int8``. With 16 the weights alone are rounded, per channel: export with ``export_int16x8``.
    ``representative_data`` (as ``export_int8`` takes them; 8 bits only) set the ranges that training starts from:
    tfmot's own start is [-6, 6], which fades over thousands of steps. ``input_range`` (8 bits only) pins the lowest and
    highest real input, so that the input scale is ``(high - low) / 255`` and not what the data happen to give.
    ``skip`` names layers that are left out (8 bits only).
    ``strategy``, a ``tf.distribute`` strategy, holds the new variables; compile and fit as usual with it.

    Raises UsageError for what is no such model, UnsupportedModelError naming every layer that cannot be quantized.
    """
    tensorflow()
    if activation_bits not in (8, 16):
        raise UsageError(
            f"activations of {activation_bits} bits do not exist in TensorFlow Lite", remedy="Use 8 or 16."
        )
    if activation_bits == 16 and (skip or input_range is not None):
        raise UsageError("skip and input_range apply to 8-bit activations", remedy="Pin with export_int16x8 instead.")
    if input_range is not None and not input_range[0] <= 0.0 <= input_range[1] > input_range[0]:
        raise UsageError(f"the input range {input_range} does not hold zero", remedy="Widen it: zero must be exact.")
    legacy = legacy_model(model)
    _refuse_wrapped(legacy)

    def build() -> Any:
        return weights_aware(legacy) if activation_bits == 16 else _eight(legacy, input_range, set(skip))

    aware = build()
    if representative_data is not None and activation_bits == 8:
        set_ranges(aware, check_samples(legacy, representative_data))
    if strategy is None:
        return aware
    with strategy.scope():  # a second model: a forward pass outside of training would not reach every replica
        distributed = build()
    distributed.set_weights(aware.get_weights())
    return distributed


def _refuse_wrapped(model: Any) -> None:
    obstacles: list[Tflite2IntError] = []
    for layer in model.layers:
        if isinstance(layer, tensorflow().keras.Model):
            obstacles.append(Tflite2IntError("a model within the model: put its layers in directly", _where(layer)))
        elif "quantize_config" in vars(layer) or type(layer).__name__ == "QuantizeLayer":
            obstacles.append(Tflite2IntError("it is quantization-aware already", _where(layer)))
    if obstacles:
        raise UnsupportedModelError(obstacles)


def _eight(model: Any, input_range: tuple[float, float] | None, skip: set[str]) -> Any:
    keras, quantization = tensorflow().keras, optimization().quantization.keras
    names = {layer.name for layer in model.layers}
    if skip - names:
        raise UsageError(f"skip names no layer: {', '.join(sorted(skip - names))}", remedy=f"Known: {sorted(names)}")
    _refuse_layers(model, skip)

    def annotate(layer: Any) -> Any:
        return layer if layer.name in skip else quantization.quantize_annotate_layer(layer)

    try:
        annotated = keras.models.clone_model(model, clone_function=annotate)
        annotated.set_weights(model.get_weights())
        quantized = quantization.quantize_apply(annotated)
    except (ValueError, RuntimeError) as error:
        named = re.match(r"Layer ([^:]+):<class '[^']*\.(\w+)'> is not supported", str(error))
        where = f'layer "{named[1]}" ({named[2]})' if named else f'model "{model.name}"'
        what = "tensorflow-model-optimization cannot quantize it" if named else f"tfmot says: {error}"
        raise UnsupportedModelError([Tflite2IntError(what, where)], _SKIP) from error
    if input_range is not None:
        fixed = quantization.quantizers.FixedQuantizer
        for layer in quantized.layers:
            if type(layer).__name__ == "QuantizeLayer":
                layer.quantizer = fixed(8, *input_range, narrow_range=False)
    return quantized


def _refuse_layers(model: Any, skip: set[str]) -> None:
    """Name every layer that tfmot will not take, and why. It would stop at the first, or leave a Lambda in float."""
    registry = optimization().quantization.keras.default_8bit.Default8BitQuantizeScheme().get_quantize_registry()
    obstacles: list[Tflite2IntError] = []
    for layer in model.layers:
        kind = type(layer).__name__
        if layer.name in skip or kind == "InputLayer" or registry.supports(layer):
            continue
        if kind == "Lambda":
            obstacles.append(Tflite2IntError("what a Lambda computes cannot be seen: use a layer", _where(layer)))
        elif kind not in _REWRITTEN:
            obstacles.append(Tflite2IntError("tensorflow-model-optimization has no rule for it", _where(layer)))
        elif kind == "BatchNormalization" and _producer(layer) not in _FOLDED_INTO:
            what = f"a batch normalization folds into {', '.join(_FOLDED_INTO)} before it, not into {_producer(layer)}"
            obstacles.append(Tflite2IntError(what, _where(layer)))
    if obstacles:
        raise UnsupportedModelError(obstacles, _SKIP)


def _producer(layer: Any) -> str:
    source = layer.inbound_nodes[0].inbound_layers
    return "several" if isinstance(source, list) else type(source).__name__


def _where(layer: Any) -> str:
    return f'layer "{layer.name}" ({type(layer).__name__})'

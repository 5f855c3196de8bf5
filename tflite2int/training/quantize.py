"""Quantization-aware training: a float model in, a model that feels the rounding of its integers out."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import nullcontext
from typing import Any, Literal

from ..errors import Tflite2IntError, UnsupportedModelError, UsageError
from .keras import optimization, tensorflow
from .keras3 import from_keras3, is_keras3
from .sixteen import weights_aware

# What tfmot rewrites before it asks its registry; a batch normalization only directly behind one of these.
_REWRITTEN = ("BatchNormalization", "SeparableConv1D", "SeparableConv2D")
_FOLDED_INTO = ("Conv2D", "DepthwiseConv2D", "Dense")
_SKIP = "Pass skip=[names] to leave such layers to post-training quantization at export, or replace them."


def quantize_aware(
    model: Any,
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
    ``input_range`` (8 bits only) pins the lowest and highest real input, so that the input scale is
    ``(high - low) / 255`` and not what the data happen to give. ``skip`` names layers that are left out (8 bits only).
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
    with strategy.scope() if strategy is not None else nullcontext():
        legacy = legacy_model(model)
        _refuse_wrapped(legacy)
        if activation_bits == 16:
            return weights_aware(legacy)
        return _eight(legacy, input_range, set(skip))


def legacy_model(model: Any) -> Any:
    """``model`` as a Keras 2 model of known layers. Raises UsageError for anything else."""
    if is_keras3(model):
        return from_keras3(model)
    keras = tensorflow().keras
    if not isinstance(model, keras.Model):
        raise UsageError(f"a Keras model is needed, this is a {type(model).__name__}", remedy="Pass a keras.Model.")
    if not model.built:
        raise UsageError(
            f'model "{model.name}" has no input shape yet', remedy="Start it with keras.Input(shape) or call build()."
        )
    if not (isinstance(model, keras.Sequential) or getattr(model, "_is_graph_network", False)):
        raise UsageError(
            f'model "{model.name}" is a subclass with its own call(): its layers cannot be seen from outside',
            remedy="Build it with keras.Sequential or with keras.Model(inputs, outputs).",
        )
    return model


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

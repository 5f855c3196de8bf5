"""Export of a Keras model to a .tflite whose inputs, outputs and arithmetic are integers."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import Tflite2IntError, UnsupportedModelError, UsageError, printable
from ..graph import Graph
from .arguments import Samples, check_samples, legacy_model
from .check import REMEDY, check_integer_only
from .keras import tensorflow
from .sixteen import is_weights_aware, rounded_model

_REPLACE = "TensorFlow Lite has no integer kernel for it: replace the layer that becomes this operator."
Array = npt.NDArray[np.float32]


def export_int8(model: Any, representative_data: Samples, *, input_range: tuple[float, float] | None = None) -> bytes:
    """Return the .tflite of ``model`` with int8 inputs, activations and outputs, checked to be integer only.

    ``model``: a float Keras model, which is quantized after training, or one that ``quantize_aware`` made for 8 bits.
    ``representative_data``: real inputs as the device will see them, [samples, ...input shape]; for a model of several
    inputs a list of such arrays in the order of ``model.inputs``.
    ``input_range``: lowest and highest real value of a single input, so that its scale is exactly
    ``(high - low) / 255``; pass the same to ``quantize_aware``.

    Raises UsageError for data that do not fit, UnsupportedModelError where the converter fails or leaves float behind.
    """
    tf = tensorflow()
    legacy = legacy_model(model)
    if is_weights_aware(legacy):
        raise UsageError("the model was trained for 16-bit activations", remedy="Use export_int16x8.")
    return _export(tf, legacy, representative_data, input_range, tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.int8, None)


def export_int16x8(
    model: Any,
    representative_data: Samples,
    *,
    input_range: tuple[float, float] | None = None,
    bias_bits: Literal[32, 64] = 64,
) -> bytes:
    """Return the .tflite of ``model`` with int16 inputs, activations and outputs and int8 weights.

    ``model``: a float Keras model, or one from ``quantize_aware(..., activation_bits=16)``. The rest is as in
    ``export_int8``, but the input scale is ``max(-low, high) / 32767``: with both ends at 32767 / 32768 it is exactly
    2^-15, and the raw count of an unsigned 16-bit sensor becomes the input by ``raw ^ 0x8000``. ``bias_bits=32`` lets
    the reference accumulate in 32 bits; TensorFlow's own default is 64.
    """
    tf = tensorflow()
    legacy = legacy_model(model)
    if is_weights_aware(legacy):
        legacy = rounded_model(legacy)
    elif any("quantize_config" in vars(layer) for layer in legacy.layers):
        raise UsageError(
            "the model was trained for 8-bit activations", remedy="Use quantize_aware(..., activation_bits=16)."
        )
    ops = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    bias = {32: tf.int32, 64: tf.int64}[bias_bits]
    return _export(tf, legacy, representative_data, input_range, ops, tf.int16, bias)


def export_dynamic_range(model: Any) -> bytes:
    """Return what ``optimizations=[DEFAULT]`` alone gives: stored weights may be int8, the arithmetic is float.

    tflite2int refuses such a file; it is here to show that, and the way out.
    """
    tf = tensorflow()
    converter = tf.lite.TFLiteConverter.from_keras_model(legacy_model(model))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return bytes(converter.convert())


def _export(
    tf: Any, model: Any, data: Samples, input_range: tuple[float, float] | None, ops: Any, dtype: Any, bias: Any
) -> bytes:
    samples = check_samples(model, data)
    if input_range is not None:
        samples = [_pinned(samples, input_range)]
    # A free batch would leave SHAPE, STRIDED_SLICE and PACK in the file: batch 1.
    specs = [tf.TensorSpec((1, *s.shape[1:]), tf.float32, name=f"input_{i:03}") for i, s in enumerate(samples)]
    function = tf.function(lambda *inputs: model(list(inputs) if len(inputs) > 1 else inputs[0], training=False))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function(*specs)], model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([s[i : i + 1] for s in samples] for i in range(len(samples[0])))
    # Only the integer kernels: without this, operators that have none would stay float in silence.
    converter.target_spec.supported_ops = [ops]
    converter.inference_input_type = converter.inference_output_type = dtype
    if bias is not None:
        converter._experimental_full_integer_quantization_bias_type = bias
    try:
        content = bytes(converter.convert())
    except Exception as error:  # ConverterError is private, and operators fail with other kinds
        raise UnsupportedModelError(
            [Tflite2IntError(f"TensorFlow's converter failed: {_reason(error)}", f'model "{model.name}"')], _REPLACE
        ) from error
    try:
        graph = check_integer_only(content, model.name)
    except UnsupportedModelError as error:
        raise UnsupportedModelError(error.obstacles, _REPLACE if error.remedy == REMEDY else error.remedy) from error
    if input_range is not None:
        _check_pin(graph, input_range)
    return content


def _reason(error: Exception) -> str:
    """The line of the converter's many that says what is wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return printable(next((line for line in lines if line.startswith("TF Select ops:")), lines[0]), 200)


def _pinned(samples: list[Array], input_range: tuple[float, float]) -> Array:
    """The samples clipped to the range, with the lowest value put at its low and the highest at its high end.

    So calibration finds exactly this range, and no sample is far from a real one.
    """
    if len(samples) != 1:
        raise UsageError("input_range needs a model of one input", remedy="Leave it out.")
    low, high = (np.float32(end) for end in input_range)
    pinned = np.clip(samples[0], low, high)
    pinned.flat[int(pinned.argmin())] = low
    pinned.flat[int(pinned.argmax())] = high
    return pinned


def _check_pin(graph: Graph, input_range: tuple[float, float]) -> None:
    low, high = (float(np.float32(end)) for end in input_range)
    tensor = graph.tensor(graph.inputs[0])
    wanted = max(-low, high) / 32767 if tensor.dtype.limits[1] == 32767 else (high - low) / 255
    if abs(tensor.scale - wanted) > 1e-6 * wanted:
        raise UnsupportedModelError(
            [Tflite2IntError(f"its scale is {tensor.scale!r} and not the pinned {wanted!r}", str(tensor))],
            "Pass the same input_range to quantize_aware.",
        )

"""Export of a Keras model to a .tflite whose inputs, outputs and arithmetic are integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .keras import tensorflow


def export_int8(model: Any, representative_data: npt.ArrayLike) -> bytes:
    """Return the .tflite of ``model`` with int8 activations, inputs and outputs.

    ``model`` is a float model (which is then quantized after training) or one from ``quantize_aware``.
    ``representative_data`` has shape [samples, ...input shape]: real inputs in the range the device will see.
    """
    tf = tensorflow()
    converter = _converter(tf, model, representative_data)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def _converter(tf: Any, model: Any, representative_data: npt.ArrayLike) -> Any:
    """A converter for batch 1: a free batch would leave SHAPE, STRIDED_SLICE and PACK in the file."""
    samples = np.asarray(representative_data, np.float32)
    spec = tf.TensorSpec((1, *samples.shape[1:]), tf.float32, name="input")
    function = tf.function(model).get_concrete_function(spec)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([sample[np.newaxis]] for sample in samples)
    return converter


def export_dynamic_range(model: Any) -> bytes:
    """Return what ``optimizations=[DEFAULT]`` alone gives: stored weights may be int8, the arithmetic is float.

    tflite2int refuses such a file; it is here to show that, and the way out.
    """
    tf = tensorflow()
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return bytes(converter.convert())

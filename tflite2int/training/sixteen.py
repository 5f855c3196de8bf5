"""Quantization-aware training for 16-bit activations: the weights are rounded to 8 bits, the activations are not.

The rounding is that of TensorFlow's post-training quantization: symmetric to +-127, one scale an output channel. So the
float model with the rounded weights (``rounded_model``), exported as 16x8, has the very integers that training saw; the
16-bit activations add an error 256 times smaller than 8-bit ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .keras import optimization, tensorflow

# Layer class -> its weight, and the axes that share a scale (the others are the output channels).
_WEIGHTS: dict[str, tuple[str, tuple[int, ...]]] = {
    "Dense": ("kernel", (0,)),
    "Conv2D": ("kernel", (0, 1, 2)),
    "DepthwiseConv2D": ("depthwise_kernel", (0, 1)),
}


def on_grid(weights: npt.NDArray[Any], axes: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """``weights`` rounded to multiples of max|w| / 127, the maximum taken over ``axes``."""
    scale = np.max(np.abs(weights), axis=axes, keepdims=True) / np.float32(127)
    return np.asarray(np.round(weights / np.where(scale == 0, 1, scale)) * scale, np.float32)


def weights_aware(model: Any) -> Any:
    """A copy of ``model`` whose dense and convolution weights are rounded to 8 bits in each forward pass."""
    keras, quantization = tensorflow().keras, optimization().quantization.keras
    config, quantizer, scheme = _classes()

    def annotate(layer: Any) -> Any:
        return quantization.quantize_annotate_layer(layer, config(*_WEIGHTS.get(type(layer).__name__, ("", ()))))

    with quantization.quantize_scope({"WeightsConfig": config, "WeightQuantizer": quantizer}):
        annotated = keras.models.clone_model(model, clone_function=annotate)
        annotated.set_weights(model.get_weights())
        return quantization.quantize_apply(annotated, scheme())


def is_weights_aware(model: Any) -> bool:
    """Whether ``model`` came from ``weights_aware``."""
    configs = [getattr(layer, "quantize_config", None) for layer in model.layers]
    return any(type(config).__name__ == "WeightsConfig" for config in configs)


def rounded_model(aware: Any) -> Any:
    """The plain float model of a ``weights_aware`` one, its weights rounded."""
    keras = tensorflow().keras

    def unwrap(layer: Any) -> Any:
        inner = getattr(layer, "layer", layer)
        return type(inner).from_config(inner.get_config())

    plain = keras.models.clone_model(aware, clone_function=unwrap)
    for old, new in zip(_computing(aware), _computing(plain), strict=True):
        inner = getattr(old, "layer", old)
        name, axes = _WEIGHTS.get(type(inner).__name__, ("", ()))
        rounded = [(w, on_grid(w.numpy(), axes)) for w, _, _ in getattr(old, "_weight_vars", [])]
        if rounded:
            getattr(new, name).assign(rounded[0][1])
        kept = [w for w in inner.weights if not any(w is weight for weight, _ in rounded)]
        slots = [w for w in new.weights if not (rounded and w is getattr(new, name))]
        for slot, weight in zip(slots, kept, strict=True):
            slot.assign(weight)
    return plain


def _computing(model: Any) -> list[Any]:
    return [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]


def _classes() -> tuple[Any, Any, Any]:
    """The three classes that tfmot wants to be told by; made here since their bases need TensorFlow."""
    tf, quantization = tensorflow(), optimization().quantization.keras
    quantizer_base: Any = quantization.quantizers.Quantizer
    config_base: Any = quantization.QuantizeConfig
    scheme_base: Any = quantization.default_8bit.Default8BitQuantizeScheme

    class WeightQuantizer(quantizer_base):  # type: ignore[misc]
        """``on_grid`` with the gradient passed straight through."""

        def __init__(self, axes: tuple[int, ...]) -> None:
            self.axes = tuple(axes)

        def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
            return {}

        def __call__(self, inputs: Any, training: Any, weights: Any, **kwargs: Any) -> Any:
            scale = tf.reduce_max(tf.abs(inputs), axis=self.axes, keepdims=True) / 127.0
            rounded = tf.round(tf.math.divide_no_nan(inputs, scale)) * scale
            return inputs + tf.stop_gradient(rounded - inputs)

        def get_config(self) -> dict[str, Any]:
            return {"axes": self.axes}

    class WeightsConfig(config_base):  # type: ignore[misc]
        def __init__(self, name: str, axes: tuple[int, ...]) -> None:
            self.name, self.axes = name, tuple(axes)

        def get_weights_and_quantizers(self, layer: Any) -> list[tuple[Any, Any]]:
            return [(getattr(layer, self.name), WeightQuantizer(self.axes))] if self.name else []

        def get_activations_and_quantizers(self, layer: Any) -> list[tuple[Any, Any]]:
            return []

        def set_quantize_weights(self, layer: Any, quantize_weights: list[Any]) -> None:
            for weight in quantize_weights:
                setattr(layer, self.name, weight)

        def set_quantize_activations(self, layer: Any, quantize_activations: list[Any]) -> None:
            return None

        def get_output_quantizers(self, layer: Any) -> list[Any]:
            return []

        def get_config(self) -> dict[str, Any]:
            return {"name": self.name, "axes": self.axes}

    class Unchanged:
        def apply(self, model: Any, layer_quantize_map: Any) -> tuple[Any, Any]:
            return model, layer_quantize_map

    class Scheme(scheme_base):  # type: ignore[misc]
        """tfmot's own would insert an 8-bit quantizer behind each input."""

        def get_layout_transformer(self) -> Any:
            return Unchanged()

    return WeightsConfig, WeightQuantizer, Scheme

"""tflite2int.training without TensorFlow: what it checks, and what it says where TensorFlow is missing."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tests.model_builder import Op, T, build
from tflite2int import training
from tflite2int.attributes import Conv2D, DepthwiseConv2D, FullyConnected
from tflite2int.errors import UnsupportedModelError, UsageError
from tflite2int.training.keras import tensorflow
from tflite2int.training.sixteen import on_grid


def dense(bias: str, options: FullyConnected, activations: str = "int16") -> bytes:
    """A FULLY_CONNECTED with a bias of the given type."""
    return build(
        [
            T("x", activations, (1, 2), 0.5),
            T("w", "int8", (3, 2), 0.25, data=np.ones((3, 2))),
            T("b", bias, (3,), 0.125, data=[1, 2, 3]),
            T("y", activations, (1, 3), 1.0),
        ],
        [Op("FULLY_CONNECTED", ["x", "w", "b"], ["y"], options)],
        ["x"],
        ["y"],
    )


@pytest.mark.parametrize(
    "content",
    [
        dense("int64", FullyConnected()),
        dense("int32", FullyConnected(quantized_bias_type="int32")),
        dense("int32", FullyConnected(), activations="int8"),
    ],
)
def test_integer_models_pass(content: bytes) -> None:
    assert training.check_integer_only(content, "net").name == "net"


def test_unset_bias_type_is_refused() -> None:
    with pytest.raises(UnsupportedModelError, match=r"operator 0 \(FULLY_CONNECTED\): .*reads as int64") as refusal:
        training.check_integer_only(dense("int32", FullyConnected()))
    assert "64-bit biases" in refusal.value.remedy


@pytest.mark.parametrize(("kind", "options"), [("CONV_2D", Conv2D()), ("DEPTHWISE_CONV_2D", DepthwiseConv2D())])
def test_unset_bias_type_of_convolutions_is_refused(kind: str, options: Conv2D) -> None:
    content = build(
        [
            T("x", "int16", (1, 2, 2, 1), 0.5),
            T("w", "int8", (1, 1, 1, 1), 0.25, data=np.ones((1, 1, 1, 1))),
            T("b", "int32", (1,), 0.125, data=[1]),
            T("y", "int16", (1, 2, 2, 1), 1.0),
        ],
        [Op(kind, ["x", "w", "b"], ["y"], options)],
        ["x"],
        ["y"],
    )
    with pytest.raises(UnsupportedModelError, match=rf"operator 0 \({kind}\): .*reads as int64"):
        training.check_integer_only(content)


def test_every_float_tensor_and_operator_is_named() -> None:
    content = build(
        [
            T("q", "int8", (1, 4), 0.5),
            T("real", "float32", (1, 4)),
            T("sine", "float32", (1, 4)),
        ],
        [Op("DEQUANTIZE", ["q"], ["real"]), Op("SIN", ["real"], ["sine"])],
        ["q"],
        ["sine"],
    )
    with pytest.raises(UnsupportedModelError) as refusal:
        training.check_integer_only(content)
    first, second, third = (str(obstacle) for obstacle in refusal.value.obstacles)
    assert first == 'tensor 2 "sine": the model\'s output is float32'
    assert second == 'operator 0 (DEQUANTIZE): it computes in floating point: tensor 1 "real" is float32'
    assert third.startswith("operator 1 (SIN): ")
    assert 'tensor 1 "real" is float32, tensor 2 "sine" is float32' in third
    assert "export_int8" in refusal.value.remedy


def test_unused_float_tensors_do_not_matter() -> None:
    content = build(
        [T("x", "int8", (1, 4), 0.5), T("y", "int8", (1, 4), 0.5), T("left over", "float32", (7,))],
        [Op("RELU", ["x"], ["y"])],
        ["x"],
        ["y"],
    )
    training.check_integer_only(content)


def test_grid_of_weights() -> None:
    """TensorFlow's rule for weights: symmetric, 127 steps to the largest of each output channel."""
    weights = np.array([[0.5, -2.0, 0.0], [1.0, 0.3, 0.0]], np.float32)
    rounded = on_grid(weights, (0,))
    np.testing.assert_allclose(rounded[1, 0], 1.0)
    np.testing.assert_allclose(rounded[0, 0], 64 / 127, rtol=1e-6)  # 63.5 rounds to even
    np.testing.assert_allclose(rounded[:, 1], [-2.0, 19 * 2 / 127], rtol=1e-6)
    np.testing.assert_array_equal(rounded[:, 2], 0.0)
    np.testing.assert_array_equal(on_grid(rounded, (0,)), rounded)


def test_missing_tensorflow_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(UsageError, match="TensorFlow with tf-keras is not installed") as missing:
        tensorflow()
    assert 'pip install "tflite2int[training]"' in missing.value.remedy
    for function in (training.quantize_aware, training.export_int8, training.export_int16x8):
        with pytest.raises(UsageError, match="not installed"):
            function(None, np.zeros((1, 1)))

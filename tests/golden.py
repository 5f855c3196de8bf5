"""Small models whose emitted C is kept in tests/golden/, so that a change of it is seen in review.

``python -m tests.golden`` renews the files.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from tests.model_builder import Op, T, build
from tflite2int import attributes as a
from tflite2int.compiler import Conversion, convert

FOLDER = Path(__file__).with_name("golden")
SINE = Path(__file__).parents[1] / "models" / "sine" / "sine.tflite"


def image() -> bytes:
    """A convolution of stride 2 with padding, a depthwise one, a pool, a dense layer."""
    rng = np.random.default_rng(1)

    def weights(name: str, shape: tuple[int, ...], scale: list[float], axis: int) -> T:
        return T(name, "int8", shape, scale, axis=axis, data=rng.integers(-127, 128, shape))

    def bias(name: str, scale: list[float]) -> T:
        return T(name, "int32", (len(scale),), scale, data=rng.integers(-900, 900, len(scale)))

    tensors = [
        T("image", "int8", (1, 6, 6, 1), 1 / 128, 0),
        weights("stem/kernel", (4, 3, 3, 1), [1 / 64, 1 / 80, 1 / 96, 1 / 50], 0),
        bias("stem/bias", [s / 128 for s in (1 / 64, 1 / 80, 1 / 96, 1 / 50)]),
        T("stem", "int8", (1, 3, 3, 4), 1 / 24, -128),
        weights("spread/kernel", (1, 3, 3, 4), [1 / 64, 1 / 70, 1 / 96, 1 / 50], 3),
        bias("spread/bias", [s / 24 for s in (1 / 64, 1 / 70, 1 / 96, 1 / 50)]),
        T("spread", "int8", (1, 3, 3, 4), 1 / 30, -128),
        T("pool", "int8", (1, 1, 1, 4), 1 / 30, -128),
        weights("dense/kernel", (3, 4), [1 / 40], 0),
        T("dense/bias", "int32", (3,), 1 / 1200, data=[100, -200, 300]),
        T("scores", "int8", (1, 3), 1 / 20, 4),
    ]
    operators = [
        Op("CONV_2D", ["image", "stem/kernel", "stem/bias"], ["stem"], a.Conv2D("SAME", 2, 2, activation="RELU")),
        Op(
            "DEPTHWISE_CONV_2D",
            ["stem", "spread/kernel", "spread/bias"],
            ["spread"],
            a.DepthwiseConv2D("SAME", activation="RELU6", depth_multiplier=1),
        ),
        Op("AVERAGE_POOL_2D", ["spread"], ["pool"], a.Pool2D("VALID", 3, 3, 3, 3)),
        Op("FULLY_CONNECTED", ["pool", "dense/kernel", "dense/bias"], ["scores"], a.FullyConnected()),
    ]
    return build(tensors, operators, ["image"], ["scores"])


def residual() -> bytes:
    """A concatenation, a sum with a broadcast, a table, a softmax, and two outputs."""
    tensors = [
        T("left", "int8", (1, 2, 3), 0.05, 3),
        T("right", "int8", (1, 2, 2), 0.05, 3),
        T("joined", "int8", (1, 2, 5), 0.05, 3),
        T("offset", "int8", (5,), 0.04, -3, data=[1, -20, 30, 120, -128]),
        T("sum", "int8", (1, 2, 5), 0.1, 0),
        T("squashed", "int8", (1, 2, 5), 1 / 128, 0),
        T("shares", "int8", (1, 2, 5), 1 / 256, -128),
    ]
    operators = [
        Op("CONCATENATION", ["left", "right"], ["joined"], a.Concatenation(axis=2)),
        Op("ADD", ["joined", "offset"], ["sum"], a.Arithmetic()),
        Op("TANH", ["sum"], ["squashed"]),
        Op("SOFTMAX", ["sum"], ["shares"], a.Softmax()),
    ]
    return build(tensors, operators, ["left", "right"], ["squashed", "shares"])


def sixteen() -> bytes:
    """16-bit activations with each kind of bias, sums of 32 and of 64 bits, and 8-bit ones at the end."""
    rng = np.random.default_rng(2)

    def weights(name: str, shape: tuple[int, ...], scale: list[float], axis: int = 0) -> T:
        return T(name, "int8", shape, scale, axis=axis, data=rng.integers(-127, 128, shape))

    def bias(name: str, dtype: str, scale: list[float], reach: int = 900) -> T:
        return T(name, dtype, (len(scale),), scale, data=rng.integers(-reach, reach, len(scale)))

    tensors = [
        T("signal", "int16", (1, 1, 8, 2), 2**-14),
        weights("stem/kernel", (3, 1, 3, 2), [1 / 64, 1 / 80, 1 / 96]),
        bias("stem/bias", "int64", [2**-20, 2**-20, 2**-20]),
        T("stem", "int16", (1, 1, 4, 3), 2**-13),
        weights("spread/kernel", (1, 1, 3, 3), [1 / 64, 1 / 70, 1 / 96], 3),
        bias("spread/bias", "int64", [2**-19, 2**-19, 2**-19]),
        T("spread", "int16", (1, 1, 4, 3), 0.0001),
        T("pool", "int16", (1, 1, 1, 3), 0.0001),
        weights("dense/kernel", (4, 3), [1 / 40]),
        bias("dense/bias", "int32", [0.0001 / 40] * 4),
        T("dense", "int16", (1, 4), 0.0002),
        weights("far/kernel", (4, 4), [1 / 50]),
        bias("far/bias", "int64", [0.0002 / 50] * 4, 2**33),
        T("far", "int16", (1, 4), 2.0),
        T("offset", "int16", (4,), 0.0001, data=[1, -2000, 30000, -32768]),
        T("sum", "int16", (1, 4), 0.0004),
        T("gate", "int16", (1, 4), 2**-15),
        T("shares", "int16", (1, 4), 2**-15),
        T("coarse", "int8", (1, 4), 1 / 128),
        weights("last/kernel", (2, 4), [1 / 30]),
        T("last", "int8", (1, 2), 1 / 50, 3),
    ]
    relu6 = a.FullyConnected("RELU6", quantized_bias_type="int32")
    operators = [
        Op("CONV_2D", ["signal", "stem/kernel", "stem/bias"], ["stem"], a.Conv2D("SAME", 1, 2, activation="RELU")),
        Op("DEPTHWISE_CONV_2D", ["stem", "spread/kernel", "spread/bias"], ["spread"], a.DepthwiseConv2D()),
        Op("MAX_POOL_2D", ["spread"], ["pool"], a.Pool2D("VALID", 1, 4, 1, 4)),
        Op("FULLY_CONNECTED", ["pool", "dense/kernel", "dense/bias"], ["dense"], relu6),
        Op("FULLY_CONNECTED", ["dense", "far/kernel", "far/bias"], ["far"], a.FullyConnected()),
        Op("ADD", ["dense", "offset"], ["sum"], a.Arithmetic()),
        Op("LOGISTIC", ["sum"], ["gate"]),
        Op("SOFTMAX", ["sum"], ["shares"], a.Softmax()),
        Op("QUANTIZE", ["gate"], ["coarse"]),
        Op("FULLY_CONNECTED", ["coarse", "last/kernel"], ["last"], a.FullyConnected()),
    ]
    return build(tensors, operators, ["signal"], ["far", "shares", "last"])


def conversions() -> list[Conversion]:
    """The golden models, converted."""
    made = [convert(SINE)]
    with tempfile.TemporaryDirectory() as folder:
        for name, model in (("image", image()), ("residual", residual()), ("sixteen", sixteen())):
            path = Path(folder) / f"{name}.tflite"
            path.write_bytes(model)
            made.append(convert(path))
    return made


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for conversion in conversions():
        for name, text in conversion.files().items():
            (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()

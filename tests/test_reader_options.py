"""Option tables, written field by field, and the attributes that they become."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tflite

from tests.flatfile import OperatorSpec, Options, one_operator
from tflite2int import attributes as a
from tflite2int.errors import MalformedModelError
from tflite2int.reader import read_bytes

OP = tflite.BuiltinOperator
TYPE = tflite.TensorType
DETAILS = Path(__file__).with_name("interpreter_details.py")


OPTIONS: list[tuple[int, Options, a.Attributes]] = [
    (
        OP.FULLY_CONNECTED,
        (
            "FullyConnected",
            {
                "FusedActivationFunction": 3,
                "WeightsFormat": 1,
                "KeepNumDims": True,
                "AsymmetricQuantizeInputs": True,
                "QuantizedBiasType": TYPE.INT64,
            },
        ),
        a.FullyConnected("RELU6", True, True, True, "int64"),
    ),
    (
        OP.CONV_2D,
        (
            "Conv2D",
            {
                "Padding": 1,
                "StrideW": 2,
                "StrideH": 3,
                "DilationWFactor": 4,
                "DilationHFactor": 5,
                "FusedActivationFunction": 1,
                "QuantizedBiasType": TYPE.INT32,
            },
        ),
        a.Conv2D("VALID", 3, 2, 5, 4, "RELU", "int32"),
    ),
    (OP.CONV_2D, ("Conv2D", {}), a.Conv2D("SAME", 0, 0, 1, 1, "NONE", "")),
    (
        OP.DEPTHWISE_CONV_2D,
        (
            "DepthwiseConv2D",
            {
                "Padding": 1,
                "StrideW": 2,
                "StrideH": 3,
                "DepthMultiplier": 6,
                "DilationWFactor": 4,
                "DilationHFactor": 5,
                "FusedActivationFunction": 2,
            },
        ),
        a.DepthwiseConv2D("VALID", 3, 2, 5, 4, "RELU_N1_TO_1", depth_multiplier=6),
    ),
    (
        OP.AVERAGE_POOL_2D,
        (
            "Pool2D",
            {
                "Padding": 1,
                "StrideW": 2,
                "StrideH": 3,
                "FilterWidth": 4,
                "FilterHeight": 5,
                "FusedActivationFunction": 1,
            },
        ),
        a.Pool2D("VALID", 3, 2, 5, 4, "RELU"),
    ),
    (OP.MAX_POOL_2D, ("Pool2D", {"FilterWidth": 4}), a.Pool2D("SAME", 0, 0, 0, 4, "NONE")),
    (OP.ADD, ("Add", {"FusedActivationFunction": 1, "PotScaleInt16": False}), a.Arithmetic("RELU", False)),
    (OP.ADD, ("Add", {}), a.Arithmetic("NONE", True)),
    (OP.SUB, ("Sub", {"FusedActivationFunction": 3, "PotScaleInt16": False}), a.Arithmetic("RELU6", False)),
    (OP.MUL, ("Mul", {"FusedActivationFunction": 5}), a.Arithmetic("SIGN_BIT", False)),
    (OP.SOFTMAX, ("Softmax", {"Beta": 0.5}), a.Softmax(0.5)),
    (OP.SOFTMAX, ("Softmax", {}), a.Softmax(0.0)),
    (OP.LEAKY_RELU, ("LeakyRelu", {"Alpha": 0.25}), a.LeakyRelu(0.25)),
    (OP.CONCATENATION, ("Concatenation", {"Axis": -1, "FusedActivationFunction": 4}), a.Concatenation(-1, "TANH")),
    *(
        (code, ("Reducer", {"KeepDims": True}), a.Reduce(True))
        for code in (OP.MEAN, OP.SUM, OP.REDUCE_MAX, OP.REDUCE_MIN, OP.REDUCE_PROD)
    ),
    (
        OP.STRIDED_SLICE,
        (
            "StridedSlice",
            {"BeginMask": 1, "EndMask": 2, "EllipsisMask": 3, "NewAxisMask": 4, "ShrinkAxisMask": 5, "Offset": True},
        ),
        a.StridedSlice(1, 2, 3, 4, 5, True),
    ),
    (OP.SPLIT, ("Split", {"NumSplits": 3}), a.Split(3)),
    (OP.SPLIT_V, ("SplitV", {"NumSplits": 3}), a.Split(3)),
    (OP.PACK, ("Pack", {"ValuesCount": 3, "Axis": -2}), a.Stack(-2, 3)),
    (OP.UNPACK, ("Unpack", {"Num": 3, "Axis": -2}), a.Stack(-2, 3)),
    (OP.RESHAPE, ("Reshape", {"NewShape": [1, -1]}), a.Reshape((1, -1))),
    (OP.RESHAPE, ("Reshape", {"NewShape": []}), a.Reshape(())),
    (OP.RESHAPE, ("Reshape", {}), a.Reshape(None)),
    (OP.SQUEEZE, ("Squeeze", {"SqueezeDims": [0, -1]}), a.Squeeze((0, -1))),
    (OP.GATHER, ("Gather", {"Axis": 1, "BatchDims": 2}), a.Gather(1, 2)),
    (OP.TRANSPOSE, ("Transpose", {}), a.Attributes()),
]


@pytest.mark.parametrize(("code", "options", "expected"), OPTIONS, ids=lambda v: v[0] if isinstance(v, tuple) else None)
def test_options(code: int, options: Options, expected: a.Attributes) -> None:
    assert read_bytes(one_operator(OperatorSpec(code, options=options)), "m").operators[0].attributes == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (OP.FULLY_CONNECTED, a.FullyConnected()),
        (OP.ADD, a.Arithmetic()),
        (OP.RESHAPE, a.Reshape()),
        (OP.ABS, a.Attributes()),
    ],
)
def test_options_left_out(code: int, expected: a.Attributes) -> None:
    assert read_bytes(one_operator(OperatorSpec(code)), "m").operators[0].attributes == expected


def test_table_that_the_file_calls_none_is_not_read() -> None:
    operator = OperatorSpec(OP.MUL, options=("Mul", {"FusedActivationFunction": 1}), union=tflite.BuiltinOptions.NONE)
    assert read_bytes(one_operator(operator), "m").operators[0].attributes == a.Arithmetic("NONE")


@pytest.mark.parametrize(
    ("code", "options", "union", "message"),
    [
        (OP.CONV_2D, None, None, "operator 0 (CONV_2D): it has no Conv2DOptions"),
        (OP.CONV_2D, None, tflite.BuiltinOptions.Conv2DOptions, "operator 0 (CONV_2D): it has no Conv2DOptions"),
        (OP.SOFTMAX, None, None, "operator 0 (SOFTMAX): it has no SoftmaxOptions"),
        (
            OP.CONV_2D,
            ("Pool2D", {}),
            None,
            "(CONV_2D): its option table is Pool2DOptions, not Conv2DOptions",
        ),
        (OP.ADD, ("Mul", {}), None, "operator 0 (ADD): its option table is MulOptions, not AddOptions"),
        (OP.ADD, ("Add", {}), 250, "operator 0 (ADD): its option table is of an unknown type, not AddOptions"),
        (OP.ADD, ("Add", {"FusedActivationFunction": 6}), None, "the activation function 6 is unknown"),
        (OP.ADD, ("Add", {"FusedActivationFunction": -1}), None, "the activation function -1 is unknown"),
        (OP.MAX_POOL_2D, ("Pool2D", {"Padding": 2}), None, "the padding 2 is unknown"),
        (OP.CONV_2D, ("Conv2D", {"QuantizedBiasType": 99}), None, "the element type 99 is unknown"),
        (OP.FULLY_CONNECTED, ("FullyConnected", {"WeightsFormat": 2}), None, "the weights format 2 is unknown"),
        (OP.SOFTMAX, ("Softmax", {"Beta": float("nan")}), None, "its beta is nan"),
        (OP.LEAKY_RELU, ("LeakyRelu", {"Alpha": float("inf")}), None, "its alpha is inf"),
    ],
)
def test_wrong_options(code: int, options: Options | None, union: int | None, message: str) -> None:
    model = one_operator(OperatorSpec(code, options=options, union=union))
    with pytest.raises(MalformedModelError, match=re.escape(message)):
        read_bytes(model, "m")

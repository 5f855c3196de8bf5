"""Option tables of operators -> ``attributes``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import tflite

from .. import attributes as a
from ..errors import MalformedModelError
from ..graph import DType
from .flat import REMEDY, File, numbers, open_table

_ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
_PADDINGS = ("SAME", "VALID")


def enum_names(enum: type) -> dict[int, str]:
    """Code -> name of one of the generated enumerations."""
    return {code: name for name, code in vars(enum).items() if isinstance(code, int)}


# A later tflite package may know types that we do not.
_DTYPES = {code: DType[name] for code, name in enum_names(tflite.TensorType).items() if name in DType.__members__}
_UNIONS = enum_names(tflite.BuiltinOptions)


def dtype_of(code: int) -> DType:
    """The element type of the file's code. Raises MalformedModelError for an unknown one."""
    if code not in _DTYPES:
        raise MalformedModelError(f"the element type {code} is unknown", remedy=REMEDY)
    return _DTYPES[code]


def _activation(code: int) -> a.Activation:
    if not 0 <= code < len(_ACTIVATIONS):
        raise MalformedModelError(f"the activation function {code} is unknown", remedy=REMEDY)
    return cast(a.Activation, _ACTIVATIONS[code])


def _padding(code: int) -> a.Padding:
    if not 0 <= code < len(_PADDINGS):
        raise MalformedModelError(f"the padding {code} is unknown", remedy=REMEDY)
    return cast(a.Padding, _PADDINGS[code])


def _bias_type(code: int) -> str:
    return dtype_of(code).label if code else ""  # 0, which is FLOAT32, is the schema's default and means unset


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise MalformedModelError(f"its {name} is {value:g}", remedy=REMEDY)
    return value


def _fully_connected(o: Any) -> a.Attributes:
    if o.WeightsFormat() not in (0, 1):
        raise MalformedModelError(f"the weights format {o.WeightsFormat()} is unknown", remedy=REMEDY)
    return a.FullyConnected(
        activation=_activation(o.FusedActivationFunction()),
        keep_num_dims=o.KeepNumDims(),
        shuffled_weights=o.WeightsFormat() == 1,
        asymmetric_quantize_inputs=o.AsymmetricQuantizeInputs(),
        quantized_bias_type=_bias_type(o.QuantizedBiasType()),
    )


def _window(o: Any) -> dict[str, Any]:
    return {
        "padding": _padding(o.Padding()),
        "stride_h": o.StrideH(),
        "stride_w": o.StrideW(),
        "activation": _activation(o.FusedActivationFunction()),
    }


def _dilation(o: Any) -> dict[str, Any]:
    return {"dilation_h": o.DilationHFactor(), "dilation_w": o.DilationWFactor()}


def _conv_2d(o: Any) -> a.Attributes:
    return a.Conv2D(**_window(o), **_dilation(o), quantized_bias_type=_bias_type(o.QuantizedBiasType()))


def _depthwise_conv_2d(o: Any) -> a.Attributes:
    return a.DepthwiseConv2D(**_window(o), **_dilation(o), depth_multiplier=o.DepthMultiplier())


def _pool_2d(o: Any) -> a.Attributes:
    return a.Pool2D(**_window(o), filter_h=o.FilterHeight(), filter_w=o.FilterWidth())


def _add(o: Any) -> a.Attributes:
    return a.Arithmetic(_activation(o.FusedActivationFunction()), o.PotScaleInt16())


def _mul(o: Any) -> a.Attributes:
    return a.Arithmetic(_activation(o.FusedActivationFunction()))


def _softmax(o: Any) -> a.Attributes:
    return a.Softmax(_finite("beta", o.Beta()))


def _leaky_relu(o: Any) -> a.Attributes:
    return a.LeakyRelu(_finite("alpha", o.Alpha()))


def _concatenation(o: Any) -> a.Attributes:
    return a.Concatenation(o.Axis(), _activation(o.FusedActivationFunction()))


def _reduce(o: Any) -> a.Attributes:
    return a.Reduce(o.KeepDims())


def _strided_slice(o: Any) -> a.Attributes:
    return a.StridedSlice(o.BeginMask(), o.EndMask(), o.EllipsisMask(), o.NewAxisMask(), o.ShrinkAxisMask(), o.Offset())


def _split(o: Any) -> a.Attributes:
    return a.Split(o.NumSplits())


def _pack(o: Any) -> a.Attributes:
    return a.Stack(o.Axis(), o.ValuesCount())


def _unpack(o: Any) -> a.Attributes:
    return a.Stack(o.Axis(), o.Num())


def _reshape(o: Any) -> a.Attributes:
    return a.Reshape(None if o.NewShapeIsNone() else tuple(numbers(o.NewShapeAsNumpy())))


def _squeeze(o: Any) -> a.Attributes:
    return a.Squeeze(tuple(numbers(o.SqueezeDimsAsNumpy())))


def _gather(o: Any) -> a.Attributes:
    return a.Gather(o.Axis(), o.BatchDims())


@dataclass(frozen=True)
class _Reader:
    """``accessor``: the generated class. ``absent``: the attributes without a table, None where it is required.

    The reference (tflite/core/api/flatbuffer_conversions.cc) leaves every parameter at zero where there is no table;
    a table is required where that makes no sense.
    """

    accessor: type
    read: Callable[[Any], a.Attributes]
    absent: a.Attributes | None = None


_READERS = {
    "FULLY_CONNECTED": _Reader(tflite.FullyConnectedOptions, _fully_connected, a.FullyConnected()),
    "CONV_2D": _Reader(tflite.Conv2DOptions, _conv_2d),
    "DEPTHWISE_CONV_2D": _Reader(tflite.DepthwiseConv2DOptions, _depthwise_conv_2d),
    "AVERAGE_POOL_2D": _Reader(tflite.Pool2DOptions, _pool_2d),
    "MAX_POOL_2D": _Reader(tflite.Pool2DOptions, _pool_2d),
    "L2_POOL_2D": _Reader(tflite.Pool2DOptions, _pool_2d),
    "ADD": _Reader(tflite.AddOptions, _add, a.Arithmetic()),
    "SUB": _Reader(tflite.SubOptions, _add, a.Arithmetic()),
    "MUL": _Reader(tflite.MulOptions, _mul, a.Arithmetic()),
    "SOFTMAX": _Reader(tflite.SoftmaxOptions, _softmax),
    "LEAKY_RELU": _Reader(tflite.LeakyReluOptions, _leaky_relu, a.LeakyRelu()),
    "CONCATENATION": _Reader(tflite.ConcatenationOptions, _concatenation, a.Concatenation()),
    "MEAN": _Reader(tflite.ReducerOptions, _reduce, a.Reduce()),
    "SUM": _Reader(tflite.ReducerOptions, _reduce, a.Reduce()),
    "REDUCE_MAX": _Reader(tflite.ReducerOptions, _reduce, a.Reduce()),
    "REDUCE_MIN": _Reader(tflite.ReducerOptions, _reduce, a.Reduce()),
    "REDUCE_PROD": _Reader(tflite.ReducerOptions, _reduce, a.Reduce()),
    "STRIDED_SLICE": _Reader(tflite.StridedSliceOptions, _strided_slice, a.StridedSlice()),
    "SPLIT": _Reader(tflite.SplitOptions, _split, a.Split()),
    "SPLIT_V": _Reader(tflite.SplitVOptions, _split, a.Split()),
    "PACK": _Reader(tflite.PackOptions, _pack, a.Stack()),
    "UNPACK": _Reader(tflite.UnpackOptions, _unpack, a.Stack()),
    "RESHAPE": _Reader(tflite.ReshapeOptions, _reshape, a.Reshape()),
    "SQUEEZE": _Reader(tflite.SqueezeOptions, _squeeze, a.Squeeze()),
    "GATHER": _Reader(tflite.GatherOptions, _gather, a.Gather()),
}


def read_options(file: File, operator: Any, kind: str) -> a.Attributes:
    """The attributes of a builtin operator; ``operator`` is the generated accessor. Raises MalformedModelError."""
    reader = _READERS.get(kind)
    if reader is None:
        return a.Attributes()
    expected = reader.accessor.__name__
    given = _UNIONS.get(operator.BuiltinOptionsType(), "of an unknown type")
    if given not in ("NONE", expected):
        raise MalformedModelError(f"its option table is {given}, not {expected}", remedy=REMEDY)
    union = operator.BuiltinOptions()
    if given == expected and union is not None:
        return reader.read(open_table(file, reader.accessor(), union.Pos))
    if reader.absent is None:
        raise MalformedModelError(f"it has no {expected}", remedy=REMEDY)
    return reader.absent

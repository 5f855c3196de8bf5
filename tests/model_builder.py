"""Small models of chosen operators, shapes, scales and zero points, in a few readable lines.

build([T("x", "int8", (1, 4), 0.5, -3), T("y", "int8", (1, 4), 1 / 256, -128)],
      [Op("SOFTMAX", ["x"], ["y"], Softmax(beta=1.0))], ["x"], ["y"])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite

from tests import flatfile
from tflite2int import attributes as a
from tflite2int.graph import DType


@dataclass(frozen=True)
class T:
    """A tensor. ``scale`` and ``zero_point``: one, or one a slice of dimension ``axis``; scale None: not quantized.

    ``data`` makes it a constant; it is converted to ``dtype`` and must have ``shape``.
    """

    name: str
    dtype: str
    shape: Sequence[int]
    scale: float | Sequence[float] | None = None
    zero_point: int | Sequence[int] = 0
    axis: int = 0
    data: npt.ArrayLike | None = None
    variable: bool = False


@dataclass(frozen=True)
class Op:
    """An operator. Inputs and outputs are tensor names, None for an optional input left out.

    ``options`` None writes no option table; ``version`` is the lowest, which the reference takes for all operators.
    """

    kind: str
    inputs: Sequence[str | None]
    outputs: Sequence[str]
    options: a.Attributes | None = None
    version: int = 1


def build(tensors: Sequence[T], operators: Sequence[Op], inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """The bytes of a .tflite file."""
    numbers = {t.name: i for i, t in enumerate(tensors)}
    if len(numbers) != len(tensors):
        raise ValueError("two tensors have the same name")

    def indices(names: Sequence[str | None]) -> list[int]:
        return [-1 if name is None else numbers[name] for name in names]

    steps = [
        flatfile.OperatorSpec(
            code=getattr(tflite.BuiltinOperator, op.kind),
            inputs=indices(op.inputs),
            outputs=indices(op.outputs),
            options=None if op.options is None else _options(op.kind, op.options),
            version=op.version,
        )
        for op in operators
    ]
    return flatfile.build(
        flatfile.ModelSpec([_tensor(t) for t in tensors], steps, inputs=indices(inputs), outputs=indices(outputs))
    )


@dataclass
class SideBySide:
    """Operators side by side in one model, each with inputs and outputs of its own: one process start for all."""

    tensors: list[T] = field(default_factory=list)
    operators: list[Op] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    def add(
        self, kind: str, inputs: Sequence[T | None], outputs: Sequence[T], options: a.Attributes | None = None
    ) -> int:
        """Add an operator and its tensors, whose names get its number, and return that number.

        Inputs without data become inputs of the model; one tensor may stand among the inputs twice.
        """
        number = len(self.operators)
        renamed = {t.name: replace(t, name=f"{t.name}_{number}") for t in (*inputs, *outputs) if t is not None}
        self.tensors += renamed.values()
        names = [None if t is None else renamed[t.name].name for t in inputs]
        self.inputs += dict.fromkeys(renamed[t.name].name for t in inputs if t is not None and t.data is None)
        self.outputs += [renamed[t.name].name for t in outputs]
        self.operators.append(Op(kind, names, [renamed[t.name].name for t in outputs], options))
        return number

    def build(self) -> bytes:
        return build(self.tensors, self.operators, self.inputs, self.outputs)


def _tensor(t: T) -> flatfile.TensorSpec:
    data = None
    if t.data is not None:
        values = np.asarray(t.data)
        if values.shape != tuple(t.shape):
            raise ValueError(f"the data of {t.name} has the shape {values.shape}, not {tuple(t.shape)}")
        data = values.astype(DType[t.dtype.upper()].numpy).tobytes()
    quantization = None
    if t.scale is not None:
        scales = [t.scale] if isinstance(t.scale, int | float) else list(t.scale)
        points = [t.zero_point] * len(scales) if isinstance(t.zero_point, int) else list(t.zero_point)
        quantization = flatfile.Quantized(scales, points, t.axis)
    return flatfile.TensorSpec(
        shape=list(t.shape),
        type=getattr(tflite.TensorType, t.dtype.upper()),
        data=data,
        quantization=quantization,
        variable=t.variable,
        name=t.name.encode(),
    )


# Option table of the operators whose attributes do not tell it.
_TABLES = {"ADD": "Add", "SUB": "Sub", "MUL": "Mul", "SPLIT": "Split", "SPLIT_V": "SplitV"}
_TABLES |= {"PACK": "Pack", "UNPACK": "Unpack"}


def _activation(name: a.Activation) -> int:
    return int(getattr(tflite.ActivationFunctionType, name))


def _window(o: a.Conv2D | a.Pool2D) -> dict[str, Any]:
    return {
        "Padding": getattr(tflite.Padding, o.padding),
        "StrideH": o.stride_h,
        "StrideW": o.stride_w,
        "FusedActivationFunction": _activation(o.activation),
    }


def _dtype(label: str) -> int:
    return int(getattr(tflite.TensorType, label.upper())) if label else 0


def _options(kind: str, attributes: a.Attributes) -> tuple[str, Mapping[str, Any]]:
    """Option table of an operator: the generated class's name without "Options", and its fields."""
    match attributes:
        case a.FullyConnected() as o:
            return "FullyConnected", {
                "FusedActivationFunction": _activation(o.activation),
                "WeightsFormat": int(o.shuffled_weights),
                "KeepNumDims": o.keep_num_dims,
                "AsymmetricQuantizeInputs": o.asymmetric_quantize_inputs,
                "QuantizedBiasType": _dtype(o.quantized_bias_type),
            }
        case a.Conv2D() as o:
            dilation = {"DilationHFactor": o.dilation_h, "DilationWFactor": o.dilation_w}
            if isinstance(o, a.DepthwiseConv2D):
                return "DepthwiseConv2D", {**_window(o), **dilation, "DepthMultiplier": o.depth_multiplier}
            return "Conv2D", {**_window(o), **dilation, "QuantizedBiasType": _dtype(o.quantized_bias_type)}
        case a.Pool2D() as o:
            return "Pool2D", {**_window(o), "FilterHeight": o.filter_h, "FilterWidth": o.filter_w}
        case a.Arithmetic() as o:
            pot = {} if kind == "MUL" else {"PotScaleInt16": o.pot_scale_int16}
            return _TABLES[kind], {"FusedActivationFunction": _activation(o.activation), **pot}
        case a.Softmax() as o:
            return "Softmax", {"Beta": o.beta}
        case a.LeakyRelu() as o:
            return "LeakyRelu", {"Alpha": o.alpha}
        case a.Concatenation() as o:
            return "Concatenation", {"Axis": o.axis, "FusedActivationFunction": _activation(o.activation)}
        case a.Reduce() as o:
            return "Reducer", {"KeepDims": o.keep_dims}
        case a.StridedSlice() as o:
            return "StridedSlice", {
                "BeginMask": o.begin_mask,
                "EndMask": o.end_mask,
                "EllipsisMask": o.ellipsis_mask,
                "NewAxisMask": o.new_axis_mask,
                "ShrinkAxisMask": o.shrink_axis_mask,
                "Offset": o.offset,
            }
        case a.Split() as o:
            return _TABLES[kind], {"NumSplits": o.num_splits}
        case a.Stack() as o:
            return _TABLES[kind], {"Axis": o.axis, "ValuesCount" if kind == "PACK" else "Num": o.count}
        case a.Reshape() as o:
            return "Reshape", {} if o.new_shape is None else {"NewShape": list(o.new_shape)}
        case a.Squeeze() as o:
            return "Squeeze", {"SqueezeDims": list(o.axes)}
        case a.Gather() as o:
            return "Gather", {"Axis": o.axis, "BatchDims": o.batch_dims}
    raise ValueError(f"no option table is known for {attributes}")

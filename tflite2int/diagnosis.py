"""Why a model cannot be converted, all reasons at once, and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .errors import Tflite2IntError, printable
from .graph import DType, Graph, Operator, Tensor
from .ops import supported
from .ops.support import QUANTIZED, obstacles

_CONVERTER = """\
  converter = tf.lite.TFLiteConverter.from_keras_model(model)
  converter.optimizations = [tf.lite.Optimize.DEFAULT]
  converter.representative_dataset = representative_dataset  # yields some hundred real inputs: [float32 array]
  converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
  converter.inference_input_type = converter.inference_output_type = tf.int8
  tflite_model = converter.convert()"""

EXPORT_RECIPE = "Make it full-integer when you export it:\n" + _CONVERTER

_FLOAT = "This model is not quantized: it computes in float. "
_HALF = "The weights in this file are float16, and it computes in float. "
_HYBRID = "This is dynamic-range quantization: the weights in this file are int8 but activations are float. "
_MIXED = (
    "This model is quantized in part: what is named above is float. End the model in front of it and compute it in "
    "your own code, or export with these lines, which give integers or name what cannot be quantized:\n" + _CONVERTER
)
_UINT8 = "This is TensorFlow 1's quantization to uint8, which int8 has replaced. "
_NO_SCALE = "Tensors without scale and zero point mean nothing: export the model again with full-integer quantization."
_NO_ELEMENTS = "Export the model again with fixed shapes, every dimension at least 1."
_UNSUPPORTED = "SUPPORTED_OPS.md lists the operators and their limits: build the model from these."

FLOATS = tuple(t for t in DType if t.is_float)
PASSED = (DType.INT8, DType.UINT8, DType.INT16, DType.INT32, DType.INT64)  # at inputs and outputs of the C function


@dataclass(frozen=True)
class Family:
    """Custom operators whose names begin with ``prefix``: what they are, and what to do about them."""

    prefix: str
    what: str
    remedy: str


FAMILIES = (
    Family("XC_", "made by XMOS's compiler", "Pass the file that XMOS's compiler (xcore-opt) was given."),
    Family("ethos-u", "made by Vela for an Arm Ethos-U", "Pass the file that Vela was given."),
    Family("edgetpu-custom-op", "made for a Coral Edge TPU", "Pass the file that edgetpu_compiler was given."),
    Family(
        "Lce",
        "binary arithmetic of Larq Compute Engine, scaled in float",
        "Binary networks have no integer reference: train the model with int8 quantization instead.",
    ),
    Family(
        "TFLite_Detection_PostProcess",
        "selection of boxes in float",
        "End the model in front of TFLite_Detection_PostProcess, at its boxes and scores, and select in your own code.",
    ),
    Family(
        "Signal",
        "the signal library of TensorFlow Lite Micro",
        "Compute the features in your own code and convert the network that reads them.",
    ),
    Family("Flex", "an operator of full TensorFlow", "Export without tf.lite.OpsSet.SELECT_TF_OPS."),
)
CUSTOM = Family(
    "",
    "custom: the file does not tell what it computes",
    "Build the model without custom operators, or end it in front of them.",
)


@dataclass(frozen=True)
class Refusal:
    """An operator and why it is refused. ``shared``: one line tells it for operators of all kinds."""

    operator: Operator
    what: str
    shared: bool = False


def obstacles_of(graph: Graph) -> tuple[list[Tflite2IntError], str]:
    """All that stands in the way of converting the graph, like reasons put together, and what to do about it."""
    refusals = [refusal for op in graph.operators for refusal in _refusals(graph, op)]
    empty = _without_elements(graph)
    found = [*_grouped(refusals), *_edges(graph), *_constant_edges(graph), *empty]
    if not graph.operators:
        found.append(Tflite2IntError("it has no operator: nothing is computed", "the graph"))
    return found, "\n".join(_remedies(graph, [r.operator for r in refusals], bool(empty))) if found else ""


def _refusals(graph: Graph, op: Operator) -> list[Refusal]:
    if op.custom:
        return [Refusal(op, _family(op).what, shared=True)]
    if op.kind == "DEQUANTIZE" and graph.required(op, 0).constant:
        return []  # of weights: what reads them is float and is refused
    if op.kind != "DEQUANTIZE" and _has(graph, op, FLOATS):
        return [Refusal(op, "float activations", shared=True)]
    found = _unmet(graph, op)
    if found and _has(graph, op, (DType.UINT8,)):
        return [Refusal(op, "uint8 activations", shared=True)]
    return [Refusal(op, what) for what in found]


def _unmet(graph: Graph, op: Operator) -> list[str]:
    """What an operator's own constraints say, and what they may take for granted."""
    support = supported().get(op.kind)
    if support is None:
        return ["not supported"]
    if any(not t.elements for t in _activations(graph, op)):
        return []  # said once, of the tensor
    found = [error.what for error in obstacles(support, graph, op)]
    if not found and all(graph.tensor(i).constant for i in op.inputs if i >= 0):
        return ["all inputs are constants, and the result is not folded"]
    if not found and any(graph.tensor(i).variable for i in op.inputs if i >= 0):
        return ["an input is a variable"]
    return found


def _family(op: Operator) -> Family:
    return next((f for f in FAMILIES if op.kind.startswith(f.prefix)), CUSTOM)


def _activations(graph: Graph, op: Operator) -> list[Tensor]:
    tensors = [graph.tensor(i) for i in (*op.inputs, *op.outputs) if i >= 0]
    return [t for t in tensors if not t.constant]


def _has(graph: Graph, op: Operator, types: Sequence[DType]) -> bool:
    """True where an input or output that is no constant has one of the types."""
    return any(t.dtype in types for t in _activations(graph, op))


def _grouped(refusals: Sequence[Refusal]) -> list[Tflite2IntError]:
    """One line for each reason, or for each reason and kind of operator."""
    groups: dict[tuple[str, str], list[Operator]] = {}
    for refusal in refusals:
        kind = "" if refusal.shared else refusal.operator.kind
        groups.setdefault((kind, refusal.what), []).append(refusal.operator)
    return [Tflite2IntError(what, _where(ops)) for (_, what), ops in groups.items()]


def _where(ops: Sequence[Operator], most: int = 8) -> str:
    """Numbers and kinds of operators, such as "operators 3, 5, 7 to 9 (CONV_2D, ADD)"."""
    if len(ops) == 1:
        return str(ops[0])
    runs: list[list[int]] = []
    for op in ops:
        if runs and op.index == runs[-1][-1] + 1:
            runs[-1].append(op.index)
        else:
            runs.append([op.index])
    texts = [f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(str(i) for i in run) for run in runs]
    left = len(ops) - sum(len(run) for run in runs[:most])
    numbers = ", ".join(texts[:most]) + (f" and {left} more" if left else "")
    kinds = list(dict.fromkeys(printable(op.kind) for op in ops))
    return f"operators {numbers} ({', '.join(kinds[:most])}{', ...' if len(kinds) > most else ''})"


def _edges(graph: Graph) -> list[Tflite2IntError]:
    """Inputs and outputs of types that the C function does not pass."""
    groups: dict[str, list[str]] = {}
    for kind, indices in (("input", graph.inputs), ("output", graph.outputs)):
        for position, index in enumerate(indices):
            tensor = graph.tensor(index)
            if tensor.dtype not in PASSED:
                groups.setdefault(tensor.dtype.label, []).append(f'{kind} {position} "{printable(tensor.name)}"')
    return [
        Tflite2IntError(f"{label} at {', '.join(names[:4])}{' and more' if len(names) > 4 else ''}", "the graph")
        for label, names in groups.items()
    ]


def _constant_edges(graph: Graph) -> list[Tflite2IntError]:
    """Inputs and outputs with a value in the file. The reference replaces an input's by the caller's."""
    return [
        Tflite2IntError(f"{kind} {position} is a constant: export the model without it", "the graph")
        for kind, indices in (("input", graph.inputs), ("output", graph.outputs))
        for position, index in enumerate(indices)
        if graph.tensor(index).constant
    ]


def _without_elements(graph: Graph) -> list[Tflite2IntError]:
    used = {i for op in graph.operators for i in (*op.inputs, *op.outputs)} | {*graph.inputs, *graph.outputs}
    empty = [t for t in graph.tensors if t.index in used and not t.constant and not t.elements]
    return [Tflite2IntError(f"its shape {list(t.shape)} has no elements", str(t)) for t in empty]


def _remedies(graph: Graph, refused: Sequence[Operator], empty: bool) -> list[str]:
    families = list(dict.fromkeys(_family(op) for op in refused if op.custom))
    if families and CUSTOM not in families:
        return [f.remedy for f in families]  # what else there is comes from them, or is for the model before them
    remedies = [f.remedy for f in families]
    builtin = [op for op in refused if not op.custom]
    float_edges = any(graph.tensor(i).dtype.is_float for i in (*graph.inputs, *graph.outputs))
    if float_edges or any(_has(graph, op, FLOATS) for op in builtin):
        remedies.append(_float_remedy(graph))
    elif any(_has(graph, op, (DType.UINT8,)) for op in builtin):
        remedies.append(_UINT8 + EXPORT_RECIPE)
    elif any(t.dtype in QUANTIZED and t.quantization is None for op in builtin for t in _activations(graph, op)):
        remedies.append(_NO_SCALE)
    elif empty:
        remedies.append(_NO_ELEMENTS)
    elif builtin or not families:
        remedies.append(_UNSUPPORTED)
    return remedies


def _float_remedy(graph: Graph) -> str:
    """How the model is float: not in all of it, but for the weights, or altogether."""
    if any(_has(graph, op, QUANTIZED) and not _has(graph, op, FLOATS) for op in graph.operators):
        return _MIXED
    constants = [graph.tensor(i) for op in graph.operators for i in op.inputs if i >= 0 and graph.tensor(i).constant]
    if any(t.dtype in (DType.INT8, DType.INT4) and t.quantization is not None for t in constants):
        return _HYBRID + EXPORT_RECIPE
    return (_HALF if any(t.dtype is DType.FLOAT16 for t in constants) else _FLOAT) + EXPORT_RECIPE

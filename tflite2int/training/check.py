"""Does a .tflite compute in integers only? Needs no TensorFlow."""

from __future__ import annotations

from ..attributes import Conv2D, FullyConnected
from ..errors import Tflite2IntError, UnsupportedModelError
from ..graph import DType, Graph, Operator, Tensor
from ..reader import read_bytes

REMEDY = "Export it with tflite2int.training.export_int8, which quantizes everything with representative data."
_MISREAD = (
    "its int16 arithmetic has an int32 bias that the reference kernel reads as int64 (quantized_bias_type is unset)"
)
_WIDE_BIAS = "Export it with tflite2int.training.export_int16x8 and its default of 64-bit biases."


def check_integer_only(content: bytes, name: str = "model") -> Graph:
    """Return the graph of the .tflite ``content`` if nothing in it computes in floating point.

    Raises UnsupportedModelError naming each float input, output, operator and tensor, and each int16 operator whose
    bias the reference kernels misread; MalformedModelError where ``content`` is no valid model.
    """
    graph = read_bytes(content, name)
    obstacles: list[Tflite2IntError] = []
    if graph.subgraphs > 1:
        obstacles.append(Tflite2IntError(f"it has {graph.subgraphs} subgraphs and only the first can be checked", name))
    for role, indices in (("input", graph.inputs), ("output", graph.outputs)):
        for tensor in (graph.tensor(index) for index in indices):
            if _is_float(tensor):
                obstacles.append(Tflite2IntError(f"the model's {role} is {tensor.dtype.label}", str(tensor)))
    for op in graph.operators:
        floats = [t for t in _tensors(graph, op) if _is_float(t)]
        if floats:
            listed = ", ".join(f"{t} is {t.dtype.label}" for t in floats)
            obstacles.append(Tflite2IntError(f"it computes in floating point: {listed}", str(op)))
        elif _bias_is_misread(graph, op):
            obstacles.append(Tflite2IntError(_MISREAD, str(op)))
    if obstacles:
        misread = all(obstacle.what == _MISREAD for obstacle in obstacles)
        raise UnsupportedModelError(obstacles, _WIDE_BIAS if misread else REMEDY)
    return graph


def _is_float(tensor: Tensor) -> bool:
    return tensor.dtype.is_float or tensor.dtype in (DType.COMPLEX64, DType.COMPLEX128)


def _tensors(graph: Graph, op: Operator) -> list[Tensor]:
    return [graph.tensor(index) for index in (*op.inputs, *op.outputs) if index >= 0]


def _bias_is_misread(graph: Graph, op: Operator) -> bool:
    """tensorflow/lite/kernels/{fully_connected,conv}.cc: int16 reads an int64 bias unless the options say int32."""
    if not isinstance(op.attributes, FullyConnected | Conv2D):
        return False
    source, bias = graph.operand(op, 0), graph.operand(op, 2)
    if source is None or bias is None or source.dtype is not DType.INT16 or bias.dtype is not DType.INT32:
        return False
    return op.attributes.quantized_bias_type != "int32"

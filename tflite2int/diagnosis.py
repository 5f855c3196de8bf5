"""Why a model cannot be converted, all reasons at once, and the way out."""

from __future__ import annotations

from .errors import Tflite2IntError
from .graph import Graph
from .ops import supported
from .ops.support import obstacles

EXPORT_RECIPE = """\
Convert the model to full integer when you export it:
  converter = tf.lite.TFLiteConverter.from_keras_model(model)
  converter.optimizations = [tf.lite.Optimize.DEFAULT]
  converter.representative_dataset = representative_dataset  # yields some hundred real inputs: [float32 array]
  converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
  converter.inference_input_type = converter.inference_output_type = tf.int8
  tflite_model = converter.convert()"""


def obstacles_of(graph: Graph) -> tuple[list[Tflite2IntError], str]:
    """All that stands in the way of converting the graph, and what to do about it."""
    found: list[Tflite2IntError] = []
    for op in graph.operators:
        support = supported().get(op.kind)
        if support is None:
            found.append(Tflite2IntError(f"the {'custom ' if op.custom else ''}operator is not supported", str(op)))
        else:
            found += obstacles(support, graph, op)
    for index in (*graph.inputs, *graph.outputs):
        tensor = graph.tensor(index)
        if tensor.dtype.is_float:
            found.append(Tflite2IntError("an input or output of the graph is float", str(tensor)))
    floats = any(t.dtype.is_float for t in graph.tensors)
    return found, EXPORT_RECIPE if floats else ""

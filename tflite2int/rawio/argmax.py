"""The output argmax: the number of the class instead of probabilities."""

from __future__ import annotations

from ..emit.text import shape_text
from ..errors import UsageError
from ..graph import DType, Quantization
from ..ops.support import kernel_variant
from ..program import Counts, Port
from .draft import Draft, added_layer
from .text import as_comment

SAMPLES = (DType.INT8, DType.INT16)


def add_argmax(draft: Draft, with_margin: bool) -> None:
    """Return the position of the largest output, the first of equals, of a model with one row of outputs.

    A SOFTMAX in front of the output is left out: it never makes a smaller score the larger probability. Raises
    UsageError for models with several outputs or rows, or with an output that is not int8 or int16.
    """
    program = draft.program
    if len(program.outputs) != 1:
        raise UsageError(f"the output argmax is for models with one output: this one has {len(program.outputs)}")
    scores = program.outputs[0].tensor
    writer = draft.writer(scores)
    if writer is None:
        raise UsageError(f"the output argmax finds nothing that is computed: the output is {scores}")
    softmax = writer.operator if writer.operator.kind == "SOFTMAX" else None
    if softmax is not None:
        scores = program.graph.required(softmax, 0)
    if scores.dtype not in SAMPLES:
        raise UsageError(f"the output argmax is for int8 and int16: {scores} is {scores.dtype.label}")
    classes = scores.shape[-1] if scores.shape else 1
    if classes != scores.elements or classes < 2:
        raise UsageError(
            f"the output argmax is for one row of two or more classes: {scores} has the shape {list(scores.shape)}"
        )
    name, variant = "class_of_scores", kernel_variant(scores.dtype)
    told = [f"{shape_text(scores)} -> the position of the largest, the first of equals"]
    if softmax is not None:
        told.append(f"{softmax} is left out: it would not change the order.")
    about = as_comment(told)
    draft.counts.append(Counts("class", "int", f"0 to {classes - 1}, the first of equal scores"))
    if not with_margin:
        body = f"return argmax{variant}(input, {classes});"
        draft.layers.append(added_layer(name, about, (scores,), (), (body,), (f"argmax{variant}.c",), result="int"))
        return
    margin = draft.tensor("margin", DType.UINT16, (1,), Quantization((scores.scale,), (0,)))
    body = f"return argmax_margin{variant}(input, {classes}, output);"
    kernels = (f"argmax_margin{variant}.c",)
    draft.layers.append(added_layer(name, about, (scores,), (margin,), (body,), kernels, result="int"))
    draft.outputs.append(Port("margin", margin))
    real = f"real value = {scores.scale!r} * margin"
    draft.counts.append(Counts("margin", shape_text(margin), f"the largest score less the second: {real}"))

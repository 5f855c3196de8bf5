"""Geometry of windowed operators, and the loop over output rows that calls their kernels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from ..attributes import Conv2D, Pool2D
from ..graph import DType, Graph, Operator
from .support import kernel_variant
from .text import advance, loop, plus


@dataclass(frozen=True)
class Axis:
    """One spatial dimension: sizes in elements, and the padding before the first element."""

    input: int
    output: int
    kernel: int
    stride: int
    dilation: int
    before: int

    @property
    def padded(self) -> bool:
        """True where a window may reach into padding."""
        return self.before > 0 or self.after > 0

    @property
    def after(self) -> int:
        """The padding behind the last element. What no window reaches counts as none."""
        reach = (self.output - 1) * self.stride + (self.kernel - 1) * self.dilation + 1
        return max(0, reach - self.input - self.before)

    def first(self, output: int) -> int:
        """The first input element in the window of an output element; ``input`` where it has none."""
        start = output * self.stride - self.before
        inside = (i for i in range(start, start + self.kernel * self.dilation, self.dilation) if 0 <= i < self.input)
        return next(inside, self.input)


def axis(size: int, kernel: int, stride: int, dilation: int, padding: str, pads: tuple[int, int] | None) -> Axis:
    """Output size and padding: ComputePaddingHeightWidth in kernels/padding.h, or explicit ``pads`` (before, after)."""
    span = (kernel - 1) * dilation + 1
    if pads is not None:
        return Axis(size, (size + sum(pads) - span) // stride + 1, kernel, stride, dilation, pads[0])
    output = -(-size // stride) if padding == "SAME" else (size - span) // stride + 1
    return Axis(size, output, kernel, stride, dilation, max(0, (output - 1) * stride + span - size) // 2)


@dataclass(frozen=True)
class Window:
    """Both spatial dimensions of a windowed operator on (batch, height, width, channels)."""

    batch: int
    height: Axis
    width: Axis
    input_channels: int
    output_channels: int

    @property
    def padded(self) -> bool:
        return self.height.padded or self.width.padded

    @property
    def output_shape(self) -> tuple[int, ...]:
        return self.batch, self.height.output, self.width.output, self.output_channels


def window(graph: Graph, op: Operator) -> Window:
    """The geometry of CONV_2D, DEPTHWISE_CONV_2D and the pools. Raises ValueError for shapes that are not rank 4."""
    x, options = graph.required(op, 0), op.attributes
    if len(x.shape) != 4:
        raise ValueError(f"the input has shape {x.shape}")
    if isinstance(options, Pool2D):
        kernel_h, kernel_w, channels = options.filter_h, options.filter_w, x.shape[3]
        dilation, pads = (1, 1), None
    else:
        assert isinstance(options, Conv2D)
        shape = graph.required(op, 1).shape
        if len(shape) != 4:
            raise ValueError(f"the weights have shape {shape}")
        kernel_h, kernel_w = shape[1:3]
        channels = shape[3] if op.kind == "DEPTHWISE_CONV_2D" else shape[0]
        dilation, pads = (options.dilation_h, options.dilation_w), options.pads
    if min(kernel_h, kernel_w, options.stride_h, options.stride_w, *dilation) < 1:
        raise ValueError("a kernel size, stride or dilation is not positive")
    rows = axis(x.shape[1], kernel_h, options.stride_h, dilation[0], options.padding, pads[:2] if pads else None)
    columns = axis(x.shape[2], kernel_w, options.stride_w, dilation[1], options.padding, pads[2:] if pads else None)
    return Window(x.shape[0], rows, columns, x.shape[3], channels)


def window_shapes(graph: Graph, op: Operator) -> str | None:
    """Input and output must have rank 4 and the shapes that kernel, stride, dilation and padding give."""
    try:
        geometry = window(graph, op)
    except ValueError as error:
        return str(error)
    if min(geometry.output_shape) < 1:
        return f"the output would be {geometry.output_shape}"
    out = graph.result(op)
    return None if out.shape == geometry.output_shape else f"{out} is {out.shape}, not {geometry.output_shape}"


def row_order(geometry: Window) -> tuple[tuple[int, int], ...]:
    """What ``row_loop`` reads and writes, row by row: ``Layer.rows``."""
    height = geometry.height
    input_row = geometry.width.input * geometry.input_channels
    output_row = geometry.width.output * geometry.output_channels
    rows = [(image, y) for image in range(geometry.batch) for y in range(height.output)]
    first = [(image * height.input + height.first(y)) * input_row for image, y in rows]
    still_read = list(accumulate(reversed(first), min))[::-1]
    return tuple((start, (row + 1) * output_row) for row, start in enumerate(still_read))


def row_loop(
    geometry: Window, kernel: str, parameters: str, dtype: DType, scratch: tuple[str, str] = ("", "")
) -> tuple[str, ...]:
    """C that gathers the pointers of each window's input rows and calls the kernel for each output row.

    ``scratch``: the declaration of what else the kernel works in, and the name that it is passed by.
    """
    declaration, passed = scratch
    height = geometry.height
    input_row = geometry.width.input * geometry.input_channels
    output_row = geometry.width.output * geometry.output_channels
    image = advance("input", ("image", height.input * input_row)) if geometry.batch > 1 else "input"
    first = plus(advance("0", ("y", height.stride)).removeprefix("0 + "), -height.before)
    terms = [("image", height.output * output_row)] if geometry.batch > 1 else []
    target = advance("output", *terms, ("y", output_row))
    rows = f"{height.input}, {input_row}, {first}, {height.dilation}, {height.kernel}, rows"
    body: tuple[str, ...] = (
        f"window_rows{kernel_variant(dtype)}({image}, {rows});",
        f"{kernel}(&{', '.join(filter(None, (parameters, 'rows', passed, target)))});",
    )
    body = loop("y", height.output, body)
    if geometry.batch > 1:
        body = loop("image", geometry.batch, body)
    return (f"const {dtype.c} *rows[{height.kernel}];", *filter(None, [declaration]), *body)

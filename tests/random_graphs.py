"""Random graphs of many operators on shared tensors: what passes, table merging and the memory plan meet at once.

``python -m tests.random_graphs FIRST LAST`` compares the graphs of these seeds with the reference, until one differs.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.compare import assert_identical
from tests.model_builder import Op, T, build
from tests.random_parameters import Choice
from tflite2int import attributes as a

MOST_ELEMENTS = 3000
OPERATORS = 18


class Net:
    """A graph that grows by an operator at a time, each on tensors that are there."""

    def __init__(self, seed: int) -> None:
        self.choice = Choice(seed)
        self.dtype = "int16" if self.choice.random() < 0.25 else "int8"
        self.tensors: list[T] = []
        self.operators: list[Op] = []
        self.live: list[T] = []  # activations, the last ones more often read
        for number in range(self.whole(1, 2)):
            shape = (self.whole(1, 2), self.whole(3, 9), self.whole(3, 9), self.whole(1, 7))
            self.activation(f"x{number}", shape)
        self.inputs = [t.name for t in self.tensors]

    def whole(self, low: int, high: int) -> int:
        return int(self.choice.integers(low, high + 1))

    def likely(self, probability: float) -> bool:
        return bool(self.choice.random() < probability)

    def pick(self) -> T:
        return self.live[-self.whole(1, min(3, len(self.live)))] if self.likely(0.8) else self.choice_of(self.live)

    def choice_of(self, candidates: list[T]) -> T:
        return candidates[self.whole(0, len(candidates) - 1)]

    def activation(self, name: str, shape: tuple[int, ...], like: T | None = None, scale: float | None = None) -> T:
        """A new tensor: with the quantization of ``like``, or with ``scale``, or with a random one."""
        zero = self.choice.zero_point() if self.dtype == "int8" else 0
        own = self.choice.scale(0.01, 0.3) if self.dtype == "int8" else self.choice.scale(2**-14, 2**-10)
        tensor = T(name, self.dtype, shape, own if scale is None else scale, zero)
        if like is not None:
            tensor = T(name, self.dtype, shape, like.scale, like.zero_point)
        self.tensors.append(tensor)
        self.live.append(tensor)
        return tensor

    def constant(
        self, name: str, dtype: str, data: object, scale: float | list[float] | None = None, axis: int = 0
    ) -> T:
        values = np.asarray(data)
        tensor = T(name, dtype, values.shape, scale, axis=axis, data=values)
        self.tensors.append(tensor)
        return tensor

    def add(self, kind: str, inputs: list[T], out: T, options: a.Attributes | None = None) -> None:
        self.operators.append(Op(kind, [t.name for t in inputs], [out.name], options))

    @property
    def name(self) -> str:
        return f"t{len(self.operators)}"

    def weights(self, shape: tuple[int, ...], channels: int, axis: int, x: T) -> list[T]:
        """Weights, some of them all 0, with a scale a channel or one, and a bias."""
        values = self.choice.integers(-127, 128, shape)
        if self.likely(0.3):
            values = np.where(self.choice.random(shape) < 0.9, 0, values)
        if self.likely(0.3):
            values = np.abs(values) * -1  # with RELU, channels that are always 0
        scales = [self.choice.scale(0.001, 0.05) for _ in range(channels if self.likely(0.6) else 1)]
        w = self.constant(f"{self.name}_w", "int8", values, scales, axis)
        step = float(np.asarray(x.scale))
        bias = self.choice.integers(-3000, 3000, channels)
        dtype = "int32" if self.dtype == "int8" else "int64"
        return [w, self.constant(f"{self.name}_b", dtype, bias, [step * s for s in scales])]

    def window(self, x: T) -> tuple[str, int, int, tuple[int, int], tuple[int, int]]:
        """Padding, stride, kernel height and width, and the output's height and width, of an input of rank 4."""
        padding = "SAME" if self.likely(0.6) else "VALID"
        stride = 2 if self.likely(0.25) else 1
        kernel = tuple(self.whole(1, min(3, n)) for n in x.shape[1:3])
        spans = zip(x.shape[1:3], kernel, strict=True)
        size = tuple(-(-n // stride) if padding == "SAME" else (n - k) // stride + 1 for n, k in spans)
        return padding, stride, stride, (kernel[0], kernel[1]), (size[0], size[1])


def convolution(net: Net, x: T) -> None:
    padding, sh, sw, kernel, size = net.window(x)
    channels = net.whole(1, 9)
    inputs = [x, *net.weights((channels, *kernel, x.shape[3]), channels, 0, x)]
    out = net.activation(net.name, (x.shape[0], *size, channels))
    net.add("CONV_2D", inputs, out, a.Conv2D(padding, sh, sw, 1, 1, net.choice.activation()))  # type: ignore[arg-type]


def depthwise(net: Net, x: T) -> None:
    padding, sh, sw, kernel, size = net.window(x)
    multiplier = 2 if net.likely(0.2) else 1
    channels = x.shape[3] * multiplier
    inputs = [x, *net.weights((1, *kernel, channels), channels, 3, x)]
    out = net.activation(net.name, (x.shape[0], *size, channels))
    options = a.DepthwiseConv2D(padding, sh, sw, 1, 1, net.choice.activation(), depth_multiplier=multiplier)  # type: ignore[arg-type]
    net.add("DEPTHWISE_CONV_2D", inputs, out, options)


def pool(net: Net, x: T) -> None:
    padding, sh, sw, kernel, size = net.window(x)
    out = net.activation(net.name, (x.shape[0], *size, x.shape[3]), like=x)
    options = a.Pool2D(padding, sh, sw, kernel[0], kernel[1], net.choice.activation())  # type: ignore[arg-type]
    net.add("MAX_POOL_2D" if net.likely(0.5) else "AVERAGE_POOL_2D", [x], out, options)


def dense(net: Net, x: T) -> None:
    inputs, outputs = x.shape[-1], net.whole(1, 12)
    rows = int(np.prod(x.shape)) // inputs
    operands = [x, *net.weights((outputs, inputs), outputs, 0, x)][: 2 if net.likely(0.3) else 3]
    out = net.activation(net.name, (rows, outputs))
    net.add("FULLY_CONNECTED", operands, out, a.FullyConnected(net.choice.activation()))


def elementwise(net: Net, x: T) -> None:
    partners = [t for t in net.live if tuple(t.shape) == tuple(x.shape)]
    kind = ("ADD", "SUB", "MUL")[net.whole(0, 2)]
    other = net.choice_of(partners)
    if net.likely(0.3):
        shape = x.shape[-1:] if net.likely(0.5) else (1,)
        low, high = (-128, 128) if net.dtype == "int8" else (-32768, 32768)
        other = net.constant(
            f"{net.name}_c", net.dtype, net.choice.integers(low, high, shape), float(np.asarray(x.scale))
        )
    first, second = (float(np.asarray(t.scale)) for t in (x, other))
    reach = 60 * first * second if kind == "MUL" else max(first, second)
    out = net.activation(net.name, tuple(x.shape), scale=net.choice.scale(reach, 4 * reach))
    net.add(kind, [x, other] if net.likely(0.5) else [other, x], out, a.Arithmetic(net.choice.activation()))


def unary(net: Net, x: T) -> None:
    kinds = ["RELU", "RELU6", "LEAKY_RELU", "LOGISTIC", "TANH", "QUANTIZE"]
    if net.dtype == "int8":
        kinds.append("RELU_N1_TO_1")
    kind = kinds[net.whole(0, len(kinds) - 1)]
    if kind in ("LOGISTIC", "TANH"):
        one = {"int8": {"LOGISTIC": 1 / 256, "TANH": 1 / 128}, "int16": {"LOGISTIC": 2**-15, "TANH": 2**-15}}
        out = net.activation(net.name, tuple(x.shape), scale=one[net.dtype][kind])
        zero = -128 if (kind, net.dtype) == ("LOGISTIC", "int8") else 0
        net.tensors[-1] = net.live[-1] = out = T(out.name, out.dtype, out.shape, out.scale, zero)
        net.add(kind, [x], out)
        return
    same = kind != "QUANTIZE" and net.likely(0.5)
    out = net.activation(net.name, tuple(x.shape), like=x if same else None)
    net.add(kind, [x], out, a.LeakyRelu(0.25) if kind == "LEAKY_RELU" else None)


def concatenation(net: Net, x: T) -> None:
    partners = [t for t in net.live if (t.scale, t.zero_point) == (x.scale, x.zero_point) and len(t.shape) == 4]
    partners = [t for t in partners if tuple(t.shape[:3]) == tuple(x.shape[:3])]
    chosen = [x, *(net.choice_of(partners) for _ in range(net.whole(1, 2)))]
    out = net.activation(net.name, (*x.shape[:3], sum(t.shape[3] for t in chosen)), like=x)
    net.add("CONCATENATION", chosen, out, a.Concatenation(3))


def pad(net: Net, x: T) -> None:
    amounts = [[0, 0], [net.whole(0, 2), net.whole(0, 2)], [net.whole(0, 2), net.whole(0, 2)], [0, 0]]
    table = net.constant(f"{net.name}_p", "int32", amounts)
    shape = tuple(n + sum(amount) for n, amount in zip(x.shape, amounts, strict=True))
    net.add("PAD", [x, table], net.activation(net.name, shape, like=x))


def reshape(net: Net, x: T) -> None:
    shape = (x.shape[0], x.shape[2], x.shape[1], x.shape[3])
    table = net.constant(f"{net.name}_s", "int32", list(shape))
    net.add("RESHAPE", [x, table], net.activation(net.name, shape, like=x), a.Reshape())


def mean(net: Net, x: T) -> None:
    axes = net.constant(f"{net.name}_a", "int32", [1, 2])
    out = net.activation(net.name, (x.shape[0], 1, 1, x.shape[3]), like=x if net.likely(0.4) else None)
    net.add("MEAN", [x, axes], out, a.Reduce(keep_dims=True))


def softmax(net: Net, x: T) -> None:
    scale, zero = (1 / 256, -128) if net.dtype == "int8" else (2**-15, 0)
    out = net.activation(net.name, tuple(x.shape), scale=scale)
    net.tensors[-1] = net.live[-1] = out = T(out.name, out.dtype, out.shape, scale, zero)
    net.add("SOFTMAX", [x], out, a.Softmax(1.0))


STEPS: tuple[Callable[[Net, T], None], ...] = (
    *(convolution,) * 4,
    *(depthwise,) * 3,
    *(pool,) * 2,
    *(elementwise,) * 3,
    *(unary,) * 3,
    concatenation,
    pad,
    reshape,
    mean,
    softmax,
    dense,
)
ANY_RANK = (elementwise, unary, softmax, dense)


def random_graph(seed: int, operators: int = OPERATORS) -> bytes:
    """The .tflite of a seed."""
    net = Net(seed)
    while len(net.operators) < operators:
        step, x = STEPS[net.whole(0, len(STEPS) - 1)], net.pick()
        if np.prod(x.shape) <= MOST_ELEMENTS and (len(x.shape) == 4 or step in ANY_RANK):
            step(net, x)
    read = {name for op in net.operators for name in op.inputs}
    outputs = [t.name for t in net.live if t.name not in read or (t.name not in net.inputs and net.likely(0.05))]
    return build(net.tensors, net.operators, net.inputs, outputs)


def main() -> None:
    for seed in range(int(sys.argv[1]), int(sys.argv[2])):
        with tempfile.TemporaryDirectory() as folder:
            try:
                conversion = assert_identical(random_graph(seed), Path(folder), steps=5, sanitize=True)
            except Exception as error:
                print(f"{seed}: {type(error).__name__}: {error}"[:600], flush=True)
                continue
        program = conversion.program
        print(seed, len(program.layers), "layers,", program.arena_size, "bytes", flush=True)


if __name__ == "__main__":
    main()

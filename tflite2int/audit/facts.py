"""What an audit states. Tuples of "one or a channel" have one entry where all channels share it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ..program import Linear

Role = Literal["input", "output", "constant", "variable", "activation", "unused"]
Status = Literal["computed", "view", "removed", "refused"]
Severity = Literal["error", "warning", "note"]
Interval = tuple[int, int]


@dataclass(frozen=True)
class TensorFacts:
    """A tensor of the file. ``real_min`` and ``real_max``: of a constant its values', else what its type can hold."""

    index: int
    name: str  # made printable
    dtype: str
    shape: tuple[int, ...]
    role: Role
    bytes: int
    scales: tuple[float, ...]  # one or a channel; none where it is not quantized
    zero_points: tuple[int, ...]
    axis: int | None  # quantized dimension, where there are several scales
    real_min: float | None
    real_max: float | None


@dataclass(frozen=True)
class RescaleFacts:
    """``real = multiplier * 2**(shift - 31)``, as gemmlowp and CMSIS-NN write it; a positive shift is to the left.

    One or a channel. ``accumulator``: proved interval of what is rescaled, over all inputs that the types admit.
    ``linear``: the form that the C code has in its place, for the channels that it keeps (``OperatorFacts.removed``).
    """

    name: str
    real: tuple[float, ...]
    multiplier: tuple[int, ...]
    shift: tuple[int, ...]
    relative_error: tuple[float, ...]  # |multiplier * 2**(shift - 31) - real| / real
    accumulator: tuple[Interval, ...]
    accumulator_bits: int | None  # of two's complement that the widest interval takes; None where none is known
    accumulator_width: int  # 32, or 64 in kernels for 16-bit activations
    linear: Linear | None


@dataclass(frozen=True)
class WeightFacts:
    """Weights of a convolution or a fully connected operator, by output channel."""

    tensor: int
    channels: int
    taps: int  # weights of one channel
    zeros: int  # weights that are 0
    peak: tuple[int, ...]  # largest magnitude in each channel
    peak_limit: int  # largest magnitude that the type holds
    scale_spread: float  # largest scale divided by smallest
    bias_peak: int  # largest magnitude of the file's bias, 0 where there is none
    outputs: tuple[Interval, ...]  # proved interval of each channel's output; none where the accumulator may overflow
    dead: tuple[int, ...]  # channels whose output is the same for any input
    always_lowest: tuple[int, ...]  # those of them that always stand at act_min
    always_highest: tuple[int, ...]  # those of them that always stand at act_max


@dataclass(frozen=True)
class OperatorFacts:
    """An operator of the file, with CMSIS-NN's parameters for it: ``input_offset`` is minus the zero point."""

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    status: Status
    obstacles: tuple[str, ...]  # why it is refused
    activation: str
    input_offset: tuple[int, ...]  # of each quantized data input
    filter_offset: int | None
    output_offset: int | None
    act_min: int | None
    act_max: int | None
    act_min_real: float | None
    act_max_real: float | None
    rescales: tuple[RescaleFacts, ...]
    weights: WeightFacts | None
    macs: int
    removed: tuple[int, ...] = ()  # channels of the output that conversion leaves out, unless with --no-eliminate
    parameters: dict[str, int] = field(default_factory=dict)  # stride, padding, dilation, left_shift, diff_min


@dataclass(frozen=True)
class Finding:
    """A computed weakness. ``weight`` orders findings of one severity: bits lost, or a share; larger is worse."""

    severity: Severity
    code: str
    title: str
    where: str
    what: str
    remedy: str
    operator: int | None
    tensor: int | None
    weight: float

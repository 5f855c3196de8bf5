"""Typed attributes of operators, as the file's option tables give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Activation = Literal["NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT"]
Padding = Literal["SAME", "VALID"]


@dataclass(frozen=True)
class Attributes:
    """Base of all; used as it is by operators without options."""


@dataclass(frozen=True)
class FullyConnected(Attributes):
    activation: Activation = "NONE"
    keep_num_dims: bool = False
    shuffled_weights: bool = False
    asymmetric_quantize_inputs: bool = False
    quantized_bias_type: str = ""  # label of a DType, '' where the field is unset


@dataclass(frozen=True)
class Conv2D(Attributes):
    padding: Padding = "SAME"
    stride_h: int = 1
    stride_w: int = 1
    dilation_h: int = 1
    dilation_w: int = 1
    activation: Activation = "NONE"
    quantized_bias_type: str = ""
    pads: tuple[int, int, int, int] | None = None  # top, bottom, left, right in place of ``padding``; set by a pass


@dataclass(frozen=True)
class DepthwiseConv2D(Conv2D):
    depth_multiplier: int = 1


@dataclass(frozen=True)
class Pool2D(Attributes):
    padding: Padding = "SAME"
    stride_h: int = 1
    stride_w: int = 1
    filter_h: int = 1
    filter_w: int = 1
    activation: Activation = "NONE"


@dataclass(frozen=True)
class Arithmetic(Attributes):
    """ADD, SUB, MUL."""

    activation: Activation = "NONE"
    pot_scale_int16: bool = False


@dataclass(frozen=True)
class Softmax(Attributes):
    beta: float = 1.0


@dataclass(frozen=True)
class LeakyRelu(Attributes):
    alpha: float = 0.0


@dataclass(frozen=True)
class Concatenation(Attributes):
    axis: int = 0
    activation: Activation = "NONE"


@dataclass(frozen=True)
class Reduce(Attributes):
    """MEAN, SUM, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD."""

    keep_dims: bool = False


@dataclass(frozen=True)
class StridedSlice(Attributes):
    begin_mask: int = 0
    end_mask: int = 0
    ellipsis_mask: int = 0
    new_axis_mask: int = 0
    shrink_axis_mask: int = 0
    offset: bool = False


@dataclass(frozen=True)
class Split(Attributes):
    """SPLIT, SPLIT_V."""

    num_splits: int = 0


@dataclass(frozen=True)
class Stack(Attributes):
    """PACK, UNPACK: ``axis`` and the number of tensors packed or unpacked."""

    axis: int = 0
    count: int = 0


@dataclass(frozen=True)
class Reshape(Attributes):
    new_shape: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Squeeze(Attributes):
    axes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Gather(Attributes):
    axis: int = 0
    batch_dims: int = 0

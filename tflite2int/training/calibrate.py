"""Ranges of a tfmot model's activations from data.

tfmot begins every range at [-6, 6] and lets it follow the data by a thousandth a step (``ema_decay=0.999`` in
quantizers.py): a training of a few thousand steps ends with codes that no activation reaches.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_STEP = 1.0 - 0.999
_ACTIVATIONS = ("pre_activation", "post_activation", "output")
_CLOSE = 1e-2  # of a range: the moving average is solved for in float32, to about 1e-3


def set_ranges(model: Any, samples: list[npt.NDArray[Any]]) -> None:
    """Set the ranges of the 8-bit aware ``model`` to the lowest and highest value each takes on ``samples``.

    A forward pass moves each range from r to r + (data - r) / 1000, which gives the data's own. It is repeated until
    nothing changes, since ranges clip what follows them. Batch normalization's averages are put back.
    """
    ranges = [v for v in model.non_trainable_weights if _is_range(v.name, _ACTIVATIONS)]
    kept = [(v, v.numpy()) for v in model.weights if not _is_range(v.name)]
    for _ in range(len(model.layers)):
        before = np.array([v.numpy() for v in ranges])
        model(samples if len(samples) > 1 else samples[0], training=True)
        after = before + (np.array([v.numpy() for v in ranges]) - before) / _STEP
        for variable, value in zip(ranges, after, strict=True):
            bound = min if "_min" in variable.name else max
            variable.assign(bound(float(value), 0.0))  # zero is in every range
        if np.all(np.abs(after - before) <= _CLOSE * np.max(np.abs(after), initial=0.0)):
            break
    for variable, value in kept:
        variable.assign(value)


def _is_range(name: str, of: tuple[str, ...] = ("",)) -> bool:
    last = name.split("/")[-1].split(":")[0]
    return any(last.endswith((f"{what}_min", f"{what}_max")) for what in of)

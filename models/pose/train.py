"""pose: six u16 readings of photodiodes to six coordinates of a body, 6-24-24-6. ``python -m models.pose.train``.

Data and physics: ``simulation.py``. The input is (raw - 32768) / 32768, with pinned scales: 2^-15 for the 16x8 file,
whose int16 input is ``raw ^ 0x8000``, and 2^-7 for the int8 file, whose input is the upper byte of that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models.common import RMSE, Array
from models.pipeline import Trained, fit, train_and_replace
from models.pose.simulation import samples
from tflite2int.training import quantize_aware

NAME, METRIC, SEED = "pose", RMSE, 0
REACH = 1.05  # trained a little beyond the range, else the errors are largest at its ends
RANGE8 = (-1.0, 127 / 128)
RANGE16 = (-32767 / 32768, 32767 / 32768)


def normalised(raw: Array) -> Array:
    """Raw counts [n, 6] uint16 as the net's real inputs in [-1, 1)."""
    return np.asarray((raw.astype(np.int32) - 32768) / 32768, np.float32)


def network(keras: Any) -> Any:
    dense = keras.layers.Dense
    return keras.Sequential([keras.Input((6,)), dense(24, "relu"), dense(24, "relu"), dense(6)])


def train(tf: Any) -> Trained:
    (raw, pose), (raw_check, pose_check) = samples(SEED, 20000, REACH), samples(SEED + 1, 2000, REACH)
    data, check = (normalised(raw), pose), (normalised(raw_check), pose_check)
    model = network(tf.keras)
    fit(tf, model, data, check, rate=1e-2, epochs=200, batch=128)
    aware8 = quantize_aware(model, data[0][:1000], input_range=RANGE8)
    fit(tf, aware8, data, check, rate=3e-3, epochs=100, batch=128)
    aware16 = quantize_aware(model, activation_bits=16)
    fit(tf, aware16, data, check, rate=3e-3, epochs=100, batch=128)
    return Trained(model, aware8, data[0][:1000], aware16, RANGE8, RANGE16)


def testset() -> dict[str, Array]:
    raw, pose = samples(SEED + 2, 1000)
    return {"inputs": normalised(raw), "raw": raw, "targets": pose}


if __name__ == "__main__":
    train_and_replace(NAME)

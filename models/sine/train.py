"""sine: 1-16-16-1 with ReLU learns sin(x) for x in [0, 2 pi] radians. ``python -m models.sine.train`` trains it.

Beside it stands the file that the well-known STM32 tutorial makes of the same net, for comparison and for the refusal:
trained on noisy samples, exported with ``optimizations=[DEFAULT]`` alone ("dynamic range"), which computes in float.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models.common import RMSE, Array
from models.pipeline import Trained, fit, train_and_replace
from tflite2int.training import export_dynamic_range, quantize_aware

NAME, METRIC, SEED = "sine", RMSE, 0
FULL_TURN = float(np.float32(2 * np.pi))
INPUT_RANGE = (0.0, FULL_TURN)


def samples(seed: int, count: int) -> tuple[Array, Array]:
    """``count`` angles in radians, uniform in [0, 2 pi], and their sines: both [count, 1]."""
    x = np.random.default_rng(seed).uniform(0.0, FULL_TURN, (count, 1)).astype(np.float32)
    return x, np.sin(x)


def network(keras: Any) -> Any:
    dense = keras.layers.Dense
    return keras.Sequential([keras.Input((1,)), dense(16, "relu"), dense(16, "relu"), dense(1)])


def train(tf: Any) -> Trained:
    x, y = samples(SEED, 2000)
    check, wanted = samples(SEED + 1, 500)
    model = network(tf.keras)
    # On raw x in [0, 2 pi] half the units die on some seeds: train on [-1, 1], then fold the scaling into layer 1.
    fit(tf, model, (x / np.pi - 1, y), (check / np.pi - 1, wanted), rate=1e-2, epochs=150)
    weights = model.get_weights()
    weights[1] = weights[1] - weights[0][0]
    weights[0] = weights[0] / np.pi
    model.set_weights(weights)
    aware = quantize_aware(model, x[:500], input_range=INPUT_RANGE)
    fit(tf, aware, (x, y), (check, wanted), rate=1e-2, epochs=100)
    return Trained(
        model, aware, representative=x[:500], range8=INPUT_RANGE, extra={"sine_dynamic_range.tflite": tutorial(tf)}
    )


def tutorial(tf: Any) -> bytes:
    """The tutorial's recipe: 1,000 samples with noise of 0.1, raw x, RMSprop on the absolute error, 500 epochs."""
    x, y = samples(SEED + 2, 1000)
    noisy = y + 0.1 * np.random.default_rng(SEED + 3).standard_normal(y.shape)
    model = network(tf.keras)
    model.compile("rmsprop", "mae")
    model.fit(x, noisy, epochs=500, batch_size=100, verbose=0)
    return export_dynamic_range(model)


def testset() -> dict[str, Array]:
    """An even grid, so that the error is that over the range and not that of a draw."""
    x = np.linspace(0.0, FULL_TURN, 1000, dtype=np.float32)[:, np.newaxis]
    return {"inputs": x, "targets": np.sin(x)}


if __name__ == "__main__":
    train_and_replace(NAME)

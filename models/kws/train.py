"""kws: a log-spectrogram to one of six signal words, by a depthwise-separable net. ``python -m models.kws.train``.

Data: ``simulation.py``. A convolution with stride 2, then three pairs of a depthwise and a 1x1 convolution, each with
batch normalization and ReLU, then the mean over the picture and a dense layer with softmax.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models.common import ACCURACY, Array
from models.kws.simulation import BANDS, FRAMES, samples
from models.pipeline import Trained, fit, train_and_replace
from tflite2int.training import quantize_aware

NAME, METRIC, SEED = "kws", ACCURACY, 0
RANGE8 = (-1.0, 127 / 128)


def normalised(counts: Array) -> Array:
    return np.asarray(counts / 128, np.float32)


def network(keras: Any) -> Any:
    layers = keras.layers

    def normalise(x: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization()(x))

    inputs = keras.Input((FRAMES, BANDS, 1))
    x = normalise(layers.Conv2D(12, 3, strides=2, padding="same", use_bias=False)(inputs))
    for channels, stride in ((16, 1), (24, 2), (24, 1)):
        x = normalise(layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x))
        x = normalise(layers.Conv2D(channels, 1, use_bias=False)(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(6, "softmax")(x))


def train(tf: Any) -> Trained:
    (counts, kinds), (counts_check, kinds_check) = samples(SEED, 6000), samples(SEED + 1, 1000)
    data, check = (normalised(counts), kinds), (normalised(counts_check), kinds_check)
    model, loss = network(tf.keras), "sparse_categorical_crossentropy"
    fit(tf, model, data, check, rate=5e-3, epochs=15, loss=loss, batch=64)
    aware = quantize_aware(model, data[0][:1000], input_range=RANGE8)
    fit(tf, aware, data, check, rate=1e-3, epochs=6, loss=loss, batch=64)
    return Trained(model, aware, data[0][:500], range8=RANGE8)


def testset() -> dict[str, Array]:
    return drawn(SEED + 2, 220)


def further() -> dict[str, Array]:
    return drawn(SEED + 3, 4000)


def drawn(seed: int, count: int) -> dict[str, Array]:
    counts, kinds = samples(seed, count)
    return {"inputs": normalised(counts), "targets": kinds}


if __name__ == "__main__":
    train_and_replace(NAME)

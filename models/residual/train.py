"""residual: a 16x16 picture to one of five shapes, with skips and a concatenation. ``python -m models.residual.train``.

Data: ``simulation.py``. A convolution with stride 2, a residual block, two branches (3x3 with stride 2, and 1x1 behind
2x2 maxima) laid beside each other, a second residual block, the mean over the picture, and softmax.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models.common import ACCURACY, Array
from models.pipeline import Trained, fit, train_and_replace
from models.residual.simulation import CLASSES, SIDE, samples
from tflite2int.training import quantize_aware

NAME, METRIC, SEED = "residual", ACCURACY, 0
RANGE8 = (-1.0, 127 / 128)


def normalised(pixels: Array) -> Array:
    return np.asarray((pixels.astype(np.int16) - 128) / 128, np.float32)


def network(keras: Any) -> Any:
    layers = keras.layers

    def convolution(x: Any, channels: int, size: int = 3, stride: int = 1, relu: bool = True) -> Any:
        x = layers.Conv2D(channels, size, strides=stride, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        return layers.ReLU()(x) if relu else x

    def block(x: Any, channels: int) -> Any:
        branch = convolution(convolution(x, channels), channels, relu=False)
        return layers.ReLU()(layers.Add()([x, branch]))

    inputs = keras.Input((SIDE, SIDE, 1))
    x = block(convolution(inputs, 8, stride=2), 8)
    wide = convolution(x, 8, stride=2)
    narrow = convolution(layers.MaxPooling2D(2)(x), 8, size=1)
    x = block(layers.Concatenate()([wide, narrow]), 16)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(len(CLASSES), "softmax")(x))


def train(tf: Any) -> Trained:
    (pixels, kinds), (pixels_check, kinds_check) = samples(SEED, 8000), samples(SEED + 1, 1000)
    data, check = (normalised(pixels), kinds), (normalised(pixels_check), kinds_check)
    model, loss = network(tf.keras), "sparse_categorical_crossentropy"
    fit(tf, model, data, check, rate=5e-3, epochs=20, loss=loss)
    aware = quantize_aware(model, data[0][:1000], input_range=RANGE8)
    fit(tf, aware, data, check, rate=1e-3, epochs=8, loss=loss)
    return Trained(model, aware, data[0][:500], range8=RANGE8)


def testset() -> dict[str, Array]:
    return drawn(SEED + 2, 320)


def further() -> dict[str, Array]:
    return drawn(SEED + 3, 4000)


def drawn(seed: int, count: int) -> dict[str, Array]:
    pixels, kinds = samples(seed, count)
    return {"inputs": normalised(pixels), "targets": kinds}


if __name__ == "__main__":
    train_and_replace(NAME)

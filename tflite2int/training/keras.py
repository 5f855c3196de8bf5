"""TensorFlow with the Keras that tensorflow-model-optimization needs.

That package works on Keras 2 only. TensorFlow 2.16 and later bring Keras 3 unless TF_USE_LEGACY_KERAS=1 stands in the
environment before the first use of ``tf.keras``; importing ``tflite2int.training`` puts it there.
"""

from __future__ import annotations

import os
from typing import Any

from ..errors import UsageError

INSTALL = 'Install it with: pip install "tflite2int[training]"'


def tensorflow() -> Any:
    """Import TensorFlow and return it, with ``tf.keras`` standing for Keras 2.

    Raises UsageError where TensorFlow or tf-keras is missing, or where Keras 3 was loaded as ``tf.keras`` before.
    """
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # else each import prints a screenful about missing GPUs
    try:
        import tensorflow as tf

        layer = tf.keras.layers.Layer
    except ImportError as error:
        raise UsageError(f"TensorFlow with tf-keras is not installed ({error})", remedy=INSTALL) from error
    if not str(layer.__module__).startswith("tf_keras"):
        raise UsageError(
            "Keras 3 is already loaded as tf.keras, and quantization-aware training needs Keras 2",
            remedy="Import tflite2int.training before TensorFlow, or set TF_USE_LEGACY_KERAS=1 before Python starts.",
        )
    return tf


def optimization() -> Any:
    """Import tensorflow-model-optimization and return it. Raises UsageError where it is missing."""
    tensorflow()
    try:
        import tensorflow_model_optimization as tfmot
    except ImportError as error:
        raise UsageError(f"tensorflow-model-optimization is not installed ({error})", remedy=INSTALL) from error
    return tfmot

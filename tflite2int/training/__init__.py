"""Quantization-aware training and integer export: the only part of tflite2int that uses TensorFlow.

Import this before TensorFlow: it selects the Keras 2 that tensorflow-model-optimization needs. A model goes

    aware = quantize_aware(float_model)      # compile and fit it for some more epochs
    content = export_int8(aware, samples)    # a .tflite, refused where anything in it stays float
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

from .check import check_integer_only
from .export import export_dynamic_range, export_int8, export_int16x8
from .quantize import quantize_aware

__all__ = ["check_integer_only", "export_dynamic_range", "export_int8", "export_int16x8", "quantize_aware"]

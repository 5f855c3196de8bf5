"""Quantization-aware training and integer export. The only part of tflite2int that uses TensorFlow.

Import this before TensorFlow: it selects the Keras 2 that tensorflow-model-optimization needs.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

from .export import export_dynamic_range, export_int8
from .quantize import quantize_aware

__all__ = ["export_dynamic_range", "export_int8", "quantize_aware"]

"""Quantized TensorFlow Lite models to integer-only C for microcontrollers, equal to the reference byte for byte.

>>> import tflite2int
>>> conversion = tflite2int.convert("models/sine/sine.tflite")
>>> conversion.files().keys()
dict_keys(['sine.c', 'sine.h'])
"""

from __future__ import annotations

from .audit import audit
from .bench import bench
from .compiler import convert
from .errors import Tflite2IntError
from .verify import verify
from .version import VERSION as __version__

__all__ = ["Tflite2IntError", "__version__", "audit", "bench", "convert", "verify"]

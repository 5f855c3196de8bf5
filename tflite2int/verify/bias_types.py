"""The file for the reference: with the field set that tells it how wide a bias is."""

from __future__ import annotations

import struct

import tflite

from ..passes.name_bias_types import misread_biases
from ..reader import read_bytes

# Numbers of table fields in TensorFlow Lite's schema.
BUILTIN_OPTIONS = 4
QUANTIZED_BIAS_TYPE = {"FULLY_CONNECTED": 4, "CONV_2D": 6}


def with_bias_types(model: bytes) -> bytes:
    """The same model, its ``quantized_bias_type`` set to INT32 where the reference would misread a 32-bit bias.

    Those operators get a new option table at the end of the file. Raises MalformedModelError.
    """
    patched = bytearray(model)
    for op in misread_biases(read_bytes(model, "the model")):
        table = tflite.Model.GetRootAs(model, 0).Subgraphs(0).Operators(op.index)._tab
        place = table.Pos + table.Offset(4 + 2 * BUILTIN_OPTIONS)
        old = table.Indirect(place)
        new = _appended(patched, old, 4 + 2 * QUANTIZED_BIAS_TYPE[op.kind], tflite.TensorType.INT32)
        struct.pack_into("<I", patched, place, new - place)
    return bytes(patched)


def _appended(file: bytearray, old: int, slot: int, value: int) -> int:
    """Append a copy of the table at ``old``, all of whose fields are numbers, with one byte more in vtable ``slot``.

    Returns its position.
    """
    vtable = old - struct.unpack_from("<i", file, old)[0]
    slots, size = struct.unpack_from("<HH", file, vtable)
    fields = bytearray(max(slots, slot + 2))
    fields[:slots] = file[vtable : vtable + slots]
    struct.pack_into("<HH", fields, 0, len(fields), size + 1)
    struct.pack_into("<H", fields, slot, size)
    start = len(file) + len(fields)
    start += (old - start) % 8  # its numbers stay aligned
    file.extend(bytes(start - len(fields) - len(file)) + fields)
    file.extend(struct.pack("<i", len(fields)) + file[old + 4 : old + size] + bytes([value]))
    return start

"""Run as a program: what the reference interpreter says of each .tflite file given, one line of JSON a file.

It may crash on a file it should refuse, so tests run this in a process of its own.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import interpreter as litert


def constant(interpreter: Any, tensor: Any) -> str | None:
    """SHA-256 of a tensor's value, None where it has none before memory is planned."""
    if tensor["dtype"] is np.object_:  # a resource, at whose value the interpreter crashes
        return None
    try:
        value = interpreter.get_tensor(tensor["index"])
    except ValueError:
        return None
    return hashlib.sha256(value.tobytes()).hexdigest()


def details(path: Path) -> dict[str, Any] | None:
    """Tensors and operators of a file, None where the interpreter refuses it."""
    try:
        interpreter = litert.Interpreter(
            model_path=str(path), experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF
        )
    except (ValueError, RuntimeError):
        return None
    tensors = []
    for tensor in interpreter.get_tensor_details():
        quantization = tensor["quantization_parameters"]
        tensors.append(
            {
                "index": tensor["index"],
                "name": tensor["name"],
                "dtype": np.dtype(tensor["dtype"]).name,
                "shape": tensor["shape"].tolist(),
                "scales": quantization["scales"].tolist(),
                "zero_points": quantization["zero_points"].tolist(),
                "axis": quantization["quantized_dimension"],
                "constant": constant(interpreter, tensor),
            }
        )
    operators = [
        {"kind": op["op_name"], "inputs": op["inputs"].tolist(), "outputs": op["outputs"].tolist()}
        for op in interpreter._get_ops_details()
    ]
    return {
        "tensors": tensors,
        "operators": operators,
        "inputs": [t["index"] for t in interpreter.get_input_details()],
        "outputs": [t["index"] for t in interpreter.get_output_details()],
    }


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(json.dumps(details(Path(argument))), flush=True)

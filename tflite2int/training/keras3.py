"""A Keras 3 model rebuilt in Keras 2: the same layers, the same weights, and proof that it computes the same."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import Tflite2IntError, UnsupportedModelError
from .keras import tensorflow

_REMEDY = "Build the net with TF_USE_LEGACY_KERAS=1 and copy its weights with get_weights() and set_weights()."
_AGREE = 1e-4  # relative to the largest output: the two Kerases order float additions differently


def is_keras3(model: Any) -> bool:
    """Whether ``model`` is a model of Keras 3 (the package ``keras``) and not of Keras 2 (``tf_keras``)."""
    return any(base.__module__.startswith("keras.src.models") for base in type(model).__mro__)


def from_keras3(model: Any) -> Any:
    """Return the Keras 2 model with the layers and weights of a Keras 3 Sequential or functional ``model``.

    Raises UnsupportedModelError where a layer has no counterpart, or where the two differ on random inputs by more
    than 1e-4 of the largest output.
    """
    keras = tensorflow().keras
    if not model.built or not hasattr(model, "inputs") or not model.inputs:
        raise _refusal("the Keras 3 model has no input shape yet, or is subclassed")
    config = model.get_config()
    layers = {layer.name: _rebuild(keras, layer) for layer in model.layers if type(layer).__name__ != "InputLayer"}
    if "input_layers" in config:
        rebuilt = _functional(keras, config, layers)
    else:
        shape = tuple(model.inputs[0].shape)
        rebuilt = keras.Sequential([keras.Input(batch_shape=shape), *layers.values()], name=model.name)
    for layer in model.layers:
        if layer.name in layers:
            layers[layer.name].set_weights(layer.get_weights())
    _compare(model, rebuilt)
    return rebuilt


def _refusal(what: str, where: str = "") -> UnsupportedModelError:
    return UnsupportedModelError([Tflite2IntError(what, where)], _REMEDY)


def _rebuild(keras: Any, layer: Any) -> Any:
    kind = type(layer)
    where = f'layer "{layer.name}" ({kind.__name__})'
    legacy = getattr(keras.layers, kind.__name__, None)
    if legacy is None or not kind.__module__.startswith("keras.src.layers"):  # a user's own class may have the name
        raise _refusal("this is no layer of Keras 2", where)
    known = _parameters(legacy) | {"name", "trainable"}
    defaults = inspect.signature(kind.__init__).parameters
    options = {}
    for key, value in layer.get_config().items():
        if key == "dtype" or key.endswith("_initializer"):
            continue  # always float32, and the weights are copied
        plain = _plain(value, where)
        if key in known:
            options[key] = plain
        elif plain and not (key in defaults and plain == defaults[key].default):
            raise _refusal(f"Keras 2 does not know the option {key}={plain!r}", where)
    try:
        return legacy(**options)
    except (TypeError, ValueError) as error:
        raise _refusal(f"Keras 2 refuses its options: {error}", where) from error


def _parameters(kind: type) -> set[str]:
    """The names a layer class takes, its bases' included."""
    return {name for base in kind.__mro__ for name in inspect.signature(vars(base).get("__init__", id)).parameters}


def _plain(value: Any, where: str) -> Any:
    """A regularizer or constraint in the form that Keras 2 reads; anything else as it is."""
    if isinstance(value, dict) and "class_name" in value:
        if value.get("registered_name"):
            raise _refusal(f"it holds an object of the user's own, {value['registered_name']}", where)
        return {"class_name": value["class_name"], "config": value["config"]}
    return value


def _functional(keras: Any, config: dict[str, Any], layers: dict[str, Any]) -> Any:
    """Call the layers as Keras 3's ``config`` says: a tensor is known by (layer, call, output)."""
    tensors: dict[tuple[str, int, int], Any] = {}
    calls = []
    for entry in config["layers"]:
        if entry["class_name"] == "InputLayer":
            name = entry["config"]["name"]
            tensors[(name, 0, 0)] = keras.Input(batch_shape=tuple(entry["config"]["batch_shape"]), name=name)
        elif entry["name"] not in layers:
            raise _refusal("it is an operator on tensors: use a layer", f'"{entry["name"]}" ({entry["class_name"]})')
        calls += [(entry["name"], number, node) for number, node in enumerate(entry["inbound_nodes"])]
    while calls:
        ready = [call for call in calls if all(key in tensors for key in _keys(call[2]))]
        if not ready:
            raise _refusal("its layers form a cycle", calls[0][0])
        for name, number, node in ready:
            arguments = [_fill(argument, tensors) for argument in node["args"]]
            named = {k: _fill(v, tensors) for k, v in node["kwargs"].items() if v is not None}
            results = layers[name](*arguments, **named)
            for position, result in enumerate(results if isinstance(results, list | tuple) else [results]):
                tensors[(name, number, position)] = result
        calls = [call for call in calls if call not in ready]
    ends = [[tensors[key] for key in _ends(config[side])] for side in ("input_layers", "output_layers")]
    inputs, outputs = (end[0] if len(end) == 1 else end for end in ends)
    return keras.Model(inputs, outputs, name=config["name"])


def _ends(value: Any) -> Iterator[tuple[str, int, int]]:
    """(layer, call, output) of each model input or output; one alone stands in no list."""
    if isinstance(value, dict):
        value = list(value.values())
    if value and isinstance(value[0], str):
        yield value[0], value[1], value[2]
    else:
        for inner in value:
            yield from _ends(inner)


def _keys(value: Any) -> Iterator[tuple[str, int, int]]:
    """The tensors that a call's arguments name."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        layer, call, output = value["config"]["keras_history"]
        yield layer, call, output
    elif isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _keys(inner)


def _fill(value: Any, tensors: dict[tuple[str, int, int], Any]) -> Any:
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        return tensors[next(_keys(value))]
    if isinstance(value, list | tuple):
        return [_fill(inner, tensors) for inner in value]
    return value


def _compare(model: Any, rebuilt: Any) -> None:
    draw = np.random.default_rng(0)
    shapes = [[size or 4 for size in tensor.shape] for tensor in model.inputs]
    inputs = [draw.standard_normal(shape).astype(np.float32) for shape in shapes]
    batch = inputs if len(inputs) > 1 else inputs[0]
    theirs, ours = ([np.asarray(t) for t in _listed(m(batch, training=False))] for m in (model, rebuilt))
    for a, b in zip(theirs, ours, strict=True):
        gap = float(np.max(np.abs(a - b)))
        if not gap <= _AGREE * max(1.0, float(np.max(np.abs(a)))):
            raise _refusal(f"the Keras 2 copy differs from the Keras 3 model by {gap:.3g} on random inputs", model.name)


def _listed(value: Any) -> list[Any]:
    return (
        list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list | tuple) else [value]
    )

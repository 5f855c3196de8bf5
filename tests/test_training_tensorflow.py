"""tflite2int.training with TensorFlow. Skipped as a whole where the extra ``training`` is not installed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import common
from models.retrain import compare
from tflite2int import training
from tflite2int.compiler import convert
from tflite2int.errors import Tflite2IntError, UnsupportedModelError, UsageError
from tflite2int.reader import read_bytes

PACKAGES = ("tensorflow", "tensorflow_model_optimization", "tf_keras")
MISSING = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"the extra [training] is not installed: {', '.join(MISSING)}")

DRAW = np.random.default_rng(0)
SIX = DRAW.standard_normal((60, 6)).astype(np.float32)
PICTURES = DRAW.standard_normal((60, 8, 8, 1)).astype(np.float32)
RANGE16 = (-32767 / 32768, 32767 / 32768)


@pytest.fixture(scope="module")
def tf() -> Any:
    from tflite2int.training.keras import tensorflow

    loaded = tensorflow()
    loaded.keras.utils.set_random_seed(0)
    return loaded


def small(tf: Any) -> Any:
    layers = tf.keras.layers
    return tf.keras.Sequential([tf.keras.Input((6,)), layers.Dense(5, "relu"), layers.Dense(2)])


def branched(keras: Any) -> Any:
    """All kinds of layers that `models` uses, in whatever Keras is passed."""
    layers = keras.layers
    inputs = keras.Input((8, 8, 1))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same", use_bias=False)(inputs)))
    y = layers.DepthwiseConv2D(3, padding="same", activation="relu")(x)
    x = layers.Concatenate()([layers.Add()([x, y]), y])
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def trained(model: Any, inputs: Any) -> Any:
    model.compile("adam", "mse")
    model.fit(inputs, np.zeros((len(inputs), 2)), verbose=0)
    return model


@pytest.mark.slow
def test_training_sine_again_holds(tmp_path: Path) -> None:
    from models.pipeline import run

    results = run("sine", tmp_path)
    held, lines = compare("sine", results, tmp_path)
    assert held, "\n".join(lines)


def test_the_way_out_that_a_refusal_prints_works(tf: Any, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError) as refusal:
        convert(common.FOLDER / "sine" / "sine_dynamic_range.tflite")
    lines = [line.strip() for line in str(refusal.value).splitlines() if "converter" in line]
    assert len(lines) == 6

    def representative_dataset() -> Any:
        yield from ([np.full((1, 6), value, np.float32)] for value in (-1.0, 1.0))

    names: dict[str, Any] = {"tf": tf, "model": small(tf), "representative_dataset": representative_dataset}
    exec("\n".join(lines), names)
    (tmp_path / "sine.tflite").write_bytes(names["tflite_model"])
    assert convert(tmp_path / "sine.tflite").name == "sine"


def test_eight_bits_end_to_end(tf: Any) -> None:
    aware = trained(training.quantize_aware(branched(tf.keras), PICTURES), PICTURES)
    graph = training.check_integer_only(training.export_int8(aware, PICTURES))
    assert {op.kind for op in graph.operators} >= {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "CONCATENATION", "SOFTMAX"}


def test_ranges_start_from_the_data(tf: Any) -> None:
    model = small(tf)
    aware = training.quantize_aware(model, 100 * SIX)
    highest = next(v for v in aware.non_trainable_weights if v.name.endswith("/post_activation_max:0"))
    hidden = tf.keras.Model(model.inputs, model.layers[0].output)
    assert float(highest) == pytest.approx(float(hidden.predict(100 * SIX, verbose=0).max()), rel=0.02)


def test_sixteen_bits_have_the_weights_of_training(tf: Any) -> None:
    from tflite2int.training.sixteen import rounded_model

    aware = trained(training.quantize_aware(branched(tf.keras), activation_bits=16), PICTURES)
    np.testing.assert_allclose(rounded_model(aware).predict(PICTURES), aware.predict(PICTURES), atol=1e-6)
    graph = training.check_integer_only(training.export_int16x8(aware, PICTURES))
    (op,) = [op for op in graph.operators if op.kind == "FULLY_CONNECTED"]
    weights = graph.required(op, 1)
    assert weights.quantization is not None
    real = weights.value() * np.array(weights.quantization.scales)[:, np.newaxis]
    np.testing.assert_allclose(real.T, rounded_model(aware).layers[-1].kernel.numpy(), atol=1e-6)


@pytest.mark.parametrize(("bits", "bias"), [(64, "int64"), (32, "int32")])
def test_bias_of_16x8(tf: Any, bits: Any, bias: str) -> None:
    graph = training.check_integer_only(training.export_int16x8(trained(small(tf), SIX), SIX, bias_bits=bits))
    assert {graph.required(op, 2).dtype.label for op in graph.operators} == {bias}


def test_pinned_scales_are_exact(tf: Any) -> None:
    wide = training.export_int16x8(small(tf), SIX / 8, input_range=RANGE16)
    assert common.ends(wide)[1].scale == 2**-15
    aware = trained(training.quantize_aware(small(tf), SIX, input_range=(-1.0, 127 / 128)), SIX)
    _, source, _ = common.ends(training.export_int8(aware, SIX, input_range=(-1.0, 127 / 128)))
    assert (source.scale, source.zero_point) == (2**-7, 0)
    with pytest.raises(UnsupportedModelError, match="and not the pinned"):
        training.export_int8(aware, SIX, input_range=(-2.0, 2.0))


def test_several_inputs(tf: Any) -> None:
    layers = tf.keras.layers
    first, second = tf.keras.Input((6,)), tf.keras.Input((2,))
    model = tf.keras.Model([first, second], layers.Dense(2)(layers.Concatenate()([first, second])))
    graph = read_bytes(training.export_int8(model, [SIX, SIX[:, :2]]), "two")
    assert [graph.tensor(index).shape for index in graph.inputs] == [(1, 6), (1, 2)]
    with pytest.raises(UsageError, match="1 arrays of representative data for 2 inputs"):
        training.export_int8(model, SIX)


def test_strategy(tf: Any) -> None:
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    model = small(tf)
    aware, plain = (training.quantize_aware(model, SIX, strategy=s) for s in (strategy, None))
    assert "Mirrored" in type(aware.trainable_weights[0]).__name__
    np.testing.assert_array_equal(aware.predict(SIX, verbose=0), plain.predict(SIX, verbose=0))
    with strategy.scope():
        aware.compile("adam", "mse")
    aware.fit(SIX, SIX[:, :2], verbose=0)
    training.export_int8(aware, SIX)


def test_keras3_models_are_rebuilt() -> None:
    keras = pytest.importorskip("keras", minversion="3")
    from tflite2int.training.keras3 import from_keras3

    model = branched(keras)
    np.testing.assert_allclose(from_keras3(model)(PICTURES), model(PICTURES), atol=1e-5)
    assert training.export_int8(model, PICTURES)
    inputs = keras.Input((6,))
    doubled = keras.Model(inputs, keras.layers.Dense(2)(inputs) * 2.0)
    with pytest.raises(UnsupportedModelError, match="operator on tensors"):
        from_keras3(doubled)
    unknown = keras.Sequential([inputs, keras.layers.RMSNormalization()])
    with pytest.raises(UnsupportedModelError, match=r"\(RMSNormalization\): this is no layer of Keras 2"):
        training.quantize_aware(unknown)


def test_keras3_as_tf_keras_is_a_clear_error() -> None:
    code = (
        "import os; os.environ['TF_USE_LEGACY_KERAS'] = '0'\n"
        "import tensorflow as tf; tf.keras.layers.Dense\n"
        "from tflite2int.training.keras import tensorflow; tensorflow()"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "Keras 3 is already loaded as tf.keras" in run.stderr.splitlines()[-2]


def refused(tf: Any, case: str) -> Callable[[], Any]:
    keras, layers = tf.keras, tf.keras.layers
    six = keras.Input((6,))
    product = layers.Multiply(name="mul")([layers.Dense(4)(six), layers.Dense(4)(six)])
    mixed = keras.Model(six, layers.Lambda(abs, name="lam")(layers.BatchNormalization(name="bn")(product)))

    class Own(keras.Model):  # type: ignore[misc, name-defined]
        def call(self, x: Any) -> Any:
            return x

    own = Own()
    own.build((None, 6))
    sine = keras.Sequential([six, layers.Dense(2), layers.Lambda(tf.sin)])
    erf = keras.Sequential([six, layers.Dense(2), layers.Lambda(tf.math.erf)])
    cases: dict[str, Callable[[], Any]] = {
        "three": lambda: training.quantize_aware(mixed),
        "own": lambda: training.quantize_aware(own),
        "unbuilt": lambda: training.quantize_aware(keras.Sequential([layers.Dense(2)])),
        "nested": lambda: training.quantize_aware(keras.Sequential([six, small(tf)])),
        "twice": lambda: training.quantize_aware(training.quantize_aware(small(tf))),
        "no model": lambda: training.quantize_aware(3),
        "bits": lambda: training.quantize_aware(small(tf), activation_bits=4),  # type: ignore[arg-type]
        "unknown skip": lambda: training.quantize_aware(small(tf), skip=["mul"]),
        "no zero": lambda: training.quantize_aware(small(tf), input_range=(1.0, 2.0)),
        "float left": lambda: training.export_int8(sine, SIX),
        "no operator": lambda: training.export_int8(erf, SIX),
        "wrong export": lambda: training.export_int8(training.quantize_aware(small(tf), activation_bits=16), SIX),
        "other export": lambda: training.export_int16x8(training.quantize_aware(small(tf)), SIX),
        "depthwise": lambda: training.export_int16x8(branched(keras), PICTURES, bias_bits=32),
        "shape": lambda: training.export_int8(small(tf), SIX[:, :2]),
        "empty": lambda: training.export_int8(small(tf), SIX[:0]),
        "nan": lambda: training.export_int8(small(tf), SIX * np.nan),
    }
    return cases[case]


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (
            "three",
            ('"mul" (Multiply)', '"bn" (BatchNormalization): a batch', '"lam" (Lambda)', "skip="),
        ),
        ("own", ("subclass with its own call()", "keras.Model(inputs, outputs)")),
        ("unbuilt", ("no input shape yet", "keras.Input(shape)")),
        ("nested", ("a model within the model",)),
        ("twice", ("it is quantization-aware already",)),
        ("no model", ("a Keras model is needed, this is a int",)),
        ("bits", ("activations of 4 bits", "Use 8 or 16")),
        ("unknown skip", ("skip names no layer: mul",)),
        ("no zero", ("does not hold zero",)),
        ("float left", ("(SIN): it computes in floating point", "no integer kernel")),
        ("no operator", ("TensorFlow's converter failed: TF Select ops: Erf", "no integer kernel")),
        ("wrong export", ("trained for 16-bit activations", "export_int16x8")),
        ("other export", ("trained for 8-bit activations", "activation_bits=16")),
        ("depthwise", ("(DEPTHWISE_CONV_2D)", "64-bit biases")),
        ("shape", ("have shape (60, 2), the input is (6,)",)),
        ("empty", ("are empty",)),
        ("nan", ("NaN or infinity",)),
    ],
)
def test_refusals_say_what_and_what_to_do(tf: Any, case: str, said: tuple[str, ...]) -> None:
    with pytest.raises(Tflite2IntError) as refusal:
        refused(tf, case)()
    for words in said:
        assert words in str(refusal.value)


def test_skipped_layers_are_quantized_after_training(tf: Any) -> None:
    layers = tf.keras.layers
    six = tf.keras.Input((6,))
    product = layers.Multiply(name="mul")([layers.Dense(4)(six), layers.Dense(4)(six)])
    aware = training.quantize_aware(tf.keras.Model(six, layers.Dense(2)(product)), SIX, skip=["mul"])
    graph = training.check_integer_only(training.export_int8(trained(aware, SIX), SIX))
    assert "MUL" in {op.kind for op in graph.operators}

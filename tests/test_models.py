"""The models we ship: their files hold what results.json and the model cards say of them."""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import common
from models.card import card
from models.evaluate import evaluate_file
from models.retrain import compare
from tests.needs import need_reference, need_tool
from tflite2int.compiler import convert
from tflite2int.errors import UnsupportedModelError
from tflite2int.graph import DType
from tflite2int.training import check_integer_only
from tflite2int.verify.samples import quantize

LIMIT = 200_000  # bytes of a test set
FLOAT_FILE = "sine_dynamic_range.tflite"
SHIPPED = [
    (name, row["file"]) for name in common.NAMES for row in common.load_results(name)["rows"].values() if "file" in row
]
INTEGER = [(name, file) for name, file in SHIPPED if file != FLOAT_FILE]


def content(name: str, file: str) -> bytes:
    return (common.FOLDER / name / file).read_bytes()


def recorded(name: str, file: str) -> dict[str, Any]:
    """The row of results.json for a file."""
    rows: dict[str, dict[str, Any]] = common.load_results(name)["rows"]
    (found,) = [row for row in rows.values() if row.get("file") == file]
    return found


@pytest.mark.parametrize("name", common.NAMES)
def test_results_list_every_file_as_it_is(name: str) -> None:
    rows = [row for row in common.load_results(name)["rows"].values() if "file" in row]
    assert {row["file"] for row in rows} == {path.name for path in (common.FOLDER / name).glob("*.tflite")}
    for row in rows:
        data = content(name, row["file"])
        assert (row["bytes"], row["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_every_model_is_listed() -> None:
    assert set(common.NAMES) == {path.parent.name for path in common.FOLDER.glob("*/train.py")}


@pytest.mark.parametrize(("name", "file"), INTEGER)
def test_inputs_and_outputs_are_integers(name: str, file: str) -> None:
    graph = check_integer_only(content(name, file), file)
    wanted = DType.INT16 if "16x8" in file else DType.INT8
    assert [graph.tensor(index).dtype for index in (*graph.inputs, *graph.outputs)] == [wanted, wanted]


@pytest.mark.parametrize(("name", "file"), INTEGER)
def test_testset_fits_the_model(name: str, file: str) -> None:
    assert (common.FOLDER / name / "testset.npz").stat().st_size < LIMIT
    testset, results, data = common.load_testset(name), common.load_results(name), content(name, file)
    _, source, result = common.ends(data)
    count = results["test_samples"]
    assert testset["inputs"].dtype == np.float32
    assert testset["inputs"].shape == (count, *source.shape[1:])
    assert testset["targets"].shape == ((count,) if results["metric"] == "accuracy" else (count, *result.shape[1:]))
    np.testing.assert_array_equal(testset[common.inputs_key(data)], quantize(testset["inputs"], source))


@pytest.mark.parametrize("name", common.NAMES)
def test_testset_comes_from_the_simulation(name: str) -> None:
    fresh, shipped = importlib.import_module(f"models.{name}.train").testset(), common.load_testset(name)
    for key, values in fresh.items():
        assert values.dtype == shipped[key].dtype
        # Another numpy may round a sine or an FFT differently, and so a count in a thousand.
        assert np.mean(np.abs(values.astype(np.float64) - shipped[key]) > 1e-6) < 1e-3, key


@pytest.mark.parametrize("name", ["pose", "gesture", "kws", "residual"])
def test_other_seeds_give_other_samples(name: str) -> None:
    samples = importlib.import_module(f"models.{name}.simulation").samples
    training, test = (samples(seed, 50)[0].reshape(50, -1) for seed in (0, 2))
    assert not {row.tobytes() for row in training} & {row.tobytes() for row in test}


@pytest.mark.parametrize(("name", "file"), SHIPPED)
def test_the_reference_gives_the_recorded_task_error(name: str, file: str) -> None:
    need_reference()
    row = recorded(name, file)
    data, testset = content(name, file), common.load_testset(name)
    outputs = common.real_outputs(data, common.reference_outputs(data, testset[common.inputs_key(data)]))
    metric = common.METRICS[common.load_results(name)["metric"]]
    assert metric(outputs, testset["targets"]) == pytest.approx(row["tensorflow"], abs=1e-6)


@pytest.mark.parametrize(("name", "file"), INTEGER)
def test_the_generated_c_gives_what_the_card_says(name: str, file: str) -> None:
    need_reference()
    need_tool("cc", "gcc")
    row = recorded(name, file)
    found = evaluate_file(name, file)
    assert found["identical"] == common.load_results(name)["test_samples"]
    assert found["generated_c"] == row["tensorflow"]
    assert {key: row[key] for key in found} == found, f"run: python -m models.evaluate {name}"


@pytest.mark.parametrize("name", common.NAMES)
def test_card_is_fresh(name: str) -> None:
    text = (common.FOLDER / name / "README.md").read_text(encoding="utf-8")
    assert card(name) == text, f"run: python -m models.card {name}"


def test_quantization_costs_little() -> None:
    for name in common.NAMES:
        results = common.load_results(name)
        rows, metric = results["rows"], common.METRICS[results["metric"]]
        if metric.lower:
            assert rows["QAT int8"]["tensorflow"] <= rows["PTQ int8"]["tensorflow"]
        else:
            assert rows["QAT int8"]["further"] >= rows["float"]["further"] - 0.01
    pose = common.load_results("pose")["rows"]
    for column in ("generated_c", "raw_c", "wide_c"):
        assert pose["QAT 16x8"][column] <= 1.01 * pose["float"]["tensorflow"]
    assert pose["QAT int8"]["wide_c"] <= pose["QAT int8"]["tensorflow"]
    sine = common.load_results("sine")["rows"]
    assert sine["QAT int8"]["tensorflow"] < sine["sine_dynamic_range"]["tensorflow"]


def test_scales_of_pose_are_powers_of_two() -> None:
    """The int16 input is raw ^ 0x8000, and the int8 input raw / 256 - 128, rounded."""
    for file, scale, key in (("pose.tflite", 2**-7, "quantized"), ("pose_int16x8.tflite", 2**-15, "quantized16")):
        _, source, _ = common.ends(content("pose", file))
        assert (source.scale, source.zero_point) == (scale, 0), key
    testset = common.load_testset("pose")
    np.testing.assert_array_equal((testset["raw"] ^ 0x8000).view(np.int16), testset["quantized16"])


def test_dynamic_range_file_is_refused() -> None:
    with pytest.raises(UnsupportedModelError, match=r"operators 0 to 2 \(FULLY_CONNECTED\)") as refusal:
        convert(common.FOLDER / "sine" / FLOAT_FILE)
    assert "converter.representative_dataset = representative_dataset" in str(refusal.value)


def test_retraining_that_got_worse_does_not_hold() -> None:
    results = common.load_results("sine")
    folder = common.FOLDER / "sine"
    held, lines = compare("sine", results, folder)
    assert held
    assert [" holds" in line for line in lines] == [True, False, True, False, False]
    worse = {**results, "rows": {**results["rows"], "float": {"tensorflow": 1.0}}}
    held, lines = compare("sine", worse, folder)
    assert not held
    assert "WORSE" in lines[0]


@pytest.mark.parametrize(("metric", "good", "bad"), [(common.RMSE, 0.139, 0.141), (common.ACCURACY, 0.061, 0.059)])
def test_tolerance(metric: common.Metric, good: float, bad: float) -> None:
    assert metric.holds(good, 0.1)
    assert not metric.holds(bad, 0.1)


def test_metrics() -> None:
    assert common.RMSE(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]])) == pytest.approx(np.sqrt(2.0))
    assert common.ACCURACY(np.array([[0, 5], [3, 3], [0, 1]]), np.array([1, 0, 0])) == pytest.approx(2 / 3)


def test_cards_name_no_other_folder(models_root: Path) -> None:
    for name in common.NAMES:
        assert (models_root / name / "README.md").read_text(encoding="utf-8").startswith(f"# {name}\n")

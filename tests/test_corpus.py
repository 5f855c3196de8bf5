"""Every model of the corpus does what CORPUS.md says of it, and the models that matter most are identical."""

from __future__ import annotations

import pytest

from tests.corpus import IDENTICAL, outcome, read_table, rows
from tests.needs import need_tool, shared_models

SUPPORTED = {
    *("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "SUB", "MUL", "AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN"),
    *("SOFTMAX", "LOGISTIC", "TANH", "RELU", "RELU6", "LEAKY_RELU", "PAD", "PADV2", "CONCATENATION", "SLICE"),
    *("STRIDED_SLICE", "SPLIT", "SPLIT_V", "PACK", "UNPACK", "TRANSPOSE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "SHAPE"),
    *("QUANTIZE", "DEQUANTIZE"),
}
INT8 = ("full-int8", "int8-floatIO")


def test_the_corpus_is_there() -> None:
    """Without this the tests below would vanish in silence where the corpus is missing."""
    shared_models()
    assert len(rows()) == len(read_table()) == 410


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["name"])
def test_the_table_holds(row: dict[str, str]) -> None:
    need_tool("cc", "gcc")
    found = outcome(row["name"])
    assert found == read_table()[row["name"]]
    operators = {entry.rpartition(":")[0] for entry in row["ops"].split()}
    if row["class"] in INT8 and operators <= SUPPORTED and row["oracle_tf219_ref"] == "ok":
        assert found == IDENTICAL

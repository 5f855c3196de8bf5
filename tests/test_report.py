"""Tables as plain text."""

from __future__ import annotations

from tflite2int.report import count, span, table


def test_numbers_stand_right_and_words_left_and_no_line_ends_in_blanks() -> None:
    lines = table(("#", "name"), [("1", "a"), ("10", "")], words=("name",)).splitlines()
    assert lines == [" #  name", "--  ----", " 1  a", "10"]


def test_no_cell_is_cut_however_long() -> None:
    long = "x" * 1000
    assert long in table(("name", "value"), [(long, "1" * 50)])


def test_a_table_without_rows_keeps_its_heads() -> None:
    assert table(("a", "b"), []) == "a  b\n-  -"


def test_span_of_one_value_of_equal_ones_of_several_and_of_none() -> None:
    assert [span([3]), span([3, 3]), span([5, -2, 3]), span([])] == ["3", "3", "-2..5", "-"]
    assert span([0.125, 0.25], ".2f") == "0.12..0.25"


def test_count_of_one_and_of_others() -> None:
    assert [count(n, "tensor") for n in (0, 1, 2)] == ["0 tensors", "1 tensor", "2 tensors"]

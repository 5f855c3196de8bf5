"""RESULTS.md: the recorded figures as tables, and beside them what others were measured at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tflite2int.verify.targets import TARGETS

from .measure import MODELS, Figures

PAGE = Path(__file__).with_name("RESULTS.md")
PEERS: dict[str, Any] = json.loads(Path(__file__).with_name("peers.json").read_text())
INTRODUCTION = """# Results

Written by `python -m benchmarks` from `results.json` and `peers.json`. `tests/test_benchmarks.py` fails where a later
change makes instructions, cycles, flash or RAM more than 2 % worse; who accepts that runs the command and commits.

One inference, measured by `tflite2int bench`: from the call of NAME_predict to its return, the longest of five inputs
(all minimum, all maximum, all zero point, random). Instructions are counted exactly. Cycles of the ATmegas are the
simulator's; those of Cortex-M0, M0+ and M4 are modelled from Arm's published timings with memory that never waits;
the other cores have none. "size" is `--optimize size` and -Os, "speed" is `--optimize speed` and -O2. Flash is code,
weights, tables and initial values of variables; RAM is the arena and other variables, the caller's inputs and outputs,
and the peak of the stack. What stands around the model costs nothing in these figures.
"""


def page(results: Sequence[Figures]) -> str:
    """The text of RESULTS.md."""
    found = {figures.case: figures for figures in results}
    parts = [INTRODUCTION, _against_tflm(found), _against_others(found)]
    parts += [_model(name, found) for name in MODELS]
    return "\n".join(part for part in parts if part)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *(f"| {' | '.join(row)} |" for row in rows), ""]


def _ratio(ours: int, theirs: int) -> str:
    return f"{ours:,} | {theirs:,} | {ours / theirs:.2f}"


def _against_tflm(found: dict[tuple[str, str, str], Figures]) -> str:
    work, code, ram = [], [], []
    for name, peer in PEERS["tflm"].items():
        for target in TARGETS:
            fast, small = found.get((name, target, "speed")), found.get((name, target, "size"))
            if fast is None or small is None:
                continue
            for unit, ours in (("instructions", fast.instructions), ("cycles", fast.cycles)):
                if target in peer.get(unit, {}) and ours is not None:
                    work.append([name, target, unit, _ratio(ours, peer[unit][target])])
            if target in peer["code_flash"]:
                theirs = peer["code_flash"][target]
                alone = _ratio((small.flash or {})["code"], theirs)
                code.append([name, target, alone, _ratio(small.flash_bytes, theirs + peer["model_file"])])
            if target == "cortex-m4":
                theirs, buffers = (
                    peer["arena"] + peer["other_ram"] + peer["stack"],
                    (small.ram or {})["inputs and outputs"],
                )
                own = small.ram_bytes - buffers
                ram.append([name, _ratio(own, theirs), f"{buffers:,}", f"{small.ram_bytes / theirs:.2f}"])
    if not work:
        return ""
    lines = ["## Against TensorFlow Lite Micro with CMSIS-NN", "", f"Theirs: {PEERS['origins']['tflm']}", ""]
    lines += ["Work, ours optimized for speed:", ""]
    lines += _table(("model", "target", "unit", "ours", "theirs", "ratio"), work)
    lines += [
        "Flash in bytes, ours optimized for size. Code alone; then all, beside their code and the model file:",
        "",
    ]
    lines += _table(("model", "target", "code", "theirs", "ratio", "flash", "theirs", "ratio"), code)
    lines += [
        "RAM in bytes on the Cortex-M4, ours optimized for size: arena, other variables and stack. Their arena holds",
        "inputs and outputs, which are the caller's with ours; the last column counts them.",
        "",
        *_table(("model", "ours", "theirs", "ratio", "inputs and outputs", "ratio with them"), ram),
    ]
    return "\n".join(lines)


def _against_others(found: dict[tuple[str, str, str], Figures]) -> str:
    rows = []
    for peer in PEERS["others"]:
        both = [found.get((peer["model"], peer["target"], optimize)) for optimize in ("size", "speed")]
        measured = [figures for figures in both if figures is not None and not figures.refused]
        if measured:
            ours = min(figures.watched[peer["figure"]] for figures in measured)
            row = [peer["model"], peer["target"], peer["figure"], peer["peer"], _ratio(ours, peer["value"])]
            rows.append([*row, peer["origin"]])
    if not rows:
        return ""
    used = sorted({row[-1] for row in rows})
    lines = ["## Against others", "", "Ours is the better of size and speed.", ""]
    lines += _table(("model", "target", "figure", "peer", "ours", "theirs", "ratio", "origin"), rows)
    return "\n".join([*lines, *(f"- {name}: {PEERS['origins'][name]}" for name in used), ""])


def _model(name: str, found: dict[tuple[str, str, str], Figures]) -> str:
    rows, macs = [], 0
    for target in TARGETS:
        for optimize in ("size", "speed"):
            figures = found.get((name, target, optimize))
            if figures is None:
                continue
            if figures.refused:
                if optimize == "size":
                    rows.append([target, "", f"does not fit: {figures.refused}", "", "", "", "", "", ""])
                continue
            macs = figures.macs
            rows.append([target, optimize, *_cells(figures)])
    if not rows:
        return ""
    heads = ("target", "optimize", "flash", "of that code", "RAM", "of that stack", "instructions", "cycles", "per MAC")
    return "\n".join([f"## {name}", "", f"{macs:,} multiply-accumulates.", "", *_table(heads, rows)])


def _cells(figures: Figures) -> list[str]:
    flash, ram = figures.flash or {}, figures.ram or {}
    work = figures.instructions if figures.cycles is None else figures.cycles
    sizes = [f"{value:,}" for value in (figures.flash_bytes, flash["code"], figures.ram_bytes, ram["stack"])]
    cycles = "" if figures.cycles is None else f"{figures.cycles:,}"
    return [*sizes, f"{figures.instructions:,}", cycles, f"{work / figures.macs:.2f}"]

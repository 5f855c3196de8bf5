"""Commands, options, and what is printed; no logic."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from .budget import Budget, Verdict, known_verdicts, parse_clock
from .compiler import OPTIMIZE, convert
from .errors import Tflite2IntError
from .output import write_files
from .summary import summarize
from .templates import all_templates, find_template, project
from .version import VERSION

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Compile a quantized .tflite model to integer-only C that equals the reference byte for byte.\n\n"
    "tflite2int MODEL.tflite is short for tflite2int convert MODEL.tflite.",
)

Model = Annotated[Path, typer.Argument(metavar="MODEL.tflite", help="The model file.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
Target = Annotated[str, typer.Option(metavar="T", help="host, or a core that is emulated: tflite2int targets.")]
Ram = Annotated[str | None, typer.Option(metavar="SIZE", help="RAM budget, such as 8K: PASS or FAIL.")]
Flash = Annotated[str | None, typer.Option(metavar="SIZE", help="Flash budget, such as 32K: PASS or FAIL.")]
Optimize = Annotated[
    str, typer.Option(help=f"{' or '.join(OPTIMIZE)}: one copy of each kernel, or one a layer; emulated: -Os, -O2.")
]


@app.command("convert")
def convert_command(
    model: Model,
    output: Annotated[
        Path | None, typer.Option("-o", "--output-dir", metavar="DIR", help="Folder to write to [default: ./NAME].")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the files and C functions [default: from the file].")
    ] = None,
    optimize: Optimize = "size",
    no_eliminate: Annotated[
        bool, typer.Option("--no-eliminate", help="Keep channels that no output depends on.")
    ] = False,
    io: Annotated[
        Path | None, typer.Option("--io", metavar="FILE", help="Units of raw counts (TOML): adds NAME_predict_raw.")
    ] = None,
    results: Annotated[
        str | None,
        typer.Option(
            "--output",
            metavar="MODE",
            help="wide: counts from 32-bit accumulators; argmax or argmax+margin: adds NAME_predict_class.",
        ),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(metavar="T", help="Write a project around the files: a name (tflite2int templates) or ./folder."),
    ] = None,
    ram: Ram = None,
    flash: Flash = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that tflite2int did not write.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave such files as they are, and write the others.")] = False,
    as_json: Json = False,
) -> None:
    """Write NAME.c and NAME.h, and print what the model needs and what was changed."""
    budget = Budget.parse(ram, flash)
    chosen = None if template is None else find_template(template)
    conversion = convert(model, name, optimize=optimize, eliminate=not no_eliminate, io=io, output=results)
    files, note = conversion.files(), ""
    if chosen is not None:
        files, note = project(chosen, conversion, model)
    paths = write_files(output or Path(conversion.name), files, force=force, keep=keep)
    summary, verdicts = summarize(conversion), known_verdicts(conversion.program, budget)
    if as_json:
        written = {"files": [str(path) for path in paths]}
        _print_json(summary.to_dict() | written | {"verdicts": [verdict.to_dict() for verdict in verdicts]})
    else:
        typer.echo("\n".join([summary.text(), *map(str, verdicts)]))
        typer.echo("wrote " + ("\n      " if template else " and ").join(str(path) for path in paths))
        if note:
            typer.echo(note)
    _exit(verdicts)


@app.command("audit")
def audit_command(
    model: Model,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Print every tensor's scale and zero point, every rescale's multiplier and shift, and what is worth a look."""
    from .audit import audit

    result = audit(model)
    if as_json:
        _print_json(result.to_dict())
    else:
        typer.echo(result.csv() if as_csv else result.text())


@app.command("verify")
def verify_command(
    model: Model,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Samples: .npy, .npz or .csv [default: made up].")
    ] = None,
    samples: Annotated[
        int | None, typer.Option("-n", min=1, help="Number of made up samples [default: 100, emulated 20].")
    ] = None,
    target: Target = "host",
    optimize: Optimize = "size",
    as_json: Json = False,
) -> None:
    """Compile the C for a target, run it there and the reference on the same inputs, and compare every byte."""
    from .verify import verify

    result = verify(model, data, samples, optimize=optimize, target=target)
    if as_json:
        _print_json(result.to_dict())
    else:
        typer.echo(str(result))
    if not result.passed:
        raise typer.Exit(1)


@app.command("bench")
def bench_command(
    model: Model,
    target: Target,
    clock: Annotated[str | None, typer.Option(metavar="HZ", help="Give the time at this clock: 48MHz.")] = None,
    optimize: Optimize = "size",
    ram: Ram = None,
    flash: Flash = None,
    as_json: Json = False,
) -> None:
    """Measure flash, RAM, stack, and each layer's work on an emulated core; --optimize size is -Os, speed -O2."""
    from .bench import bench

    budget, hertz = Budget.parse(ram, flash), None if clock is None else parse_clock(clock)
    result = bench(model, target, optimize=optimize)
    verdicts = result.verdicts(budget)
    if as_json:
        time = {} if hertz is None else {"clock": hertz, "seconds": result.seconds(hertz)}
        _print_json(result.to_dict() | time | {"verdicts": [verdict.to_dict() for verdict in verdicts]})
    else:
        typer.echo("\n".join([result.text(hertz), *map(str, verdicts)]))
    _exit(verdicts)


@app.command("targets")
def targets_command(as_json: Json = False) -> None:
    """List what can be built and run on this machine, and the Debian packages that bring the rest."""
    from .verify.available import availability, listing

    entries = availability()
    if as_json:
        _print_json({"targets": [entry.to_dict() for entry in entries]})
    else:
        typer.echo(listing(entries))


@app.command("templates")
def templates_command(as_json: Json = False) -> None:
    """List the projects that --template writes around the two files."""
    entries = all_templates()
    if as_json:
        _print_json({"templates": [{"name": t.name, "description": t.description} for t in entries]})
    else:
        typer.echo("\n".join(f"{t.name:12} {t.description}" for t in entries))


@app.command("evaluate")
def evaluate_command(
    port: Annotated[str, typer.Option(metavar="PORT", help="Serial line, such as /dev/ttyACM0, or tcp:HOST:NUMBER.")],
    data: Annotated[Path, typer.Option(metavar="FILE", help="Samples (.npz) with their targets.")],
    model: Annotated[
        Path | None, typer.Option(metavar="MODEL.tflite", help="Compare every answer with the reference, too.")
    ] = None,
    samples: Annotated[int | None, typer.Option("-n", min=1, help="The first N samples [default: all].")] = None,
    top: Annotated[int, typer.Option("-k", min=1, help="Count a class among the K best.")] = 3,
    baud: Annotated[int, typer.Option(help="Bits per second of the line.")] = 115200,
    as_json: Json = False,
) -> None:
    """Send samples to a board that runs a template's evaluation program, and score its answers."""
    from .evaluate import evaluate

    result = evaluate(port, data, model=model, samples=samples, top=top, baud=baud)
    if as_json:
        _print_json(result.to_dict())
    else:
        typer.echo(str(result))
    if not result.passed:
        raise typer.Exit(1)


def _exit(verdicts: Sequence[Verdict]) -> None:
    """Exit status 1 where a budget is exceeded."""
    if not all(verdict.passed for verdict in verdicts):
        raise typer.Exit(1)


def _print_json(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value, indent=2))


def _with_command(arguments: list[str]) -> list[str]:
    """The bare form: where no command is named, it is ``convert``."""
    commands = {command.name for command in app.registered_commands}
    if not arguments or arguments[0] in commands or arguments[0] in ("-h", "--help", "--version"):
        return arguments
    return ["convert", *arguments]


def main() -> None:
    """Entry point: errors that a user can cause are printed in a line or two, with exit status 1."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        typer.echo(f"tflite2int {VERSION}")
        return
    try:
        app(args=_with_command(arguments))
    except Tflite2IntError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)

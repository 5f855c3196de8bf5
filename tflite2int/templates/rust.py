"""Placeholders of the Rust crate: declarations of the C functions, and safe functions over them."""

from __future__ import annotations

from ..compiler import Conversion
from ..program import Port, Program, programs


def rust_placeholders(conversion: Conversion) -> dict[str, str]:
    """``RUST_EXTERN``, ``RUST_FUNCTIONS`` and ``RUST_EXAMPLE``, for all C functions of the conversion."""
    functions = programs(conversion.program, conversion.entry)
    return {
        "RUST_EXTERN": "\n".join(_extern(program) for program in functions),
        "RUST_FUNCTIONS": "\n\n".join(_safe(program) for program in functions),
        "RUST_EXAMPLE": _example(functions[-1]),
    }


def _type(port: Port) -> str:
    c = port.tensor.dtype.c
    return ("u" if c.startswith("u") else "i") + c.strip("uint_")


def _array(port: Port) -> str:
    return f"[{_type(port)}; {port.tensor.elements}]"


def _extern(program: Program) -> str:
    arguments = [f"{p.name}: *const {_type(p)}" for p in program.inputs]
    arguments += [f"{p.name}: *mut {_type(p)}" for p in program.outputs]
    result = " -> Int" if program.result else ""
    return f"pub fn {program.name}_{program.function}({', '.join(arguments)}){result};"


def _safe(program: Program) -> str:
    """A function that takes references to arrays and returns arrays: a tuple of several results."""
    types = (["c::Int"] if program.result else []) + [_array(p) for p in program.outputs]
    names = (["class"] if program.result else []) + [p.name for p in program.outputs]
    returned, value = (types[0], names[0]) if len(types) == 1 else (f"({', '.join(types)})", f"({', '.join(names)})")
    arguments = ", ".join(f"{p.name}: &{_array(p)}" for p in program.inputs)
    pointers = [f"{p.name}.as_ptr()" for p in program.inputs] + [f"{p.name}.as_mut_ptr()" for p in program.outputs]
    call = f"unsafe {{ c::{program.name}_{program.function}({', '.join(pointers)}) }};"
    lines = [
        f"/// One inference: `{program.name}_{program.function}`.",
        f"pub fn {program.function}({arguments}) -> {returned} {{",
        "    let _running = Running::begin();",
        *(f"    let mut {p.name}: {_array(p)} = [0; {p.tensor.elements}];" for p in program.outputs),
        "    // SAFETY: the arrays have the sizes of the C, and nobody else is in the arena.",
        f"    let class = {call}" if program.result else f"    {call}",
        f"    {value}",
        "}",
    ]
    return "\n".join(lines)


def _example(program: Program) -> str:
    """Fills each input, of which the first number is read already, and prints the results."""
    lines = []
    for position, port in enumerate(program.inputs):
        lines.append(f"let mut {port.name}: {_array(port)} = [0; {port.tensor.elements}];")
        head = "std::iter::once(first).chain(numbers.by_ref())" if not position else "numbers.by_ref()"
        lines += [
            f"for (element, number) in {port.name}.iter_mut().zip({head}) {{",
            f'    *element = <{_type(port)}>::try_from(number).expect("a number in the input\'s range");',
            "}",
        ]
    call = f"{program.name.lower()}::{program.function}({', '.join(f'&{p.name}' for p in program.inputs)})"
    return "\n".join([*lines, f'println!("{{:?}}", {call});'])

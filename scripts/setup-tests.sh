#!/usr/bin/env bash
# Make ready what the tests need: compilers and emulators from apt where that is allowed (root, or sudo without a
# password), Python packages from requirements-dev.lock into .venv. Quick when nothing is missing. What cannot be had
# is named here and kept in .venv/missing, to be named again after the tests; with CI=true it is an error.
set -euo pipefail
cd "$(dirname "$0")/.."

retry() { # a mirror may fail for a moment
    local attempt
    for attempt in 1 2 3; do
        "$@" && return 0
        echo "setup-tests: attempt $attempt failed: $*" >&2
        sleep $((attempt * 5))
    done
    return 1
}

# CPython 3.11 or 3.12 first: the reference interpreter has wheels for no later one. A candidate is run, not just
# looked up, because version managers leave commands behind that only print an error.
find_python() {
    local candidate limit
    for limit in 13 99; do
        for candidate in ${PYTHON:-python3 python3.12 python3.11 python3.13 python3.14 python}; do
            if "$candidate" -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, $limit))" 2>/dev/null; then
                command -v "$candidate"
                return 0
            fi
        done
    done
    return 1
}

preprocesses() { # COMPILER HEADER [OPTION...]: the compiler is there, and its C library's headers too
    local compiler=$1 header=$2
    shift 2
    echo "#include <$header>" | "$compiler" "$@" -x c -E -o /dev/null - 2>/dev/null
}

links() { # COMPILER LANGUAGE: also with the sanitizers' run-time libraries
    echo 'int main(void) { return 0; }' | "$1" -x "$2" -fsanitize=address,undefined -o "$scratch/a.out" - 2>/dev/null
}

# Each line: what it is, the Debian packages that bring it, and the command that succeeds when it is there.
requirements() {
    cat <<'END'
gcc, with sanitizers|gcc libc6-dev|links gcc c
g++, with sanitizers|g++|links g++ c++
clang, with sanitizers|clang libc6-dev libclang-rt-dev|links clang c
arm-none-eabi-gcc|gcc-arm-none-eabi|arm-none-eabi-gcc --version
newlib for arm-none-eabi|libnewlib-arm-none-eabi|preprocesses arm-none-eabi-gcc string.h
qemu-system-arm|qemu-system-arm|qemu-system-arm --version
avr-gcc|gcc-avr|avr-gcc --version
avr-libc|avr-libc|preprocesses avr-gcc avr/io.h -mmcu=atmega328p
simavr|simavr|command -v simavr
simavr's library|libsimavr-dev|preprocesses gcc simavr/sim_avr.h
riscv64-unknown-elf-gcc|gcc-riscv64-unknown-elf|riscv64-unknown-elf-gcc --version
picolibc for riscv64-unknown-elf|picolibc-riscv64-unknown-elf|preprocesses riscv64-unknown-elf-gcc string.h --specs=picolibc.specs
qemu-system-riscv32|qemu-system-misc|qemu-system-riscv32 --version
Python's venv module|python3-venv|"$python" -c "import ensurepip, venv"
END
}

check_requirements() { # sets missing (names, one a line) and packages
    local name debian probe
    missing='' packages=''
    while IFS='|' read -r name debian probe; do
        if ! eval "$probe" >/dev/null 2>&1 </dev/null; then
            missing+="$name (Debian: $debian)"$'\n'
            packages+=" $debian"
        fi
    done < <(requirements)
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 "$@" </dev/null >/dev/null
}

install_packages() {
    local package
    if ! command -v apt-get >/dev/null || ! as_root true 2>/dev/null; then
        return 0
    fi
    echo "setup-tests: installing from apt:$packages"
    retry apt_get update || true
    # All at once; where one is unknown to this distribution, the others one by one.
    # shellcheck disable=SC2086
    retry apt_get install --no-install-recommends $packages && return 0
    for package in $packages; do
        apt_get install --no-install-recommends "$package" || true
    done
}

install_python_packages() {
    local stamp
    stamp=$(cat pyproject.toml requirements-dev.lock | cksum)
    if [ "$(cat .venv/stamp 2>/dev/null)" = "$stamp" ] && .venv/bin/python -c 'import tflite2int' 2>/dev/null; then
        return 0
    fi
    if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        "$python" -m venv --clear .venv
    fi
    retry .venv/bin/python -m pip install --quiet --require-hashes -r requirements-dev.lock
    .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
    echo "$stamp" >.venv/stamp
}

python=$(find_python) || {
    echo "setup-tests: no CPython 3.11 or later found; install one, or name it: make test PYTHON=/path/to/python3" >&2
    exit 1
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

check_requirements
if [ -n "$packages" ]; then
    install_packages
    check_requirements
fi
install_python_packages
if ! .venv/bin/python -c 'import ai_edge_litert' 2>/dev/null; then
    missing+="the reference interpreter (ai-edge-litert 1.2.0 is for CPython up to 3.12)"$'\n'
fi

: >.venv/missing
while IFS= read -r line; do
    [ -z "$line" ] || echo "MISSING, its tests do not run: $line" >>.venv/missing
done <<<"$missing"
if [ -s .venv/missing ]; then
    cat .venv/missing >&2
    [ "${CI:-}" != true ] || exit 1
fi

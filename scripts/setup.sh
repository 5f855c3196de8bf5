#!/usr/bin/env bash
# Make ready what the tests need; quick when nothing is missing.
#   setup.sh venv    Python packages from requirements-dev.lock into .venv, and this package, editable
#   setup.sh tools   compilers and emulators from apt, where that is allowed (root, or sudo without a password)
# Tools that cannot be had are named and kept in .venv/missing, to be named again after the tests; with CI=true
# that is an error.
set -euo pipefail
cd "$(dirname "$0")/.."

retry() { # a mirror may fail for a moment
    local attempt
    for attempt in 1 2 3; do
        "$@" && return 0
        echo "setup: attempt $attempt failed: $*" >&2
        sleep $((attempt * 5))
    done
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 "$@" </dev/null >/dev/null
}

install_packages() { # PACKAGE...: those that can be had
    local package
    if ! command -v apt-get >/dev/null || ! as_root true 2>/dev/null; then
        return 0
    fi
    echo "setup: installing from apt: $*"
    retry apt_get update || true
    # All at once; where one is unknown to this distribution, the others one by one.
    retry apt_get install --no-install-recommends "$@" && return 0
    for package in "$@"; do
        apt_get install --no-install-recommends "$package" || true
    done
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

setup_venv() {
    local python stamp
    stamp=$({ pwd; cat pyproject.toml requirements-dev.lock; } | cksum)
    [ "$(cat .venv/stamp 2>/dev/null)" != "$stamp" ] || return 0
    if ! .venv/bin/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$(find_python) || {
            echo "setup: no CPython 3.11 or later found; install one, or name it: make test PYTHON=/path/to/python3" >&2
            exit 1
        }
        "$python" -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
        "$python" -m venv --clear .venv
    fi
    retry .venv/bin/python -m pip install --quiet --require-hashes -r requirements-dev.lock
    .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
    echo "$stamp" >.venv/stamp
}

links() { # COMPILER LANGUAGE: also with the sanitizers' run-time libraries
    echo 'int main(void) { return 0; }' | "$1" -x "$2" -fsanitize=address,undefined -o "$scratch" - 2>/dev/null
}

has() { # PROGRAM...: all of them
    local program
    for program in "$@"; do command -v "$program" >/dev/null || return 1; done
}

# What is missing, a line each: name|Debian packages. The emulated targets know their own needs.
missing_tools() {
    links cc c && links gcc c || echo "gcc|gcc libc6-dev"
    links g++ c++ || echo "g++|g++"
    links clang c || echo "clang|clang libc6-dev libclang-rt-dev"
    has cmake ninja || echo "CMake|cmake ninja-build"
    has arduino-builder && [ -e /usr/share/arduino/hardware/arduino/avr/boards.txt ] ||
        echo "Arduino|arduino-builder arduino-core-avr"
    has xmllint || echo "xmllint|libxml2-utils"
    has rustc || echo "rustc|rustc"
    [ "$(uname -m)" != x86_64 ] || has qemu-x86_64 || echo "qemu-x86_64|qemu-user"
    .venv/bin/python - <<'END'
from tflite2int.verify.available import availability

for target in availability():
    if target.missing:
        print(f"{target.name}|{' '.join(target.missing)}")
END
}

setup_tools() {
    local missing packages
    scratch=$(mktemp)
    trap 'rm -f "$scratch"' EXIT
    missing=$(missing_tools)
    if [ -n "$missing" ]; then
        read -ra packages <<<"$(cut -d'|' -f2 <<<"$missing" | tr ' ' '\n' | sort -u | tr '\n' ' ')"
        install_packages "${packages[@]}"
        missing=$(missing_tools)
    fi
    if ! .venv/bin/python -c 'import ai_edge_litert' 2>/dev/null; then
        missing+=${missing:+$'\n'}"the reference interpreter|none: ai-edge-litert 1.2.0 is for CPython 3.11 and 3.12"
    fi
    sed -n 's/^\(.*\)|\(.*\)$/MISSING, its tests do not run: \1 (Debian packages: \2)/p' <<<"$missing" >.venv/missing
    cat .venv/missing >&2
    [ ! -s .venv/missing ] || [ "${CI:-}" != true ]
}

case ${1:-} in
    venv) setup_venv ;;
    tools) setup_tools ;;
    *)
        echo "usage: $0 venv|tools" >&2
        exit 2
        ;;
esac

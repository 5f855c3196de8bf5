# `make test` sets up all that the tests need (scripts/setup-tests.sh says what) and runs them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
BIN := .venv/bin
PYTEST_ARGS ?=

.PHONY: help setup test check format lock clean

help:
	@echo "make test     set up what the tests need, check style and types, run all tests"
	@echo "              (one test: make test PYTEST_ARGS='tests/test_packaging.py -x')"
	@echo "make check    style and types only"
	@echo "make format   let ruff format the Python files and sort their imports"
	@echo "make lock     renew uv.lock and requirements-dev.lock (needs uv)"
	@echo "make clean    remove .venv and caches"

setup:
	@scripts/setup-tests.sh

test: check
	@status=0; \
	$(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST_ARGS) | tee .venv/pytest.log || status=$$?; \
	cat .venv/missing >&2; \
	tail -n 1 .venv/pytest.log; \
	exit $$status

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --select I --fix
	$(BIN)/ruff format

# pip reads no uv.lock: requirements-dev.lock is the same lock, hashes and all, for `make test`.
lock:
	uv lock --default-index https://pypi.org/simple
	uv export --frozen --no-emit-project --extra reference --group dev --no-header --quiet --output-file requirements-dev.lock

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

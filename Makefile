# `make test` sets up all that the tests need (scripts/setup.sh says what) and runs them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
BIN := .venv/bin
PYTEST_ARGS ?=
MODELS ?=

.PHONY: help venv tools test check format generated models lock clean

help:
	@echo "make test       set up what the tests need, check style and types, run all tests"
	@echo "                (one test: make test PYTEST_ARGS='tests/test_packaging.py -x')"
	@echo "make check      style and types only"
	@echo "make format     let ruff format the Python files and sort their imports"
	@echo "make generated  renew the files that are written from the code: SUPPORTED_OPS.md, tests/golden, tests/CORPUS.md"
	@echo "make models     train the shipped models again and compare (MODELS='sine pose' for some; 2 GB of TensorFlow)"
	@echo "make lock       renew uv.lock and what is exported from it (needs uv)"
	@echo "make clean      remove virtual environments and caches"

venv:
	@scripts/setup.sh venv

tools: venv
	@scripts/setup.sh tools

test: check tools
	@status=0; \
	$(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST_ARGS) | tee .venv/pytest.log || status=$$?; \
	cat .venv/missing >&2; \
	tail -n 1 .venv/pytest.log; \
	exit $$status

check: venv
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: venv
	$(BIN)/ruff check --select I --fix
	$(BIN)/ruff format

generated: tools
	$(BIN)/python -m tflite2int.supported > SUPPORTED_OPS.md
	$(BIN)/python -m tests.golden
	$(BIN)/python -m tests.corpus

models: .venv-training/stamp
	.venv-training/bin/python -m models.retrain $(MODELS)

.venv-training/stamp: requirements-training.lock | venv
	$(BIN)/python -m venv --clear .venv-training
	.venv-training/bin/python -m pip install --quiet --require-hashes -r $<
	touch $@

# pip reads no uv.lock: the exports are the same lock, hashes and all.
EXPORT := uv export --frozen --no-emit-project --no-header --quiet
lock:
	uv lock --default-index https://pypi.org/simple
	$(EXPORT) --extra reference --group dev --output-file requirements-dev.lock
	$(EXPORT) --extra training --no-dev --output-file requirements-training.lock

clean:
	rm -rf .venv .venv-training .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

# `make test` sets up all that the tests need (scripts/setup.sh says what) and runs them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
BIN := .venv/bin
PYTEST_ARGS ?=
MODELS ?=

.PHONY: help venv tools test check format generated emulated bench models lock clean

help:
	@echo "make test       set up what the tests need, check style and types, run all tests"
	@echo "                (one test: make test PYTEST_ARGS='tests/test_packaging.py -x')"
	@echo "make check      style and types only"
	@echo "make format     let ruff format the Python files and sort their imports"
	@echo "make generated  renew the files that are written from the code: SUPPORTED_OPS.md, tests/golden, tests/CORPUS.md"
	@echo "make emulated   run the whole corpus on emulated cores (an hour): tests/EMULATED.md"
	@echo "make bench      measure all models on all targets (a quarter of an hour): benchmarks/RESULTS.md"
	@echo "make models     train the shipped models again and compare (MODELS='sine pose' for some; 2 GB of TensorFlow)"
	@echo "make lock       renew uv.lock and what is exported from it (needs uv)"
	@echo "make clean      remove virtual environments and caches"

venv:
	@scripts/setup.sh venv

tools: venv
	@scripts/setup.sh tools

# Training is tested first, in an environment of its own: TensorFlow's model optimization wants an older numpy.
test: check tools .venv-training/stamp
	@status=0; \
	.venv-training/bin/python -m pytest -q tests/test_training_tensorflow.py || status=$$?; \
	$(BIN)/python -m pytest -n 2 --dist worksteal --ignore tests/test_training_tensorflow.py $(PYTEST_ARGS) \
		| tee .venv/pytest.log || status=$$?; \
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

emulated: tools
	$(BIN)/python -m tests.emulated

bench: tools
	$(BIN)/python -m benchmarks

models: .venv-training/stamp
	.venv-training/bin/python -m models.retrain $(MODELS)

.venv-training/stamp: requirements-training.lock | venv
	$(BIN)/python -m venv --clear .venv-training
	.venv-training/bin/python -m pip install --quiet --require-hashes -r $<
	awk '/^[a-z]/ { keep = /^(pytest|pluggy|iniconfig|pygments)==/ } keep' requirements-dev.lock >.venv-training/pytest.lock
	.venv-training/bin/python -m pip install --quiet --require-hashes --no-deps -r .venv-training/pytest.lock
	touch $@

# pip reads no uv.lock: the exports are the same lock, hashes and all.
EXPORT := uv export --frozen --no-emit-project --no-header --quiet
lock:
	uv lock --default-index https://pypi.org/simple
	$(EXPORT) --extra reference --group dev --output-file requirements-dev.lock
	$(EXPORT) --extra training --no-dev --output-file requirements-training.lock

clean:
	rm -rf .venv .venv-training .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

# Two commands for a newcomer: `make demo` and `make test`. Both make .venv from a hash-pinned lock on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.DEFAULT_GOAL := help
.PHONY: help demo test check format lint types contracts bench crash verifiers lock clean serve

help: ## show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Wheels only, each with its hash; then the project itself, built with what the lock brought.
$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes --only-binary :all: -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes --only-binary :all: -r requirements-dev.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.runtime

demo: $(VENV)/.runtime ## the whole story on real purchase histories, in a folder of its own
	$(BIN)/gateway demo

serve: $(VENV)/.runtime ## the HTTP service on 127.0.0.1:8000
	$(BIN)/gateway serve

test: $(VENV)/.dev ## every test, warnings as errors, random order, no network but loopback
	$(BIN)/python -m pytest -q

check: $(VENV)/.dev ## format, lint, types, walls between rooms, published schemas
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/python -m gateway.policy.schema | cmp - policies/pack.schema.json
	$(BIN)/python -m gateway.segmentation.schema | cmp - policies/segment.schema.json

format: $(VENV)/.dev ## put the code in its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## the benchmarks; each prints one JSON object last
	$(BIN)/python -m bench ingest --json
	$(BIN)/python -m bench segment --json
	$(BIN)/python -m bench audit --json
	$(BIN)/python -m bench detection --json
	$(BIN)/python -m bench policy --json

crash: $(VENV)/.dev ## the crash suites at full length, about half an hour: power loss, kill -9, faults, mutants, two processes
	CRASH_SUITE=full $(BIN)/python -m pytest -q tests/crash tests/journeys/test_two_processes.py tests/laws/test_mask_is_ledger.py

verifiers: ## what checks the log with code that is not ours: Go, Node
	sh tests/verifiers/install.sh

lock: ## renew the lock files (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q --upgrade requirements-dev.in -o requirements-dev.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q requirements.in -c requirements-dev.lock -o requirements.lock

clean: ## remove what make made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build *.egg-info tests/verifiers/node/node_modules tests/verifiers/node/.npm

# The few commands to learn. `make run` and `make test` set up everything they need
# themselves (tests/setup_machine.py says how); a second call takes no time.
#
#   make run     a furnished demonstration hall on http://127.0.0.1:8080/
#   make test    lint, types, layers, then every test (under fifteen minutes)
#   make lint    only the first three
#   make bench   measure; make soak: the long runs
#   make lock    pin anew what the requirements need in turn
#   make clean   remove everything that set-up and tests have made

SHELL := /bin/bash
.DEFAULT_GOAL := run

PYTHON ?= python3
PORT ?= 8080
SPEED ?= 1
# Which tests, e.g. `make test TESTS=tests/drivers`; and more options for pytest.
TESTS ?= tests
PYTEST_OPTIONS ?=
# `make test MACHINE=as-is` installs no Debian packages and runs what can run without them.
MACHINE ?= complete

BIN := .venv/bin
SETUP := $(PYTHON) tests/setup_machine.py
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Everything that tools remember stays inside the checkout.
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.cache/hypothesis

.PHONY: run test lint bench soak lock clean

run:
	@$(SETUP) run
	@exec $(BIN)/python -m queued demo --port $(PORT) --speed $(SPEED)

test:
	@$(SETUP) test --machine $(MACHINE)
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n 2 -q --dist loadfile $(PYTEST_OPTIONS) $(TESTS)

lint:
	@$(SETUP) lint
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --cache-dir .cache/import_linter

bench:
	@$(SETUP) test --machine $(MACHINE)
	$(BIN)/python -m tests.bench

soak:
	@$(SETUP) test --machine $(MACHINE)
	$(BIN)/python -m pytest -m soak -q $(PYTEST_OPTIONS) $(TESTS)

lock:
	@$(SETUP) lock

clean:
	rm -rf .venv .cache node_modules build dist
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Quantera. `make` lists what there is; `make install build` is enough to start.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.ONESHELL:
MAKEFLAGS += --no-builtin-rules --no-print-directory

ROOT := $(CURDIR)
PYTHON ?= python3
# One build system for both: the same environment as `source .ci/env.sh`.
ENV := source .ci/env.sh
STAMPS := build/stamps
SOURCES := $(shell find contracts interfaces -name '*.sol')
SAY = @printf '\033[1m== %s\033[0m\n' "$(1)"

.PHONY: help install build demo test check lint lint-solidity lint-python sizes test-forge test-python fuzz prove bench fmt lock clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

# -------------------------------------------------------------------- install

install: $(STAMPS)/node $(STAMPS)/python $(STAMPS)/tools $(STAMPS)/project ## Everything needed, from the lock files (a second run skips)

$(STAMPS)/node: package-lock.json package.json .npmrc
	@mkdir -p $(@D)
	echo "npm ci: contracts to build on, solc, forge, anvil"
	# No install scripts: the binaries come as packages, checked against the lock.
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

$(STAMPS)/python: .ci/requirements.lock
	@mkdir -p $(@D)
	echo "pip: .venv (Ape, pytest, the keepers' libraries)"
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile -r $<
	.venv/bin/python -m pip check
	touch $@

$(STAMPS)/tools: .ci/requirements-tools.lock
	@mkdir -p $(@D)
	echo "pip: .venv-tools (Slither, Halmos)"
	$(PYTHON) -m venv .venv-tools
	.venv-tools/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile -r $<
	.venv-tools/bin/python -m pip check
	touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/python
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# ---------------------------------------------------------------------- build

build: $(STAMPS)/ape ## Compile with ape and with forge
	$(call SAY,forge build)
	$(ENV); forge build

# Whole: Ape's incremental compile passes over what merely imports a changed file.
$(STAMPS)/ape: $(SOURCES) ape-config.yaml package-lock.json | install
	@mkdir -p $(@D)
	printf '\033[1m== ape compile\033[0m\n'
	$(ENV); ape compile --force
	touch $@

demo: install ## The whole protocol on a local chain, in one go
	@$(ENV); python -m scripts.demo

# ----------------------------------------------------------------------- test

# Two compilers at a time, for two cores; pytest uses both by itself.
test: install ## What CI runs: install, lint, forge tests, pytest
	@$(MAKE) -j2 --output-sync=target $(STAMPS)/ape check
	$(MAKE) test-python

check: install ## Everything but pytest: formatting, static analysis, types, sizes, forge tests
	@$(MAKE) lint
	$(MAKE) test-forge

test-forge: install ## Foundry's fuzzed invariants, quick profile
	$(call SAY,forge test)
	$(ENV); forge test

test-python: $(STAMPS)/ape ## pytest: unit, fuzz, integration
	$(call SAY,pytest)
	# Compiled before: each worker, with a chain of its own, finds it done.
	$(ENV); forge build --skip test --quiet
	pytest -q -n auto --maxprocesses=4 --dist worksteal --durations=15

lint: lint-python lint-solidity sizes ## Formatting, static analysis, types, contract sizes

lint-python: install
	$(call SAY,ruff)
	$(ENV); ruff check .; ruff format --check .
	printf '\033[1m== mypy --strict keepers\033[0m\n'
	mypy

lint-solidity: install
	$(call SAY,forge fmt --check)
	$(ENV); forge fmt --check contracts interfaces tests
	printf '\033[1m== slither\033[0m\n'
	FOUNDRY_PROFILE=slither slither . --config-file .ci/slither.config.json

sizes: install ## Every contract under EIP-170's 24,576 bytes
	$(call SAY,contract sizes)
	$(ENV); forge build --skip test --quiet; python -m scripts.contract_sizes

fuzz: $(STAMPS)/ape ## Deep fuzzing: minutes to hours
	$(call SAY,deep fuzzing)
	$(ENV); FOUNDRY_PROFILE=deep forge test; QUANTERA_FUZZ=deep pytest -q tests/fuzz

prove: install ## Halmos and Foundry: proofs and campaigns, named after what they attack
	$(call SAY,halmos)
	$(ENV); FOUNDRY_PROFILE=formal halmos --root . --forge-build-out build/formal/out --loop 8
	printf '\033[1m== forge test\033[0m\n'
	forge test

bench: install ## Gas and timing tables
	@$(ENV); python -m tests.bench

# ---------------------------------------------------------------------- tools

fmt: install ## Format everything
	@$(ENV); ruff check --fix-only --quiet .; ruff format --quiet .; forge fmt contracts interfaces tests

lock: ## Resolve the Python lock files again from pyproject.toml
	@bash .ci/lock-python.sh

clean: ## Remove what was built and installed
	@rm -rf build .build .venv .venv-tools node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis crytic-export *.egg-info

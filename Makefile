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
SOLIDITY := $(shell find contracts interfaces -name '*.sol')
COMPILER := $(shell find .ci/solc -type f)
SAY = @printf '\033[1m== %s\033[0m\n' "$(1)"
# Runs a command as a named stage of the timeline; its output comes when it has ended.
STAGE := python3 .ci/timeline.py stage
# Tests of contracts compute, tests of keepers wait: three workers keep two cores busy.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) * 3 / 2 )))

.PHONY: help install build demo test lanes check lint lint-solidity lint-python sizes test-forge test-python room fuzz stress prove bench risk-tables simulation-table hours-table screening-table extraction-table signals backtest-table fmt lock clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

# -------------------------------------------------------------------- install

install: $(STAMPS)/node $(STAMPS)/python $(STAMPS)/tools ## Everything needed, checked against the locks' hashes (a second run skips)

$(STAMPS)/node: package-lock.json package.json .npmrc .ci/npm-integrity.mjs
	@mkdir -p $(@D)
	# npm installs an entry without a hash unverified and says nothing.
	node .ci/npm-integrity.mjs check
	# No install scripts: the binaries come as packages, checked against the lock.
	$(STAGE) "install node" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

$(STAMPS)/python: .ci/requirements.lock .ci/install-python.sh .ci/uv.sh pyproject.toml
	@mkdir -p $(@D)
	$(STAGE) "install python" bash .ci/install-python.sh .venv .ci/requirements.lock --with-project
	touch $@

# Training: gigabytes, which neither the demo nor a keeper needs.
$(STAMPS)/ai: .ci/requirements-ai.lock .ci/install-python.sh $(STAMPS)/python
	@mkdir -p $(@D)
	$(STAGE) "install training" bash .ci/install-python.sh .venv .ci/requirements-ai.lock --onto
	touch $@

$(STAMPS)/tools: .ci/requirements-tools.lock .ci/install-python.sh .ci/uv.sh | $(STAMPS)/python
	@mkdir -p $(@D)
	$(STAGE) "install tools" bash .ci/install-python.sh .venv-tools .ci/requirements-tools.lock
	touch $@

# Workers that start together would each compile the bytecode of the same libraries and tests: a minute of one core.
# Collecting imports every test, and some of them read an ABI: the contracts come first.
$(STAMPS)/bytecode: $(STAMPS)/contracts $(STAMPS)/ai
	@$(ENV)
	$(STAGE) "bytecode" bash -c 'pytest -q --collect-only > build/collected.txt || { tail -n 40 build/collected.txt; exit 1; }'
	touch $@

# ---------------------------------------------------------------------- build

build: $(STAMPS)/ape ## Compile with ape and with forge
	$(call SAY,forge build)
	$(ENV); python3 .ci/progress.py forge build

# What the compiler makes here is in build/solc: every other tool finds it there.
$(STAMPS)/contracts: $(SOLIDITY) $(COMPILER) foundry.toml | $(STAMPS)/node
	@$(ENV)
	$(STAGE) "compile" --show python3 .ci/progress.py forge build contracts --quiet
	touch $@

# Without what only tests deploy, which the demo need not wait for.
$(STAMPS)/demo: $(SOLIDITY) $(COMPILER) foundry.toml scripts/_lib/demo/contracts.py | $(STAMPS)/node
	@$(ENV)
	folders=$$(python3 -m scripts._lib.demo.contracts)
	$(STAGE) "compile" --show python3 .ci/progress.py forge build $$folders --quiet
	touch $@

# Whole: Ape's incremental compile passes over what merely imports a changed file.
$(STAMPS)/ape: $(STAMPS)/contracts ape-config.yaml | $(STAMPS)/python
	@$(ENV)
	$(STAGE) "ape compile" ape compile --force
	touch $@

demo: ## The whole protocol on a local chain, in one go
	@$(MAKE) -j3 $(STAMPS)/demo $(STAMPS)/python
	$(ENV); python -m scripts.demo

# ----------------------------------------------------------------------- test

test: ## What CI runs: install, lint, forge tests, pytest; ends with a timeline
	@python3 .ci/timeline.py begin
	QUANTERA_TIMELINE=1 $(MAKE) -k -j4 lanes || failed=1
	python3 .ci/timeline.py print
	exit $${failed:-0}

# pytest runs beside everything else; what is beside it is one process at a time.
lanes: test-python check

check: $(STAMPS)/contracts $(STAMPS)/python $(STAMPS)/tools ## Everything but pytest: forge tests, formatting, static analysis, types, sizes
	@MAKEFLAGS= $(MAKE) -k test-forge lint

test-forge: $(STAMPS)/contracts $(STAMPS)/python ## Foundry's fuzzed invariants, quick profile
	@$(ENV)
	$(STAGE) "forge build" python3 .ci/progress.py forge build --quiet
	$(STAGE) "forge test" forge test
	# pytest counts its own cases in tests/unit/tooling.
	$(STAGE) "forge count" python -m tests.count --forge

test-python: $(STAMPS)/ape $(STAMPS)/ai $(STAMPS)/bytecode ## pytest: unit, fuzz, integration
	@$(ENV)
	$(STAGE) "pytest" --show pytest -q -n $(WORKERS) --dist worksteal --durations=15

lint: lint-python lint-solidity sizes ## Formatting, static analysis, types, contract sizes

lint-python: $(STAMPS)/python
	@$(ENV)
	$(STAGE) "ruff" bash -c 'ruff check . && ruff format --check .'
	$(STAGE) "language" python -m tests.language
	$(STAGE) "mypy" mypy

lint-solidity: $(STAMPS)/contracts $(STAMPS)/tools
	@$(ENV)
	$(STAGE) "forge fmt" forge fmt --check contracts interfaces tests
	FOUNDRY_PROFILE=slither $(STAGE) "slither" python3 .ci/slither.py

sizes: $(STAMPS)/contracts $(STAMPS)/python ## Every contract under EIP-170's 24,576 bytes
	@$(ENV)
	$(STAGE) "contract sizes" python -m scripts.contract_sizes

room: $(STAMPS)/node $(STAMPS)/python ## One room, on and off chain: make room ROOM=risk
	@bash .ci/room.sh "$(ROOM)"

fuzz: $(STAMPS)/ape ## Deep fuzzing: minutes to hours
	$(call SAY,deep fuzzing)
	$(ENV)
	rm -rf build/worst && mkdir -p build/worst
	FOUNDRY_PROFILE=deep QUANTERA_NOTE_WORST=true forge test
	awk '{ printf "%s: worst window %.2f basis points of NAV\n", FILENAME, $$1 / 1e14 }' build/worst/*
	QUANTERA_FUZZ=deep pytest -q -n $(WORKERS) --dist worksteal tests/fuzz

TIMES ?= 20
LOAD ?= 4
stress: $(STAMPS)/ape $(STAMPS)/ai ## The keepers' tests TIMES times in a row beside LOAD busy processes
	@$(ENV); python -m tests.stress --times $(TIMES) --load $(LOAD)

prove: $(STAMPS)/contracts $(STAMPS)/tools ## Halmos and Foundry: proofs and campaigns, named after what they attack
	$(call SAY,halmos)
	$(ENV); FOUNDRY_PROFILE=formal halmos --root . --forge-build-out build/formal/out --loop 16 --no-status | tee build/prove.log
	# With its progress display, a thread of its own, Halmos crashes now and then: Python may free there what Z3 works with.
	# Halmos calls a check passed whose loops it did not follow to their end.
	if grep -A1 WARNING build/prove.log; then echo "a proof above is incomplete"; exit 1; fi
	printf '\033[1m== forge test\033[0m\n'
	forge test

bench: $(STAMPS)/ape $(STAMPS)/ai ## Gas and timing tables
	@$(ENV); python -m tests.bench

risk-tables: $(STAMPS)/python ## Backtests of the risk models over thirty years, into docs/risk-models.md
	@$(ENV); python -m scripts.risk_tables

simulation-table: $(STAMPS)/python ## Intervals of controlled sampling against known truths, into docs/risk-models.md
	@$(ENV); python -m scripts.simulation_table

hours-table: $(STAMPS)/python ## Record of alerts within hours on indices, into docs/risk-models.md
	@$(ENV); python -m scripts.hours_table

screening-table: $(STAMPS)/python ## What screening names is worth, into docs/screening.md
	@$(ENV); python -m tests.screening --write

extraction-table: $(STAMPS)/python ## Precision and recall of what is found around landed swaps, into docs/execution.md
	@$(ENV); python -m tests.extraction --write

signals: $(STAMPS)/ai ## Models of regimes and forecasts beside simple rules, into docs/{signals,regimes,volatility,returns,correlations,liquidity-forecasts}.md
	@$(ENV); python -m keepers signals evaluate --work build/signals --page docs/signals.md
	python -m keepers signals regimes --page docs/regimes.md
	python -m keepers signals volatility --page docs/volatility.md
	python -m keepers signals returns --page docs/returns.md
	python -m keepers signals correlations --page docs/correlations.md
	python -m keepers signals liquidity --page docs/liquidity-forecasts.md

backtest-table: $(STAMPS)/python ## Every strategy beside equal weight over thirty years, into docs/backtest.md
	@$(ENV); python -m keepers backtest --strategy all --page docs/backtest.md

# ---------------------------------------------------------------------- tools

fmt: $(STAMPS)/node $(STAMPS)/python ## Format everything
	@$(ENV); ruff check --fix-only --quiet .; ruff format --quiet .; forge fmt contracts interfaces tests

lock: ## Resolve the locks again; UPGRADE=1 takes the newest versions that fit
	@bash .ci/lock.sh

clean: ## Remove what was built and installed
	@rm -rf build .build .venv .venv-tools node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis crytic-export *.egg-info

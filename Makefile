# `make help` lists what there is. Everything runs in .venv, which is made from requirements.lock.

BIN := .venv/bin
PYTHON ?= python3
DEMO_ARGS ?=
BENCH_ARGS ?= all
PYTEST_ARGS ?=
LOCK_ARGS ?=
SEEDS ?= 1000
FIRST ?= 0
DURATION_S ?= 600
SEED ?= 0
CHAOS_ARGS ?=
FUZZ_S ?= 1800
FUZZ_TARGETS ?= $(patsubst ingest/native/fuzz/fuzz_targets/%.rs,%,$(wildcard ingest/native/fuzz/fuzz_targets/*.rs))

# Tests that need no server run on every core; the others share theirs, layer by layer.
WITHOUT_SERVERS := -n auto --dist worksteal -m "not integration and not chaos"
# PYTEST_ARGS may choose tests of one half only: pytest calls that 5.
NONE_IS_FINE := || [ $$? -eq 5 ]
LAYERS := $(filter-out tests/kit/ tests/__pycache__/,$(wildcard tests/*/))

# What the native core is built from.
NATIVE := ingest/native/Cargo.toml $(shell find ingest/native/src -name "*.rs")

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-unit test-integration test-chaos chaos simulate canaries bench fuzz lint types format docs lock

help: ## List the targets
	@echo "Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  %-18s %s\n' "$$name" "$$text"; done
	@echo
	@echo "Options: DEMO_ARGS='--json --seconds 20', BENCH_ARGS='decode --quick', PYTEST_ARGS='-k frontier', SEEDS=100000, DURATION_S=3600 SEED=1, CHAOS_ARGS='--json', PYTHON=python3.12, LOCK_ARGS=--upgrade"

# The stamp goes when the clone was moved, since an environment holds absolute paths.
$(shell [ "$$(cat .venv/.place 2>/dev/null)" = "$$(pwd)" ] || rm -f .venv/.installed)

.venv/.installed: requirements.lock pyproject.toml .ci/setup .ci/native_core.py $(NATIVE)
	@PYTHON="$(PYTHON)" .ci/setup

setup: .venv/.installed ## Make or renew .venv from requirements.lock

demo: setup ## Start real servers, change real rows, compare both sinks (DEMO_ARGS="--json")
	@$(BIN)/ingest demo $(DEMO_ARGS)

test: setup ## Everything: lint, format, types, tests without servers on every core, then those with, layer by layer
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory types
	$(BIN)/pytest tests $(WITHOUT_SERVERS) $(PYTEST_ARGS) $(NONE_IS_FINE)
	$(BIN)/pytest $(LAYERS) -m "integration or chaos" --durations=30 $(PYTEST_ARGS) $(NONE_IS_FINE)

test-unit: setup ## Tests without servers, with few examples per property, on every core (make test has them all)
	$(BIN)/pytest tests/unit $(WITHOUT_SERVERS) --hypothesis-profile=quick $(PYTEST_ARGS)

test-integration: setup ## Tests with real servers, which they start on loopback
	$(BIN)/pytest tests -m "integration and not chaos" $(PYTEST_ARGS)

test-chaos: setup ## Tests that kill the processes of a running pipeline
	$(BIN)/pytest tests -m chaos $(PYTEST_ARGS)

chaos: setup ## Disrupt real servers and processes for DURATION_S seconds (600), by SEED (0), while rows change
	$(BIN)/python -m tests.chaos --duration-s $(DURATION_S) --seed $(SEED) $(CHAOS_ARGS)

simulate: setup ## SEEDS runs (1000) of the whole system under random faults, from FIRST (0) on, on every core
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) --first $(FIRST)

canaries: setup ## Break each rule of the protocol on purpose: the simulation must notice every one
	$(BIN)/python -m tests.simulation --canaries --seeds $(SEEDS)

# cargo-fuzz runs on a stable compiler when no sanitizer is asked for.
fuzz: ## Fuzz each parser of the native core for FUZZ_S seconds (needs cargo-fuzz)
	@for target in $(FUZZ_TARGETS); do echo "fuzzing $$target for $(FUZZ_S) s"; \
		(cd ingest/native && RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none $$target -- \
			-max_total_time=$(FUZZ_S) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1) || exit 1; done

bench: setup ## Measure, beside peers and ceilings (BENCH_ARGS="decode --quick"); see benchmarks/README.md
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

lint: setup ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## Check types
	$(BIN)/mypy

format: setup ## Mend format, and the style where that can be done by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup ## Rewrite the generated pages of configs/
	REWRITE=1 $(BIN)/pytest -q tests/unit -k generated

# Beside the project's own: uv, which installs the lock, and what builds the project (it is installed offline).
lock: setup ## Renew requirements.lock after a change of pyproject.toml (LOCK_ARGS=--upgrade: newest versions)
	printf 'uv\nhatchling\neditables\n' | $(BIN)/uv pip compile pyproject.toml - --all-extras --group dev --universal \
		--python-version 3.10 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --quiet \
		--output-file requirements.lock $(LOCK_ARGS)

# `make` or `make help` lists what can be done here. Every target sets up first what it needs.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
BIN := .venv/bin

# What the programs of the environment start must be found there, too: gunicorn, celery, honcho.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-10s\033[0m %s\n", $$1, $$2}' Makefile

.PHONY: setup
setup: ## Set up what is missing: environment, dependencies, browser, fonts, assets
	@scripts/setup

.PHONY: demo
demo: setup ## Start everything, export and deliver the samples, show where each file is, stop
	@$(BIN)/longshore demo

.PHONY: up
up: setup ## Start everything and stay up: web, render, upload, beat, flower
	@$(BIN)/longshore up

# Two for each of two cores: half of the time tests wait for processes and servers of theirs. Tests of one file share
# servers and a warm browser, so they stay together until a worker has nothing left to do.
PYTEST_ARGS ?= -n $(shell cores=$$(nproc 2>/dev/null || echo 1); echo $$((cores < 2 ? 2 : 4))) --dist worksteal

.PHONY: test
test: setup ## Run the tests; PYTEST_ARGS="tests/app -x" for some of them
	$(BIN)/pytest $(PYTEST_ARGS)

.PHONY: slow
slow: setup ## Run the long, random and fault tests
	$(BIN)/python -m tests.slow

.PHONY: live
live: setup ## Run the destinations' contract against real accounts, see docs/destinations.md
	$(BIN)/pytest -m live tests/live

PEERS := --no-deps --require-hashes -r requirements/bench.txt
MMDC := var/bench/node_modules/.bin/mmdc

.PHONY: bench
bench: setup ## Measure: what a row costs, how fast things are drawn and delivered
	@uv pip install -q -p $(BIN)/python $(PEERS) 2>/dev/null || $(BIN)/python -m pip install -q $(PEERS) \
		|| echo "bench: what to compare with could not be installed; those lines are left out"
	@test -x $(MMDC) || PUPPETEER_SKIP_DOWNLOAD=1 npm install --silent --no-save --no-audit --no-fund \
		--prefix var/bench @mermaid-js/mermaid-cli@11 || echo "bench: mmdc could not be installed; its line is left out"
	$(BIN)/python -m benchmarks

.PHONY: check
check: setup ## Check style, format, types, imports, and the migrations against the models
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/migration.py check

.PHONY: format
format: setup ## Put the code into the house's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: migration
migration: setup ## Write the migration that the models ask for: make migration m="add a column"
	@$(BIN)/python scripts/migration.py new "$(m)"

.PHONY: assets
assets: ## Build the JavaScript assets again
	@rm -f .venv/.setup/assets .venv/.setup/assets.missing
	@scripts/setup

.PHONY: env
env: setup ## Write .env.example from the settings
	$(BIN)/python scripts/env_example.py

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header

.PHONY: lock
lock: ## Lock the dependencies again, each at its newest version (needs uv)
	$(LOCK) --upgrade pyproject.toml -o requirements/runtime.txt
	$(LOCK) --upgrade pyproject.toml --extra dev -c requirements/runtime.txt -o requirements/dev.txt
	$(LOCK) --upgrade pyproject.toml --extra bench -c requirements/dev.txt -o requirements/bench.txt
	$(LOCK) --upgrade requirements/node.in -o requirements/node.txt
	$(LOCK) --upgrade --no-deps requirements/redis.in -o requirements/redis.txt

.PHONY: clean
clean: ## Remove all that set-up and the checks made; var/ with its data stays
	rm -rf .venv assets/dist assets/node_modules *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

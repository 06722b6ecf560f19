# `make help` is the manual.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV ?= .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
STAGE ?= dev
export PYTHONDONTWRITEBYTECODE ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## Show this list
	@echo "PORT (8000) and FACTURE_DATA (.local) change what 'make serve' uses."
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: serve
serve: $(READY) ## Run the whole service here, with a demonstration company
	@exec $(PY) -m local.serve

.PHONY: test
test: $(READY) lint types ## Everything CI runs: style, types, import floors, all tests
	@$(PY) -m pytest -q -n 2 --dist loadfile

.PHONY: bench
bench: $(READY) ## The measurements, each against its floor
	@$(PY) -m tests.bench

.PHONY: lint
lint: $(READY) ## Style and import floors
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/lint-imports --no-logo

.PHONY: types
types: $(READY) ## Strict types
	@$(VENV)/bin/mypy

.PHONY: format
format: $(READY) ## Lay the code out and mend what can be mended alone
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

.PHONY: generate
generate: $(READY) ## Write what is derived and committed: the routes' addresses, the inventory of what is stored
	@$(PY) -m chalicelib.cli.routes --write
	@$(PY) -m chalicelib.policy.inventory --write

.PHONY: lock
lock: $(READY) ## Resolve pyproject.toml anew into requirements.txt and requirements-dev.txt
	@$(PY) -m pip install --quiet uv==0.13.9
	@$(VENV)/bin/uv pip compile $(LOCK) --group dev pyproject.toml -o requirements-dev.txt
	@$(VENV)/bin/uv pip compile $(LOCK) -c requirements-dev.txt pyproject.toml -o requirements.txt
LOCK := --quiet --upgrade --universal --python-version 3.11 --annotation-style line --custom-compile-command "make lock"

.PHONY: clean
clean: ## Remove the environment and the caches; .local, which holds data, stays
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# The environment, made once and again when the pins change. Each way to fail ends in one clear line.
$(READY): requirements-dev.txt
	@python=; for each in python3.13 python3.12 python3.11 python3 python; do \
	  if "$$each" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then python=$$each; break; fi; \
	done; \
	test -n "$$python" || { echo "facture: Python 3.11, 3.12 or 3.13 is needed and none was found" >&2; exit 1; }; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "facture: $$("$$python" --version) cannot make environments; install its venv package (Debian: apt install python3-venv)" >&2; exit 1; }; \
	echo "facture: making $(VENV) with $$("$$python" --version), once; it downloads some 250 MB"; \
	rm -rf $(VENV); "$$python" -m venv $(VENV)
	@echo "facture: installing $$(grep -c == requirements-dev.txt) packages …"
	@$(PY) -m pip install --quiet --no-input --progress-bar off -r requirements-dev.txt || { \
	  echo "facture: the packages could not be installed; is the package index reachable?" >&2; exit 1; }
	@touch $@

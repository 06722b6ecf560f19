# `make help` is the manual.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV ?= .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
CHECKS := $(VENV)-checks/.ready
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

.PHONY: check
check: $(READY) lint types ## Style, types, imports and the tests that need no engine, in a minute
	@$(PY) -m pytest -q -n 2 -m "not engine and not slow" $(UNITS)
UNITS := tests/unit tests/property tests/stored

.PHONY: test
test: $(READY) $(CHECKS) lint types ## Everything CI runs: style, types, imports, all tests, and the coverage of the core
	@$(PY) -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder --cov

.PHONY: prove
prove: $(READY) ## The crash proofs complete: killed at every AWS call, where 'make test' kills after each write
	@$(PY) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m proof --every-call

.PHONY: at
at: $(READY) ## Tests as if started at another time: make at AT=2026-12-31T23:30:00+00:00 T=tests/api
	@PYTHONPATH=tests/clock_shift TESTS_START="$(AT)" TESTS_STARTED="$$(date +%s)" \
	  $(PY) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -W ignore::pytest.PytestAssertRewriteWarning -m "not proof" $(T)
T := tests/api tests/jobs tests/privacy tests/backup tests/evidence tests/unit

.PHONY: bench
bench: $(READY) ## The measurements, each against its floor
	@$(PY) -m tests.bench

.PHONY: engines
engines: $(READY) ## The store's tests on engines of your own: DYNAMODB_LOCAL=folder of its jar, SEAWEEDFS=its program
	@test -n "$(DYNAMODB_LOCAL)$(SEAWEEDFS)" || { \
	  echo "facture: name an engine: DYNAMODB_LOCAL=… or SEAWEEDFS=… (docs/self-hosting.md)" >&2; exit 1; }
	@test -z "$(DYNAMODB_LOCAL)" || $(PY) -m pytest -q --dynamodb-local="$(DYNAMODB_LOCAL)" $(TABLES)
	@test -z "$(SEAWEEDFS)" || $(PY) -m pytest -q --seaweedfs="$(SEAWEEDFS)" $(OBJECTS)
TABLES := tests/unit/store tests/histories tests/engines tests/jobs tests/api
OBJECTS := tests/unit/files tests/api

.PHONY: package
package: $(READY) $(CHECKS) ## Package a stage (STAGE=dev or prod) into build/, and check its template
	@$(PY) -m infra.build --stage $(STAGE)
	@$(PY) -m infra.checks build/$(STAGE)/template.json

.PHONY: rehearse
rehearse: $(READY) ## Deploy the production stack to an emulated AWS, use it, update it, roll it back (docs/rehearsal.md)
	@$(PY) -m pytest -v --durations=5 tests/infra/test_rehearsal.py

.PHONY: deploy
deploy: package ## Deploy a stage to AWS by a change set, under the credentials of the environment
	@$(PY) -m infra.deploy --stage $(STAGE) $(DEPLOY)

.PHONY: lint
lint: $(READY) ## Style and import layers
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/lint-imports --no-logo

.PHONY: types
types: $(READY) ## Strict types
	@$(VENV)/bin/mypy

.PHONY: format
format: $(READY) ## Format the code and apply the automatic fixes
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

.PHONY: generate
generate: $(READY) ## Write what is derived and committed: the routes' addresses, the inventory of what is stored, the pending policy, the cost
	@$(PY) -m chalicelib.cli.routes --write
	@$(PY) -m infra.permissions --write
	@$(PY) -m chalicelib.policy.inventory --write
	@$(PY) -m chalicelib.policy.publish --write
	@$(PY) -m infra.cost_page --write
	@$(PY) -m infra.glyphs --write

.PHONY: cost
cost: $(READY) ## Compute docs/cost.md anew from counted units, public prices and assumptions
	@$(PY) -m infra.cost_page --write

.PHONY: lock
lock: $(READY) ## Resolve pyproject.toml anew into requirements.txt and requirements-dev.txt
	@$(PY) -m pip install --quiet uv==0.13.9
	@$(VENV)/bin/uv pip compile $(LOCK) --group dev pyproject.toml -o requirements-dev.txt
	@$(VENV)/bin/uv pip compile $(LOCK) --group checks -o requirements-checks.txt
	@$(VENV)/bin/uv pip compile $(LOCK) -c requirements-dev.txt pyproject.toml -o requirements.txt
LOCK := --quiet --upgrade --universal --generate-hashes --python-version 3.11 --annotation-style line --custom-compile-command "make lock"

.PHONY: clean
clean: ## Remove the environment and the caches; .local, which holds data, stays
	@rm -rf $(VENV) $(VENV)-checks build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
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
	@$(PY) -m pip install --quiet --no-input --progress-bar off --require-hashes -r requirements-dev.txt || { \
	  echo "facture: the packages could not be installed; is the package index reachable?" >&2; exit 1; }
	@touch $@

# The template checkers need another boto3, so they have their own environment (docs/adr/0054).
$(CHECKS): requirements-checks.txt $(READY)
	@echo "facture: installing the template checkers, once …"
	@rm -rf $(VENV)-checks; $(PY) -m venv $(VENV)-checks
	@$(VENV)-checks/bin/python -m pip install --quiet --no-input --progress-bar off --require-hashes -r requirements-checks.txt || { \
	  echo "facture: the packages could not be installed; is the package index reachable?" >&2; exit 1; }
	@touch $@

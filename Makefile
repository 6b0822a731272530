# Everything is one command: each target first makes .venv ready, which is skipped while requirements.lock is unchanged.
# Another Python: make test PYTHON=python3.12

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all test-exhaustive check scenarios scenarios-postgresql fuzz mutants chaos attack signals kills soak clients dialects benchmark speed docs site audit sbom licences installs lock clean
.DELETE_ON_ERROR:

# Keep bytecode even if the environment forbids it: the tests start hundreds of processes, and each would compile every
# module again.
export PYTHONDONTWRITEBYTECODE :=

BIN := .venv/bin
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$p && break; done)
INSTALLED := .venv/.installed-$(shell cat requirements.lock requirements-pip.lock pyproject.toml | cksum | tr -d ' \n')
# The tools that examine the dependencies have an environment and a lock file of their own.
SUPPLY := .venv-supply
# MkDocs too: it only builds the documentation site.
SITE := .venv-site
SITED := $(SITE)/.installed-$(shell cat requirements-site.lock requirements-pip.lock | cksum | tr -d ' \n')
SUPPLIED := $(SUPPLY)/.installed-$(shell cat requirements-supply.lock requirements-pip.lock | cksum | tr -d ' \n')

# $(call install,FOLDER,LOCK): install the packages of LOCK in the environment FOLDER. Its pip is raised first, because
# `python -m venv` brings the pip and setuptools of the interpreter, with their known vulnerabilities.
PIP_INSTALL = python -m pip install --quiet --disable-pip-version-check
define install
	@if [ -z "$(PYTHON)" ]; then \
		echo "Sendproof needs Python 3.11 to 3.14; found: $$(python3 --version 2>&1). Install one, or name it: make PYTHON=..." >&2; \
		exit 1; fi
	@rm -f $(1)/.installed-*
	@if command -v uv >/dev/null 2>&1; then \
		echo "Making $(1) ready with uv and $(PYTHON): some seconds the first time"; \
		{ [ -x $(1)/bin/python ] || uv venv --quiet --allow-existing --python "$(PYTHON)" $(1); } && \
		uv pip install --quiet --python $(1)/bin/python --require-hashes -r requirements-pip.lock -r $(2); \
	else \
		echo "Making $(1) ready with pip and $(PYTHON): about a minute the first time"; \
		{ [ -x $(1)/bin/pip ] || $(PYTHON) -m venv $(1); } && \
		$(1)/bin/$(PIP_INSTALL) --require-hashes -r requirements-pip.lock && \
		$(1)/bin/$(PIP_INSTALL) --require-hashes -r $(2); \
	fi
endef

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup: $(INSTALLED) ## Make .venv ready; every other target does this by itself

$(INSTALLED): requirements.lock requirements-pip.lock pyproject.toml
	$(call install,.venv,requirements.lock)
	@$(BIN)/$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(SUPPLIED): requirements-supply.lock requirements-pip.lock
	$(call install,$(SUPPLY),requirements-supply.lock) || { \
		echo "The tools of requirements-supply.lock could not be installed, so nothing was examined: this needs the network" >&2; \
		exit 3; }
	@touch $@

$(SITED): requirements-site.lock requirements-pip.lock
	$(call install,$(SITE),requirements-site.lock)
	@touch $@

demo: $(INSTALLED) ## Play a campaign and a trigger through a virtual week, and judge what reached each of 10,000 customers
	@$(BIN)/sendproof run scenarios/channels/first_week.yaml

# Tests wait for the processes that they start a third of the time, so two cores serve three workers. A worker that has
# finished takes over tests of the others.
PYTEST := $(BIN)/python -m pytest -n 3 --dist worksteal

test: $(INSTALLED) ## Run the quick tests (some minutes)
	@echo "Running the quick tests"
	@$(PYTEST) -m "not slow and not exhaustive"

test-all: $(INSTALLED) ## Run all tests but the exhaustive ones, with more examples (a quarter of an hour)
	@echo "Running the quick and the long tests"
	@SENDPROOF_FUZZ_EXAMPLES=4 $(PYTEST) -m "not exhaustive"

test-exhaustive: $(INSTALLED) ## Run the tests that check every case of what the others sample, and those of simulators in three processes
	@echo "Running the exhaustive tests"
	@$(PYTEST) -m exhaustive
	@echo "Running the tests of the simulators in three processes"
	@SENDPROOF_WORKERS=3 $(PYTEST) -m "not exhaustive" tests/simulators tests/contract

check: $(INSTALLED) ## Format, lint, types, imports, tests: what a change must pass
	@echo "Checking the format"
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted; try: $(BIN)/ruff format ." >&2; exit 1; }
	@echo "Linting"
	@$(BIN)/ruff check --quiet .
	@echo "Checking types"
	@$(BIN)/mypy
	@echo "Checking imports"
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(MAKE) --no-print-directory test

scenarios: $(INSTALLED) ## Play the whole library for every provider against the reference bridge (some minutes)
	@$(BIN)/sendproof run scenarios --parallel 2

scenarios-postgresql: $(INSTALLED) ## Play the whole library with the state of the reference bridge in PostgreSQL (some minutes)
	@$(BIN)/python chaos library --parallel 2

fuzz: $(INSTALLED) ## Attack every contract, and both bridges, with 200 valid and 200 invalid requests an operation (a quarter of an hour)
	@echo "Attacking every contract and both bridges, two at a time"
	@SENDPROOF_FUZZ_EXAMPLES=200 SENDPROOF_COMMAND_EXAMPLES=20 $(BIN)/python -m pytest -q -n 2 --dist worksteal --timeout 7200 \
		tests/contract/test_schemathesis.py tests/contract/test_schemathesis_command.py \
		tests/contract/test_bridge_webhooks.py tests/bridge/inbound/test_fast_path.py

mutants: $(INSTALLED) ## Show that the judge finds every defect of mutant bridges, and write docs/mutants.md (20 minutes)
	@$(BIN)/python mutants

comparisons: $(INSTALLED) ## Compare bridges and mutants with the reference bridge, check the invariants, and write the tables of both (10 minutes)
	@$(BIN)/python mutants compare
	@$(BIN)/python mutants invariants

chaos: $(INSTALLED) ## Show that correct bridges pass under 200 schedules of faults drawn from seeds (half an hour)
	@$(BIN)/python chaos

attack: $(INSTALLED) ## Send 10,000 hostile requests to every port of the simulators and of the bridge (about 40 minutes)
	@$(BIN)/python attack

signals: $(INSTALLED) ## Interrupt every command at every stage by every signal, and show that nothing is left (Linux; half an hour)
	@$(BIN)/python interrupts

kills: $(INSTALLED) ## Kill the bridge, or one of its processes, at 100 random instants per provider: nothing is lost or sent twice (an hour)
	@$(BIN)/python chaos kills
	@$(BIN)/python chaos kills --processes

soak: $(INSTALLED) ## Let the bridge work for twelve virtual weeks: memory and open files must not grow (Linux; about 10 minutes)
	@$(BIN)/python chaos soak

clients: $(INSTALLED) ## Run the published clients, unmodified, against the simulators (needs PyPI, npm and Node.js; a minute)
	@$(BIN)/python clients

dialects: $(INSTALLED) ## Show that the reference bridge passes in every dialect of every service (many minutes)
	@$(BIN)/sendproof run reporting/signed_events triggered/third_visit --all-dialects --parallel 2

benchmark: $(INSTALLED) ## Measure the simulators beside five peers (needs Node.js, Java and nginx; ten minutes)
	@$(BIN)/python benchmarks peers

AGAINST ?= HEAD
speed: $(INSTALLED) ## Run all benchmarks, and write docs/speed.md (an hour); AGAINST=REVISION is the one to compare with
	@$(BIN)/python benchmarks peers --write
	@$(BIN)/python benchmarks flow --customers 10000 --rounds 3 --against $(AGAINST) --write
	@$(BIN)/python benchmarks growth --write
	@$(BIN)/python benchmarks workers --write
	@$(BIN)/python benchmarks time --write

docs: $(INSTALLED) ## Generate docs/reference, docs/calls, and the fault data of the harness, from the code and the contracts
	@$(BIN)/python docs/generators

site: $(SITED) ## Build the documentation as a site to search, in dist/site; fails at a broken link
	@$(SITE)/bin/python docs/site

# Statuses of the three: 1 is a finding, 3 means that it could not be found out. `make` shows them, and ends with 2.
audit: $(SUPPLIED) ## Look up known vulnerabilities of every pinned package (needs the network)
	@$(SUPPLY)/bin/python supply audit

sbom: $(INSTALLED) $(SUPPLIED) ## Write the software bill of materials (CycloneDX) to dist, and check it against its schema
	@$(SUPPLY)/bin/python supply sbom

licences: $(INSTALLED) $(SUPPLIED) ## List the licences of every package in THIRD_PARTY.md; fails if one is not allowed
	@$(SUPPLY)/bin/python supply licences

installs: $(SUPPLIED) ## Try every way to install Sendproof that docs/install.md names (needs the network, pipx and uv; 15 minutes)
	@$(SUPPLY)/bin/python supply installs

COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade --no-header --no-annotate
lock: ## Pin the newest versions that pyproject.toml allows, by hash (needs uv)
	@$(COMPILE) --extra dev pyproject.toml -o requirements.lock
	@$(COMPILE) --group pip -o requirements-pip.lock
	@$(COMPILE) --group site --constraint requirements-pip.lock -o requirements-site.lock
	@$(COMPILE) --group supply --constraint requirements-pip.lock -o requirements-supply.lock

clean: ## Remove the environments, caches and results
	rm -rf .venv .venv-site .venv-supply .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis benchmarks/.peers benchmarks/.revisions clients/.packages dist results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

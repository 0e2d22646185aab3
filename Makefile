# The one door for developers. Needs Python 3.11 or newer with venv, and make.
#   make run     start Steelyard on ./data        make lint    ruff, mypy, layers
#   make test    all tests                        make docs    write the generated reference pages
#   make bench   measurements                     make golden  accept changed outputs; review the diff
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= ./data
# Files stay whole on one worker: their tests share an open house.
PYTEST_ARGS ?= -n auto --dist loadfile -rs
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: run test test-duckdb1 test-clickhouse lint bench golden docs pictures clean
.DEFAULT_GOAL := run

run: $(VENV)/.runtime
	$(BIN)/steelyard serve --data $(DATA)

test: $(VENV)/.test $(VENV)/.browser $(VENV)/.postgres
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# The rooms that build and ask facts; what is about ClickHouse itself is in `test` already.
FACTS := tests/warehouse tests/ledger tests/people tests/work tests/app/test_life.py \
	--ignore-glob='*clickhouse*'

# On DuckDB's older major, laid before the installed one; then a file goes there and back.
test-duckdb1: $(VENV)/.test
	$(PIP) install --no-deps --upgrade --target $(VENV)/duckdb1 'duckdb>=1.5.5,<2'
	PYTHONPATH=$(VENV)/duckdb1 $(BIN)/python -m pytest $(PYTEST_ARGS) $(FACTS) \
		tests/metrics tests/app/test_backup.py tests/app/test_retention.py tests/app/test_rebuild.py
	STEELYARD_DUCKDB_1=$(VENV)/duckdb1 $(BIN)/python -m pytest tests/warehouse/test_both_majors.py

# With ClickHouse (chDB behind its HTTP interface) as the warehouse. tests/metrics asks it in `test`.
# CASES=all: every case of each test.
test-clickhouse: $(VENV)/.test
	STEELYARD_TEST_CLICKHOUSE=$(or $(CASES),1) $(BIN)/python -m pytest $(PYTEST_ARGS) $(FACTS)

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# All but calibration, which takes hours: python -m benchmarks.impact_calibration
bench: $(VENV)/.bench
	@for each in $$(grep -l __main__ benchmarks/*.py | grep -v calibration); do \
		echo "== $$each"; $(BIN)/python -m benchmarks.$$(basename $$each .py) || exit 1; done

golden: $(VENV)/.test
	GOLDEN=write $(BIN)/python -m pytest tests/cli
	$(BIN)/python docs/generate.py

docs: $(VENV)/.runtime
	$(BIN)/python docs/generate.py

# The pictures of the documentation, from a demo company in a real browser.
pictures: $(VENV)/.test $(VENV)/.browser
	$(BIN)/python docs/pictures.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# Installed once, and again when pyproject.toml changes. --group needs pip 25.1.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Steelyard needs Python 3.11 or newer; none was found. Install one, or run: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'

$(VENV)/.runtime: pyproject.toml | $(BIN)/python
	@echo "Installing Steelyard into $(VENV) (once; about a minute)"
	$(PIP) install -e .
	@touch $@

$(VENV)/.test: $(VENV)/.runtime
	@echo "Installing the test group"
	$(PIP) install --group test
	@touch $@

$(VENV)/.lint: $(VENV)/.test
	@echo "Installing the lint group"
	$(PIP) install --group lint
	@touch $@

$(VENV)/.bench: $(VENV)/.test
	$(PIP) install --group bench
	@touch $@

# Browser tests skip, with a reason, where there is no Chromium; asked for again on the next run.
$(VENV)/.browser: $(VENV)/.test
	@sh .ci/chromium $(BIN) && touch $@ || true

# The same for the tests of the state on PostgreSQL.
$(VENV)/.postgres: $(VENV)/.test
	@sh .ci/postgresql && touch $@ || true

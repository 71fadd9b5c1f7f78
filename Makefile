# `make demo` and `make test` need nothing prepared but Python 3.11 or later, make and a C compiler for what has no wheel.
# Everything is installed into $(VENV) inside the project; nothing outside it is changed.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# The first of these that runs and is new enough; `make demo PYTHON=/path/to/python` chooses another.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$p"; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
DEMO := results/demo

# A home that is missing or cannot be written must not stop anybody: caches then go into the environment's folder.
HOME_WORKS := $(shell mkdir -p "$$HOME/.cache" 2>/dev/null && test -w "$$HOME/.cache" && test -w "$$HOME" && echo yes)
ifneq ($(HOME_WORKS),yes)
export XDG_CACHE_HOME := $(CURDIR)/$(VENV)/cache
export XDG_CONFIG_HOME := $(CURDIR)/$(VENV)/config
export MPLCONFIGDIR := $(CURDIR)/$(VENV)/cache/matplotlib
export PIP_NO_CACHE_DIR := 1
endif

.PHONY: help demo test check format install clean

help:
	@echo "make demo     run the coffee example (20 replications) and say where its report is"
	@echo "make test     run the tests"
	@echo "make check    lint, format, types and import layers"
	@echo "make format   let ruff format the sources"
	@echo "make clean    remove the environment, caches and results"

# --- environment ----------------------------------------------------------------------------------------------------

install: $(STAMP)

# uv when it is on the path or can be had from the package index, pip otherwise.
$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or later is needed; give one with PYTHON=/path/to/python" >&2; exit 2; }
	@echo "Preparing $(VENV) with $$($(PYTHON) --version) (once: half a minute with uv, a few with pip)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
		rm -rf $(VENV); $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install -q pip; }
	@uv="$$(command -v uv || true)"; \
	if [ -z "$$uv" ] && $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt uv >/dev/null 2>&1; then \
		uv="$(BIN)/uv"; \
	fi; \
	if [ -n "$$uv" ] && "$$uv" pip install -q --python $(BIN)/python -c constraints.txt -e '.[dev]'; then :; else \
		echo "uv cannot be used here; installing with pip"; \
		$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'; \
	fi
	@touch $@

# --- what people run ------------------------------------------------------------------------------------------------

demo: $(STAMP)
	@rm -rf $(DEMO)
	$(BIN)/agorasim run scenarios/coffee_o2o.yaml --replications 20 --jobs $(JOBS) --out $(DEMO)
	@echo "Open $(CURDIR)/$(DEMO)/report.html in a browser."

test: $(STAMP)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .venv-* results .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

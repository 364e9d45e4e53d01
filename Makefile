# One door for everything: `make help`. Needs Python 3.11 to 3.13, git and make; all else is
# installed into .venv, in the versions of requirements.lock.
#
# A stamp is written when an installation is complete, so a second call costs nothing; a marker
# stands while one is under way, so an interrupted one is built anew.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
DATA ?= movielens-100k
ARGS ?=
PORT ?= 8501
NEEDED := pyproject.toml requirements.lock
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run app lab test test-full lint bench evidence audit-calibration notebooks lock

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  DATA=synthetic make run     another data set (workbench data list)"
	@echo "  ARGS='--seed 1' make run    more options (workbench run --help)"
	@echo "  PORT=8600 make app          another port"

run: $(VENV)/.base  ## fetch the data, fit and compare the models, write a run folder
	@$(BIN)/workbench run --data $(DATA) $(ARGS)

app: $(VENV)/.base  ## open the app on port 8501 (after a first run where there is none)
	@$(BIN)/workbench app --port $(PORT) --data $(DATA) $(ARGS)

lab: $(VENV)/.lab  ## open JupyterLab on notebooks/
	@$(BIN)/workbench lab $(ARGS)

test: $(VENV)/.test  ## the fast tests
	$(BIN)/python -m pytest -m "not full" -n 2 --dist loadfile $(ARGS)

test-full: $(VENV)/.test  ## all tests, the long ones too
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.test  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.test  ## speed beside the bare linear algebra and beside peers; kept in data/bench
	@$(BIN)/python -m tests.benchmarks $(ARGS)

evidence: $(VENV)/.test  ## the engine against all others, over seeds and tie orders (an hour)
	@$(BIN)/python -m tests.evidence $(ARGS)

audit-calibration: $(VENV)/.test  ## the audit against planted truth, 1,000 redraws and 100 refits
	@$(BIN)/python -m tests.evidence.audit_calibration $(ARGS)

notebooks: $(VENV)/.lab  ## execute all notebooks; HTML copies in data/notebooks
	@$(BIN)/python -m notebooks $(ARGS)

# --- the environment -------------------------------------------------------------------------

define install
	@echo $$PPID > $(VENV)/.installing
	@echo "Installing the pinned packages$(2) into $(VENV) (a few minutes the first time) ..."
	@$(BIN)/python -m pip install -qq --constraint requirements.lock --editable '.$(1)'
	@rm -f $(VENV)/.installing
endef

$(VENV)/.base: $(NEEDED) | $(VENV)/.made
	$(call install,,)
	@touch $@

$(VENV)/.test: $(NEEDED) | $(VENV)/.made
	$(call install,[test], and those for the tests)
	@touch $(VENV)/.base $@

$(VENV)/.lab: $(NEEDED) | $(VENV)/.made
	$(call install,[lab], and JupyterLab)
	@touch $(VENV)/.base $@

# An installation that was cut short (its make is gone) may have left half a package behind.
CUT := $(shell test -f $(VENV)/.installing && ! kill -0 `cat $(VENV)/.installing` 2>/dev/null && echo cut)
ifeq ($(CUT),cut)
$(shell rm -f $(VENV)/.made $(VENV)/.base $(VENV)/.test $(VENV)/.lab)
endif

$(VENV)/.made:
	@for python in "$(PYTHON)" python3 python3.11 python3.12 python3.13; do \
		if [ -n "$$python" ] && $$python -c 'import ensurepip, sys, venv; \
			sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then \
			echo "Making $(VENV) with $$($$python --version)"; \
			if [ -L $(VENV) ]; then $$python -m venv $(VENV); \
			else $$python -m venv --clear $(VENV); fi && touch $@ && exit 0; exit 1; \
		fi; \
	done; \
	echo "Python 3.11, 3.12 or 3.13 with venv is needed and was not found; name one with" \
		"PYTHON=/path/to/python make ... (on Debian: apt-get install python3-venv)" >&2; exit 1

lock: $(VENV)/.lab $(VENV)/.test  ## write requirements.lock from what is installed
	@$(BIN)/python -m pip freeze --exclude-editable | sed 's/ @ .*//' > $(VENV)/lock
	@sed -n '/^#/p' requirements.lock | cat - $(VENV)/lock > $(VENV)/lock.new
	@mv $(VENV)/lock.new requirements.lock

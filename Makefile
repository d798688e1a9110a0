# Every target makes what it needs, .venv included, and does nothing twice.
#   make PYTHON=python3.12                 another Python to build .venv with (3.11 or newer)
#   make install PIP_FLAGS="--extra-index-url https://download.pytorch.org/whl/cpu"    torch without CUDA: 2 GB less
#   make test JOBS=8 PYTEST_FLAGS="-k margin"

PYTHON ?= python3
PIP_FLAGS ?=
PYTEST_FLAGS ?=
JOBS ?= auto
BIN := .venv/bin
STAMP := .venv/.installed
DOCS_STAMP := .venv/.installed-docs
PEERS_STAMP := .venv/.installed-peers
LABEL_STUDIO := .venv-label-studio

.DEFAULT_GOAL := help
.PHONY: help install quickstart test fuzz test-label-studio check bench docs links clean distclean

help: ## show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(STAMP) ## make .venv with alrl and all that its tests and reports need

quickstart: $(STAMP) ## train a query policy, compare it with the rules, write a page
	$(BIN)/alrl quickstart

# One thread a test process unless told otherwise: two processes with default threads wait for each other.
test: $(STAMP) ## run the tests and the examples in the docstrings
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(BIN)/python -m pytest -n $(JOBS) --maxprocesses=4 $(PYTEST_FLAGS)

# In an environment of its own: it pins other versions of half of what alrl needs.
test-label-studio: $(STAMP) $(LABEL_STUDIO)/bin/label-studio ## play the exchange with the real Label Studio, on the loopback
	ALRL_LABEL_STUDIO=$(abspath $(LABEL_STUDIO))/bin/label-studio OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(PYTEST_FLAGS) \
	    tests/projects/exchange/label_studio_exchange.py

$(LABEL_STUDIO)/bin/label-studio:
	$(PYTHON) -m venv $(LABEL_STUDIO)
	$(LABEL_STUDIO)/bin/python -m pip install --disable-pip-version-check 'label-studio>=1.20,<2'

fuzz: $(STAMP) ## mutate files and command lines that strangers may send, 2,500 of them
	ALRL_FUZZ=2000 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q tests/fuzz $(PYTEST_FLAGS)

check: $(STAMP) ## lint, format, types, direction of imports, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: $(PEERS_STAMP) ## measure loop and strategies against a hand-written loop and against other libraries
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.grid --page docs/benchmarks.md
	$(BIN)/python -m benchmarks.selection --page docs/selection.md

docs: $(DOCS_STAMP) ## build the documentation into site/
	$(BIN)/mkdocs build --strict

links: docs ## follow every link of the built documentation, those to other hosts too
	$(BIN)/linkchecker --check-extern --no-status site/index.html

clean: ## remove what was built; .venv and runs/ stay
	rm -rf build dist site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -path ./.venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove .venv too
	rm -rf .venv $(LABEL_STUDIO)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "alrl needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt -e '.[bench,report,test]'
	OMP_NUM_THREADS=1 $(BIN)/python -m alrl.evaluation.precompile
	@touch $@

$(PEERS_STAMP): $(STAMP)
	$(BIN)/python -m pip install --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt -e '.[peers]'
	@touch $@

$(DOCS_STAMP): $(STAMP)
	$(BIN)/python -m pip install --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt -e '.[docs]'
	@touch $@

# make play   the playground opens in JupyterLab
# make test   style, import directions and the whole suite
# make demo   the moving pictures of media/, made anew
# make format, make clean
#
# PYTHON=python3.12   which Python makes the environment      VENV=.venv   where it lives
# LAB_ARGS=--no-browser   for `playground lab`                PYTEST_ARGS="-k stream"   for pytest

PYTHON ?= python3
VENV ?= .venv
LAB_ARGS ?=
PYTEST_ARGS ?=

BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt
STREAMDIFFUSION := streamdiffusion==0.1.1

.DEFAULT_GOAL := play
.PHONY: play test lint demo format clean

play: $(VENV)/.installed
	$(BIN)/playground lab $(LAB_ARGS)

test: $(VENV)/.installed-test lint
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .

demo: $(VENV)/.installed
	$(BIN)/playground demo
	$(BIN)/playground demo-video

format: $(VENV)/.installed-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "Python is missing. On Debian: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "Python must be >= 3.10, got $$($(PYTHON) -V 2>&1). Name another: make play PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing. On Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# streamdiffusion stands alone: it pins versions that no longer install, and needs none of them here.
$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable .
	$(INSTALL) --no-deps $(STREAMDIFFUSION)
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(INSTALL) --editable '.[test]'
	@touch $@

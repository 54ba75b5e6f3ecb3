# From a fresh clone: make train, make test, make test-all, make site. They need nothing but Python 3.11 or later.
PYTHON ?= python3
VENV := .venv
ARGS ?=

# Tests start many processes, which read compiled Python; images often ask for none to be written.
unexport PYTHONDONTWRITEBYTECODE

PYTEST := $(VENV)/bin/python -m pytest --numprocesses logical --dist loadfile

.PHONY: train test test-all test-statistics test-loggers check site clean

# Set up and run the main job, e.g. make train ARGS="model=gru data.root=../shared/data"
train: $(VENV)/installed
	$(VENV)/bin/python train.py model=lstm data=names $(ARGS)

# Set up and run the tests that take a moment each, e.g. make test ARGS="-k loader"
test: $(VENV)/installed-dev
	$(PYTEST) -m "not slow" $(ARGS)

# Run every test
test-all: $(VENV)/installed-dev
	$(PYTEST) $(ARGS)

# Run the tests of seqlab[statistics], which needs an older pandas, in an environment of their own
test-statistics: $(VENV)-statistics/installed
	$(VENV)-statistics/bin/python -m pytest tests/tasks/baselines/test_statistical.py $(ARGS)

# Run the tests of seqlab[mlflow] and seqlab[wandb], which bring many packages, likewise
test-loggers: $(VENV)-loggers/installed
	$(VENV)-loggers/bin/python -m pytest tests/training/test_services.py $(ARGS)

# What .ci/run checks beside the tests
check: $(VENV)/installed-dev
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

# Build the documentation into outputs/site; a warning is an error. SEQLAB_TUTORIALS=small executes short tutorials
site: $(VENV)/installed-docs
	$(VENV)/bin/python -m sphinx --quiet --fail-on-warning --keep-going docs outputs/site
	@echo "open outputs/site/index.html"

clean:
	rm -rf $(VENV) $(VENV)-statistics $(VENV)-loggers

%/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "seqlab needs Python 3.11 or later; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $*

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-dev: pyproject.toml | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@ $(VENV)/installed

$(VENV)/installed-docs: pyproject.toml | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@ $(VENV)/installed

$(VENV)-statistics/installed: pyproject.toml | $(VENV)-statistics/bin/python
	$(VENV)-statistics/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[statistics]' 'pytest>=9,<10'
	touch $@

$(VENV)-loggers/installed: pyproject.toml | $(VENV)-loggers/bin/python
	$(VENV)-loggers/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[mlflow,wandb]' 'pytest>=9,<10'
	touch $@

# `make demo` shows what peakahead does; `make test` runs the tests. Each makes the environment it needs.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
INSTALLED = $(VENV)/.installed

SECONDS ?= 600
INTEGRATIONS ?= .venv-integrations
WITH_LIBRARIES = $(INTEGRATIONS)/.installed

.PHONY: demo test test-integrations check wheel bench readme conformance fuzz clean

demo: $(INSTALLED)
	$(BIN)/peakahead demo

test: $(INSTALLED)
	$(BIN)/python -m pytest

# What is read of other libraries' types, with the libraries themselves.
test-integrations: $(WITH_LIBRARIES)
	$(INTEGRATIONS)/bin/python -m pytest tests/models/test_features*.py tests/models/test_readings.py tests/models/test_registered.py \
	    tests/learner/test_integrations.py tests/learner/test_cluster.py \
	    tests/learner/test_cluster_faults.py tests/test_readme.py

# Style and types.
check: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group check --group bench
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

# The built wheel in an environment with production's dependencies alone.
wheel: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check build
	$(BIN)/python tests/wheel.py

# The benchmarks, most of an hour; results and tables are written to benchmarks/results and the READMEs.
bench: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	$(BIN)/python -m benchmarks

# What the README shows of the running example: the demo's transcript, and the picture. Two minutes.
readme: $(INSTALLED)
	$(BIN)/python -m benchmarks.transcript
	$(BIN)/python -m benchmarks.picture

# Damaged and hostile model files for ten minutes; the result is stored beside the benchmarks'.
fuzz: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group fuzz
	$(BIN)/python -m benchmarks.fuzz $(SECONDS)

# CPython's own tests and some packages', with a breakpoint after every assignment; what injection makes of the standard
# library's code, and 10,000 generated functions, armed and bare. Half an hour for each Python.
conformance: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group conformance
	$(BIN)/python -m benchmarks.conformance
	$(BIN)/python -m benchmarks injection

# An editable install; made anew when the project's requirements change. `--group` needs a recent pip.
$(INSTALLED): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[learn,cli]" --group test
	touch $@

$(WITH_LIBRARIES): pyproject.toml
	test -x $(INTEGRATIONS)/bin/python || $(PYTHON) -m venv $(INTEGRATIONS)
	$(INTEGRATIONS)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(INTEGRATIONS)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[learn,cli,test-integrations]" --group test
	touch $@

clean:
	rm -rf .venv* build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

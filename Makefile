# A fresh machine needs Python 3.11 or later, make and git. The environment is made on first use, in .venv.
PYTHON ?= python3
LOCK ?= requirements.lock
RECIPE ?= demo
READY := .venv/$(LOCK).installed

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
export PYTHONUNBUFFERED := 1

.PHONY: reproduce test check bench tensorboard lock

reproduce: $(READY)
	python -m flows.local $(RECIPE) $(if $(V),--verbose)

test: check
	pytest --numprocesses auto --no-loadscope-reorder

check: $(READY)
	ruff check
	ruff format --check
	mypy

bench: $(READY)
	python -m benchmarks

tensorboard: $(READY)
	python -m flows.tensorboard

# uv installs the locked set three times faster than pip. Its own pinned version comes from the same lock.
# The mark's name tells which lock was installed; a new environment has no other.
$(READY): $(LOCK)
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else f"error: Python 3.11 to 3.13 is required. Received: {sys.version.split()[0]}; set PYTHON=…")'
	$(PYTHON) -m venv --clear .venv
	awk '/^uv==/ {found = 1} found; found && !/\\$$/ {exit}' $(LOCK) > .venv/uv.lock
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement .venv/uv.lock
	.venv/bin/uv pip sync --python .venv/bin/python --require-hashes --compile-bytecode $(LOCK)
	touch $@

# No download addresses: `uv pip compile` writes none.
LOCK_COMMAND = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	pyproject.toml --group dev --extra jax --extra s3

lock: $(READY)
	$(LOCK_COMMAND) --output-file requirements.lock
	$(LOCK_COMMAND) --extra gpu --constraint requirements.lock --output-file requirements-gpu.lock

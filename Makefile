# What a person runs. `make help` lists it all; every target sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
export MLFLOW_DISABLE_TELEMETRY := true
export OMP_WAIT_POLICY := PASSIVE
SWEEP ?= selector=nearest,furthest,random k=600,1200
TARGET ?= 0.95
DATA ?= data
NAME ?= MNIST
VARIANT ?=
DOCTOR ?=
SMALLEST ?= selector=nearest,random

.DEFAULT_GOAL := help
.PHONY: help setup demo data sweep smallest report ui doctor reap flush test bench bench-gpu lint lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-9s %s\n", $$1, $$2}'

setup: $(INSTALLED)  ## make .venv with everything in requirements.lock (about 6 GB)

$(INSTALLED): requirements.lock requirements-bootstrap.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "error: Python must be 3.11, 3.12 or 3.13, got %d.%d | make PYTHON=python3.12 ..." % v)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(INSTALLED)  ## the main job on 5,000 images of MNIST that need no download (about a minute)
	$(BIN)/python train.py -m dataset=mnist5000 selector=nearest,furthest,random k=100,200 trainer.min_steps=500

data: $(INSTALLED)  ## download MNIST, or NAME=CIFAR10 and others of torchvision, into DATA (data)
	$(BIN)/python scripts/fetch_data.py name=$(NAME) 'data_dir=$(DATA)' variant=$(VARIANT)

sweep: $(INSTALLED)  ## the main job; SWEEP="selector=... k=..." chooses another
	$(BIN)/python train.py -m $(SWEEP)

smallest: $(INSTALLED)  ## the fewest images that reach TARGET (0.95); SMALLEST="selector=... dataset=..."
	$(BIN)/python scripts/smallest.py target=$(TARGET) $(SMALLEST)

report: $(INSTALLED)  ## tables, figures and a page of every finished run
	$(BIN)/python scripts/report.py

ui: $(INSTALLED)  ## browse the runs in MLflow on 127.0.0.1
	$(BIN)/python scripts/ui.py

doctor: $(INSTALLED)  ## try out state/, the tracking store, the cores and the device; DOCTOR="state_dir=..."
	$(BIN)/python scripts/doctor.py $(DOCTOR)

reap: $(INSTALLED)  ## mark runs whose process died as FAILED
	$(BIN)/python scripts/reap.py

flush: $(INSTALLED)  ## send the runs that a tracking server could not take
	$(BIN)/python scripts/flush.py

# Hundreds of processes are started: each of them would compile the sources anew where bytecode is not kept.
test: lint  ## the whole suite, style and types included
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxschedchunk 1

bench: $(INSTALLED)  ## short benchmarks on MNIST in DATA (data), a table and a figure in state/benchmarks
	$(BIN)/python scripts/benchmark.py data_dir=$(DATA)

bench-gpu: $(INSTALLED)  ## time training on an NVIDIA GPU, on MNIST and CIFAR10 in DATA (data)
	$(BIN)/python scripts/benchmark.py row=gpu data_dir=$(DATA) folder=state/benchmarks-gpu

lint: $(INSTALLED)  ## check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock:  ## pin every dependency anew, by hash
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --extra dev --extra cluster pyproject.toml --output-file requirements.lock
	echo uv | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url - --output-file requirements-bootstrap.lock

clean:  ## remove the environment and what tools left behind; results in state/ stay
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

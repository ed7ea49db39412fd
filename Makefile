# Everything runs in a virtual environment of its own, .venv, made on first use.
PYTHON ?= python3
VENV = .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready

.PHONY: bombs secrets properties demo test test-fast test-apps lint coverage bench bench-formats bench-memory bench-peers bench-html faults mutations fuzz clean

# Faults for each sample export, and seconds for each fuzz target.
COUNT ?= 1000
TIME ?= 60

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

demo: $(READY)
	$(BIN)/gptexit convert fixtures/slim-2026.zip --to html --to markdown -o demo
	@echo "Open demo/html/index.html in a browser; demo/markdown/index.md is the list of the notes."

# A worker for each core; the tests of a file stay together, since they share what they set up.
test: $(READY)
	$(BIN)/python -m pytest -n auto --dist loadfile

# What answers within a minute: all but the tests that are marked as slow.
test-fast: $(READY)
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow"

# Installs the apps that gptexit writes for under build/apps, and runs them: gigabytes and minutes.
test-apps: $(READY)
	$(BIN)/python -m pytest tests/apps

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

coverage: $(READY)
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --sort=cover

# The table of the README; BENCH="--all" for more pieces, "--beside FOLDER" for another checkout too.
bench: $(READY)
	$(BIN)/python benchmarks/bench.py $(BENCH)

# Each format that is written, on a large export.
bench-formats: $(READY)
	$(BIN)/python benchmarks/bench.py --formats --runs 1 --sizes 1GB

# The memory of all processes together, at two sizes; SIZES="--sizes 20MB,60MB" for others.
bench-memory: $(READY)
	$(BIN)/python benchmarks/memory.py $(SIZES)

# The HTML archive beside the Markdown archive, and its pages in a browser.
bench-html: $(READY)
	$(BIN)/python benchmarks/html.py

# Other tools beside gptexit: PEERS='--peer FOLDER', see benchmarks/peers.py.
bench-peers: $(READY)
	$(BIN)/python benchmarks/peers.py $(PEERS)

# The property tests with examples that are drawn anew in each run.
properties: $(READY)
	HYPOTHESIS_PROFILE="new examples" $(BIN)/python -m pytest -n auto --dist loadfile -m hypothesis

faults: $(READY)
	$(BIN)/python tests/run_faults.py --count $(COUNT)

secrets: $(READY)
	$(BIN)/python tests/run_secrets.py

bombs: $(READY)
	$(BIN)/python tests/run_bombs.py

mutations: $(READY)
	$(BIN)/python tests/run_mutations.py

fuzz: $(READY)
	$(BIN)/python -m pip install --quiet --group fuzz
	$(BIN)/python fuzz/run.py --time $(TIME)

clean:
	rm -rf $(VENV) demo build

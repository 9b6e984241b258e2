# make demo   the main job from nothing            make test       the tests (under 5 minutes)
# make setup  only the environment                 make check      format, lint, types, layers
# make lock   choose versions anew                 make test-full  the long sweeps as well
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test test-full check setup lock clean

demo: setup
	$(BIN)/bellwether demo

test: setup
	$(BIN)/pytest -n 2 --dist loadfile

test-full: setup
	BELLWETHER_SWEEP_ROWS=200000 BELLWETHER_LEAK_ROUNDS=1000 $(BIN)/pytest -n 2 --dist loadfile

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

setup: $(STAMP)

# The lock names everything, so pip resolves nothing (--no-deps: with hashes it stumbles over pandas[parquet]).
# A stamp, written last: an interrupted set-up starts anew, a finished one is not repeated.
$(STAMP): requirements.lock pyproject.toml tools/check_machine.py
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; none was found. On Debian: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) tools/check_machine.py
	@echo "Setting up .venv with $(PYTHON): about 200 packages, some minutes"
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

# Needs uv (pip install uv). No address of an index is written.
lock:
	uv pip compile --quiet --universal --generate-hashes --extra dev pyproject.toml -o requirements.lock --custom-compile-command "make lock"

clean:
	rm -rf .venv .bellwether build *.egg-info

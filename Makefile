# Two commands do all the set-up on a machine with Python >= 3.11: `make run` and `make test`.
# Each makes its own .venv from the locked requirements; nothing outside this folder is touched.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: run telegram test check soak bench lock bundle clean

run: .venv/run
	$(BIN)/anlitong serve

# What `[telegram]` in config.toml needs on top of `make run`, locked like everything else. May be run again.
telegram: .venv/telegram

test: .venv/dev check
	$(BIN)/python -m pytest

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

soak: .venv/dev
	ANLITONG_SOAK=1 $(BIN)/python -m pytest tests -k "kill"

bench: .venv/dev
	$(BIN)/python -m benchmarks

# After changing a range in pyproject.toml: writes the locks anew, each on top of the one before.
lock: .venv/dev
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate -q --upgrade -o requirements/run.txt
	$(BIN)/uv pip compile pyproject.toml --extra aiogram --extra ptb --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate -q -c requirements/run.txt -o requirements/telegram.txt
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate -q -c requirements/telegram.txt -o requirements/dev.txt

# A folder of wheels for a machine without a network, of the same system and Python; see docs/deploy.md.
bundle: .venv/run
	rm -rf wheels
	$(PIP) wheel --no-deps -w wheels .
	$(PIP) download -d wheels --require-hashes -r requirements/telegram.txt
	cp requirements/run.txt wheels/requirements.txt
	cp requirements/telegram.txt wheels/requirements-telegram.txt

clean:
	rm -rf .venv wheels dist build

.venv/base:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ...")'
	$(PYTHON) -m venv .venv
	touch $@

.venv/run: .venv/base requirements/run.txt pyproject.toml
	$(PIP) install --require-hashes -r requirements/run.txt
	$(PIP) install --no-deps -e .
	touch $@

.venv/telegram: .venv/run requirements/telegram.txt
	$(PIP) install --require-hashes -r requirements/telegram.txt
	touch $@

.venv/dev: .venv/base requirements/dev.txt pyproject.toml
	$(PIP) install --require-hashes -r requirements/dev.txt
	$(PIP) install --no-deps -e .
	touch $@ .venv/run

# Every way to work with cityloop. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
PACKAGES := domain classify geo dispatch sensing store handlers streams api runtime
CODE := $(PACKAGES) tests bench deploy

.PHONY: help setup demo up test check unit contract e2e vectors bench reliability acceptance evaluate mosquitto doctor lock format clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(STAMP) ## create the virtual environment from the lock file

$(STAMP): requirements-dev.lock pyproject.toml
	@echo "creating the virtual environment"
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
	@test -x $(PY) || python3 -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## play a day of the demo city; EXIT=1 stops by itself
	@$(VENV)/bin/cityloop demo $(if $(EXIT),--exit)

up: setup ## start everything and keep it running until Ctrl-C
	@$(VENV)/bin/cityloop up

mosquitto: ## install the MQTT broker the bridge's tests need (Debian, as root); without it they are skipped
	@command -v mosquitto || test -x /usr/sbin/mosquitto || apt-get install --yes --no-install-recommends mosquitto

doctor: setup ## check everything a newcomer can get wrong
	@$(VENV)/bin/cityloop doctor

check: setup ## ruff, strict mypy, import contracts
	$(VENV)/bin/ruff check $(CODE)
	$(VENV)/bin/ruff format --check $(CODE)
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

test: check ## all checks and all tests, with the real broker and the real database
	$(PY) -m pytest

unit: setup ## the pure tests only
	$(PY) -m pytest tests/unit

contract: setup ## the tests against real Kafka and PostgreSQL
	$(PY) -m pytest tests/contract tests/house

e2e: setup ## the tests through the front doors
	$(PY) -m pytest tests/e2e

vectors: setup ## the catalogue of bad input against every way in
	$(PY) -m tests.vectors

bench: setup ## every benchmark beside its reference; ONLY="Life cycles" runs one
	$(PY) -m bench --write $(if $(ONLY),--only "$(ONLY)")

reliability: setup ## try to break what is promised, with controls; ONLY=g2 plays one drill, and writes nothing
	$(PY) -m bench.reliability $(if $(ONLY),--only "$(ONLY)",--write)

acceptance: setup ## replay real cities (skips where the data is absent)
	$(PY) -m bench.acceptance

evaluate: setup ## how good the advisers are, on real data; ONLY=classify judges one
	$(PY) -m bench.evaluate --write $(if $(ONLY),--only "$(ONLY)")

lock: ## pin the dependencies anew (needs uv)
	uv pip compile pyproject.toml --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements.lock
	uv pip compile pyproject.toml --extra dev --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements-dev.lock

format: setup ## format the code
	$(VENV)/bin/ruff check --fix $(CODE)
	$(VENV)/bin/ruff format $(CODE)

clean: ## forget the demo's data (the jar cache stays)
	rm -rf .cityloop

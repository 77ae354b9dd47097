# What can be done with the desk, from a fresh clone, with Python 3.11 or newer, make and git. `make` alone lists it.

BIN := .venv/bin
FLASK := $(BIN)/python -m flask --app app
TOOLS := .venv/tools
VNU := $(TOOLS)/node_modules/vnu-jar/build/dist/vnu.jar
VNU_VERSION := 26.9.27

# Where make check finds its databases.
TEST_POSTGRES_URL ?= postgresql://postgres@127.0.0.1/postgres
TEST_MARIADB_URL ?= mysql://root@127.0.0.1/
export TEST_POSTGRES_URL TEST_MARIADB_URL

PYTEST := env -u PYTEST_ADDOPTS -u GUNICORN_CMD_ARGS -u WEB_CONCURRENCY -u FLASK_DEBUG $(BIN)/python -m pytest -q
# One process more than there are cores: some tests wait for servers and clocks. Each file runs in one process, which
# starts the desk or fills the database of that file once; tests/conftest.py puts the longest files first.
PARALLEL := -n $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1) --maxprocesses=8 --dist loadfile --no-loadscope-reorder

# The tests whose queries are made up, as many as GENERATED_QUERIES says.
GENERATED := tests/rules/search/test_found.py tests/pages/lists/test_found.py

.PHONY: help run demo test check soak bench lock parts style types on-sqlite on-mariadb on-postgres in-chromium
.NOTPARALLEL:
.DELETE_ON_ERROR:

help:  ## this list
	@echo "What you can do here:"
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1|/' | awk -F'|' '{printf "%-12s %s\n", $$1, $$2}'

run: .venv/.run .env  ## start the desk on http://127.0.0.1:5000 (PORT and every other setting from the environment)
	@exec $(BIN)/python run.py

demo: .venv/.run .env  ## fill an empty desk with a made-up company to try it out
	@$(FLASK) db upgrade
	@$(FLASK) demo
	@echo "Now start the desk: make run"

test: .venv/.dev  ## the tests on SQLite, without a browser (2 minutes at most)
	@GENERATED_QUERIES=100 TEST_DATABASE_URL= $(PYTEST) $(PARALLEL) -m "not browser and not soak"; code=$$?; \
	echo "Left out: the browser, PostgreSQL and MariaDB (make check), kills and floods (make soak)."; exit $$code

# TESTED=yes leaves out what make test has just passed.
check: parts style types $(if $(TESTED),,on-sqlite) on-mariadb on-postgres in-chromium  ## everything but soak: style, types, three databases, Chromium (15 minutes at most)
	@echo "All checks passed. Left out: kills and floods (make soak)."

style: .venv/.dev
	@$(BIN)/python -m black --check --quiet . || { echo "Some files are not formatted. Run: $(BIN)/python -m black ."; exit 1; }
	@$(BIN)/python -m flake8

types: .venv/.dev
	@$(BIN)/python -m mypy

on-sqlite on-mariadb on-postgres: parts
on-sqlite: URL :=
on-mariadb: URL = $(TEST_MARIADB_URL)
on-postgres: URL = $(TEST_POSTGRES_URL)
on-sqlite on-mariadb on-postgres:
	@echo "== The tests $(subst -, ,$@)"
	@TEST_DATABASE_URL='$(URL)' $(PYTEST) $(PARALLEL) -m "not browser and not soak"

in-chromium: parts
	@echo "== The stories and page checks in Chromium"
	@TEST_DATABASE_URL= $(PYTEST) -n 2 --dist loadfile -m "browser and not soak"
	@TEST_DATABASE_URL='$(TEST_MARIADB_URL)' $(PYTEST) tests/stories/test_life_of_a_ticket.py
	@TEST_DATABASE_URL='$(TEST_POSTGRES_URL)' $(PYTEST) tests/stories/test_life_of_a_ticket.py

soak: .venv/.dev  ## kills, floods, hours and 100,000 made-up queries; prints its figures
	@GENERATED_QUERIES=100000 TEST_DATABASE_URL="$$TEST_DATABASE_URL" $(PYTEST) $(PARALLEL) --durations=10 $(GENERATED)
	@TEST_DATABASE_URL="$$TEST_DATABASE_URL" $(PYTEST) -m soak -s

SIZE ?= 10000
DB ?= sqlite

bench: .venv/.dev  ## fill a desk (SIZE=10000, up to 1000000; DB=sqlite, mariadb, postgresql) and measure its pages
	@$(BIN)/python -m bench run --size $(SIZE) --db $(DB)

lock:  ## compile requirements*.in to pinned files with hashes (UPGRADE=1 takes newer versions)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	python=$$(sh tools/find-python) && "$$python" -m venv "$$folder" && "$$folder/bin/pip" install -q uv && \
	compile="$$folder/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header $${UPGRADE:+--upgrade}" && \
	$$compile requirements.in -o requirements.txt && \
	$$compile requirements-dev.in -c requirements.txt -o requirements-dev.txt

# What make check needs beyond Python: it names what is missing and stops.
parts: .venv/.dev $(VNU)
	@$(BIN)/python -m tests.support.parts

.venv/.run: requirements.txt
	@sh tools/install requirements.txt
	@touch $@

.venv/.dev: requirements.txt requirements-dev.txt
	@sh tools/install requirements-dev.txt
	@touch .venv/.run $@

# The W3C's checker of pages. It is one Java file, so nothing of the package needs to run while it is installed.
$(VNU): | .venv/.dev
	@command -v npm >/dev/null || { echo "npm is missing, make check gets the checker of pages with it. Try: sudo apt install npm"; exit 1; }
	@npm install --silent --no-audit --no-fund --ignore-scripts --prefix $(TOOLS) vnu-jar@$(VNU_VERSION)

.env: | .venv/.run
	@key=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(48))') && umask 077 && \
	printf '# Settings of this desk. What else can stand here is in .env.example.\n# Signs cookies and forms. Never share it.\nSECRET_KEY=%s\n' "$$key" > $@

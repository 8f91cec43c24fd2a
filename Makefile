# `make demo` and `make test` do all the set-up on a fresh clone; `make check` is the gate.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_HOME ?= demo-home
ORDERS ?= 20000
PORT ?= 8000

# The product and its tests start many short processes: each would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test test-full check format lint types imports sql lock clean

help: ## list the targets
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/demo.stamp: requirements/demo.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the pinned packages into $(VENV) (once)"
	@sh tools/install.sh $(BIN) requirements/demo.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/demo.stamp
	@echo "installing the pinned development packages into $(VENV)"
	@sh tools/install.sh $(BIN) requirements/dev.lock
	@touch $@

$(VENV)/types/stamp: requirements/types.lock $(VENV)/dev.stamp
	@echo "installing the type checker, pinned, into an environment of its own"
	@test -x $(VENV)/types/bin/python || $(PYTHON) -m venv $(VENV)/types
	@sh tools/install.sh $(VENV)/types/bin requirements/types.lock
	@touch $@

$(VENV)/dbt112/stamp: requirements/dbt112.lock
	@echo "installing the newer dbt, pinned, into an environment of its own"
	@test -x $(VENV)/dbt112/bin/python || $(PYTHON) -m venv $(VENV)/dbt112
	@sh tools/install.sh $(VENV)/dbt112/bin requirements/dbt112.lock
	@touch $@

$(VENV)/spark.stamp: requirements/spark.lock $(VENV)/dev.stamp
	@echo "installing Spark, pinned, into $(VENV) (500 MB, for the tests on it alone)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --require-hashes -r requirements/spark.lock
	@touch $@

demo: $(VENV)/demo.stamp ## run the whole path on a simulated marketplace: http://127.0.0.1:8000
	@$(BIN)/amalimart demo --home $(DEMO_HOME) --orders $(ORDERS) --port $(PORT)

demo-reset: ## remove what the demo made
	@if test -x $(BIN)/amalimart; then $(BIN)/amalimart demo --home $(DEMO_HOME) --reset; else rm -rf $(DEMO_HOME); fi

test: $(VENV)/dev.stamp $(VENV)/types/stamp browser mariadb ## the gate: format, lint, types, imports, sql, then every test
	@$(MAKE) --no-print-directory check

.PHONY: browser
browser: $(VENV)/dev.stamp ## find a Chromium for the browser tests, or install one
	@sh tools/find_browser.sh "$(BIN)"

.PHONY: mariadb
mariadb: ## find a MariaDB server for the tests of the MySQL source, or install one
	@sh tools/find_mariadb.sh

.PHONY: spark
spark: $(VENV)/spark.stamp ## install Spark for the tests on it, and find a Java or install one
	@sh tools/find_java.sh

# Tests wait for servers and browsers now and then: types and sql are checked in what they leave of the machine.
check: $(VENV)/dev.stamp $(VENV)/types/stamp ## what CI runs
	@$(MAKE) --no-print-directory -j 2 format-check lint imports
	@$(MAKE) --no-print-directory -j 2 quick-tests types sql

.PHONY: quick-tests
quick-tests: $(VENV)/dev.stamp
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not slow"

.PHONY: format-check
format-check: $(VENV)/dev.stamp
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format" >&2; exit 1; }

format: $(VENV)/dev.stamp ## put every file in the house format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix --quiet .

lint: $(VENV)/dev.stamp ## ruff, broad
	@$(BIN)/ruff check --quiet .

types: $(VENV)/types/stamp ## mypy, strict
	@$(VENV)/types/bin/mypy --python-executable $(BIN)/python --no-error-summary

imports: $(VENV)/dev.stamp ## who may import whom
	@out=$$($(BIN)/lint-imports --no-cache 2>&1) || { echo "$$out"; exit 1; }

sql: $(VENV)/dev.stamp ## sqlfluff over the models
	@$(BIN)/sqlfluff lint --disable-progress-bar src/amalimart/marketplace/dbt/models src/amalimart/marketplace/dbt/tests

# The other engines are installed and asked beside the other tests, many of which wait. The longest files begin first:
# whoever is left with one at the end works alone.
OTHER_ENGINES := tests/spark tests/warehouse/test_plain_dbt.py
LONGEST := tests/faults/ tests/warehouse/ tests/api/ tests/cli/
OTHERS := $(filter-out $(LONGEST) tests/spark/ tests/__pycache__/,$(sort $(wildcard tests/*/)))

test-full: $(VENV)/dev.stamp mariadb ## the long tests that CI runs after the gate
	@$(MAKE) --no-print-directory -j 2 slow-tests other-engines

.PHONY: slow-tests other-engines
slow-tests: $(VENV)/dev.stamp mariadb
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m slow --ignore=tests/warehouse/test_plain_dbt.py $(LONGEST) $(OTHERS)

other-engines: $(VENV)/dbt112/stamp spark ## the slow tests on another dbt and on Spark
	@$(BIN)/pytest -q -m slow $(OTHER_ENGINES)

.PHONY: test-spark
test-spark: spark ## the slow tests that build the models on Spark
	@$(BIN)/pytest tests/spark -m slow

.PHONY: test-faults
test-faults: $(VENV)/dev.stamp ## the slow tests that kill, cut off and starve the ingest
	@$(BIN)/pytest tests/faults -m slow

.PHONY: bench-demo bench-ingest bench-warehouse bench-live
bench-demo: $(VENV)/dev.stamp ## measure the first page and the cost of a dashboard
	@PYTHONPATH=. $(BIN)/python bench/demo.py

bench-ingest: $(VENV)/dev.stamp ## measure snapshot, lag and backlog; ARGUMENTS="--rows 500000" for a quick look
	@PYTHONPATH=. $(BIN)/python bench/ingest.py $(ARGUMENTS)

bench-warehouse: $(VENV)/dev.stamp ## measure whole builds and micro-batches; ARGUMENTS="--large 2000000" for a quick look
	@PYTHONPATH=. $(BIN)/python bench/warehouse.py $(ARGUMENTS)

.PHONY: bench-telemetry
bench-telemetry: $(VENV)/dev.stamp ## measure what counting and tracing costs a micro-batch and a question
	@PYTHONPATH=. $(BIN)/python bench/telemetry.py $(ARGUMENTS)

.PHONY: bench-soak
bench-soak: $(VENV)/dev.stamp ## publish 20,000 micro-batches and see what grows; ARGUMENTS="--batches 500" for a quick look
	@PYTHONPATH=. $(BIN)/python bench/soak.py $(ARGUMENTS)

.PHONY: bench-semantic
bench-semantic: $(VENV)/dev.stamp ## measure planning, and answers beside SQL by hand; ARGUMENTS="--orders 100000" for a quick look
	@PYTHONPATH=. $(BIN)/python bench/semantic.py $(ARGUMENTS)

bench-live: $(VENV)/dev.stamp ## measure from a commit in the shop to the answer that shows it
	@PYTHONPATH=. $(BIN)/python bench/live.py $(ARGUMENTS)

.PHONY: bench-quality
bench-quality: $(VENV)/dev.stamp ## find anomalies that were seeded into counts; ARGUMENTS="--series 8" for a quick look
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONPATH=. $(BIN)/python bench/quality.py $(ARGUMENTS)

.PHONY: metric-versions
metric-versions: $(VENV)/dev.stamp ## write down what packaged metrics mean now: REASON="what changed"
	@test -n "$(REASON)" || { echo 'say what changed: make metric-versions REASON="..."' >&2; exit 2; }
	@$(BIN)/python tools/metric_versions.py --reason "$(REASON)"

.PHONY: bench-api
bench-api: $(VENV)/dev.stamp ## find the highest rate of requests that is answered in time; ARGUMENTS="--orders 20000 --seconds 10 --soak 0" for a quick look, "--orders 20000 --costs 100" on a busy machine
	@PYTHONPATH=. $(BIN)/python bench/api.py $(ARGUMENTS)

.PHONY: bench-web
bench-web: $(VENV)/dev.stamp browser ## measure what a whole dashboard costs server, line and reader; ARGUMENTS="--orders 20000 --loads 50" for a quick look
	@PYTHONPATH=. $(BIN)/python bench/web.py $(ARGUMENTS)

lock: ## pin the requirements anew (needs uv)
	@for name in uv demo dev types; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    --no-emit-index-url requirements/$$name.in -o requirements/$$name.lock; done
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --no-emit-package dbt-core-experimental-parser \
	  requirements/dbt112.in -o requirements/dbt112.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --constraints requirements/dev.lock requirements/spark.in -o requirements/spark.lock

clean: ## remove the virtual environment and caches
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build

# Two commands for a newcomer with Python 3.11 or newer: `make demo` and `make test`.
# Each target first fills $(VENV) with exactly what requirements.lock names, checked by hash.
#
#   make test PYTHON=python3.13               another Python
#   make test ARGS="tests/house -k print"     some of the tests
#   make test ARGS="--seed 4711"              in the order of an earlier run
#   make demo LANGUAGE=en                     the story in English

PYTHON   ?= python3
VENV     ?= .venv
ARGS     ?=

BIN   := $(VENV)/bin
# Asking for another Python asks for another stamp, and so for a new environment.
READY := $(VENV)/.ready-$(notdir $(PYTHON))
# Many desktops export LANGUAGE for their own menus; only the one given to make is meant for us.
DEMO  := $(if $(findstring command line,$(origin LANGUAGE)),--lang $(LANGUAGE))

.DEFAULT_GOAL := help
.PHONY: help demo test clients bundle evals fuzz check release publish schema serve sandbox lock
.PHONY: clean bench bench-scale bench-peer

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' $(MAKEFILE_LIST) | \
		while read -r name words; do printf 'make %-11s %s\n' "$$name" "$$words"; done

demo: $(READY) ## tell a whole story on an embedded database (LANGUAGE=en or vi)
	$(BIN)/cyberos demo $(DEMO)

# Neighbours stay in one worker until another has nothing left to do, so that the world of a file
# is mostly built once.
test: $(READY) ## run the tests, each on SQLite or PostgreSQL (ARGS=--both for all on both)
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

# Each client has an environment of its own, checked by the hashes of its own lock file.
CLIENTS := tests/clients tests/clients/node/client_v2 tests/clients/node/sdk_v1
PYTHON_CLIENTS := $(wildcard tests/clients/python/*/requirements.lock)
# The protocol's conformance suite; what is optional here is the newer Node it runs on, for Linux.
CONFORMANCE := tests/clients/node/conformance

clients: $(READY) bundle ## let other people's clients work with the server (needs Node 20 and npm)
	@set -e; for each in $(CLIENTS); do npm ci --silent --omit=optional --prefix $$each; done
	npm ci --silent --prefix $(CONFORMANCE)
	@set -e; for lock in $(PYTHON_CLIENTS); do \
		env=$$(dirname $$lock)/.venv; \
		$(BIN)/uv venv --quiet --clear --python $(BIN)/python $$env; \
		$(BIN)/uv pip sync --quiet --python $$env/bin/python --require-hashes $$lock; \
	done
	$(BIN)/python -m pytest -n 2 tests/clients $(ARGS)

# What the wheel holds, unpacked, with the hashes of what it needs to run.
bundle: $(READY) ## pack dist/cyberos.mcpb for desktop clients (needs Node 20 and npm)
	@rm -rf build/mcpb && mkdir -p build/mcpb dist
	npm ci --silent --prefix tests/clients/node/mcpb
	$(BIN)/python -m hatchling build --target wheel --directory build/wheel > build/wheel.log 2>&1
	$(BIN)/python -m zipfile -e build/wheel/cyberos-*.whl build/mcpb
	@rm -rf build/mcpb/*.dist-info build/wheel
	cp mcpb/manifest.json README.md LICENSE build/mcpb
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --no-emit-index-url --constraint requirements.lock \
		--output-file build/mcpb/requirements.lock pyproject.toml
	tests/clients/node/mcpb/node_modules/.bin/mcpb validate build/mcpb/manifest.json
	tests/clients/node/mcpb/node_modules/.bin/mcpb pack build/mcpb dist/cyberos.mcpb > build/mcpb.log

evals: $(READY) ## play two dozen requests as a scripted agent and compare their cost (ARGS=--write)
	@$(BIN)/python -m tests.evals $(ARGS)

fuzz: $(READY) ## try far more inputs on what reads text (ARGS=tests/vn/test_vietqr.py for some)
	$(BIN)/python -m pytest -n auto --dist worksteal --hypothesis-profile=fuzz $(or $(ARGS),tests/vn tests/kernel tests/vat)

check: $(READY) ## format, lint, types, tests: what has to be green before a change goes in
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(MAKE) test

release: ## what has to be green before a release: everything on both databases and both Pythons
	PYTHON=$(PYTHON) .ci/run --all

publish: $(READY) ## rewrite the tool contracts and the tables of the tools, and show what changed
	$(BIN)/python -m server.publish
	@git diff --stat -- tools/contracts docs/tools.md docs/operating.md README.md

schema: $(READY) ## write down anew what has to stand in a database, after a migration
	@$(BIN)/python -m tests.store.expected
	@git diff --stat -- domain/store

sandbox: $(READY) ## be registry, e-invoice provider (port 8100) and mail server (port 8125)
	@$(BIN)/python -m fixtures.sandbox $(ARGS)

serve: $(READY) ## speak MCP over stdio, as mcp.json does
	@$(BIN)/cyberos serve

bench: $(READY) ## measure, and print the results as JSON
	@$(BIN)/python -m bench $(ARGS)

bench-scale: $(READY) ## measure companies of up to 100,000 accounts (ARGS="--sizes 1000 1000000")
	@$(BIN)/python -m bench.scale $(ARGS)

PEER := bench/peer
# Tryton (GPL-3) is installed into an environment of its own, and asked over a pipe.
bench-peer: $(READY) ## measure Tryton beside ours, at what both can do
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(PEER)/.venv
	@$(BIN)/uv pip sync --quiet --python $(PEER)/.venv/bin/python --require-hashes \
		$(PEER)/requirements.lock
	@$(BIN)/python -m bench.peer $(ARGS)

lock: $(READY) ## write requirements.lock anew from pyproject.toml (ARGS=--upgrade for newer versions)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url --group dev $(ARGS) \
		--output-file requirements.lock pyproject.toml
	@set -e; for each in $(PYTHON_CLIENTS) $(PEER)/requirements.lock; do \
		(cd $$(dirname $$each); $(abspath $(BIN))/uv pip compile \
		--quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url $(ARGS) --output-file requirements.lock requirements.in); done

clean: ## remove the environment and every cache
	rm -rf $(VENV) .venv-newest .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	rm -rf tests/clients/node_modules tests/clients/node/*/node_modules
	rm -rf tests/clients/python/*/.venv $(PEER)/.venv
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# pip installs uv from its locked hashes and uv, ten times quicker, the rest. The build of the
# editable install is not isolated, because hatchling is locked too and nothing else is needed.
$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("CyberOS needs Python 3.11 or newer; this is " \
		+ sys.version.split()[0] + ". Try: make PYTHON=python3.12" \
		if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv --clear $(VENV)
	@sed -n '/^uv==/,/# via/p' requirements.lock > $(VENV)/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# make up    sets everything up and runs it          make test   runs every check and test
# make setup sets everything up, runs nothing        make check  runs the static checks alone
# make bench measures                                make lock   locks the dependencies anew

PYTHON ?= $(shell scripts/find-python)
BIN := .venv/bin
STAMPS := .venv/stamps
FRONTEND := package.json package-lock.json scripts/build-assets.mjs \
	$(shell find folkmoot/web/assets folkmoot/web/templates -type f 2>/dev/null)
LEMMAS := $(shell find folkmoot/lib/lemmas -maxdepth 1 -name '*.py' 2>/dev/null)
CATALOGUES := $(shell find folkmoot/web/locale -name '*.po' 2>/dev/null)

.PHONY: up setup setup-tests test check bench lock clean

up: setup
	@exec $(BIN)/folkmoot up $(ARGS)

setup: $(STAMPS)/main $(STAMPS)/frontend $(STAMPS)/lemmas $(STAMPS)/messages

setup-tests: $(STAMPS)/dev setup

test: setup-tests
	@exec scripts/test $(ARGS)

check: setup-tests
	@exec scripts/check

bench: setup-tests
	@exec $(BIN)/python -m bench $(ARGS)

lock:
	@exec scripts/lock

clean:
	rm -rf .venv node_modules build folkmoot/web/static/built folkmoot/lib/lemmas/data
	find folkmoot -name '*.mo' -delete

$(STAMPS)/venv:
	@scripts/make-venv $(PYTHON)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/main: requirements/main.txt pyproject.toml | $(STAMPS)/venv
	@scripts/install requirements/main.txt
	@touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/main
	@scripts/install requirements/dev.txt
	@touch $@

$(STAMPS)/frontend: $(FRONTEND) | $(STAMPS)/main
	@scripts/frontend
	@touch $@

$(STAMPS)/lemmas: $(LEMMAS) requirements/main.txt | $(STAMPS)/main
	@$(BIN)/python -m folkmoot.lib.lemmas.build
	@touch $@

$(STAMPS)/messages: $(CATALOGUES) scripts/compile_messages.py | $(STAMPS)/main
	@$(BIN)/python scripts/compile_messages.py
	@touch $@

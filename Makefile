# The things one does here; scripts/ holds what they run.
.DEFAULT_GOAL := help
.PHONY: demo console test bench chaos audit lint install lock clean

help:
	@echo "make demo    carry a made-up store into a local Shopify and account for every row"
	@echo "make console the web console: on the store that .env names, else on a made-up one"
	@echo "make test    run the whole test suite"
	@echo "make bench   measure, and write docs/benchmarks.md"
	@echo "make chaos   the whole pipeline under faults and kills, 20 rounds; docs/chaos.md says more"
	@echo "make audit   known weaknesses of the locked packages"
	@echo "make lint    ruff and mypy"

install:
	@scripts/install

demo: install
	@scripts/demo

console: install
	@scripts/console

test: install
	@scripts/test

bench: install
	@.venv/bin/python -m tests.bench

chaos: install
	@.venv/bin/python -m tests.chaos --rounds 20

audit: install
	@scripts/audit

lint: install
	@scripts/lint

lock:
	@scripts/lock

clean:
	rm -rf .venv .meltano .sandbox

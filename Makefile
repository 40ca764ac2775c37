# The four things one does here; scripts/ holds what they run.
.DEFAULT_GOAL := help
.PHONY: demo test bench lint install lock clean

help:
	@echo "make demo    carry a made-up store into a local Shopify and account for every row"
	@echo "make test    run the whole test suite"
	@echo "make bench   measure, and write docs/benchmarks.md"
	@echo "make lint    ruff and mypy"

install:
	@scripts/install

demo: install
	@scripts/demo

test: install
	@scripts/test

bench: install
	@.venv/bin/python -m tests.bench

lint: install
	@scripts/lint

lock:
	@scripts/lock

clean:
	rm -rf .venv .meltano .sandbox

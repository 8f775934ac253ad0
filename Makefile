# make demo    a simulated scan through the real nodes: out/demo/report.html
# make test    linters, types, tests
# Both set up .venv by themselves the first time. PYTHON=python3.12 picks another interpreter.

PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help

.PHONY: help setup demo test lint clean
help:
	@sed -n 's/^# //p' Makefile | head -3

setup:
	@command -v $(PYTHON) >/dev/null || { echo "reobj needs Python 3.10 to 3.12 ($(PYTHON) was not found): sudo apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) tools/bootstrap.py

demo: setup
	@$(BIN)/reobj demo

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest

clean:
	rm -rf .venv build install log out

# What a person runs. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PORT ?=
up_options = $(if $(PORT),--port $(PORT))
side_by_side := --numprocesses auto --dist loadfile
sources := services lab workers web tests benchmarks

.PHONY: help demo up test test-slow lint format bench env install preflight clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(VENV)/.product ## set everything up, draw a shelf of books, serve it ready to search
	@RECTO_DATA_DIR="$${RECTO_DATA_DIR:-$$(pwd)/.recto/demo}" $(BIN)/recto demo $(up_options)

up: $(VENV)/.product ## the same on your own data (RECTO_DATA_DIR), without the shelf
	@$(BIN)/recto up $(up_options)

test: $(VENV)/.tests ## set everything up and pass the tests (some minutes)
	$(BIN)/python -m pytest $(side_by_side) -m "not slow" $(PYTEST_OPTIONS)

test-slow: $(VENV)/.tests ## pass the tests that take long: kills at random moments, fuzzing, all families of networks
	$(BIN)/python -m pytest $(side_by_side) -m slow $(PYTEST_OPTIONS)

lint: $(VENV)/.tests ## style, types, and the files that no Docker engine checks here
	$(BIN)/ruff check $(sources)
	$(BIN)/ruff format --check $(sources)
	$(BIN)/mypy
	$(BIN)/hadolint infra/Dockerfile.*

format: $(VENV)/.tests ## put the code into its format
	$(BIN)/ruff check --fix $(sources)
	$(BIN)/ruff format $(sources)

bench: $(VENV)/.product ## measure recognition and speed on labelled photos (see docs/benchmarks.md)
	$(BIN)/python benchmarks/recognition.py $(BENCH_OPTIONS)

env: ## make the passwords of docker-compose.yml, in a new file .env (see docs/operations.md)
	@sh infra/make_env.sh .env

install: $(VENV)/.product ## only set everything up

preflight:
	@sh infra/preflight.sh "$(VENV)"

$(VENV)/.product: pyproject.toml constraints.txt infra/install.sh infra/preflight.sh
	@sh infra/preflight.sh "$(VENV)"
	@sh infra/install.sh "$(VENV)" "web,worker,demo"
	@touch $@

$(VENV)/.tests: pyproject.toml constraints.txt infra/install.sh infra/preflight.sh
	@sh infra/preflight.sh "$(VENV)"
	@sh infra/install.sh "$(VENV)" "web,worker,demo,evaluate,train,openvino,postgresql,s3,test"
	@touch $@ $(VENV)/.product

clean: ## remove the environment and what tools left behind (never your data)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build *.egg-info

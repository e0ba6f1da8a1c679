# Everything a person or CI runs. `make` alone lists it.
#   PORT=8080      the one public port            DATA=var/data   where everything is kept
#   PYTHON=python3 the interpreter, 3.11 or newer  ARGS=           more words for pytest or bench
#   JOB=           jobs of the benchmark (all without it)
#   WORKERS=2      processes that test, a file each

PYTHON ?= python3
PORT ?= 8080
DATA ?= var/data
ROLE ?=
MEMBER ?=
WORKERS ?= 2
ARGS ?=
JOB ?=

BIN := .venv/bin
COMPOSE := PORT=$(PORT) docker compose -f deploy/compose.yaml
GROUPS_LOCKED := chat gateway intake local marketplace moderation notifier test

.DEFAULT_GOAL := help
.PHONY: help setup setup-test up demo token test lint bench messages lock secrets up-compose down-compose clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

setup: ## Make the environment in .venv (once; again only when the lock file changes)
	@PYTHON='$(PYTHON)' sh deploy/setup.sh local

setup-test:
	@PYTHON='$(PYTHON)' sh deploy/setup.sh test

up: setup ## Start everything here: PORT= and DATA= choose where; Ctrl-C ends it
	@exec $(BIN)/python -m deploy.local --port '$(PORT)' --data '$(DATA)'

demo: setup ## File, answer and decide the sample complaints against a running `make up`
	@$(BIN)/python -m deploy.demo --data '$(DATA)'

token: setup ## Print a bearer token for the API: ROLE=moderator [MEMBER=mia] [SCOPES="cases:read mails:read"]
	@$(BIN)/python -m deploy.bearer_token --data '$(DATA)' --role '$(ROLE)' --member '$(MEMBER)' --scopes '$(SCOPES)'

test: setup-test ## Run every test; what cannot run on this machine is skipped and says why
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --max-worker-restart 0 --tb=short $(ARGS)

lint: setup-test ## Check style, types and import directions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup-test ## Measure; prints a table and writes var/bench.json
	@$(BIN)/python -m tests.load $(JOB) $(ARGS)

messages: setup ## Bring the catalogues of translations up to date with the code; tells what is left
	@$(BIN)/python -m deploy.messages

lock: ## Resolve the newest allowed packages into requirements/*.txt, with hashes (needs uv)
	@sh deploy/lock.sh $(GROUPS_LOCKED)

secrets: ## Write deploy/.env with random passwords for the containers, unless it is there
	@sh deploy/secrets.sh

up-compose: ## The same with containers and PostgreSQL, on PORT
	@$(COMPOSE) up -d --build --wait

down-compose: ## End the containers; their volumes stay
	@$(COMPOSE) down

clean: ## Remove the environment and caches; DATA stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

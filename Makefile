# Every chore has its line here; CI runs the same. `make` alone lists them.
RUN := scripts/uv run --frozen --group dev --group ui
PYTHON_FILES := src tests scripts migrations $(wildcard *.py benchmarks)

.DEFAULT_GOAL := help
.PHONY: help setup serve test e2e faults soak escape ablation bench check lint types architecture size challenges migrations ui ui-check format hooks clean

help: ## list the chores
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name what; do printf '  %-14s %s\n' "$$name" "$$what"; done

setup: ## fetch everything: Python packages, Node packages, the built user interface
	scripts/uv sync --frozen --group dev --group ui
	@$(MAKE) --no-print-directory ui

serve: ## run the whole platform from this checkout
	./duel serve

test: ## set everything up, then run the tests; ARGS go to pytest
	./duel test $(ARGS)

e2e: ## play duels in real browsers
	./duel test tests/e2e -m '' $(ARGS)

# Rows of docs/faults.md that are shown outside of tests/faults.
FAULTS_ELSEWHERE = contract/test_cluster contract/test_homes contract/test_matchmaking contract/test_pens contract/test_sockets \
  duels/test_rematch duels/test_service duels/test_sweepers e2e/test_absence e2e/test_recovery judge/test_faults judge/test_worker \
  matchmaking/test_poison platform/test_backup realtime/test_judging realtime/test_presence realtime/test_writing \
  sandbox/test_cgroup sandbox/test_still sandbox/test_zygote serve/test_full_disk serve/test_serve web/test_background web/test_handover
faults: ## kill, starve and cut off every part of the platform in mid-duel
	./duel test tests/faults tests/model $(addprefix tests/,$(addsuffix .py,$(FAULTS_ELSEWHERE))) -m '' $(ARGS)

soak: ## an hour of bots that duel while everything breaks, one thing after the other; SECONDS=60 for less, SEED=1, FAULTS=web_killed,...
	SEED=$(SEED) FAULTS=$(FAULTS) $(RUN) python -m tests.faults.soak $(SECONDS)

escape: ## attack the sandbox with all there is: every language, level and Python; takes a quarter of an hour
	./duel test tests/escape -m '' --timeout 600 $(ARGS)

ablation: ## take the layers of the sandbox away one by one, and write down what each alone holds
	$(RUN) python -m tests.escape.ablation

bench: ## run the benchmarks
	$(RUN) python -m benchmarks.sandbox $(ARGS)
	$(RUN) python -m benchmarks.languages $(ARGS)
	$(RUN) python -m benchmarks.matchmaking
	$(RUN) python -m benchmarks.relay

check: lint types architecture size challenges migrations ui-check ## everything that is checked without running the tests

lint: ## style and likely mistakes of the Python code
	$(RUN) ruff check $(PYTHON_FILES)
	$(RUN) ruff format --check $(PYTHON_FILES)

types: ## mypy, strict
	$(RUN) mypy

architecture: ## who may import whom
	$(RUN) lint-imports

size: ## length of modules and functions
	$(RUN) python scripts/size_check.py

challenges: ## the challenge packages: well formed, the reference passes, the wrong solutions fail
	$(RUN) python-duel challenge check

migrations: ## the models and the migrations say the same
	$(RUN) python scripts/migrations_check.py

ui: ## build the user interface, if its sources have changed
	$(RUN) python -c 'from python_duel.platform.ui_build import ensure; ensure(print)'

ui-check: ui ## types, style, generated wire types and unit tests of the user interface
	$(RUN) python scripts/npm.py run check
	$(RUN) python scripts/npm.py test

format: ## put all code into its standard form
	$(RUN) ruff check --fix-only $(PYTHON_FILES)
	$(RUN) ruff format $(PYTHON_FILES)
	$(RUN) python scripts/npm.py run fix

hooks: ## run the checks before each commit
	$(RUN) pre-commit install

clean: ## remove what was built or cached; never any data
	rm -rf dist web/dist web/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# Everything here is also written as plain commands in README.md and CONTRIBUTING.md.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	>/dev/null 2>&1 && { echo $$p; break; }; done)
BIN := .venv/bin
TABLE ?=
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test check dev team warehouse verify figures declaration-page catalogue-page coverage shared-data bench-evaluation perfect-generator interval-coverage claims same-outcome decoding cart kill-test faults ray-test bench licences audit clean

help: ## what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.created:
	@test -n "$(PYTHON)" || { echo "needs Python 3.11, 3.12 or 3.13 with venv (Debian, Ubuntu: apt install python3-venv)"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/.demo: .venv/.created pyproject.toml constraints.txt
	@echo "installing the product (some 400 MB the first time) ..."
	$(INSTALL) -e '.[demo]'
	@touch $@

.venv/.test: .venv/.demo
	@echo "installing the test tools ..."
	$(INSTALL) -e '.[test]'
	@touch $@

demo: .venv/.demo ## the whole line for one table (TABLE=name; crash), from the source to a release
	$(BIN)/python -m dge_assets.demo $(TABLE)

check: .venv/.test ## lint and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: check ## lint, types and all tests
	$(BIN)/pytest -q -n 2 --dist worksteal

dev: .venv/.demo ## the UI, the daemon and both code locations on http://localhost:3000
	@exec $(BIN)/python -m dge_assets.dev

team: .venv/.demo ## the example team's own UI on http://localhost:3001, which knows nothing but releases
	@DAGSTER_HOME=$$($(BIN)/python -m dge_assets.examples.team_deployment) && export DAGSTER_HOME && \
	exec $(BIN)/dagster dev -w dge_assets/examples/workspace.yaml -p 3001

warehouse: .venv/.demo ## build the DuckDB file anew from the lake
	$(BIN)/python -m dge_resources.warehouse

verify: .venv/.demo ## read all that is kept, and name each bad, foreign or lost file with what mends it
	$(BIN)/python -m dge_resources.verify

figures: .venv/.demo ## write the README's table and picture from the last demo
	$(BIN)/python docs/make_figures.py $(TABLE)

declaration-page: .venv/.demo ## write docs/declaration.md from the schema and its examples
	$(BIN)/python docs/make_declaration.py

catalogue-page: .venv/.demo ## write docs/catalogue.md from the cards of tables and checks
	$(BIN)/python docs/make_catalogue.py

coverage: .venv/.demo ## measure how often intervals from synthetic data hold the truth (minutes)
	$(BIN)/python -m benchmarks.coverage

shared-data: .venv/.demo ## measure what it does to evaluation that generators share real rows (an hour)
	$(BIN)/python -m benchmarks.shared_data

kill-test: .venv/.test ## kill the demo at many moments: it must end in the same release (long)
	$(BIN)/pytest -q -m long tests/integration/test_members.py tests/integration/test_recovery.py

faults: .venv/.test ## long tests of faults: kills, damage, hostile tables, a soak (hours; goes on where it stopped)
	$(BIN)/python -m benchmarks.reliability

ray-test: .venv/.test ## members on a Ray cluster of two nodes on this machine, one of which dies (long)
	$(INSTALL) -e '.[ray]'
	$(BIN)/pytest -q -m long tests/integration/test_ray.py

bench: .venv/.demo ## what training costs beside the ctgan package (an hour; ADULT=file.csv for the Adult table)
	$(BIN)/python -m benchmarks.training_speed $(if $(ADULT),--adult $(ADULT))
	$(BIN)/python -m benchmarks.cluster_estimate

bench-evaluation: .venv/.demo ## what evaluation costs beside its fits (about a quarter of an hour)
	$(BIN)/python -m benchmarks.evaluation_cost

perfect-generator: .venv/.demo ## how often intervals hold the truth when the generator is perfect (some minutes)
	$(BIN)/python -m benchmarks.perfect_generator

interval-coverage: .venv/.demo ## measure whether intervals of the evaluation hold what they say (half an hour)
	$(BIN)/python -m benchmarks.interval_coverage

claims: .venv/.demo ## the paper's claims on real generators, K = 20, 300 epochs (hours; goes on where it stopped)
	$(BIN)/python -m benchmarks.claims $(if $(ADULT),--adult $(ADULT))

same-outcome: .venv/.demo ## are our members as good as the ctgan package's (an hour; goes on where it stopped)
	$(BIN)/python -m benchmarks.same_outcome $(if $(ADULT),--adult $(ADULT))

decoding: .venv/.demo ## means, tails and shares of TVAE's rows beside real ones, from the last demo (minutes)
	$(BIN)/python -m benchmarks.decoding $(TABLE)

cart: .venv/.demo ## what sequential trees cost, and what their rows are like (minutes; ADULT=file.csv for the Adult table)
	$(BIN)/python -m benchmarks.cart $(if $(ADULT),--adult $(ADULT))

licences: .venv/.test ## write the page of direct dependencies' licences
	$(BIN)/python docs/make_licences.py

audit: .venv/.demo ## look for known weaknesses of the tested set of packages (needs a network)
	$(BIN)/python -m venv --clear .audit
	.audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	.audit/bin/pip-audit --no-deps --disable-pip -r constraints.txt

clean: ## take away the environment and what tools left, not what the line has kept
	rm -rf .venv .audit .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

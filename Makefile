# The commands of this repository; `make help` lists them. Each makes .venv first when it is missing or out of date.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

BIN := .venv/bin
# Touched when .venv matches the project's metadata and the lock: a second `make setup` sees it and does nothing.
STAMP := .venv/.setup-done
# Touched when .venv has the tools of the long suites, too.
SUITES_STAMP := .venv/.suites-done
NODE_STAMP := clients/node/node_modules/.package-lock.json
WEB := clients/gateway/web
WEB_STAMP := $(WEB)/node_modules/.package-lock.json
# What the tests of pages need of npm.
PAGE_TEST_STAMPS := examples/clients/browser/node_modules/.package-lock.json tests/web/node_modules/.package-lock.json

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1|\2/p' $(MAKEFILE_LIST) \
	  | while IFS='|' read -r name text; do printf '  %-15s %s\n' "$$name" "$$text"; done

.PHONY: setup
setup: $(STAMP) ## make .venv with the pinned packages (PYTHON=... chooses the interpreter)

$(STAMP): pyproject.toml requirements.lock tools/setup.sh tools/pip_settings.sh
	@PYTHON="$(PYTHON)" tools/setup.sh
	@touch $@

$(SUITES_STAMP): $(STAMP) requirements-suites.lock tools/setup_suites.sh
	@tools/setup_suites.sh
	@touch $@

.PHONY: run
run: $(STAMP) ## do the main job: plan and run four requests on pictures, no key, no GPU
	@$(BIN)/python examples/main_job.py

.PHONY: up
up: $(STAMP) ## start a controller, a model host and the gateway, and print its address; Ctrl-C stops all (ARGS=... goes to `orchestrion up`)
	@$(BIN)/orchestrion up --web $(ARGS)

# A process a core, and no more than have room beside each other: some tests load PyTorch and models. Files go in the order
# of their names: the longest have few tests and would come last otherwise, when the other processes have nothing left.
# Bytecode first, since the tests start hundreds of processes. The plugin is named here, so that other runs measure nothing.
.PHONY: test
test: $(STAMP) ## run the tests, and print their rates and coverage, without those of every task type, or that need a GPU, Node.js, Go, C++, Java, a browser or a wheel (ARGS=... goes to pytest)
	@$(BIN)/python -m compileall -q clients/python clients/gateway serving controller model_host evaluation
	$(BIN)/python -m pytest -p tests.coverage_plugin -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: test-tasks
test-tasks: $(STAMP) ## perform every task type on a tiny real checkpoint, through the whole system, and print a table; and the long checks of exports, memory, heads, diffusion, free wordings and a small language model (LONG=1 asks that for 100 plans)
	$(BIN)/pytest -m tasks tests $(ARGS)

.PHONY: test-faults
test-faults: $(STAMP) ## kill, stop and cut off real processes at random points and see that every run ends alike; prints counts (LONG=1 kills the controller 50 times, and strikes hosts under 1,000 runs)
	$(BIN)/pytest -m faults -s tests/faults tests/unit/host/test_programs.py $(ARGS)

.PHONY: test-fuzz
test-fuzz: $(STAMP) ## send plausible, wild and broken messages to every method of real servers; prints the seed and counts (LONG=1 sends 100,000)
	$(BIN)/pytest -m fuzz -s tests/fuzz $(ARGS)

.PHONY: soak
soak: $(STAMP) ## hold a platform under load with faults for two minutes, and compare what its processes hold (LONG=1 takes twenty)
	$(BIN)/pytest -m soak -s tests/soak $(ARGS)

.PHONY: test-system
test-system: $(STAMP) $(NODE_STAMP) ## run the tests of whole systems, with clients in other languages (needs Node.js and npm; Go, C++ and Java where they are installed)
	$(BIN)/pytest -m "not gpu and not wheel" tests/system $(ARGS)

# npm writes it when the folder matches the lock.
$(NODE_STAMP) $(PAGE_TEST_STAMPS): %/node_modules/.package-lock.json: %/package.json %/package-lock.json
	@command -v npm >/dev/null || { echo "make: these tests need Node.js 18 or newer with npm (Debian, Ubuntu: apt install npm)" >&2; exit 1; }
	npm ci --prefix $* --no-audit --no-fund
	@touch $@

.PHONY: test-web
test-web: $(SUITES_STAMP) $(PAGE_TEST_STAMPS) ## drive the page with Chromium, as people use it, and the example of gRPC-Web through Envoy (Debian: apt install chromium npm)
	$(BIN)/pytest -m web tests/web $(ARGS)

.PHONY: web-screenshots
web-screenshots: $(SUITES_STAMP) ## take the pictures of the page in docs/screenshots anew
	$(BIN)/python -m tests.web.screenshots

.PHONY: test-gpu
test-gpu: $(STAMP) ## measure experts of full size on a CUDA device: memory, times, cancellation (skipped where there is none)
	$(BIN)/pytest -m gpu tests/gpu -s $(ARGS)

.PHONY: test-wheel
test-wheel: $(STAMP) ## build the wheel and try it in empty environments: the client with protobuf 5, 6 and 7, the servers with examples/plugin
	$(BIN)/pytest -m wheel $(ARGS)

.PHONY: test-triton
test-triton: $(STAMP) ## have Triton's own client library call a host over gRPC and HTTP, from an environment of its own
	$(BIN)/pytest -m triton tests/triton -s $(ARGS)

.PHONY: release
release: $(STAMP) ## build wheel and source distribution, try both in empty environments, print the changelog's section
	@tools/release.sh

.PHONY: lint
lint: $(STAMP) ## check style, formatting, the import rules, the words of docs/glossary.md and the generated clients
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/python tools/check_vocabulary.py
	$(BIN)/python tools/unasync.py --check

.PHONY: format
format: $(STAMP) ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: types
types: $(SUITES_STAMP) ## check the types (mypy, strict)
	$(BIN)/mypy

.PHONY: protos
protos: $(STAMP) ## generate the Python stubs from protos/, and what else is made of them
	protos/generate.sh clients/python/orchestrion/v1 model_host/orchestrion_host/open_inference/v2
	@$(BIN)/python -m protos.generators

.PHONY: protos-check
protos-check: $(STAMP) ## lint protos/, look for breaking changes (BASE=... since that commit), stale stubs and what else is made of them
	@BASE="$(BASE)" protos/check.sh

.PHONY: web
web: $(WEB_STAMP) ## build the page of the gateway, which is committed (needs Node.js 20.19 or newer and npm)
	npm run --prefix $(WEB) --silent build

.PHONY: web-check
web-check: $(WEB_STAMP) ## check the types of the page, test its parts, and see whether the committed page is what its sources give
	@$(WEB)/check.sh

$(WEB_STAMP): $(WEB)/package.json $(WEB)/package-lock.json
	@command -v npm >/dev/null || { echo "make: the page needs Node.js 20.19 or newer with npm to be built; to be used it needs neither" >&2; exit 1; }
	npm ci --prefix $(WEB) --no-audit --no-fund
	@touch $@

.PHONY: unasync
unasync: $(STAMP) ## generate the sync clients of the SDK from the asyncio ones
	@$(BIN)/python tools/unasync.py

.PHONY: docs
docs: $(STAMP) ## make the reference pages in docs/ anew (ARGS=--check only looks)
	@$(BIN)/python -m docs.make_reference $(ARGS)

.PHONY: dashboards
dashboards: $(STAMP) ## make deploy/grafana and deploy/prometheus anew: dashboards, rules, alerts (ARGS=--check only looks)
	@$(BIN)/python -m deploy.observability $(ARGS)

# promtool comes with Prometheus (Debian: prometheus).
.PHONY: dashboards-check
dashboards-check: $(STAMP) ## see whether deploy/grafana and deploy/prometheus are what their code gives, and test the rules with promtool
	@$(BIN)/python -m deploy.observability --check
	@command -v promtool >/dev/null || { echo "make: rules are tested with promtool (Debian, Ubuntu: apt install prometheus)" >&2; exit 1; }
	promtool check config deploy/prometheus/prometheus.yml
	promtool test rules deploy/prometheus/rules_test.yml

.PHONY: test-observability
test-observability: $(SUITES_STAMP) ## have Prometheus watch live servers under load, and see that every panel has data and the right alerts fire (Debian: prometheus; four minutes)
	$(BIN)/pytest -m observability tests/observability -s $(ARGS)

.PHONY: captures
captures: $(STAMP) ## capture the command line for docs/terminal.md anew (ARGS=--print leaves the page alone)
	@$(BIN)/python -m docs.capture_terminal $(ARGS)

.PHONY: bench-overhead
bench-overhead: $(STAMP) ## measure what the platform adds to the models' own time
	@$(BIN)/python benchmarks/overhead.py $(ARGS)

.PHONY: bench-metrics
bench-metrics: $(STAMP) ## time what metrics cost of a gRPC call and of a run
	@$(BIN)/python benchmarks/metrics.py $(ARGS)

.PHONY: bench-gateway
bench-gateway: $(STAMP) ## measure what the gateway adds to 50 chats at once, beside the same chats through the SDK
	@$(BIN)/python benchmarks/gateway.py $(ARGS)

.PHONY: bench-experts
bench-experts: $(STAMP) ## measure what Infer adds to the bare call of a model, and ONNX against PyTorch
	@$(BIN)/python benchmarks/experts.py $(ARGS)

# Where TaskBench's samples are: DATA=... TOOLS=... name others, such as those beside this repository; else the copy in it.
PLANNING := $(firstword $(wildcard ../shared/planning/taskbench_dev.jsonl) benchmarks/planning/taskbench_dev.jsonl)
DATA ?= $(PLANNING)
TOOLS ?= $(dir $(PLANNING))taskbench_tools.json

.PHONY: eval-planning
eval-planning: $(STAMP) ## measure the built-in planner on TaskBench's samples (ARGS=... goes to `orchestrion eval plan`)
	@mkdir -p build
	@$(BIN)/orchestrion eval plan --data "$(DATA)" --tools "$(TOOLS)" --planner builtin --published --embedded \
	  --restart --output build/eval-planning.json $(ARGS)

.PHONY: eval-requests
eval-requests: $(STAMP) ## measure a planner on requests of people (ARGS="--planner llm --show wrong,refused,planned")
	@$(BIN)/python -m benchmarks.requests $(ARGS)

.PHONY: eval-llm
eval-llm: $(STAMP) ## have 88 recorded conversations with a language model again, and measure prompts (ARGS="--only 245 --quiet")
	@$(BIN)/python -m benchmarks.llm $(ARGS)

.PHONY: eval-experts
eval-experts: $(STAMP) ## measure how well the starter experts see, read and hear, on small labelled sets (ARGS="--only reading")
	@$(BIN)/python -m benchmarks.quality $(ARGS)

.PHONY: train-planner
train-planner: $(STAMP) ## train the built-in planner's encoder anew and write its weights (training/planner/README.md has how long; ARGS=--help)
	$(BIN)/python -m training.planner $(ARGS)

.PHONY: bench-dispatch
bench-dispatch: $(STAMP) ## measure what it saves to start tasks while a language model still writes the plan
	@$(BIN)/python benchmarks/dispatch.py $(ARGS)

.PHONY: bench-prompts
bench-prompts: $(STAMP) ## count the prompt tokens that a chain of three takes
	@$(BIN)/python benchmarks/prompts.py $(ARGS)

.PHONY: eval-selection
eval-selection: $(STAMP) ## ask both policies of selection for 50 choices, and print how many are right
	@$(BIN)/python benchmarks/selection_quality.py $(ARGS)

.PHONY: bench-selection
bench-selection: $(STAMP) ## simulate 50 hosts and 500 experts under skewed demand, and time the choice (some 20 minutes)
	@$(BIN)/python benchmarks/selection_load.py $(ARGS)

.PHONY: lock
lock: $(STAMP) ## compile requirements.lock anew (ARGS=--upgrade takes newer releases)
	tools/lock.sh $(ARGS)

.PHONY: clean
clean: ## remove .venv and everything else that these commands made
	rm -rf .venv dist build .coverage .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

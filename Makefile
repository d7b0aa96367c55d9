# make demo and make test do all set-up by themselves (as root on Debian 12; elsewhere they say what is missing).
.DEFAULT_GOAL := help
PYTEST_ARGS ?=
FUZZ_LINES ?= 10000000
BIN := .venv/bin
# The daemons that policies/ has modules for, and the guests' domain, which is nobody's without being asked for.
MODULES := libvirt_lxc libvirtd virtinterfaced virtlockd virtlogd virtlxcd virtnetworkd virtnodedevd virtnwfilterd virtproxyd \
	virtqemud virtsecretd virtstoraged virtvboxd virtxend svirt_t
TRACED := $(dir $(wildcard traces/libvirt/*/manifest.json))

.PHONY: help calls demo test lab-test lab-hardened lab-verify lab-audit2allow traces bench results monolith fuzz lint lint-policies format golden policies bases setup setup-dev setup-lab clean

help: ## say what the targets are
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: setup ## the main job on the shipped traces: graphs, modules, link check, replay, comparison
	$(BIN)/policytool demo

test: setup-dev ## run the tests
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(PYTEST_ARGS)

lab-test: setup-lab ## the lab: one batch of docs/enforcement.json drawn by lot, a recording and its module, the host restored (root)
	$(BIN)/python -m pytest -m lab tests/lab $(PYTEST_ARGS)

lab-verify: setup-lab ## every scenario of every daemon enforced with policies/, into docs/enforcement.json; goes on where it stopped
	$(BIN)/policytool lab verify $(patsubst %,policies/%,$(MODULES:%_t=%)) -o docs/enforcement.json $(TRACED:%=--trace %)

traces: setup-lab ## record every scenario of every daemon under policies/ into build/traces (an hour; goes on where it stopped)
	$(BIN)/policytool lab record --by-daemon --under policies -o build/traces
	$(BIN)/policytool lab --machine xen record --by-daemon --under policies -o build/traces

lab-audit2allow: setup-lab ## what audit2allow makes of the same scenarios, enforced (root; about 15 minutes)
	$(BIN)/python bench/lab_audit2allow.py

bench: setup ## how fast logs are read, beside audit2allow and ausearch, and policies compared, beside sediff
	$(BIN)/python bench/readers.py
	$(BIN)/python bench/policies.py

results: setup ## every figure that depends on traces and modules: docs/figures.md, README (TRACES="…" names other traces)
	$(BIN)/python bench/results.py $(TRACES)

fuzz: setup ## the readers on inputs that their coverage guides (FUZZ_SECONDS), then on 10 million lines (FUZZ_LINES)
	@.ci/setup fuzz
	$(BIN)/python bench/fuzz.py
	$(BIN)/python bench/fuzz_mix.py $(FUZZ_LINES)

lab-hardened: setup-lab ## the lab: all scenarios of DAEMONS enforced, with modules and with drop-ins made of traces/calls
	$(BIN)/python bench/calls.py --drop-ins build/drop-ins $(DAEMONS)
	$(BIN)/policytool lab enforce policies $(DAEMONS:%=--scenario %) --drop-ins build/drop-ins

calls: setup ## the figures on system calls and hardened units, of traces/calls: docs/calls.md
	$(BIN)/python bench/calls.py

monolith: setup ## what libvirtd used beside the daemons, of traces/monolith: docs/monolith.md
	$(BIN)/python bench/monolith.py

lint: setup-dev ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lint-policies: setup-dev ## SELint and the assertions of policies/ (ASSERTIONS="…": further files, such as refpolicy's sechecker.ini)
	$(BIN)/python .ci/lint_policies.py policies
	$(BIN)/policytool check $(patsubst %,policies/%,$(MODULES:%_t=%) virt_modular) --assertions policies/assertions.toml $(ASSERTIONS:%=--assertions %)

format: setup-dev ## let ruff mend and format what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

golden: setup-dev ## write the golden files and what commands print in documents anew; then look at git diff
	RENEW_GOLDEN=1 $(BIN)/python -m pytest -q -k golden

policies: setup ## make the modules under policies/ again from the traces under traces/
	$(BIN)/policytool generate traces/libvirt/* $(MODULES:%=--daemon %) --output policies --format both --shared virt_modular

bases: ## fetch and build other bases for the tests that try them (build/bases; needs apt-get)
	@.ci/bases

setup:
	@.ci/setup runtime

setup-dev: setup
	@.ci/setup dev

setup-lab: setup
	@.ci/setup lab

clean: ## remove what make made, the virtual environment included
	rm -rf .venv build policytool.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

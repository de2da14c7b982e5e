# `make demo` and `make test` are all that a newcomer needs; both make their own virtual environment.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
STAMP := $(VENV)/.installed
DEMO_STAMP := $(VENV)/.installed-for-demo
# Half as many again as cores: a test waits for the programs that it starts.
WORKERS ?= $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) * 3 // 2)")
MUTATION := .venvs/mutation
# Bytecode is kept: without it every process of the tests compiles each module anew, 20 CPU seconds for each worker.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo demo-full bench docs page mutation test test-random test-slow lint types format dist sbom release-tag data-age facts clean
.DEFAULT_GOAL := test

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group test --group lint --group docs
	@touch $(STAMP)

# No more than the program itself, so that a first look is quick; `make test` installs the rest beside it.
$(DEMO_STAMP): pyproject.toml
	@echo "Making the virtual environment $(VENV) with Poetry and this plugin ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $(DEMO_STAMP)

demo: $(DEMO_STAMP)
	@$(BIN)/python scripts/demo.py

demo-full: $(DEMO_STAMP)
	@$(BIN)/python scripts/demo.py --full

test: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow"

# The property tests with new random examples each time. What they find is an issue to file; no other target depends on it.
test-random: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "hypothesis and not slow" --hypothesis-profile random

test-slow: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m slow

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# The script of the graph page from its sources; needs node. `npm --prefix page test`, `run lint` and `run types` check them.
page:
	npm --prefix page install --no-audit --no-fund
	npm --prefix page run build

bench: $(STAMP)
	$(BIN)/python benchmarks/run.py

# Source archive and wheel, in dist/.
dist: $(DEMO_STAMP)
	$(BIN)/poetry build --clean

# What poetry.lock holds, as CycloneDX; exit codes 1 and 3 only say that there are findings or that OSV did not answer.
sbom: $(DEMO_STAMP)
	rm -rf sbom && mkdir sbom
	$(BIN)/poetry health --output sbom/poetry-aiops.cdx.json > /dev/null || case $$? in 1|3) ;; *) exit 1;; esac
	test -s sbom/poetry-aiops.cdx.json

# The tag that is being released is the version of the project.
release-tag: $(DEMO_STAMP)
	test "v$$($(BIN)/poetry version --short)" = "$$GITHUB_REF_NAME"

data-age:
	$(PYTHON) scripts/check_data_age.py

# Small faults in one package, which its unit tests must notice: `make mutation PACKAGE=locking SAMPLE=300`; no part of CI.
mutation: $(MUTATION)/.installed
	$(MUTATION)/bin/python scripts/mutation.py $(PACKAGE) $(if $(SAMPLE),--sample $(SAMPLE))

$(MUTATION)/.installed: pyproject.toml
	$(PYTHON) -m venv $(MUTATION)
	$(MUTATION)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(MUTATION)/bin/python -m pip install --quiet --editable . --group test "mutmut>=3.8,<3.9"
	@touch $(MUTATION)/.installed

# Every fact that the package index can show, against what it serves today; needs the network.
facts: $(STAMP)
	$(BIN)/python scripts/check_facts.py

clean:
	rm -rf $(VENV) .venvs dist build site .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The two commands that matter are `make lab` and `make test`; both install what is missing first. `make help` lists the rest.

VENV  := .venv
STAMP := $(VENV)/.installed

# PY is the interpreter that everything runs in. `make test PY=python` uses the environment you are in (conda, Binder)
# and installs nothing.
ifeq ($(origin PY),undefined)
PY        := $(CURDIR)/$(VENV)/bin/python
INSTALLED := $(STAMP)
endif

# LAB_PORT=8890 picks a port, LAB_BROWSER=no opens no browser, LAB_FLAGS=... is handed to JupyterLab as it is.
LAB_PORT    ?= 8888
LAB_BROWSER ?= yes
LAB_FLAGS   ?=
START       := notebooks/00_start_here.ipynb

NOTEBOOKS = $(sort $(wildcard notebooks/*.ipynb))
NBVAL     = --nbval --nbval-current-env --nbval-cell-timeout 3600 --nbval-sanitize-with tests/sanitize.cfg

.DEFAULT_GOAL := help
.PHONY: help install lab test lint test-helpers test-sample-app test-notebooks format notebooks pins clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1	/' | expand -t 24

install: $(INSTALLED) ## make or refresh .venv with the pinned packages

# A change of the pins or of the project's metadata brings the environment up to date.
$(STAMP): requirements.txt pyproject.toml tools/install.sh
	@bash tools/install.sh "$(VENV)"
	@touch $@

lab: $(INSTALLED) ## open the workbook in JupyterLab
	$(if $(NOTEBOOKS),@"$(PY)" -m jupyter trust $(NOTEBOOKS))
	JUPYTER_CONFIG_PATH="$(CURDIR)/tools/jupyter$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}" \
	"$(PY)" -m jupyter lab --ServerApp.ip=127.0.0.1 --ServerApp.port=$(LAB_PORT) --ServerApp.root_dir="$(CURDIR)" \
	  --LabApp.default_url=/lab/tree/$(START) --KernelManager.transport_encryption=auto \
	  --LanguageServerManager.autodetect=False \
	  $(if $(filter no,$(LAB_BROWSER)),--no-browser) $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_FLAGS)

test: lint test-helpers test-sample-app test-notebooks ## everything that must be green: lint, types, all tests, all notebooks

lint: $(INSTALLED) ## ruff and mypy
	"$(PY)" -m ruff check .
	"$(PY)" -m ruff format --check .
	"$(PY)" -m mypy
	cd sample_app && "$(PY)" -m mypy

test-helpers: $(INSTALLED) ## the tests of helpers/ and of the repository itself, on all cores
	"$(PY)" -m pytest -n auto --dist worksteal

test-sample-app: $(INSTALLED) ## the sample application's own HTTP tests, run from its own folder
	cd sample_app && "$(PY)" -m pytest

test-notebooks: $(INSTALLED) ## run every notebook and compare its outputs with the committed ones
	$(if $(NOTEBOOKS),"$(PY)" -m pytest $(NBVAL) notebooks/,@echo "notebooks/ has no notebooks yet: skipped")

format: $(INSTALLED) ## sort imports and format the code in place
	"$(PY)" -m ruff check --select I --fix .
	"$(PY)" -m ruff format .

notebooks: $(INSTALLED) ## re-execute all notebooks in place
	"$(PY)" tools/execute_notebooks.py $(NOTEBOOKS)

# Versions stay as they are where they fit; UPGRADE=yes takes the newest.
pins: $(INSTALLED) ## regenerate requirements.txt and environment.yml from requirements.in
	"$(PY)" -m uv pip compile requirements.in --output-file requirements.txt --quiet --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make pins" $(if $(UPGRADE),--upgrade)
	"$(PY)" tools/environment.py

clean: ## remove the environment and the caches
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

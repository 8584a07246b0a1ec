# make run   install, make a demo deployment once, serve the drop box
# make test  all tests        make bench  figures        make long  the long forms of the tests
# make prove one line for each promise of docs/threat-model.md            make site  docs/ as pages

VENV ?= .venv
PY = $(VENV)/bin/python
DEMO_DIR ?= var/demo
PORT ?= 8080
STATION_PORT ?= 8090

.PHONY: run test lint types bench long prove images texts site clean

$(VENV)/run.stamp: setup.cfg pyproject.toml
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q --disable-pip-version-check -e '.[station]'
	touch $@

$(VENV)/dev.stamp: setup.cfg pyproject.toml
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q --disable-pip-version-check -e '.[dev]'
	touch $@

$(VENV)/site.stamp: setup.cfg pyproject.toml
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q --disable-pip-version-check -e '.[site]'
	touch $@

run: $(VENV)/run.stamp
	@exec env DEMO_DIR='$(DEMO_DIR)' PORT='$(PORT)' STATION_PORT='$(STATION_PORT)' PATH="$(abspath $(VENV))/bin:$$PATH" sh deploy/run-demo

test: $(VENV)/dev.stamp
	$(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile

lint: $(VENV)/dev.stamp
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(VENV)/dev.stamp
	$(VENV)/bin/mypy

bench: $(VENV)/dev.stamp
	$(PY) tests/bench/run.py

long: $(VENV)/dev.stamp
	mkdir -p docs/runs
	$(PY) -m pytest -m slow -v --no-header -rP > docs/runs/long.txt; code=$$?; cat docs/runs/long.txt; exit $$code

prove: $(VENV)/dev.stamp
	mkdir -p docs/runs
	$(PY) tests/prove.py --workers 2 > docs/runs/prove.txt; code=$$?; cat docs/runs/prove.txt; exit $$code

images: $(VENV)/dev.stamp
	PYTHONPATH='$(CURDIR)' $(PY) tests/pictures.py docs/images
	PYTHONPATH='$(CURDIR)' $(PY) tests/desk_pictures.py docs/images

texts: $(VENV)/dev.stamp
	$(PY) dropbox/translations/make.py

site: $(VENV)/site.stamp
	$(VENV)/bin/sphinx-build -q -W --keep-going -c deploy/site -d build/doctrees docs build/site
	@echo build/site/index.html

clean:
	rm -rf $(VENV) build dist *.egg-info

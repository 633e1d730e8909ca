# Two commands for a fresh machine (Debian 12 with Python 3.11, git, make):
#   make demo   set up everything, refocus the sample clip, open the window if there is a screen
#   make test   set up everything, run all tests, those of the window on a virtual screen
VENV ?= .venv
export VENV
PYTEST = $(VENV)/bin/python -m pytest -q

.PHONY: demo test check bench clean

$(VENV)/.ready: pyproject.toml packaging/setup.sh
	packaging/setup.sh

demo: $(VENV)/.ready
	$(VENV)/bin/python packaging/demo.py

test: $(VENV)/.ready check
	QT_QPA_PLATFORM=offscreen $(PYTEST) tests --ignore tests/gui
	xvfb-run -a -s "-screen 0 1600x900x24" env QT_QPA_PLATFORM=xcb $(PYTEST) tests/gui

check: $(VENV)/.ready
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

bench: $(VENV)/.ready
	$(VENV)/bin/rvr-laaf bench

clean:
	rm -rf out build dist *.egg-info

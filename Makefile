# One command each, with .venv/bin/python if there is one, else python; or make PYTHON=/path/to/python test
PYTHON ?= $(firstword $(wildcard .venv/bin/python) python)
JOBS ?= 2
SCRIPTS = $(shell $(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("scripts"))')
ASV = $(PYTHON) -m asv --config benchmarks/asv.conf.json

.PHONY: help build test verify bench compare lint types docs wheel check clean

help:
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

build:     ## compile the kernels in place (again, after a change to a .pyx, .pxd or .h)
	$(PYTHON) setup.py --quiet build_ext --inplace --parallel $(JOBS)

test:      ## the quick tests
	$(PYTHON) -m pytest

verify:    ## all tests, the slow ones too
	$(PYTHON) -m pytest -m "not hosts and not soak"

bench:     ## asv benchmarks of this commit, in this environment
	$(ASV) machine --yes
	$(ASV) run --python=same --quick --show-stderr

compare:   ## against the other simulators (extra: peers) and the C ceiling
	$(PYTHON) benchmarks/compare/run.py

lint:      ## ruff and cython-lint
	$(PYTHON) -m ruff check .
	PATH="$(SCRIPTS):$$PATH" cython-lint src/ionflux

types:     ## mypy --strict, and the stub of the kernels against the compiled module
	$(PYTHON) -m mypy
	$(PYTHON) -m mypy.stubtest ionflux._kernels ionflux._fields ionflux._layers ionflux._films ionflux._transients --mypy-config-file pyproject.toml --ignore-missing-stub --ignore-disjoint-bases

docs:      ## doctests, then the pages, warnings as errors
	$(PYTHON) -m pytest --pyargs ionflux --doctest-modules
	$(PYTHON) -m sphinx -q -W --keep-going -b html docs docs/_build/html

wheel:     ## a wheel in dist/
	$(PYTHON) -m pip wheel --no-deps --wheel-dir dist .

check: lint types test docs  ## what a pull request needs

clean:     ## remove everything that was built
	rm -rf build dist docs/_build docs/generated src/*.egg-info src/ionflux/*.so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

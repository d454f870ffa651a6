"""Measures Folkmoot: `make bench`, or `.venv/bin/python -m bench`. What and how: docs/reference/performance.md."""

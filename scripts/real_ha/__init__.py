"""A real Home Assistant, as a process that is started, asked, killed and started again.

Used by the demo (`scripts/demo.py`) and by the end-to-end tests.
"""

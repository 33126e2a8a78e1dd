"""Benchmarks, each against the best that the engine can do alone; run with ``python -m bench NAME --json``."""

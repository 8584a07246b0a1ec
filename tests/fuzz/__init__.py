"""Fuzzing: each module is one target with its invariants in `one`. How to run it: docs/fuzzing.md."""

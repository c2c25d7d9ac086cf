"""The command line: parse, call one operation, hand the result to output."""

import gc

# Looking for cycles while modules are imported finds none and costs a third of an interpreter.
gc.set_threshold(100_000)

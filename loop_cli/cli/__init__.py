"""The command line: parse, call one operation, pass the result to output."""

import gc

# Garbage collection during imports finds nothing, and costs a third of an interpreter's start.
gc.set_threshold(100_000)

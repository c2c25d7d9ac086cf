"""HTTP over the operations: `loop serve`."""

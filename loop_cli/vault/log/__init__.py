"""The audit log: lines, segments, look-ups, follow, verify, rotate, redact, migrate."""

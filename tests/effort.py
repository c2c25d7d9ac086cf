"""How much the tests try. `LOOP_FAULTS=all` has all of it, and takes an hour."""

from __future__ import annotations

import os

ALL = os.environ.get("LOOP_FAULTS") == "all"

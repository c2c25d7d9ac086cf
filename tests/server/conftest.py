"""A server over a real vault: in this process, or by itself on a free port of the loopback."""

from __future__ import annotations

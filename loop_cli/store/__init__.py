"""Where entities live: comparing, recording and writing are one call."""

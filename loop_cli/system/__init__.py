"""The operating system: open folders, platform calls, the user's own folders."""

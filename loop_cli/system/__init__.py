"""What the operating system offers: open folders, platform calls, the user's own folders."""

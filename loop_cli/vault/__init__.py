"""The store of Markdown files; and where it keeps its own files in a vault, and what their names
end in."""

from loop_cli.core.names import LOG_FOLDER

LOOP = ".loop"  # the folder of the lock, the settings and what is staged or kept
OWN_FOLDERS = LOOP, LOG_FOLDER
KEPT = f"{LOOP}/kept"
STAGED = f"{LOOP}/staged"
# What the names in `.loop/staged` end in: intent, content, intent of what is undone, and the
# old file's second name where the system has no exchange.
ENDINGS = INTENT, CONTENT, UNDONE, ASIDE = ".intent", ".new", ".undone", ".old"

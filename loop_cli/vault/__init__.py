"""The store of Markdown files; and the names of loop's own files in a vault."""

from loop_cli.core.names import LOG_FOLDER

LOOP = ".loop"  # the folder of the lock, the settings, and staged and kept files
OWN_FOLDERS = LOOP, LOG_FOLDER
KEPT = f"{LOOP}/kept"
STAGED = f"{LOOP}/staged"
# The endings in `.loop/staged`: intents, content, intents of commits to undo, and the second
# name of the old file, on systems without an exchange.
ENDINGS = INTENT, CONTENT, UNDONE, ASIDE = ".intent", ".new", ".undone", ".old"

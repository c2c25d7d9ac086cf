"""The parameters of the commands of the fast lane, by .ci/generate.py from Typer."""

from __future__ import annotations

# Verb -> positional parameters in order, and options: each parameter with its kind.
COMMANDS: dict[str, tuple[tuple[tuple[str, str], ...], dict[str, tuple[str, str]]]] = {
    "get": (
        (
            ("entity_id", "text"),
        ),
        {
            "--json": ("as_json", "flag"),
            "--yaml": ("as_yaml", "flag"),
            "--raw": ("raw", "flag"),
            "--field": ("field", "texts"),
            "--path": ("path", "other"),
            "--body": ("body", "flag"),
            "--vault": ("vault", "text"),
        },
    ),
    "update": (
        (
            ("entity_id", "text"),
            ("change", "texts"),
        ),
        {
            "--where": ("where", "texts"),
            "-w": ("where", "texts"),
            "--expected-updated-at": ("expected_updated_at", "text"),
            "--if-match": ("if_match", "text"),
            "--force": ("force", "flag"),
            "--on-conflict": ("on_conflict", "text"),
            "--unset": ("unset", "texts"),
            "--set-json": ("set_json", "text"),
            "--body-file": ("body_file", "text"),
            "--append-body": ("append_body", "text"),
            "--path": ("path", "text"),
            "--atomic": ("atomic", "flag"),
            "--dry-run": ("dry_run", "flag"),
            "-n": ("dry_run", "flag"),
            "--json": ("as_json", "flag"),
            "--yes": ("yes", "flag"),
            "-y": ("yes", "flag"),
            "--no-input": ("no_input", "flag"),
            "--lock-timeout": ("lock_timeout", "other"),
            "--vault": ("vault", "text"),
        },
    ),
}

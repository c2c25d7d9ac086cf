"""The parameters of the commands of the fast lane, by .ci/generate.py from Typer."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Option = tuple[str, str]  # the parameter, and its kind
    Command = tuple[str, str, tuple[str, ...], tuple[Option, ...], dict[str, Option]]

# Verb -> module and function, what can't be left out, positional parameters in order,
# and options.
COMMANDS: dict[str, Command] = {
    "get": (
        "get", "get", ("entity_id",),
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
        "update", "update", (),
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
            "--lock-timeout": ("lock_timeout", "seconds"),
            "--vault": ("vault", "text"),
        },
    ),
    "edit": (
        "edit", "edit", ("entity_id",),
        (
            ("entity_id", "text"),
        ),
        {
            "--fields": ("fields_only", "flag"),
            "--path": ("path", "text"),
            "--editor": ("editor", "text"),
            "--no-input": ("no_input", "flag"),
            "--lock-timeout": ("lock_timeout", "seconds"),
            "--vault": ("vault", "text"),
        },
    ),
    "apply": (
        "apply", "apply", ("file",),
        (
            ("file", "text"),
        ),
        {
            "--atomic": ("atomic", "flag"),
            "--force": ("force", "flag"),
            "--dry-run": ("dry_run", "flag"),
            "-n": ("dry_run", "flag"),
            "--json": ("as_json", "flag"),
            "--lock-timeout": ("lock_timeout", "seconds"),
            "--vault": ("vault", "text"),
        },
    ),
    "list": (
        "listing", "list_entities", (),
        (
            ("entity_type", "texts"),
        ),
        {
            "--where": ("where", "texts"),
            "-w": ("where", "texts"),
            "--project": ("project", "text"),
            "--children-of": ("children_of", "text"),
            "--sort": ("sort", "text"),
            "--columns": ("columns", "text"),
            "--limit": ("limit", "number"),
            "-l": ("limit", "number"),
            "--json": ("as_json", "flag"),
            "--csv": ("as_csv", "flag"),
            "--ids": ("ids", "flag"),
            "--vault": ("vault", "text"),
        },
    ),
    "search": (
        "search", "search", ("text",),
        (
            ("text", "text"),
            ("entity_type", "texts"),
        ),
        {
            "--where": ("where", "texts"),
            "-w": ("where", "texts"),
            "--limit": ("limit", "number"),
            "-l": ("limit", "number"),
            "--json": ("as_json", "flag"),
            "--ids": ("ids", "flag"),
            "--vault": ("vault", "text"),
        },
    ),
    "create": (
        "create", "create", ("entity_type",),
        (
            ("entity_type", "text"),
            ("fields", "texts"),
        ),
        {
            "--name": ("name", "text"),
            "--template": ("template", "text"),
            "--body-file": ("body_file", "text"),
            "--id": ("given_id", "text"),
            "--idempotency-key": ("idempotency_key", "text"),
            "--dry-run": ("dry_run", "flag"),
            "-n": ("dry_run", "flag"),
            "--json": ("as_json", "flag"),
            "--no-input": ("no_input", "flag"),
            "--lock-timeout": ("lock_timeout", "seconds"),
            "--vault": ("vault", "text"),
        },
    ),
    "delete": (
        "delete", "delete", ("entity_id",),
        (
            ("entity_id", "text"),
        ),
        {
            "--expected-updated-at": ("expected_updated_at", "text"),
            "--if-match": ("if_match", "text"),
            "--force": ("force", "flag"),
            "--cascade": ("cascade", "flag"),
            "--orphan": ("orphan", "flag"),
            "--archive": ("archive", "flag"),
            "--path": ("path", "text"),
            "--dry-run": ("dry_run", "flag"),
            "-n": ("dry_run", "flag"),
            "--json": ("as_json", "flag"),
            "--yes": ("yes", "flag"),
            "-y": ("yes", "flag"),
            "--no-input": ("no_input", "flag"),
            "--lock-timeout": ("lock_timeout", "seconds"),
            "--vault": ("vault", "text"),
        },
    ),
    "move": (
        "move", "move", ("entity_id", "project",),
        (
            ("entity_id", "text"),
        ),
        {
            "--project": ("project", "text"),
            "--expected-updated-at": ("expected_updated_at", "text"),
            "--if-match": ("if_match", "text"),
            "--force": ("force", "flag"),
            "--path": ("path", "text"),
            "--dry-run": ("dry_run", "flag"),
            "-n": ("dry_run", "flag"),
            "--json": ("as_json", "flag"),
            "--yes": ("yes", "flag"),
            "-y": ("yes", "flag"),
            "--no-input": ("no_input", "flag"),
            "--lock-timeout": ("lock_timeout", "seconds"),
            "--vault": ("vault", "text"),
        },
    ),
    "rename": (
        "rename", "rename", (),
        (
            ("entity_id", "text"),
        ),
        {
            "--all": ("every", "flag"),
            "--path": ("path", "text"),
            "--dry-run": ("dry_run", "flag"),
            "-n": ("dry_run", "flag"),
            "--json": ("as_json", "flag"),
            "--yes": ("yes", "flag"),
            "-y": ("yes", "flag"),
            "--no-input": ("no_input", "flag"),
            "--lock-timeout": ("lock_timeout", "seconds"),
            "--vault": ("vault", "text"),
        },
    ),
    "kept": (
        "kept", "kept", (),
        (
            ("entity_id", "text"),
        ),
        {
            "--prune": ("prune", "flag"),
            "--older-than": ("older_than", "number"),
            "--dry-run": ("dry_run", "flag"),
            "-n": ("dry_run", "flag"),
            "--json": ("as_json", "flag"),
            "--yes": ("yes", "flag"),
            "-y": ("yes", "flag"),
            "--no-input": ("no_input", "flag"),
            "--lock-timeout": ("lock_timeout", "seconds"),
            "--vault": ("vault", "text"),
        },
    ),
    "diff": (
        "diff", "diff", ("entity_id",),
        (
            ("entity_id", "text"),
        ),
        {
            "--since": ("since", "text"),
            "--path": ("path", "text"),
            "--utc": ("utc", "flag"),
            "--json": ("as_json", "flag"),
            "--vault": ("vault", "text"),
        },
    ),
    "history": (
        "history", "history", ("entity_id",),
        (
            ("entity_id", "text"),
        ),
        {
            "--limit": ("limit", "number"),
            "-l": ("limit", "number"),
            "--path": ("path", "text"),
            "--utc": ("utc", "flag"),
            "--json": ("as_json", "flag"),
            "--vault": ("vault", "text"),
        },
    ),
    "undo": (
        "undo", "undo", (),
        (
            ("target", "text"),
        ),
        {
            "--last": ("last", "flag"),
            "--on-conflict": ("on_conflict", "text"),
            "--path": ("path", "text"),
            "--dry-run": ("dry_run", "flag"),
            "-n": ("dry_run", "flag"),
            "--json": ("as_json", "flag"),
            "--yes": ("yes", "flag"),
            "-y": ("yes", "flag"),
            "--no-input": ("no_input", "flag"),
            "--lock-timeout": ("lock_timeout", "seconds"),
            "--vault": ("vault", "text"),
        },
    ),
    "log": (
        "log", "log", (),
        (
            ("entity_id", "text"),
        ),
        {
            "--limit": ("limit", "number"),
            "-l": ("limit", "number"),
            "--since": ("since", "text"),
            "--actor": ("actor", "text"),
            "--source": ("source", "text"),
            "--run": ("run", "text"),
            "--follow": ("follow", "flag"),
            "-f": ("follow", "flag"),
            "--utc": ("utc", "flag"),
            "--json": ("as_json", "flag"),
            "--vault": ("vault", "text"),
        },
    ),
    "check": (
        "check", "check", (),
        (
            ("what", "texts"),
        ),
        {
            "--fix": ("fix", "flag"),
            "--github": ("github", "flag"),
            "--strict": ("strict", "flag"),
            "--dry-run": ("dry_run", "flag"),
            "-n": ("dry_run", "flag"),
            "--json": ("as_json", "flag"),
            "--yes": ("yes", "flag"),
            "-y": ("yes", "flag"),
            "--no-input": ("no_input", "flag"),
            "--lock-timeout": ("lock_timeout", "seconds"),
            "--vault": ("vault", "text"),
        },
    ),
    "schema": (
        "schema", "schema", (),
        (
            ("entity_type", "text"),
        ),
        {
            "--json": ("as_json", "flag"),
            "--vault": ("vault", "text"),
        },
    ),
    "init": (
        "init", "init", (),
        (
            ("folder", "text"),
        ),
        {
            "--dry-run": ("dry_run", "flag"),
            "-n": ("dry_run", "flag"),
            "--json": ("as_json", "flag"),
            "--yes": ("yes", "flag"),
            "-y": ("yes", "flag"),
            "--no-input": ("no_input", "flag"),
        },
    ),
    "watch": (
        "watch", "watch", (),
        (
        ),
        {
            "--json": ("as_json", "flag"),
            "--vault": ("vault", "text"),
        },
    ),
    "config": (
        "settings", "config", (),
        (
        ),
        {
            "--json": ("as_json", "flag"),
            "--vault": ("vault", "text"),
        },
    ),
    "help": (
        "help", "show_help", (),
        (
            ("words", "texts"),
        ),
        {
            "--json": ("as_json", "flag"),
            "--no-pager": ("no_pager", "flag"),
        },
    ),
    "demo": (
        "demo", "demo", (),
        (
            ("folder", "text"),
        ),
        {
        },
    ),
}

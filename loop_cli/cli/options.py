"""Options that several commands share."""

from typing import Annotated

import typer

EntityId = Annotated[str, typer.Argument(metavar="ID", help="The entity's id or an alias.")]
Vault = Annotated[
    str | None,
    typer.Option("--vault", metavar="DIR", help="The vault's folder (LOOP_VAULT)."),
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout; errors as JSON on stderr.")
]
LockTimeout = Annotated[
    float | None,
    typer.Option(
        "--lock-timeout", metavar="SECONDS", help="How long to wait for the vault's lock."
    ),
]

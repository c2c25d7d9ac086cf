"""`loop token`: who may speak to `loop serve`."""

from __future__ import annotations

import os

from loop_cli.cli import context, output

EXAMPLES = """A token is a secret that names who acts through it. Only its hash is kept, in
tokens.json in your configuration folder; a running server heeds changes at once.

Examples:

\b
loop token add n8n --actor api:n8n --source api --role write
loop token add laptop --actor user:김은향 --source ui --role write
loop token list
loop token revoke n8n
"""
ADD_EXAMPLES = """The secret is printed once, and alone on stdout.

Examples:

\b
loop token add n8n --actor api:n8n --source api --role write
loop token add report --actor api:report --source script --role read > report.token
"""
LIST_EXAMPLES = """Examples:

\b
loop token list
loop token list --json
"""
REVOKE_EXAMPLES = """To replace a secret, add a token under another name, bring it to who uses it,
and revoke the old one.

Examples:

\b
loop token revoke n8n
"""


def add(*, name: str, actor: str, source: str, role: str, as_json: bool) -> None:
    """Run `loop token add`."""
    from loop_cli.server import tokens

    context.open_settings({}, need_vault=False)
    file = tokens.TokenFile(tokens.path(os.environ))
    wanted = tokens.Token(name=name, actor=actor, source=source, role=role)
    secret = file.add(wanted)
    context.did(f"the token {name} is added, and nobody has seen it: revoke it, and add it again")
    if as_json:
        kept = next(one for _digest, one in file.read() if one.name == wanted.in_normal_form)
        output.json_document({**kept.as_dict(), "secret": secret})
        return
    output.line(secret)
    output.note(f"this is shown once; {file.path} has its hash")


def list_tokens(*, as_json: bool) -> None:
    """Run `loop token list`."""
    from loop_cli.server import tokens

    context.open_settings({}, need_vault=False)
    file = tokens.TokenFile(tokens.path(os.environ))
    found = [one for _digest, one in file.read()]
    if as_json:
        output.json_document({"tokens": [one.as_dict() for one in found], "file": file.path})
        return
    from loop_cli.cli.render import access

    output.show(access.tokens(found))


def revoke(*, name: str, as_json: bool) -> None:
    """Run `loop token revoke`."""
    from loop_cli.server import tokens

    context.open_settings({}, need_vault=False)
    gone = tokens.TokenFile(tokens.path(os.environ)).revoke(name)
    context.did(f"the token {gone.name} is revoked")
    if as_json:
        output.json_document({"revoked": gone.as_dict()})
        return
    output.line(f"revoked {gone.name}: {gone.actor} through {gone.source}")

"""A change about whose conflict the person is asked, where the client can ask.

Until the protocol of 2026-07-28 the question goes out while the call waits. Since then it is the
answer of the call, and the client makes the same call again with what the person said.
"""

from __future__ import annotations

from functools import partial

import anyio.to_thread
import mcp_types as types
from mcp.shared.exceptions import MCPError, NoBackChannelError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from loop_cli.errors import ConflictError, UsageError
from loop_cli.mcp import asking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mcp.server.context import ServerRequestContext

    from loop_cli.core.conflict import Conflict
    from loop_cli.mcp.asking import Decision

    Context = ServerRequestContext[Any, Any]
    Given = dict[str, Any]
    Update = Callable[[Given, Decision | None], Given]

_QUESTION = "conflict"
_ROUNDS = 5  # of questions about one change
_LEFT = "the person has seen the conflict and decided to write nothing: do not repeat the call"


async def update(
    context: Context, params: types.CallToolRequestParams, work: Update
) -> Given | types.InputRequiredResult:
    """What `work` did, or the question to the person. Raises what `work` raises."""
    given = params.arguments or {}
    decided = None
    said = (params.input_responses or {}).get(_QUESTION)
    if said is not None:
        decided = _decision(params.request_state, said)
        if decided is None:
            await _leave(given, work)
    for _round in range(_ROUNDS):
        try:
            return await anyio.to_thread.run_sync(partial(work, given, decided))
        except ConflictError as error:
            conflict = error.conflict
            if not (_can_ask(context) and asking.can_be_asked(conflict)):
                raise
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return _to_be_answered(conflict)
        said = await _ask(context, conflict)
        if said is None:
            raise ConflictError(conflict)
        decided = _decision(asking.state(conflict), said)
        if decided is None:
            raise ConflictError(conflict, asked=True, hint=_LEFT)
    raise ConflictError(conflict)


def _decision(state: str | None, said: Any) -> Decision | None:
    if not isinstance(said, types.ElicitResult):
        raise UsageError("the answer does not belong to a question that was asked here")
    return asking.decision(state, said.content if said.action == "accept" else None)


async def _leave(given: Given, work: Update) -> None:
    """Raises the conflict that the person has seen; nothing is written."""
    try:
        await anyio.to_thread.run_sync(partial(work, {**given, "dry_run": True}, None))
    except ConflictError as error:
        raise ConflictError(error.conflict, asked=True, hint=_LEFT) from None
    raise UsageError("the person decided to write nothing", hint=_LEFT)


def _can_ask(context: Context) -> bool:
    """Whether the client shows forms to a person; one that does not say which kinds it can show
    shows forms."""
    known = context.session.client_capabilities
    can = None if known is None else known.elicitation
    return can is not None and (can.form is not None or can.url is None)


def _form(conflict: Conflict) -> types.ElicitRequestFormParams:
    words, form = asking.question(conflict)
    return types.ElicitRequestFormParams(message=words, requested_schema=form)


def _to_be_answered(conflict: Conflict) -> types.InputRequiredResult:
    asked = types.ElicitRequest(params=_form(conflict))
    return types.InputRequiredResult(
        input_requests={_QUESTION: asked}, request_state=asking.state(conflict)
    )


async def _ask(context: Context, conflict: Conflict) -> types.ElicitResult | None:
    """What the person said; None where nobody could be asked."""
    form = _form(conflict)
    try:
        return await context.session.elicit_form(
            form.message, form.requested_schema, context.request_id
        )
    except (MCPError, NoBackChannelError, ValueError):
        return None

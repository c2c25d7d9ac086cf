"""The errors that only some calls meet: how they find a vault or a server, how a person, an editor
or a check ends them, what a run or an idempotency key has done before.

They are apart from `errors`, because every process pays for each class that it loads (`loop help
costs`): whoever raises one imports it there.
"""

from __future__ import annotations

from loop_cli.errors import InvalidChange, LoopError, StorageError, UsageError, prefixed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Unreachable(StorageError):
    """The server was not reached, or it broke off before it was asked: nothing was changed."""

    code = "unreachable"
    retryable = True


class AnswerLost(StorageError):
    """The connection broke before the server had answered: a change may have landed."""

    code = "answer_lost"


class BadAnswer(StorageError):
    """What answered is no server of loop, or not one of this version."""

    code = "bad_answer"


class NotSignedIn(LoopError):
    """The server does not know the token, or was given none."""

    code = "unauthorized"
    http_status = 401


class NotAllowed(LoopError):
    """The token may only read, or the server changes nothing."""

    code = "forbidden"
    http_status = 403


class LogReplaced(StorageError):
    """Another program replaced the audit log each time that loop was about to write a record."""

    code = "log_replaced"
    retryable = True


class ChangedMeanwhile(StorageError):
    """Another program has just changed the vault's settings, so nothing was written to them."""

    code = "changed_meanwhile"
    http_status = 409
    retryable = True

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} has just been changed by another program; do it again")


class EditorFailed(LoopError):
    """The editor could not be run, or did not end well. What was typed is kept."""

    code = "editor"


class LogDamaged(LoopError):
    """Lines of the audit log are altered, missing or invalid. `problems` lists them."""

    code = "log_damaged"


class NoSuchChange(LoopError):
    """No record has the run id, or no change is left to undo."""

    code = "no_such_change"
    exit_code = 3
    http_status = 404


class CheckFailed(LoopError):
    """A check found errors in the vault; `findings` lists all that it found."""

    code = "check_failed"
    exit_code = 6
    http_status = 422


class RepairFailed(LoopError):
    """Files changed between a check and its repair, or could not be written.

    `repairs` lists all that was tried.
    """

    code = "repair_failed"
    exit_code = 4
    http_status = 409
    retryable = True


class PartlyFailed(LoopError):
    """Some of many changes did not land; code and exit code are those of the first."""

    def __init__(self, first: LoopError, *, changed: int, unchanged: int, failed: int) -> None:
        count = changed + unchanged + failed
        super().__init__(
            prefixed(f"{failed} of {count} changes did not land; the first: ", first.message),
            hint=first.hint,
            changed=changed,
            unchanged=unchanged,
            failed=failed,
        )
        self.code = first.code
        self.exit_code = first.exit_code
        self.http_status = first.http_status
        self.retryable = first.retryable


class NoVault(UsageError):
    """No vault was named and none was found."""

    code = "no_vault"


class AlreadyDone(LoopError):
    """Another call with the same idempotency key has made its change; `record` is of it."""

    code = "already_done"
    exit_code = 4
    http_status = 409

    def __init__(self, message: str, *, record: Any) -> None:
        super().__init__(message)
        self.record = record


class StillReferred(InvalidChange):
    """Others refer to the entity to delete; `referrers` lists them."""

    code = "still_referred"


class ConfirmationRefused(LoopError):
    """A confirmation was needed and could not be asked, or was refused."""

    code = "confirmation"
    exit_code = 9
    http_status = 428


class Interrupted(LoopError):
    """The user pressed Ctrl-C."""

    code = "interrupted"
    exit_code = 130


class PreconditionRequired(LoopError):
    """Without a terminal, a write must say which revision it has read."""

    code = "precondition_required"
    exit_code = 5
    http_status = 428


class AmbiguousId(LoopError):
    """Several files carry the id; `paths` lists them."""

    code = "ambiguous"
    exit_code = 7
    http_status = 409


class VaultLocked(LoopError):
    """Another process held the vault's lock for longer than the time-out."""

    code = "locked"
    exit_code = 8
    http_status = 503
    retryable = True

"""Ask the person at the terminal, on stderr: to confirm, and about a conflict."""

from __future__ import annotations

import os

from loop_cli.cli import output
from loop_cli.cli.prompt import editor, keys
from loop_cli.cli.prompt.keys import yes_or_no
from loop_cli.cli.render import conflict as render_conflict
from loop_cli.cli.render import entity as render
from loop_cli.core import conflict
from loop_cli.core.changes import Change, Edits
from loop_cli.core.choices import Choices, merged_text
from loop_cli.core.conflict import Resolution
from loop_cli.core.diff import value_at
from loop_cli.core.names import BODY, split_dotted
from loop_cli.errors import InvalidChange, InvalidFile
from loop_cli.failures import EditorFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loop_cli.config import Settings
    from loop_cli.core.choices import Side
    from loop_cli.core.commits import CommitResult, EntityChange
    from loop_cli.core.conflict import Conflict, ConflictField, Resolver
    from loop_cli.core.entity import FieldNames
    from loop_cli.errors import LoopError
    from loop_cli.operations.boundary import EntityOperations

    Preview = Callable[[Edits], CommitResult]

__all__ = ["ConflictPrompt", "confirm_update", "yes_or_no"]

_QUESTION = "What now? "


def confirm_update(*, assume_yes: bool) -> Callable[[CommitResult], bool]:
    """Show what an update would do, and ask; Enter means no."""

    def confirm(preview: CommitResult) -> bool:
        output.tell(render.preview(preview))
        return assume_yes or yes_or_no("Apply these changes?")

    return confirm


def resolver(loop: EntityOperations, change: EntityChange, *, settings: Settings) -> Resolver:
    """Ask about conflicts, unless a given policy decides them."""
    ask = ConflictPrompt(
        change.edits,
        preview=lambda edits: loop.preview(change.replace(edits=edits)),
        names=loop.names,
        editor_command=editor.command(settings["editor"], os.environ),
    )
    policy = settings["on_conflict"]
    if policy == "fail" and settings.values["on_conflict"].origin != "default":
        return conflict.fail

    def resolve(found: Conflict) -> Resolution:
        settled = policy == "rebase" and not found.overlaps
        return conflict.rebase(found) if settled else ask(found)

    return resolve


class ConflictPrompt:
    """A `Resolver` that asks what to do about a conflict.

    `edits` are the requested changes. `preview` shows the effect of edits on the current state.
    `editor_command` is the editor's command line, if there is one. If it is called again, because
    the entity has changed meanwhile, it says so and keeps the choices that still count.
    """

    def __init__(
        self, edits: Edits, *, preview: Preview, names: FieldNames, editor_command: str | None
    ) -> None:
        self._edits = edits
        self._preview = preview
        self._names = names
        self._editor = editor_command
        self._last: Choices | None = None

    def __call__(self, found: Conflict) -> Resolution:
        if found.reason == "deleted":
            return Resolution(apply=False)
        last, choices = self._last, Choices(conflict=found)
        if last is not None:
            choices = last.about(found)
        output.tell(render_conflict.report(found, before=last, choices=choices))
        decided = self._ask(choices)
        if decided.edits is not None:
            self._edits, self._last = decided.edits, Choices(conflict=found)
        return decided

    def _ask(self, choices: Choices) -> Resolution:
        """Ask the main question, until there is a final answer."""
        while True:
            self._last = choices
            output.tell(render_conflict.menu(choices, editor=self._editor))
            match keys.choose(_QUESTION, _answers(choices), end="abort"):
                case "apply":
                    return choices.resolution()
                case "fields":
                    self._last = choices = self._each(choices)
                    if not choices.open and self._confirms(choices.resolution()):
                        return choices.resolution()
                case "theirs" | "mine" as side:
                    self._last = choices.take_all(side)
                    return self._last.resolution()
                case "edit":
                    edited = self._merged(choices)
                    if edited is not None:
                        return edited
                case "diff":
                    output.tell(render_conflict.whole(choices))
                case _:
                    return Resolution(apply=False, asked=True)

    # -- field by field -------------------------------------------------------------------

    def _each(self, choices: Choices) -> Choices:
        """Ask about each open clash, or about all clashes if none is open."""
        fields = choices.open or choices.clashes
        for number, field in enumerate(fields, start=1):
            output.tell(render_conflict.one(field, number=number, count=len(fields)))
            while True:
                answer = keys.choose(_QUESTION, _field_answers(field), end="back")
                if answer in ("theirs", "mine"):
                    choices = choices.take(field, _side(answer))
                    break
                if answer in ("all theirs", "all mine"):
                    for rest in fields[number - 1 :]:
                        choices = choices.take(rest, _side(answer.removeprefix("all ")))
                    return choices
                if answer == "back":
                    return choices
                changed = self._other(choices, field)
                if changed is not None:
                    choices = changed
                    break
        return choices

    def _other(self, choices: Choices, field: ConflictField) -> Choices | None:
        """Return the choices with another value for the field, edited or typed."""
        if merged_text(field) is not None or field.field == BODY:
            return self._edited_text(choices, field)
        return self._typed(choices, field)

    def _typed(self, choices: Choices, field: ConflictField) -> Choices | None:
        path = split_dotted(field.field)
        while True:
            output.ask(f"{field.field}= (Enter: back) ")
            try:
                text = keys.read_line()
            except keys.Unusable as error:
                output.say(f"{error} 'b' goes back, and 'e' there opens the editor.")
                continue
            if text is None or not text.strip():
                return None
            change = Change(path=path, operation="set", value=text)
            try:
                done = self._preview(Edits(changes=(change,)))
            except (InvalidChange, InvalidFile) as error:
                output.say(error.message)
                continue
            return choices.take(field, "value", value_at(done.after.fields, path))

    def _edited_text(self, choices: Choices, field: ConflictField) -> Choices | None:
        from loop_cli.cli.prompt import merging

        try:
            text = merging.edit_field(choices.conflict, field, editor=self._editor)
        except (EditorFailed, InvalidFile) as error:
            _tell_why(error)
            return None
        return choices.take(field, "value", text)

    # -- all at once ----------------------------------------------------------------------

    def _merged(self, choices: Choices) -> Resolution | None:
        """Return the merged text as the person has edited it; None to ask the question again."""
        from loop_cli.cli.prompt import merging

        try:
            return merging.edit_all(
                choices,
                self._edits,
                preview=self._preview,
                names=self._names,
                editor=self._editor,
                confirm=self._confirms,
            )
        except (EditorFailed, InvalidFile, InvalidChange) as error:
            _tell_why(error)
            return None

    def _confirms(self, decided: Resolution) -> bool:
        """Show what would be written, and ask; Enter means yes."""
        done = self._preview(decided.applied_to(self._edits))
        output.tell(render_conflict.outcome(done))
        return yes_or_no("Write this?", default=True)


def _tell_why(error: LoopError) -> None:
    """Say why an edited text can't be used; the place of its copy was printed before."""
    line = error.details.get("line")
    where = f"line {line}: " if line is not None else ""
    output.say(f"\nThat was not used: {where}{error.details.get('reason', error.message)}")
    if error.hint:
        output.hint(error.hint)


def _answers(choices: Choices) -> Mapping[str, str]:
    answers = {"e": "edit", "edit": "edit", "d": "diff", "diff": "diff"}
    if choices.open:
        answers |= {"": "fields"}
    else:
        answers |= {"": "apply"}
    if choices.clashes:
        answers |= {"f": "fields", "fields": "fields", "t": "theirs", "theirs": "theirs"}
        answers |= {"m": "mine", "mine": "mine"}
    return answers | {"a": "abort", "abort": "abort", "q": "abort", "quit": "abort"}


def _field_answers(field: ConflictField) -> Mapping[str, str]:
    answers = {"t": "theirs", "theirs": "theirs", "m": "mine", "mine": "mine"}
    answers["e" if merged_text(field) is not None or field.field == BODY else "v"] = "other"
    return answers | {"tt": "all theirs", "mm": "all mine", "b": "back", "back": "back"}


def _side(answer: str) -> Side:
    return "theirs" if answer == "theirs" else "mine"

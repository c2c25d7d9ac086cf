"""`loop help`: show pages of the documentation, by name or by words."""

from __future__ import annotations

from loop_cli.cli import output
from loop_cli.cli.render import styles
from loop_cli.docs import find, pages, readable
from loop_cli.errors import LoopError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.docs import Page

EXAMPLES = """Examples:

\b
loop help
loop help first-steps
loop help exit codes
loop help update
loop help lock timeout
loop help conflicts --no-pager
"""


def show_help(*, words: list[str] | None, as_json: bool, no_pager: bool) -> None:
    """Run `loop help`."""
    _set_plain()
    listed = list(pages())
    given = " ".join(words or ()).split()
    if not given:
        _show_index(listed, as_json=as_json)
        return
    named = "-".join(given).casefold()
    page = next((one for one in listed if one.name == named), None)
    if page is not None:
        _show_page(page, as_json=as_json, no_pager=no_pager)
        return
    from loop_cli.cli import app

    if not app.is_command(given):
        _find(given, listed, as_json=as_json, no_pager=no_pager)
    elif as_json:
        output.json_document({"command": " ".join(given), "text": app.help_text(given)})
    else:
        app.run([*given, "--help"])


def _find(words: list[str], listed: list[Page], *, as_json: bool, no_pager: bool) -> None:
    """Show the page that has the words, or list several. Raises `UsageError`."""
    matches = find(words, listed)
    if not matches:
        raise _nothing(words, listed)
    if as_json:
        output.json_document({"query": " ".join(words), "matches": [m.as_dict() for m in matches]})
    elif len(matches) == 1:
        _show_page(matches[0].page, as_json=False, no_pager=no_pager)
    else:
        from loop_cli.cli.render import help as render_help

        output.page()
        output.show(render_help.matches(matches))


def _nothing(words: list[str], listed: list[Page]) -> UsageError:
    from loop_cli.cli.command_table import COMMANDS
    from loop_cli.core.names import nearest

    names = [*(page.name for page in listed), *filter(None, COMMANDS)]
    given = " ".join(words)
    close = nearest("-".join(words), names)
    meant = f"; did you mean {' or '.join(close)}?" if close else ""
    return UsageError(
        f"no page, command or text {given!r}{meant}",
        hint="loop help lists the pages",
        nearest=close,
    )


def _set_plain() -> None:
    """Use the setting `plain`, from any source. Help also works without settings."""
    from loop_cli.cli import context

    try:
        context.open_settings({}, need_vault=False)
    except LoopError:
        return


def _show_index(listed: list[Page], *, as_json: bool) -> None:
    if as_json:
        output.json_document({"topics": [page.as_dict() for page in listed]})
        return
    from loop_cli.cli.render import help as render_help

    output.page()
    output.show(render_help.index(listed))


def _show_page(page: Page, *, as_json: bool, no_pager: bool) -> None:
    """Show a page: as JSON, as Markdown, or formatted and in a pager."""
    text = readable(page.text)
    if as_json:
        output.json_document({**page.as_dict(), "text": text})
    elif not _formats():
        output.write(text)
    else:
        from loop_cli.cli.render import help as render_help

        if not no_pager:
            output.page()
        output.show(render_help.page(text))


def _formats() -> bool:
    import sys

    return output.is_terminal(sys.stdout) and not styles.is_plain()

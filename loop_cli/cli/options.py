"""The options and arguments of the commands, by name; a command's signature lists its own.

No postponed annotations here: Typer would have to compile each of them again at every start.
Commands that also run without Typer (`cli.lane`) name these in postponed ones.
"""

from typing import Annotated

import typer

from loop_cli.cli import output

# -- of several commands ----------------------------------------------------------------

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
ChosenPath = Annotated[
    str | None,
    typer.Option(
        "--path",
        metavar="FILE",
        help="Choose where several files carry the id; relative to the vault, else to here.",
    ),
]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Answer yes to the confirmation; never --force.")
]
NoInput = Annotated[bool, typer.Option("--no-input", help="Never ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Do everything but write.")]

# -- of get -----------------------------------------------------------------------------

Yaml = Annotated[bool, typer.Option("--yaml", help="The same document as YAML.")]
Raw = Annotated[bool, typer.Option("--raw", help="The file's bytes.")]
Fields = Annotated[
    list[str] | None,
    typer.Option(
        "--field",
        metavar="NAME",
        help="The bare value of a field, or of etag, updated_at, path or body; repeatable.",
    ),
]
PrintedPath = Annotated[
    str | None,
    typer.Option(
        "--path",
        metavar="[FILE]",
        help="Without a FILE, print the entity's path; with one, choose it where several "
        "files carry the id; relative to the vault, else to here.",
    ),
]
Body = Annotated[bool, typer.Option("--body", help="Show the body too.")]

# -- of update --------------------------------------------------------------------------

UpdatedId = Annotated[
    str | None, typer.Argument(metavar="ID", help="The entity's id or an alias; none with --where.")
]
UpdatedWhere = Annotated[
    list[str] | None,
    typer.Option(
        "--where", "-w", metavar="EXPR", help="Change all that fit, as in 'loop list'; repeatable."
    ),
]
Atomic = Annotated[bool, typer.Option("--atomic", help="With --where: all of them or none.")]
Changes = Annotated[
    list[str] | None, typer.Argument(metavar="CHANGE...", help="What to change; see below.")
]
ExpectedUpdatedAt = Annotated[
    str | None,
    typer.Option("--expected-updated-at", metavar="TIME", help="Fail unless updated_at is this."),
]
IfMatch = Annotated[
    str | None, typer.Option("--if-match", metavar="ETAG", help="Fail unless the etag is this.")
]
Force = Annotated[bool, typer.Option("--force", help="Skip the precondition; recorded as forced.")]
OnConflict = Annotated[
    str | None,
    typer.Option(
        "--on-conflict",
        metavar="fail|rebase",
        help="rebase: apply on top where no field of yours was changed meanwhile.",
    ),
]
Unset = Annotated[
    list[str] | None, typer.Option("--unset", metavar="FIELD", help="Remove a field; repeatable.")
]
SetJson = Annotated[
    str | None,
    typer.Option("--set-json", metavar="FILE", help="A JSON object of fields; - is stdin."),
]
BodyFile = Annotated[
    str | None, typer.Option("--body-file", metavar="FILE", help="Replace the body; - is stdin.")
]
AppendBody = Annotated[
    str | None,
    typer.Option("--append-body", metavar="FILE", help="Append to the body; - is stdin."),
]

# -- of apply and edit ------------------------------------------------------------------

LinesFile = Annotated[
    str, typer.Argument(metavar="FILE", help="One JSON object a line; - is standard input.")
]
AllOrNone = Annotated[bool, typer.Option("--atomic", help="All of them or none.")]
ForceLines = Annotated[
    bool, typer.Option("--force", help="Lines without a revision need none; recorded.")
]
ResultLines = Annotated[bool, typer.Option("--json", help="One JSON object a line, as without it.")]
FieldsOnly = Annotated[
    bool, typer.Option("--fields", help="The frontmatter alone, without the body.")
]
Editor = Annotated[
    str | None, typer.Option("--editor", metavar="COMMAND", help="The editor's command line.")
]

# -- of log -----------------------------------------------------------------------------

OptionalId = Annotated[
    str | None, typer.Argument(metavar="[ID]", help="Only this entity's records.")
]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        "-l",
        min=0,
        metavar="N",
        help=f"At most N records; 0 is all. A table has {output.RECORDS} otherwise.",
    ),
]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="Not older than this.")]
Actor = Annotated[
    str | None, typer.Option("--actor", metavar="NAME", help="user:NAME, or NAME alone.")
]
Source = Annotated[
    str | None, typer.Option("--source", metavar="DOOR", help="ui, api, script or cli.")
]
Run = Annotated[
    str | None, typer.Option("--run", metavar="RUN_ID", help="Only this run's records.")
]
Utc = Annotated[
    bool, typer.Option("--utc", help="Exact times in UTC, as in a pipe; otherwise local ones.")
]
Follow = Annotated[
    bool,
    typer.Option("--follow", "-f", help="Show the last 10 and then each new one as it comes."),
]
JsonLines = Annotated[bool, typer.Option("--json", help="One JSON record a line.")]

# -- of list ----------------------------------------------------------------------------

Types = Annotated[
    list[str] | None, typer.Argument(metavar="[TYPE]...", help="Only entities of these types.")
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", "-w", metavar="EXPR", help="A condition; all of several must hold."),
]
Project = Annotated[
    str | None, typer.Option("--project", metavar="ID", help="Only what belongs to this project.")
]
ChildrenOf = Annotated[
    str | None,
    typer.Option("--children-of", metavar="ID", help="Only what has this entity as its parent."),
]
Sort = Annotated[
    str | None,
    typer.Option("--sort", metavar="FIELDS", help="Fields by commas; -FIELD: the greatest first."),
]
Columns = Annotated[
    str | None,
    typer.Option("--columns", metavar="FIELDS", help="The columns of the table or the CSV."),
]
Rows = Annotated[
    int | None,
    typer.Option(
        "--limit",
        "-l",
        min=0,
        metavar="N",
        help=f"At most N entities; 0 is all. A table has {output.ROWS} otherwise.",
    ),
]
EntityLines = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Csv = Annotated[bool, typer.Option("--csv", help="Comma-separated values (RFC 4180).")]
Ids = Annotated[bool, typer.Option("--ids", help="The bare ids, one a line.")]

# -- of create --------------------------------------------------------------------------

EntityType = Annotated[str, typer.Argument(metavar="TYPE", help="The entity's type, such as Task.")]
FieldValues = Annotated[
    list[str] | None,
    typer.Argument(metavar="FIELD=VALUE...", help="Its fields, in the forms of 'loop update'."),
]
Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="What people call it.")]
GivenId = Annotated[
    str | None, typer.Option("--id", metavar="ID", help="Its id; otherwise the schema's next one.")
]
TemplateFile = Annotated[
    str | None,
    typer.Option(
        "--template",
        metavar="FILE",
        help="A Markdown file with {{PLACEHOLDERS}}; otherwise the vault's. 'plain' is none.",
    ),
]
NewBody = Annotated[
    str | None, typer.Option("--body-file", metavar="FILE", help="Its body; - is stdin.")
]
IdempotencyKey = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        metavar="KEY",
        help="The same call with the same key gives the entity made before.",
    ),
]

# -- of delete, move, rename and kept ---------------------------------------------------

Cascade = Annotated[bool, typer.Option("--cascade", help="Also all that refer to it, all or none.")]
Orphan = Annotated[bool, typer.Option("--orphan", help="Leave those that refer to it as they are.")]
Archive = Annotated[
    bool, typer.Option("--archive", help="Move it to 90_Archive/ instead of deleting it.")
]
ToProject = Annotated[
    str, typer.Option("--project", metavar="ID", help="The project that it moves to.")
]
RenamedId = Annotated[
    str | None, typer.Argument(metavar="[ID]", help="The entity whose file is renamed.")
]
AllFiles = Annotated[
    bool, typer.Option("--all", help="Every file whose name rule A has otherwise.")
]

# -- of diff, history, undo ---------------------------------------------------------------

SinceState = Annotated[
    str,
    typer.Option(
        "--since",
        metavar="N|TIME|RUN_ID",
        help="N changes ago, at a time, or before a run; 1 otherwise.",
    ),
]
HistoryLimit = Annotated[
    int,
    typer.Option(
        "--limit",
        "-l",
        min=0,
        metavar="N",
        help=f"At most N; 0 is all. {output.RECORDS} otherwise.",
    ),
]
Undone = Annotated[
    str | None,
    typer.Argument(
        metavar="[ID|RUN_ID]",
        help="An entity, whose last change is undone; or a run, or the beginning of its id.",
    ),
]
LastRun = Annotated[bool, typer.Option("--last", help="Your last run that is not undone yet.")]
UndoOnConflict = Annotated[
    str,
    typer.Option(
        "--on-conflict",
        metavar="fail|rebase",
        help="rebase: leave what was changed since, and undo the rest.",
    ),
]
PlainYes = Annotated[bool, typer.Option("--yes", "-y", help="Answer yes to the question.")]

# -- of check ---------------------------------------------------------------------------

CheckWhat = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ID|TYPE|FILE]...", help="Only these; a file is named as from here, or the vault."
    ),
]
Fix = Annotated[bool, typer.Option("--fix", help="Repair what has one right answer.")]
Github = Annotated[
    bool, typer.Option("--github", help="Annotations for a workflow of GitHub Actions.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 6 for warnings too.")]
KeptId = Annotated[str | None, typer.Argument(metavar="[ID]", help="Only what is of this entity.")]
Prune = Annotated[bool, typer.Option("--prune", help="Remove what is listed, for good.")]
OlderThan = Annotated[
    int | None,
    typer.Option("--older-than", min=0, metavar="DAYS", help="Only what was kept before that."),
]

# -- of schema --------------------------------------------------------------------------

SchemaType = Annotated[
    str | None, typer.Argument(metavar="[TYPE]", help="Only this type, field by field.")
]
JsonSchema = Annotated[
    bool, typer.Option("--json", help="As JSON Schema (2020-12); errors as JSON on stderr.")
]

# -- of help ----------------------------------------------------------------------------

HelpWords = Annotated[
    list[str] | None,
    typer.Argument(metavar="[TOPIC|COMMAND|WORD]...", help="A page, a command, or words to find."),
]
NoPager = Annotated[bool, typer.Option("--no-pager", help="Print the page all at once.")]

# -- of watch, init and demo --------------------------------------------------------------

EventLines = Annotated[
    bool, typer.Option("--json", help="One JSON object a line; errors as JSON on stderr.")
]
InitFolder = Annotated[
    str | None, typer.Argument(metavar="[DIR]", help="The folder; this one otherwise.")
]
DemoFolder = Annotated[
    str | None,
    typer.Argument(metavar="[DIR]", help="A new or empty folder; a temporary one otherwise."),
]

# -- of search --------------------------------------------------------------------------

Text = Annotated[str, typer.Argument(metavar="TEXT", help="The words to search for.")]
FirstRows = Annotated[
    int | None,
    typer.Option(
        "--limit",
        "-l",
        min=0,
        metavar="N",
        help=f"At most N entities; 0 is all. People are shown {output.ROWS} otherwise.",
    ),
]

"""The one description of the command line: commands, arguments and options, as plain data.

The quick parser (`cli.parser`), the Typer app (`cli.app`) and completions (`cli.complete`) are made
from it when they run. A command is its place, its help and its parameters. The place is a module of
`loop_cli.cli.commands` and a function in it; of a group, the module alone. A parameter is a text:

    NAME[!] [-OPTION...] [METAVAR] [=DEFAULT]: HELP

NAME is the keyword argument of the function; with `!` it can't be left out. Without an -OPTION it
is a positional argument. The METAVAR says what a value is (`parser.KINDS`); `...` after it: may be
given again; an option's in brackets: its value may be left out. Without a METAVAR it is a flag.

A new command is an entry here, and a function that takes these names and has no defaults of its
own. Beside it stands EXAMPLES, or FUNCTION_EXAMPLES where a module has several commands, for the
end of the help.
"""

from __future__ import annotations

_ID = "entity_id! ID: The entity's id or an alias."
_TYPES = "entity_type [TYPE]...: Only entities of these types."
_PROJECT = "project --project ID: Only what belongs to this project."
_VIEW = "name! VIEW: Its name."
_SHELL = "shell [bash|zsh|fish]: The shell; that of SHELL otherwise."
_PATH = (
    "path --path FILE: Choose where several files carry the id; relative to the vault, "
    "else to here."
)
_WHERE = "where --where -w EXPR...: A condition; all of several must hold."
_REVISION = (
    "expected_updated_at --expected-updated-at TIME: Fail unless updated_at is this.",
    "if_match --if-match ETAG: Fail unless the etag is this.",
    "conditions --if EXPR...: Fail unless this holds now, as in --where; repeatable.",
    "force --force: Skip the precondition; recorded as forced.",
)
_UTC = "utc --utc: Exact times in UTC, as in a pipe; otherwise local ones."
_IDS = "ids --ids: The bare ids, one a line."
_COUNT = "count --count: How many there are, and nothing else."
_JSON = "as_json --json: One JSON document on stdout; errors as JSON on stderr."
_JSON_LINES = "as_json --json: One JSON object a line."
_DRY_RUN = "dry_run --dry-run -n: Do everything but write."
_YES = "yes --yes -y: Answer yes to the confirmation; never --force."
_YES_TO_THE_QUESTION = "yes --yes -y: Answer yes to the question."
_NO_INPUT = "no_input --no-input: Never ask."
_LOCK_TIMEOUT = "lock_timeout --lock-timeout SECONDS: How long to wait for the vault's lock."
_VAULT = "vault --vault DIR: The vault's folder (LOOP_VAULT)."
_OF_THE_PAST = (_PATH, _UTC, _JSON, _VAULT)
_LOCKED = (_LOCK_TIMEOUT, _VAULT)
_WRITING = (_DRY_RUN, _JSON, _YES, _NO_INPUT, *_LOCKED)
# An option of every command on a vault, which `cli.context` heeds.
SERVER = "server --server URL: The server to ask instead of reading files (LOOP_API_URL)."
# Options of every command.
HELP = "help --help -h: Show the help."
PLAIN = "plain --plain: For screen readers: no boxes, no columns, words for signs (LOOP_PLAIN)."

# By name; that of a command in a group follows the group's. The program itself has none.
COMMANDS: dict[str, tuple[str, ...]] = {
    "": (
        "app",
        """Get and update the entities of a Markdown vault: with preconditions, without
        touching a byte that was not asked for, and with an audit record of every change.""",
        "vault --vault DIR: The vault's folder.",
        "version --version: Show the version and exit.",
        "as_json --json: Without a command: the overview as JSON.",
    ),
    "get": (
        "get.get",
        "Show entities: their identity, their revision, their fields.",
        "entity_id! ID...: Ids, aliases or paths; with --json a line each.",
        _JSON,
        "as_yaml --yaml: The same document as YAML.",
        "raw --raw: The file's bytes.",
        "field --field NAME...: The bare value of a field, or of etag, updated_at, path or body; "
        "repeatable.",
        "path --path [FILE]: Without a FILE, print the entity's path; with one, choose it where "
        "several files carry the id; relative to the vault, else to here.",
        "body --body: Show the body too.",
        _VAULT,
    ),
    "update": (
        "update.update",
        """Change fields and the body of an entity, losslessly, with a precondition and a record.

        With --where it changes all that the conditions find, after showing the plan;
        each is changed only if it is still as the plan saw it.""",
        "entity_id ID: The entity's id or an alias; none with --where.",
        "change CHANGE...: What to change; see below.",
        "where --where -w EXPR...: Change all that fit, as in 'loop list'; repeatable.",
        *_REVISION,
        "on_conflict --on-conflict fail|rebase: rebase: apply on top where no field of yours was "
        "changed meanwhile.",
        "unset --unset FIELD...: Remove a field; repeatable.",
        "set_json --set-json FILE: A JSON object of fields; - is stdin.",
        "body_file --body-file FILE: Replace the body; - is stdin.",
        "append_body --append-body FILE: Append to the body; - is stdin.",
        _PATH,
        "atomic --atomic: With --where: all of them or none.",
        *_WRITING,
    ),
    "edit": (
        "edit.edit",
        """Open an entity's text in your editor, and write what you save.

        What you save is checked, shown and written for the revision that was opened. Text that
        is not valid is opened again with the reasons on top; if the entity has changed meanwhile,
        you are asked. Your comments and your layout land as you save them. Whatever goes wrong,
        your text is kept in a file, and its path is printed. A file that can't be read, as with
        broken YAML, is opened at the line that is wrong.""",
        _ID,
        "fields_only --fields: The frontmatter alone, without the body.",
        _PATH,
        "editor --editor COMMAND: The editor's command line.",
        _NO_INPUT,
        *_LOCKED,
    ),
    "apply": (
        "apply.apply",
        "Apply many changes, one JSON object a line, each with a result line.",
        "file! FILE: One JSON object a line; - is standard input.",
        "atomic --atomic: All of them or none.",
        "force --force: Lines without a revision need none; recorded.",
        _DRY_RUN,
        "as_json --json: One JSON object a line, as without it.",
        *_LOCKED,
    ),
    "list": (
        "listing.list_entities",
        "List the entities that a query asks for, each with the revision it has now.",
        "entity_type [TYPE|@VIEW]...: Only entities of these types; or those of a view.",
        _WHERE,
        _PROJECT,
        "children_of --children-of ID: Only what has this entity as its parent.",
        "sort --sort FIELDS: Fields by commas; -FIELD: the greatest first.",
        "columns --columns FIELDS: The columns of the table or the CSV.",
        "limit --limit -l N: At most N entities; 0 is all. A table has 200 otherwise.",
        _JSON_LINES,
        "as_csv --csv: Comma-separated values (RFC 4180).",
        _IDS,
        _COUNT,
        "verbose --verbose -v: Name the links, excluded and unread files that are passed over.",
        _VAULT,
    ),
    "board": (
        "board.board",
        "Show where the work stands: a column for each status, a card for each entity.",
        "entity_type [TYPE]...: Entities of these types; tasks otherwise.",
        _WHERE,
        _PROJECT,
        "by --by FIELD =status: The field whose values are the columns; status otherwise.",
        _JSON,
        _VAULT,
    ),
    "agenda": (
        "board.agenda",
        "Show what is overdue, due today, this week and later, and what starts.",
        _TYPES,
        _WHERE,
        _PROJECT,
        _JSON,
        _VAULT,
    ),
    "stats": (
        "board.stats",
        "Count the changes of each day, from the audit log.",
        "count --days N =30: So many days, today among them; 30 otherwise.",
        _JSON,
        _VAULT,
    ),
    "view": ("view", "Save queries by name; 'loop list @NAME' lists by one."),
    "view save": (
        "view.save",
        "Save a query under a name, in .loop/config.toml; one of that name is replaced.",
        "name! NAME: What it is called; 'loop list @NAME' lists by it.",
        _TYPES,
        _WHERE,
        "sort --sort FIELDS: Fields by commas; -FIELD: the greatest first.",
        "columns --columns FIELDS: The columns of the table or the CSV.",
        "at_most --limit -l N: At most N entities; 0 is all.",
        "of_user --user: In your own config.toml, for every vault.",
        _JSON,
        _VAULT,
    ),
    "view list": ("view.list_views", "List the views of the vault and your own.", _JSON, _VAULT),
    "view show": ("view.show", "Show a view as the options of 'loop list'.", _VIEW, _JSON, _VAULT),
    "view delete": ("view.delete", "Delete a view from the file it is in.", _VIEW, _JSON, _VAULT),
    "search": (
        "search.search",
        "Search names and bodies: every hit is read again before it is shown.",
        "text! TEXT: The words to search for.",
        _TYPES,
        _WHERE,
        "limit --limit -l N: At most N entities; 0 is all. People are shown 200 otherwise.",
        _JSON_LINES,
        _IDS,
        _COUNT,
        _VAULT,
    ),
    "backlinks": (
        "backlinks.backlinks",
        "List who refers to an entity: by a field, and by a link in any note or canvas.",
        _ID,
        _PATH,
        _JSON,
        _VAULT,
    ),
    "create": (
        "create.create",
        "Make an entity: with the schema's next id, in its place, and with a record.",
        "entity_type! TYPE: The entity's type, such as Task.",
        "fields FIELD=VALUE...: Its fields, in the forms of 'loop update'.",
        "name --name NAME: What people call it.",
        "template --template FILE: A Markdown file with {{PLACEHOLDERS}}; otherwise the vault's. "
        "'plain' is none.",
        "body_file --body-file FILE: Its body; - is stdin.",
        "given_id --id ID: Its id; otherwise the schema's next one.",
        "idempotency_key --idempotency-key KEY: The same call with the same key gives the entity "
        "made before.",
        _DRY_RUN,
        _JSON,
        _NO_INPUT,
        *_LOCKED,
    ),
    "delete": (
        "delete.delete",
        "Delete an entity, or archive it: with a precondition, a record, and its bytes kept.",
        _ID,
        *_REVISION,
        "cascade --cascade: Also all that refer to it, all or none.",
        "orphan --orphan: Leave those that refer to it as they are.",
        "archive --archive: Move it to 90_Archive/ instead of deleting it.",
        _PATH,
        *_WRITING,
    ),
    "move": (
        "move.move",
        "Bring a task to another project: its file, its fields and the links to it.",
        _ID,
        "project! --project ID: The project that it moves to.",
        *_REVISION,
        _PATH,
        *_WRITING,
    ),
    "rename": (
        "rename.rename",
        "Rename the file of an entity, or of all, to what rule A says; links follow.",
        "entity_id [ID]: The entity whose file is renamed.",
        "every --all: Every file whose name rule A has otherwise.",
        _PATH,
        *_WRITING,
    ),
    "kept": (
        "kept.kept",
        "List what is kept of deleted entities and replaced values, or prune it.",
        "entity_id [ID]: Only what is of this entity.",
        "prune --prune: Remove what is listed, for good.",
        "older_than --older-than DAYS: Only what was kept before that.",
        "aside --aside: Take what can't be finished from .loop/staged to .loop/kept.",
        *_WRITING,
    ),
    "diff": (
        "diff.diff",
        """Show what has changed in an entity since an earlier state, rebuilt from the audit log.

        Without --since, since before its last change. What the log can't tell, as
        after an edit outside loop, is said so.""",
        _ID,
        "since --since N|TIME|RUN_ID =1: N changes ago, at a time, or before a run; 1 otherwise.",
        *_OF_THE_PAST,
    ),
    "history": (
        "history.history",
        """Tell the story of an entity: who changed what, when, through which door.

        Newest first. The numbers in front are those that 'loop diff --since'
        takes. Edits outside loop are shown where they were made; what was undone
        is marked.""",
        _ID,
        "limit --limit -l N =30: At most N; 0 is all. 30 otherwise.",
        *_OF_THE_PAST,
    ),
    "undo": (
        "undo.undo",
        """Undo a change, or a whole run: put back what was there before, as a new, recorded change.

        All of it in one step, or nothing. A field that was changed since is a
        conflict. Repeated, '--last' and an ID go further back, past what is undone
        already. To redo, undo the run of the undo.""",
        "target [ID|RUN_ID]: An entity, whose last change is undone; or a run, or the beginning "
        "of its id.",
        "last --last: Your last run that is not undone yet.",
        "on_conflict --on-conflict fail|rebase =fail: rebase: leave what was changed since, and "
        "undo the rest.",
        _PATH,
        _DRY_RUN,
        _JSON,
        _YES_TO_THE_QUESTION,
        _NO_INPUT,
        *_LOCKED,
    ),
    "log": (
        "log.log",
        "Show the audit records, newest first; with --follow, newest last.",
        "entity_id [ID]: Only this entity's records.",
        "limit --limit -l N: At most N records; 0 is all. A table has 30 otherwise.",
        "since --since TIME: Not older than this.",
        "actor --actor NAME: user:NAME, or NAME alone.",
        "source --source DOOR: ui, api, script or cli.",
        "run --run RUN_ID: Only this run's records.",
        "follow --follow -f: Show the last 10 and then each new one as it comes.",
        _UTC,
        "as_json --json: One JSON record a line.",
        _VAULT,
    ),
    "check": (
        "check.check",
        """Check the vault: schema, ids, references, file names, dialects, edits outside.

        Each finding names its file, line and rule, and what is allowed. Exit 6
        where there are errors; warnings alone are exit 0, unless --strict. With
        --json the report is on stdout, whatever the exit code.

        --fix shows what it would change, asks, and does it losslessly, as one run
        in the audit log. It repairs only what has one right answer.""",
        "what [ID|TYPE|FILE]...: Only these; a file is named as from here, or the vault.",
        "fix --fix: Repair what has one right answer.",
        "github --github: Annotations for a workflow of GitHub Actions.",
        "strict --strict: Exit 6 for warnings too.",
        *_WRITING,
    ),
    "schema": (
        "schema.schema",
        """Show the schema in force: types and fields, what is required, allowed and writable.

        Ask it before you write. With --json it is JSON Schema for the frontmatter:
        what is not for writing is readOnly, and x-loop has the pattern of ids, the
        place of files, and the writable fields.

        'loop schema allow TYPE FIELD' adds a field to a type of the vault's own schema, and
        FIELD=KIND says what it holds: text, number, boolean, date, time, list or mapping. One line
        of the file changes, and the audit log has a record of it.

        A schema that 'loop init' proposed is open: a field that it does not know is written, with a
        warning. 'loop schema close' ends that.""",
        "words [TYPE|allow|close|FIELD]...: Only this type; or 'allow', a type and its new fields; "
        "or 'close'.",
        _DRY_RUN,
        "as_json --json: As JSON Schema (2020-12); errors as JSON on stderr.",
        *_LOCKED,
    ),
    "init": (
        "init.init",
        """Make any folder of Markdown files a vault: propose its schema, ask, write it.

        Reads the frontmatter that is there. Proposes which fields carry identity and
        time, the types, the required fields and the enumerations, each with the
        files that back it, and shows what would not fit. Only .loop/config.toml and
        00_Meta/schema_constants.yaml are written; your files stay as they are.""",
        "folder [DIR]: The folder; this one otherwise.",
        _DRY_RUN,
        _JSON,
        _YES,
        _NO_INPUT,
    ),
    "watch": (
        "watch.watch",
        """Show changes as they happen, one a line: who, what, inside or outside.

        Inside is what has a record in the audit log. Outside is what another program
        did to a file without one. Ends when interrupted, or when nobody reads.""",
        "as_json --json: One JSON object a line; errors as JSON on stderr.",
        _VAULT,
    ),
    "config": (
        "settings.config",
        """Show every setting, its value and where it came from.

        Settings come from options, the environment (LOOP_*), the vault's .loop/config.toml and
        the user's config.toml, in this order.""",
        _JSON,
        _VAULT,
    ),
    "help": (
        "help.show_help",
        """Show a page of the documentation or the help of a command; list or find pages.

        Without words it lists the pages. Words that are no topic and no command find
        the pages that have them all. On a terminal a page is shown in LOOP_PAGER, else
        PAGER, else 'less -R'; in a pipe and with --plain it is printed as Markdown.""",
        "words [TOPIC|COMMAND|WORD]...: A page, a command, or words to find.",
        _JSON,
        "no_pager --no-pager: Print the page all at once.",
    ),
    "demo": (
        "demo.demo",
        "Lay out a sample vault and walk through the main job on it: get, update, conflict, log.",
        "folder [DIR]: A new or empty folder; a temporary one otherwise.",
    ),
    "skill": ("skill", "Install the skill that teaches an agent to work with loop."),
    "skill install": (
        "skill.install",
        """Write loop-entity-creator/SKILL.md, and a script to copy, into a folder.

        Installing it once more changes nothing; files that you have changed are
        replaced with --force only.""",
        "folder [DIR]: The folder of skills; this one otherwise.",
        "force --force: Replace files of it that are there and differ.",
        _JSON,
    ),
    "audit": ("audit", "Verify the audit log, and rotate, redact or migrate it."),
    "audit verify": (
        "audit.verify",
        """Verify the audit log: no line altered, none missing, every record valid.

        Entities edited outside loop, files that are gone and lines of other
        programs are counted and listed; they are no failure. A damaged log is
        exit 1. A change of the very last line, or lines cut off at the end, show
        only as entities edited outside. With --json the report is on stdout,
        whatever the exit code.""",
        _JSON,
        _VAULT,
    ),
    "audit rotate": (
        "audit.rotate",
        """Begin a new log file; the old one becomes a segment, which is still read.

        _build/audit_log.jsonl becomes _build/audit_log.<UTC>.jsonl. Nothing is
        lost while others write. An empty file is left as it is.""",
        "max_size --max-size BYTES: Only if the file has at least that many bytes; 512K, 10M, 1G "
        "work too.",
        _JSON,
        *_LOCKED,
    ),
    "audit redact": (
        "audit.redact",
        """Replace the values of a field in an entity's audit records by their hashes.

        What is nested in the field, and what was kept of its values for undo, goes
        too; so these changes can't be undone any more. The entity itself is not
        changed. A record tells of the redaction, and 'loop audit verify' accepts it.

        Not touched: lines of other programs, backups of editors, the history of
        git, an old audit.log that was migrated, and copies of whole files in
        .loop/kept. A short value can be guessed, and found by its hash.""",
        _ID,
        "field! FIELD: A field, a nested one with dots, or body.",
        "run_id --run RUN_ID: Only this run's records.",
        _YES_TO_THE_QUESTION,
        "dry_run --dry-run -n: Show the lines and write nothing.",
        _JSON,
        _NO_INPUT,
        *_LOCKED,
    ),
    "audit migrate": (
        "audit.migrate",
        """Bring the lines of an older audit.log into the audit log, each once.

        The old lines are JSON objects with timestamp, action, entity_type,
        entity_id, entity_name, user and details. The old file is kept as it is.
        Lines that can't be told as records are listed.""",
        "file [FILE]: The old log; _build/audit.log otherwise.",
        "dry_run --dry-run -n: Show what would be done and write nothing.",
        _JSON,
        *_LOCKED,
    ),
    "serve": (
        "serve.serve",
        """Serve the vault over HTTP, until interrupted: a dashboard, and an API for programs.

        Callers need a token, but for the dashboard's own files and /health. All writes go
        through the same checks, preconditions and records as those of this command line, which
        may be used meanwhile.""",
        "host --host HOST =127.0.0.1: The address to listen on; this machine alone otherwise.",
        "port --port N =8081: The port; 0 takes any that is free.",
        "read_only --read-only: Refuse everything that changes anything.",
        "allow_unconditional --allow-unconditional: Let writes do without a precondition; "
        "recorded as such.",
        "cors_origin --cors-origin URL...: A site whose pages may call it; repeatable.",
        "no_dashboard --no-dashboard: The API alone.",
        "open_browser --open: Open the dashboard, signed in.",
        "name --name NAME...: A further name that callers know it by, such as a proxy's; "
        "repeatable.",
        "proxy --proxy ADDRESS...: A proxy whose X-Forwarded headers count; repeatable.",
        "log_level --log-level debug|info|warning|error =info: How much to log.",
        *_LOCKED,
    ),
    "token": ("token", "Make, list and revoke the tokens of those who may use 'loop serve'."),
    "token add": (
        "token.add",
        """Make a token, and print its secret once.

        Who uses it acts as its actor and through its source in the audit log, whatever else it
        says of itself.""",
        "name! NAME: What you call it.",
        "actor! --actor ACTOR: user:NAME for a person, api:NAME for a program.",
        "source! --source ui|api|script|cli: The door that its changes come through.",
        "role! --role read|write: What it may do.",
        _JSON,
    ),
    "token list": ("token.list_tokens", "List the tokens; their secrets are kept nowhere.", _JSON),
    "token revoke": (
        "token.revoke",
        "End a token, at once, also on a server that runs.",
        "name! NAME: Which one.",
        _JSON,
    ),
    "login": (
        "login.login",
        "Keep the token for a server, once it has been checked there.",
        "url! URL: The server's address.",
        _JSON,
        _NO_INPUT,
    ),
    "logout": (
        "login.logout",
        "Forget the token for a server: for that in force, else for all.",
        "url [URL]: The server's address.",
        _JSON,
    ),
    "whoami": (
        "login.whoami",
        "Show as whom, and through which door, changes are made: here, or on a server.",
        _JSON,
        _VAULT,
    ),
    "completion": (
        "completion",
        "Complete commands, ids, fields and values at TAB, in bash, zsh and fish.",
    ),
    "completion install": (
        "completion.install",
        "Write the script to where the shell looks for it, and say what else there is to do.",
        _SHELL,
    ),
    "completion show": ("completion.show", "Print the script.", _SHELL),
    "completion path": (
        "completion.path",
        "Print where 'loop completion install' puts the script.",
        _SHELL,
    ),
}

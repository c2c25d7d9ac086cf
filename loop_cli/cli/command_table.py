"""The one description of the command line: commands, arguments and options, as plain data.

The quick parser (`cli.parser`), the Typer app (`cli.app`) and completions (`cli.complete`) are made
from it when they run. A command is its place, its help and its parameters. The place is a module of
`loop_cli.cli.commands` and a function in it; of a group, the module alone. A parameter is a text:

    NAME[!] [-OPTION...] [METAVAR] [=DEFAULT]: HELP

NAME is the keyword argument of the function; with `!` it can't be left out. Without an -OPTION it
is a positional argument. The METAVAR says what a value is (`parser.KINDS`); `...` after it: may be
given again; an option's in brackets: its value may be left out; in brackets with `=`: its value
comes after `=`, and without one it is a flag. Without a METAVAR it is a flag.

A new command is an entry here, and a function that takes these names and has no defaults of its
own. Beside it stands EXAMPLES, or FUNCTION_EXAMPLES where a module has several commands, for the
end of the help.
"""

from __future__ import annotations

_ID = "entity_id! ID: The entity's id or an alias, or the path of its file."
_TYPES = "entity_type [TYPE]...: Only entities of these types."
_PROJECT = "project --project ID: Only what belongs to this project."
_VIEW = "name! VIEW: Its name."
_SHELL = "shell [bash|zsh|fish]: The shell; that of SHELL otherwise."
_PATH = (
    "path --path FILE: Choose one file, if several have the id; relative to the vault, "
    "or to the working directory."
)
_WHERE = "where --where -w EXPR...: A condition; repeatable: all must hold."
_REVISION = (
    "expected_updated_at --expected-updated-at TIME...: Fail unless updated_at is this.",
    "if_match --if-match ETAG...: Fail unless the etag is this.",
    "conditions --if EXPR...: Fail unless this holds now, as in --where; repeatable.",
    "force --force: Skip the precondition; recorded as forced.",
)
_UTC = "utc --utc: Exact times in UTC, as in a pipe; otherwise local ones."
_IDS = "ids --ids: The bare ids, one a line."
_COUNT = "count --count: How many there are, and nothing else."
_JSON = "as_json --json: One JSON document on stdout; errors as JSON on stderr."
_JSON_LINES = "as_json --json: One JSON object a line."
_JSON_OF = "as_json --json [=FIELD,FIELD]: {}; =FIELD,FIELD: of these fields alone."
_JSON_OF_ONE = _JSON_OF.format("One JSON document on stdout; errors as JSON on stderr")
_JSON_OF_MANY = _JSON_OF.format("One JSON object a line")
_TEMPLATE = "template --template TEXT: Print each as this Jinja template says; @FILE: its text."
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
NO_PAGER = "no_pager --no-pager: Show everything at once, not in a pager (LOOP_PAGER)."
# Commands with that option: what they show people may be longer than a screen. The program itself
# has it too, before any command.
PAGED = frozenset((
    "",
    "get", "list", "search", "board", "agenda", "stats", "backlinks", "diff", "history", "log",
    "check", "schema", "kept", "config", "view list",
))  # fmt: skip
# The commands by what people do with them, as 'loop --help' lists them.
PANELS: dict[str, tuple[str, ...]] = {
    "Find and read": ("get", "list", "search", "backlinks", "view"),
    "See where the work stands": ("board", "agenda", "stats"),
    "Change": ("create", "update", "edit", "apply", "move", "rename", "delete"),
    "Look back and undo": ("history", "diff", "log", "undo", "kept"),
    "Look after a vault": ("init", "check", "schema", "watch", "audit", "copy", "export"),
    "Work over a server": ("serve", "token", "login", "logout", "whoami"),
    "Agents and automations": ("mcp", "n8n", "skill"),
    "Get to know loop": ("help", "demo", "config", "completion"),
}

# By name; a command in a group has the group's name first. The program itself has an empty name.
COMMANDS: dict[str, tuple[str, ...]] = {
    "": (
        "app",
        """Get and update the entities of a Markdown vault. Every change has a precondition and an
        audit record, and changes only the bytes that you name.""",
        "vault --vault DIR: The vault's folder.",
        "version --version: Show the version and exit.",
        "as_json --json: Without a command: print the overview as JSON.",
    ),
    "get": (
        "get.get",
        "Show entities: their identity, their revision, their fields.",
        "entity_id! ID...: Ids, aliases or paths; with --json a line each.",
        _JSON_OF_ONE,
        _TEMPLATE,
        "as_yaml --yaml: Print the same document as YAML.",
        "raw --raw: Print the bytes of the file.",
        "field --field NAME...: Print only the value of a field, or of etag, updated_at, path or "
        "body; repeatable.",
        "path --path [FILE]: Without a FILE, print the entity's path. With a FILE, choose it, if "
        "several files have the id; relative to the vault, or to the working directory.",
        "body --body: Show the body too.",
        _VAULT,
    ),
    "update": (
        "update.update",
        """Change fields and the body of an entity, losslessly, with a precondition and a record.

        With --where it changes all entities that fulfil the conditions. It shows the plan and
        asks. An entity that changed after the plan was made is a conflict.""",
        "entity_id ID: The entity's id or an alias; leave it out with --where.",
        "change CHANGE...: A change; see below.",
        "where --where -w EXPR...: Change all entities that fit, as in 'loop list'; repeatable.",
        *_REVISION,
        "on_conflict --on-conflict fail|rebase: rebase: apply your change on top, if nobody else "
        "changed your fields.",
        "unset --unset FIELD...: Remove a field; repeatable.",
        "set_json --set-json FILE: Set the fields of a JSON object; - is stdin.",
        "body_file --body-file FILE: Replace the body; - is stdin.",
        "append_body --append-body FILE: Append to the body; - is stdin.",
        _PATH,
        "atomic --atomic: With --where: change all entities or none.",
        *_WRITING,
    ),
    "edit": (
        "edit.edit",
        """Open an entity's text in your editor, and write what you save.

        'loop edit' checks what you save, shows it, and writes it if the entity is still at the
        revision that was opened. If your text is not valid, it is opened again, with the reasons
        at the top. If the entity has changed meanwhile, you are asked. Your comments and your
        layout are written as you save them. If something goes wrong, your text is kept in a file,
        and its path is printed. A file with broken YAML is opened at the wrong line.""",
        _ID,
        "fields_only --fields: Open only the frontmatter, without the body.",
        _PATH,
        "editor --editor COMMAND: The editor's command line.",
        _NO_INPUT,
        *_LOCKED,
    ),
    "apply": (
        "apply.apply",
        "Apply many changes: read one JSON object per line, print one result per line.",
        "file! FILE: The file with one JSON object per line; - is standard input.",
        "atomic --atomic: Apply all changes or none.",
        "force --force: Accept lines without a revision; recorded as forced.",
        _DRY_RUN,
        "as_json --json: Keep warnings off stderr; the output is always JSON lines.",
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
        "limit --limit -l N: At most N entities; 0 means all. The default for a table is 200.",
        _JSON_OF_MANY,
        _TEMPLATE,
        "as_csv --csv: Print comma-separated values (RFC 4180).",
        _IDS,
        _COUNT,
        "verbose --verbose -v: Name the links, excluded and unread files that are passed over.",
        _VAULT,
    ),
    "board": (
        "board.board",
        "Show where the work stands: a column for each status, a card for each entity.",
        "entity_type [TYPE|@VIEW]...: Entities of these types or of a view; tasks otherwise.",
        _WHERE,
        _PROJECT,
        "by --by FIELD =status: The field whose values are the columns; status otherwise.",
        _JSON,
        _VAULT,
    ),
    "agenda": (
        "board.agenda",
        "Show what is overdue, due today, this week and later, and what starts.",
        "entity_type [TYPE|@VIEW]...: Only entities of these types; or those of a view.",
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
        "Search ids, names and bodies. Every hit is read again before it is shown.",
        "text! TEXT: The words to search for.",
        _TYPES,
        _WHERE,
        "limit --limit -l N: At most N entities; 0 means all. The default at a terminal is 200.",
        _JSON_OF_MANY,
        _TEMPLATE,
        _IDS,
        _COUNT,
        _VAULT,
    ),
    "backlinks": (
        "backlinks.backlinks",
        "List the references and links to an entity, from fields, notes and canvases.",
        _ID,
        _PATH,
        _JSON,
        _VAULT,
    ),
    "create": (
        "create.create",
        "Create an entity, with the next id, in the right folder, and with a record.",
        "entity_type! TYPE: The entity's type, such as Task.",
        "fields FIELD=VALUE...: Its fields, written as in 'loop update'.",
        "name --name NAME: Its name.",
        "template --template FILE: A Markdown file with {{PLACEHOLDERS}}, instead of the template "
        "of the vault; 'plain': no template.",
        "body_file --body-file FILE: Its body; - is stdin.",
        "given_id --id ID: Its id, instead of the next one of the schema.",
        "idempotency_key --idempotency-key KEY: If a call with this key succeeded before, return "
        "its entity.",
        _DRY_RUN,
        _JSON,
        _NO_INPUT,
        *_LOCKED,
    ),
    "delete": (
        "delete.delete",
        "Delete or archive an entity, with a precondition and a record; its bytes are kept.",
        _ID,
        *_REVISION,
        "cascade --cascade: Also delete all entities that refer to it, all or none.",
        "orphan --orphan: Leave the entities that refer to it as they are.",
        "archive --archive: Move it to 90_Archive/ instead of deleting it.",
        _PATH,
        *_WRITING,
    ),
    "move": (
        "move.move",
        "Move a task to another project: its file, its fields and the links to it.",
        _ID,
        "project! --project ID: The new project.",
        *_REVISION,
        _PATH,
        *_WRITING,
    ),
    "rename": (
        "rename.rename",
        "Rename an entity, its file, or all files as rule A says; links are changed too.",
        "entity_id [ID]: The entity whose file is renamed.",
        "name --name NAME: Its new name; the file is renamed where it is called by the name.",
        "every --all: Rename every file whose name breaks rule A.",
        _PATH,
        *_WRITING,
    ),
    "kept": (
        "kept.kept",
        """List the kept copies of deleted entities and replaced values, or remove them.

        With --edits it lists your own texts that stayed after an edit that did not land.""",
        "entity_id [ID]: Only copies of this entity.",
        "prune --prune: Remove the listed copies for good.",
        "older_than --older-than DAYS: Only copies that are older than this.",
        "edits --edits: Your texts from edits that did not land, instead of copies.",
        "aside --aside: Move staged files that can't be finished to .loop/kept.",
        *_WRITING,
    ),
    "diff": (
        "diff.diff",
        """Show what has changed in an entity since an earlier state, rebuilt from the audit log.

        Without --since, it compares with the state before the last change. If the log can't
        tell a value, as after an edit outside loop, the output says so.""",
        _ID,
        "since --since N|TIME|RUN_ID =1: N changes ago, at a time, or before a run; default 1.",
        *_OF_THE_PAST,
    ),
    "history": (
        "history.history",
        """Show the history of an entity: who changed what, when, and how.

        Newest first. You can use the number in front of a change in 'loop diff --since'.
        The list also shows edits outside loop, and marks undone changes.""",
        _ID,
        "limit --limit -l N =30: At most N; 0 means all; default 30.",
        *_OF_THE_PAST,
    ),
    "undo": (
        "undo.undo",
        """Undo a change, or a whole run, by a new change with a record.

        A run is undone in one step, or not at all. If a field was changed since then, that is a
        conflict. If you repeat the command with '--last' or an ID, it goes one step further back.
        To redo, undo the run of the undo.""",
        "target [ID|RUN_ID]: An entity: undo its last change. Or a run, or the beginning of its "
        "id.",
        "last --last: Undo your last run that is not undone yet.",
        "on_conflict --on-conflict fail|rebase =fail: rebase: undo all fields but those that were "
        "changed since.",
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
        "limit --limit -l N: At most N records; 0 means all. The default for a table is 30.",
        "since --since TIME: Only records that are not older; a day begins at midnight here.",
        "actor --actor NAME: Only records of this actor: user:NAME, or NAME.",
        "source --source SOURCE: Only records from ui, api, script or cli.",
        "run --run RUN_ID: Only this run's records.",
        "follow --follow -f: Show the last 10 records, and then each new one.",
        _UTC,
        "as_json --json: Print one JSON record per line.",
        _VAULT,
    ),
    "check": (
        "check.check",
        """Check the vault: schema, ids, references, file names, YAML dialects, edits outside loop.

        Each finding names its file, its line and its rule, and says what is allowed. The exit
        code is 6 if there are errors. With warnings alone it is 0, or 6 with --strict. With
        --json the report is on stdout, whatever the exit code is.

        --fix shows its changes, asks, and makes them losslessly, as one run in the audit log. It
        repairs a finding only if there is one right answer.""",
        "what [ID|TYPE|FILE]...: Check only these. A FILE may be relative to the vault.",
        "fix --fix: Repair findings that have one right answer.",
        "github --github: Print annotations for GitHub Actions.",
        "strict --strict: Exit with 6 for warnings too.",
        *_WRITING,
    ),
    "schema": (
        "schema.schema",
        """Show the schema: types and fields, and what is required, allowed and writable.

        Read it before you write. With --json the output is JSON Schema for the frontmatter:
        fields that can't be written are readOnly, and x-loop has the pattern of ids, the place of
        files, and the writable fields.

        'loop schema allow TYPE FIELD' adds a field to a type of the vault's own schema, and
        FIELD=KIND says what it holds: text, number, boolean, date, time, list or mapping. One line
        of the file changes, and the audit log has a record of it.

        A schema that 'loop init' proposed is open: a field that it does not know is written, with a
        warning. 'loop schema close' ends that.""",
        "words [TYPE|allow|close|FIELD]...: Only this type; or 'allow', a type and its new fields; "
        "or 'close'.",
        _DRY_RUN,
        "as_json --json: Print JSON Schema (2020-12); errors as JSON on stderr.",
        *_LOCKED,
    ),
    "init": (
        "init.init",
        """Turn any folder of Markdown files into a vault: propose a schema, ask, write it.

        'loop init' reads the frontmatter of your files. It proposes which fields hold the id, the
        type, the name and the times, and which types, required fields and enumerations there are.
        It shows how many files support each proposal, and which would not fit. It writes only
        .loop/config.toml and .loop/schema.yaml; your files stay as they are. Site generators do not
        publish that folder. In a vault that an older version made, --upgrade moves the schema and
        the audit log there.""",
        "folder [DIR]: The folder; by default the working directory.",
        "upgrade --upgrade: Move schema and log of a vault that an older 'loop init' made.",
        _DRY_RUN,
        _JSON,
        _YES,
        _NO_INPUT,
    ),
    "copy": (
        "copy.copy",
        """Copy a vault to a new place: from a folder to PostgreSQL, back, or to the same kind.

        It copies every byte, with the times of the files, the audit log and the kept copies, and
        compares all of it in the end. The place must be new or empty.""",
        "source! FROM: A folder, or the address of a vault in PostgreSQL.",
        "target! TO: The same; new or empty.",
        _JSON,
    ),
    "export": (
        "copy.export",
        """Write the vault as files in a git repository, with a commit for each run.

        The author of a commit is the actor of the run. So people keep their history, and can
        open the files with Obsidian.""",
        "git! --git DIR: The folder of the repository; made if it is not there.",
        _JSON,
        _VAULT,
    ),
    "watch": (
        "watch.watch",
        """Show changes as they happen, one per line: who changed what, in loop or outside.

        A change in loop has a record in the audit log. A change outside was made by another
        program, without a record. The command runs until Ctrl-C, or until nobody reads its
        output.""",
        "as_json --json: Print one JSON object per line; errors as JSON on stderr.",
        _VAULT,
    ),
    "config": (
        "settings.config",
        """Show every setting, its value and where the value came from.

        The first of these wins: an option, the environment (LOOP_*), the vault's
        .loop/config.toml, your own config.toml.""",
        _JSON,
        _VAULT,
    ),
    "help": (
        "help.show_help",
        """Show a page of the documentation or the help of a command; list or search pages.

        Without words it lists the pages. If the words are neither a topic nor a command, it
        lists the pages that contain all of them. On a terminal it uses the pager LOOP_PAGER, or
        PAGER, or 'less -R'. In a pipe and with --plain it prints the page as Markdown.""",
        "words [TOPIC|COMMAND|WORD]...: A page, a command, or words to search for.",
        _JSON,
        "no_pager --no-pager: Print the page all at once.",
    ),
    "demo": (
        "demo.demo",
        "Make a sample vault and show the main job on it: get, update, conflict, log.",
        "folder [DIR]: A new or empty folder; by default a temporary one.",
    ),
    "skill": ("skill", "Install the skill that teaches an agent to work with loop."),
    "skill install": (
        "skill.install",
        """Write loop-entity-creator/SKILL.md and an example script into a folder.

        If you install it again, nothing changes. Files that you have changed are replaced only
        with --force.""",
        "folder [DIR]: The folder of skills; by default the working directory.",
        "force --force: Replace files of the skill that you have changed.",
        _JSON,
    ),
    "n8n": ("n8n", "Workflows for n8n that change a vault over 'loop serve'."),
    "n8n export": (
        "n8n.export",
        """Write workflows for n8n, a credential without a token, and a page about them.

        Import them in n8n 1.123 or 2.x. If you export them again, nothing changes. Files that you
        have changed are replaced only with --force.""",
        "folder [DIR]: The folder; by default loop-n8n in the working directory.",
        "url --url URL =http://127.0.0.1:8081: The server that n8n is to speak to.",
        "force --force: Replace files that you have changed.",
        _JSON,
    ),
    "audit": ("audit", "Verify, rotate, redact or migrate the audit log."),
    "audit verify": (
        "audit.verify",
        """Verify the audit log: no line is altered, none is missing, every record is valid.

        The report also counts and lists entities edited outside loop, missing files and lines of
        other programs. They are not failures. If the log is damaged, the exit code is 1. If
        somebody changed the last line, or cut off lines at the end, you only see that entities
        count as edited outside. With --json the report is on stdout, whatever the exit code is.""",
        _JSON,
        _VAULT,
    ),
    "audit rotate": (
        "audit.rotate",
        """Begin a new log file. The old file becomes a segment, which loop still reads.

        _build/audit_log.jsonl becomes _build/audit_log.<UTC>.jsonl. Nothing is lost if other
        programs write at the same time. An empty log file stays as it is.""",
        "max_size --max-size BYTES: Only if the file has at least this size, such as 512K, 10M "
        "or 1G.",
        _JSON,
        *_LOCKED,
    ),
    "audit redact": (
        "audit.redact",
        """Replace the values of a field in an entity's audit records by their hashes.

        Nested fields and the values kept for undo are included, so these changes can't be undone
        any more. The entity itself is not changed. The redaction has a record of its own, and
        'loop audit verify' accepts it.

        The command does not touch lines of other programs, backups of editors, the history of
        git, a migrated audit.log, and copies of whole files in .loop/kept. A short value can be
        guessed from its hash.""",
        _ID,
        "field! FIELD: A field, a nested field with dots, or body.",
        "run_id --run RUN_ID: Only this run's records.",
        _YES_TO_THE_QUESTION,
        "dry_run --dry-run -n: Show the lines, and write nothing.",
        _JSON,
        _NO_INPUT,
        *_LOCKED,
    ),
    "audit migrate": (
        "audit.migrate",
        """Copy the lines of an older audit.log into the audit log, each once.

        The old lines are JSON objects with timestamp, action, entity_type, entity_id,
        entity_name, user and details. The old file stays as it is. The output lists the lines
        that can't become records.""",
        "file [FILE]: The old log; by default _build/audit.log.",
        "dry_run --dry-run -n: Show the new records, and write nothing.",
        _JSON,
        *_LOCKED,
    ),
    "serve": (
        "serve.serve",
        """Serve the vault over HTTP, until interrupted: an API for programs.

        Callers need a token, except for /health. A write meets the same checks and
        preconditions as a command, and leaves the same record. You may go on using
        commands while the server runs.""",
        "host --host HOST =127.0.0.1: The address to listen on; this machine alone otherwise.",
        "port --port N =8081: The port; 0 takes any that is free.",
        "read_only --read-only: Refuse everything that changes anything.",
        "allow_unconditional --allow-unconditional: Let writes do without a precondition; "
        "recorded as such.",
        "cors_origin --cors-origin URL...: A site whose pages may call it; repeatable.",
        "no_dashboard --no-dashboard: Serve no page for people, and print no link that signs in.",
        "open_browser --open: Open the dashboard in your browser, signed in.",
        "name --name NAME...: A further name that callers know it by, such as a proxy's; "
        "repeatable.",
        "proxy --proxy ADDRESS...: A proxy whose X-Forwarded headers count; repeatable.",
        "log_level --log-level debug|info|warning|error =info: How much to log.",
        *_LOCKED,
    ),
    "mcp": (
        "mcp.mcp",
        """Serve the vault to an agent, by the Model Context Protocol on standard input and output.

        The tools search, list, get, create, update, undo and check. A write names the revision
        that was read; there is no --force. With LOOP_API_URL it speaks to a server instead of
        reading files.

        'loop mcp install' lists the clients that are known, and 'loop mcp install CLIENT' puts an
        entry for the vault in force into its settings. What stands there stays.""",
        "words [install|CLIENT]...: Nothing: serve; or 'install', and clients.",
        "name --name NAME =loop: What the entry is called.",
        "dry_run --dry-run -n: Show the settings with the entry, and write nothing.",
        _JSON,
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
        "Complete commands, ids, fields and values with TAB, in bash, zsh and fish.",
    ),
    "completion install": (
        "completion.install",
        "Write the script to the place where the shell looks, and say what you still have to do.",
        _SHELL,
    ),
    "completion show": ("completion.show", "Print the script.", _SHELL),
    "completion path": (
        "completion.path",
        "Print where 'loop completion install' puts the script.",
        _SHELL,
    ),
}

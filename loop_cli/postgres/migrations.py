"""The tables, and how older ones become them.

Each step is a script; a vault has the number of the last that it has taken. They run by themselves
under an advisory lock, so that of several programs that start at once one migrates and the others
wait. A vault with a higher number was made by a newer loop, and is refused in words.
"""

from __future__ import annotations

from loop_cli.errors import UsageError
from loop_cli.postgres import keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import psycopg

_FIRST = """
CREATE TABLE note (name text PRIMARY KEY, value text NOT NULL);

-- One row: the end of the log. Who has it locked is the one who writes.
CREATE TABLE head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL DEFAULT 0,  -- grows with every change of any file
    rules bigint NOT NULL DEFAULT 0,  -- grows with those of the schema, the members, the settings
    seq bigint NOT NULL DEFAULT 0,  -- of the last line
    digest text,  -- of the last line
    own text  -- of our last line
);
INSERT INTO head DEFAULT VALUES;

CREATE TABLE file (
    path bytea PRIMARY KEY,
    folded bytea NOT NULL,
    data bytea NOT NULL,
    etag text NOT NULL,
    modified bigint NOT NULL,
    kind smallint NOT NULL,
    admitted boolean NOT NULL,
    id bytea,
    type text,
    title text,
    updated bigint,
    at text COLLATE "C",
    fields text,
    keys jsonb,
    ranks jsonb,
    names tsvector,
    grams tsvector,
    claims bytea[] NOT NULL DEFAULT '{}'
);
ALTER TABLE file ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE INDEX file_id ON file (id, path) WHERE admitted AND kind = 3;
CREATE INDEX file_claims ON file USING gin (claims) WITH (fastupdate = off) WHERE claims <> '{}';
CREATE INDEX file_folded ON file (folded);
CREATE INDEX file_broken ON file (path) WHERE admitted AND kind = 2;
CREATE INDEX file_keys ON file USING gin (keys jsonb_path_ops)
    WITH (gin_pending_list_limit = 1024) WHERE admitted AND kind = 3;
CREATE INDEX file_names ON file USING gin (names)
    WITH (gin_pending_list_limit = 1024) WHERE admitted AND kind = 3;
CREATE INDEX file_grams ON file USING gin (grams)
    WITH (gin_pending_list_limit = 1024) WHERE admitted AND kind = 3;
CREATE INDEX file_ungrammed ON file (id) WHERE admitted AND kind = 3 AND grams IS NULL;
CREATE INDEX file_at ON file (at, id, path) WHERE admitted AND kind = 3;
CREATE INDEX file_at_last ON file (at DESC, id, path) WHERE admitted AND kind = 3;
CREATE INDEX file_due ON file (coalesce(ranks->>'due', '02') COLLATE "C", id, path)
    WHERE admitted AND kind = 3;
CREATE INDEX file_due_last ON file (coalesce(ranks->>'due', '') COLLATE "C" DESC, id, path)
    WHERE admitted AND kind = 3;

CREATE TABLE record (
    seq bigint PRIMARY KEY,
    line bytea NOT NULL,
    segment text NOT NULL,
    ended boolean NOT NULL DEFAULT true,  -- whether a newline follows the line
    digest text NOT NULL,
    entity bytea,  -- NULL where the line is no record
    own boolean NOT NULL DEFAULT false,
    at bigint,
    run text COLLATE "C",
    undoes text COLLATE "C",
    key text,
    redacts boolean NOT NULL DEFAULT false
);
CREATE INDEX record_entity ON record (entity, seq);
CREATE INDEX record_digest ON record (digest);
CREATE INDEX record_run ON record (run, seq) WHERE run IS NOT NULL;
CREATE INDEX record_undoes ON record (undoes, seq) WHERE undoes IS NOT NULL;
CREATE INDEX record_key ON record (key, seq) WHERE key IS NOT NULL;
CREATE INDEX record_redacts ON record (seq) WHERE redacts;

CREATE TABLE kept (
    name text PRIMARY KEY,
    data bytea NOT NULL,
    kept_at bigint NOT NULL
);
"""
STEPS = (_FIRST,)
"""The scripts, oldest first."""
_VERSION = "SELECT value FROM note WHERE name = 'version'"
_SET = "INSERT INTO note VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7331))"


def has_tables(connection: psycopg.Connection[Any], schema: str) -> bool:
    """Whether the database has a vault of this name, of whatever version."""
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{schema}.note",)).fetchone()
    return row is not None and bool(row[0])


def is_there(connection: psycopg.Connection[Any], schema: str) -> bool:
    """Whether a vault of this name has the newest version. Raises `UsageError` if it is too
    new."""
    if not has_tables(connection, schema):
        return False
    version = connection.execute(_VERSION).fetchone()
    if version is not None and int(version[0]) > len(STEPS):
        raise UsageError(
            f"this vault has version {version[0]} of the tables, and this loop knows "
            f"{len(STEPS)}: a newer loop has migrated it",
            hint="pip install --upgrade 'loop-cli[postgres]'",
        )
    return version is not None and int(version[0]) == len(STEPS)


def migrate(connection: psycopg.Connection[Any], schema: str) -> None:
    """Bring a vault to the newest version, or make an empty one. Raises `UsageError`."""
    with connection.transaction():
        connection.execute(_LOCK, (f"loop {schema}",))
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'.encode())
        if is_there(connection, schema):
            return
        done = 0
        if has_tables(connection, schema):
            version = connection.execute(_VERSION).fetchone()
            done = 0 if version is None else int(version[0])
        for step in STEPS[done:]:
            connection.execute(step.encode())
        if not done:
            connection.execute(_SET, ("zone", keys.zone()))
        connection.execute(_SET, ("version", str(len(STEPS))))

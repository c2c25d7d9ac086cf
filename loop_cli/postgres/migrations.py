"""The tables, and how older ones become them.

Each step is a script; a vault has the number of the last that it has taken, and the functions of
the newest. They run by themselves under an advisory lock, so that of several programs that start at
once one migrates and the others wait. A vault with a higher number was made by a newer loop, and is
refused in words.
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
_SECOND = "-- functions came"
# What searches and links ask is in tables of its own, so that an update that does not change it
# leaves the large indexes alone. All rows are computed anew after this: `projection.FORM` is new.
_THIRD = """
ALTER TABLE file DROP COLUMN names, DROP COLUMN grams, ADD COLUMN stem bytea;
CREATE INDEX file_stem ON file (stem) WHERE stem IS NOT NULL;

CREATE TABLE words (path bytea PRIMARY KEY, names tsvector NOT NULL, grams tsvector);
ALTER TABLE words ALTER COLUMN grams SET STORAGE MAIN; -- beside the row, as the planner thinks
CREATE INDEX words_names ON words USING gin (names) WITH (gin_pending_list_limit = 1024);
CREATE INDEX words_grams ON words USING gin (grams) WITH (gin_pending_list_limit = 1024);
CREATE INDEX words_ungrammed ON words (path) WHERE grams IS NULL;

CREATE TABLE mention (name bytea, path bytea, PRIMARY KEY (name, path));
CREATE INDEX mention_path ON mention (path);
"""
_FOURTH = "-- what comes, goes and moves is written by `land`, too"
# `meant` finds entities by id or alias, by a plan that is made once. `land` writes, compares and
# chains changes in one call. Those of different files write them at once; `head` is locked only
# while lines are chained, up to a COMMIT that waits for no disk. What follows is an empty
# transaction, whose end waits for it, and for all that wait then. Files that are there are locked
# in order, and before any that come; then `head`. Who locks `head` first, and files later, has
# `alone` locked before that, which the others share: so nobody waits in a circle.
_FUNCTIONS = """
CREATE OR REPLACE FUNCTION meant(wanted bytea[])
RETURNS TABLE (path bytea, data bytea, modified bigint, id bytea, claims bytea[], admitted boolean,
    kind smallint, last bigint, first bytea[])
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT path, data, modified, id, claims, admitted, kind,
        (SELECT max(seq) FROM record WHERE entity = file.id),
        ARRAY(SELECT line FROM record WHERE entity = file.id ORDER BY seq DESC LIMIT 8)
    FROM file WHERE admitted AND kind = 3 AND id = ANY(wanted)
    UNION ALL
    SELECT path, data, modified, id, claims, admitted, kind,
        (SELECT max(seq) FROM record WHERE entity = file.id),
        ARRAY(SELECT line FROM record WHERE entity = file.id ORDER BY seq DESC LIMIT 8)
    FROM file WHERE admitted AND claims <> '{}' AND claims && wanted;
END
$$;

CREATE OR REPLACE FUNCTION alone(shared boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF shared THEN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('loop ' || current_schema, 7332));
    ELSE
        PERFORM pg_advisory_xact_lock(hashtextextended('loop ' || current_schema, 7332));
    END IF;
END
$$;

-- Gives the end of the log before, or NULL where something is not as it was planned with.
CREATE OR REPLACE PROCEDURE land(wanted jsonb, INOUT was_seq bigint, INOUT was_digest text)
LANGUAGE plpgsql AS $$
DECLARE
    was record;
    one record;
    now_seq bigint;
    now_digest text;
    now_line bytea;
BEGIN
    was_seq := NULL;
    was_digest := NULL;
    PERFORM set_config('synchronous_commit', 'off', true), alone(true);
    IF (wanted->>'moving')::boolean THEN
        PERFORM FROM file
        WHERE path IN (SELECT decode(source, 'hex')
            FROM jsonb_to_recordset(wanted->'changes') AS (source text))
        ORDER BY path FOR UPDATE;
    END IF;
    FOR one IN SELECT * FROM jsonb_to_recordset(wanted->'changes') AS (
        source text, path text, folded text, old_etag text, data text, etag text, modified bigint,
        kind smallint, admitted boolean, id text, type text, title text, updated bigint, at text,
        fields text, keys text, ranks text, gone text[], stem text, words boolean, names text,
        grams text, claims text, mentions text[])
        ORDER BY path
    LOOP
        IF one.source <> one.path OR one.path IS NULL THEN
            DELETE FROM mention WHERE path = decode(one.source, 'hex');
            DELETE FROM words WHERE path = decode(one.source, 'hex');
            DELETE FROM file
            WHERE path = decode(one.source, 'hex') AND etag = one.old_etag;
            IF NOT FOUND THEN
                ROLLBACK;
                RETURN;
            END IF;
            CONTINUE WHEN one.path IS NULL;
        END IF;
        IF one.source IS DISTINCT FROM one.path THEN
            INSERT INTO file (path, folded, data, etag, modified, kind, admitted, id, type, title,
                updated, at, fields, keys, ranks, stem, claims)
            VALUES (decode(one.path, 'hex'), decode(one.folded, 'hex'), decode(one.data, 'hex'),
                one.etag, one.modified, one.kind, one.admitted, decode(one.id, 'hex'), one.type,
                one.title, one.updated, one.at, one.fields, one.keys::jsonb, one.ranks::jsonb,
                decode(one.stem, 'hex'), one.claims::bytea[])
            ON CONFLICT (path) DO NOTHING;
        ELSE
            UPDATE file SET data = decode(one.data, 'hex'), etag = one.etag,
                modified = one.modified, kind = one.kind, admitted = one.admitted,
                id = decode(one.id, 'hex'), type = one.type, title = one.title,
                updated = one.updated, at = one.at, fields = one.fields,
                keys = CASE WHEN one.gone IS NULL THEN one.keys::jsonb
                    ELSE (file.keys - one.gone) || one.keys::jsonb END,
                ranks = CASE WHEN one.gone IS NULL THEN one.ranks::jsonb
                    ELSE (file.ranks - one.gone) || one.ranks::jsonb END,
                claims = one.claims::bytea[]
            WHERE file.path = decode(one.path, 'hex') AND file.etag = one.old_etag;
        END IF;
        IF NOT FOUND THEN
            ROLLBACK;
            RETURN;
        END IF;
        IF one.words THEN
            DELETE FROM words WHERE path = decode(one.path, 'hex');
            INSERT INTO words
            SELECT decode(one.path, 'hex'), one.names::tsvector, one.grams::tsvector
            WHERE one.names IS NOT NULL;
        END IF;
        IF one.mentions IS NOT NULL THEN
            DELETE FROM mention WHERE path = decode(one.path, 'hex');
            INSERT INTO mention SELECT decode(name, 'hex'), decode(one.path, 'hex')
            FROM unnest(one.mentions) AS name;
        END IF;
    END LOOP;
    SELECT version, rules, seq, digest, own INTO STRICT was FROM head FOR UPDATE;
    IF was.rules <> (wanted->>'rules')::bigint
        OR was.version <> (wanted->>'version')::bigint
        OR was.digest IS DISTINCT FROM was.own
    THEN
        ROLLBACK;
        RETURN;
    END IF;
    now_seq := was.seq;
    now_digest := was.digest;
    FOR one IN SELECT * FROM jsonb_to_recordset(wanted->'changes') AS (
        old_id text, old_last bigint, start text, "end" text, entity text, recorded bigint,
        run text, undoes text, key text, redacts boolean, modified bigint, kept jsonb)
    LOOP
        IF one.old_last IS DISTINCT FROM
                (SELECT max(seq) FROM record
                    WHERE entity = decode(one.old_id, 'hex') AND seq <= was.seq)
            OR (one.key IS NOT NULL
                AND EXISTS (SELECT FROM record WHERE key = one.key AND run <> one.run))
        THEN
            ROLLBACK;
            was_seq := NULL;
            RETURN;
        END IF;
        now_seq := now_seq + 1;
        now_line := convert_to(
            one.start || coalesce('"' || now_digest || '"', 'null') || one."end", 'UTF8');
        now_digest := encode(sha256(now_line), 'hex');
        INSERT INTO record (seq, line, segment, ended, digest, entity, own, at, run, undoes, key,
            redacts)
        VALUES (now_seq, now_line, 'audit_log.jsonl', true, now_digest, decode(one.entity, 'hex'),
            true, one.recorded, one.run, one.undoes, one.key, one.redacts);
        IF one.kept IS NOT NULL THEN
            INSERT INTO kept
            SELECT name, decode(data, 'hex'), one.modified
            FROM jsonb_to_recordset(one.kept) AS (name text, data text)
            ON CONFLICT (name) DO UPDATE SET kept_at = EXCLUDED.kept_at;
        END IF;
    END LOOP;
    UPDATE head SET version = version + 1, seq = now_seq, digest = now_digest, own = now_digest,
        rules = rules + (wanted->>'deciding')::int;
    PERFORM pg_notify(wanted->>'channel', now_seq::text);
    was_seq := was.seq;
    was_digest := was.digest;
    COMMIT;
    PERFORM pg_logical_emit_message(true, 'loop', '');
END
$$;
"""
STEPS = (_FIRST, _SECOND, _THIRD, _FOURTH)
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
        connection.execute(_FUNCTIONS.encode())
        if not done:
            connection.execute(_SET, ("zone", keys.zone()))
        connection.execute(_SET, ("version", str(len(STEPS))))

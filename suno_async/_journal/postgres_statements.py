"""The tables of a journal in PostgreSQL, and every statement that is said to it, by name.

A row is one POST that may have been paid for: `(account, id, attempt)`; a further attempt is made
only on request. `claim` names the client's run that it belongs to, and decides between clients: a
row changes its claim only while nothing of it has left. Where a row is, in the order of its life:

    claimed      sent_at is null; free again once its owner is dead
    in flight    sent_at is set, `until` is to come, and its owner is alive
    in doubt     `until` is over, or its owner is dead
    in progress  task is set
    over         done_at is set

Each statement is a transaction of its own and can be said again after a broken connection. No
clock but the server's is compared, and `clock_timestamp()` is it: `now()` stands still amid a
transaction. Whatever changes what others wait for notifies the channel with the account's name,
which says no more than "select now".
"""

from __future__ import annotations

VERSION = 1
"""The version of the tables that are made."""
LOCK = 0x73756E6F
"""The advisory lock under which they are: "suno"."""
CHANNEL = "suno_async"

IS_THERE = """SELECT to_regclass('suno_async.version') IS NOT NULL AS is_ours,
    EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('suno_async')) AS has_tables,
    pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS is_read_only"""
"""Whether our tables are there, whether any are, and whether nothing can be written."""
READ_VERSION = "SELECT version FROM suno_async.version"
TAKE_LOCK = "SELECT pg_advisory_xact_lock(%(lock)s)"

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS suno_async;
CREATE TABLE suno_async.client (
    id uuid PRIMARY KEY,
    host text NOT NULL,
    pid int NOT NULL,
    alive_until timestamptz NOT NULL    -- a client that does not move it on is dead
);
CREATE SEQUENCE suno_async.number;
CREATE TABLE suno_async.submission (
    account text NOT NULL,
    id text NOT NULL,                   -- made by us, or the caller's key
    attempt int NOT NULL,
    number bigint NOT NULL,             -- of all attempts of an id, in the order of the first
    claim uuid NOT NULL,
    owner uuid NOT NULL,                -- the client whose task it is
    operation text NOT NULL,            -- the name of its class
    digest text NOT NULL,               -- of what was asked for, by which a key compares
    kind text,                          -- the sort of task that it starts
    task text,                          -- the service's id of the task, once accepted
    candidate text,                     -- that of a task which an answer named that left a doubt
    has_callback bool NOT NULL,         -- whether the service posts to a receiver of ours
    has_failed bool NOT NULL DEFAULT false,
    stage smallint NOT NULL DEFAULT 0,  -- the number of the stage that `record` shows
    sent_at timestamptz,
    until timestamptz,                  -- the answer is in by then, or never
    accepted_at timestamptz,
    polled_at timestamptz,
    done_at timestamptz,                -- when it was known to be over
    fields json,                        -- what was asked for, until pruned
    record json,                        -- the last record or answer that was news, until pruned
    PRIMARY KEY (account, id, attempt)
);
CREATE UNIQUE INDEX submission_task ON suno_async.submission (account, kind, task);
CREATE INDEX submission_number ON suno_async.submission (account, number);
CREATE INDEX submission_open ON suno_async.submission (account, number) WHERE done_at IS NULL;
CREATE INDEX submission_owner ON suno_async.submission (owner, done_at);
CREATE VIEW suno_async.state AS SELECT DISTINCT ON (account, id) account, id, operation, CASE
    WHEN done_at IS NOT NULL AND NOT has_failed THEN 'done'
    WHEN done_at IS NOT NULL THEN 'failed'
    WHEN task IS NOT NULL THEN 'in_progress'
    ELSE 'in_doubt'
END AS state, kind || ':' || coalesce(task, candidate) AS token, attempt, sent_at, accepted_at,
    done_at, owner
FROM suno_async.submission WHERE sent_at IS NOT NULL ORDER BY account, id, attempt DESC;
CREATE UNLOGGED TABLE suno_async.rate ( -- a server that crashed has forgotten it, which is noticed
    account text PRIMARY KEY,
    state text NOT NULL
) WITH (fillfactor = 10);
CREATE TABLE suno_async.version (version int NOT NULL);
"""
NOTE_VERSION = "INSERT INTO suno_async.version VALUES (%(version)s)"

_ALIVE = """EXISTS (SELECT FROM suno_async.client c
    WHERE c.id = s.owner AND c.alive_until > clock_timestamp())"""
_COLUMNS = f"""s.number, s.id, s.operation, s.digest, s.fields, s.kind, s.task, s.has_failed,
    s.attempt, s.has_callback, s.stage, s.record, s.sent_at, s.accepted_at, s.done_at,
    coalesce(s.candidate, CASE WHEN s.task IS NULL THEN (
        SELECT e.candidate FROM suno_async.submission e WHERE (e.account, e.id) = (s.account, s.id)
        AND e.attempt < s.attempt AND e.task IS NULL ORDER BY e.attempt DESC LIMIT 1) END
    ) AS candidate,
    (SELECT e.task FROM suno_async.submission e WHERE (e.account, e.id) = (s.account, s.id)
        AND e.attempt < s.attempt AND e.task IS NOT NULL ORDER BY e.attempt DESC LIMIT 1
    ) AS earlier,
    s.task IS NULL AND s.done_at IS NULL AND s.owner <> %(me)s
        AND (s.sent_at IS NULL OR s.until > clock_timestamp()) AND {_ALIVE} AS is_elsewhere,
    extract(epoch FROM clock_timestamp() - s.accepted_at)::float8 AS age"""
_LAST = """s.account = %(account)s AND s.sent_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM suno_async.submission l WHERE (l.account, l.id) = (s.account, s.id)
    AND l.attempt > s.attempt AND l.sent_at IS NOT NULL)"""
"""The last attempt of each id, of what was sent."""
_NOTIFY = f"SELECT pg_notify('{CHANNEL}', account) FROM changed"
_INSERT = """INSERT INTO suno_async.submission (account, id, attempt, number, claim, owner,
    operation, digest, fields, kind, has_callback"""
_VALUES = """SELECT %(account)s, %(id)s, coalesce(%(attempt)s::int, e.attempt),
    coalesce(e.number, nextval('suno_async.number')), %(claim)s, %(me)s, %(operation)s, %(digest)s,
    %(fields)s, %(kind)s, %(has_callback)s"""
_EARLIER = """FROM (SELECT coalesce(max(attempt) FILTER (WHERE claim = %(claim)s),
        max(attempt) + 1, 1) AS attempt, min(number) AS number, coalesce(max(attempt), 0) AS last
    FROM suno_async.submission WHERE account = %(account)s AND id = %(id)s) e"""
_UNLESS_LATER = "WHERE e.last <= coalesce(%(attempt)s::int, e.attempt)"
"""A late refusal may have deleted an attempt after which another one was begun."""
_OR = "ON CONFLICT (account, id, attempt) DO UPDATE SET"

# --- what is known ----------------------------------------------------------------------------

FIND_MANY = f"""SELECT {_COLUMNS} FROM suno_async.submission s
    WHERE s.id = ANY (%(ids)s) AND {_LAST}"""
OF_TASK = f"""SELECT {_COLUMNS} FROM suno_async.submission s
    WHERE s.kind = %(kind)s AND s.task = %(task)s AND {_LAST}"""
LAST_ATTEMPT = f"""SELECT {_COLUMNS} FROM suno_async.submission s
    WHERE s.account = %(account)s AND s.id = %(id)s
    AND (s.sent_at IS NOT NULL OR (s.owner <> %(me)s AND {_ALIVE}))
    ORDER BY s.attempt DESC LIMIT 1"""
"""The last one, those included that a living client has claimed."""
PAGE = f"""SELECT {_COLUMNS} FROM suno_async.submission s
    WHERE {_LAST} AND number > %(after)s AND {{where}} ORDER BY number LIMIT %(most)s"""
COUNTS = "SELECT state, count(*) FROM suno_async.state WHERE account = %(account)s GROUP BY state"
NEWS = f"""SELECT {_COLUMNS} FROM suno_async.submission s
    JOIN unnest(%(kinds)s::text[], %(tasks)s::text[], %(stages)s::int[]) AS k (kind, task, stage)
    ON (s.kind, s.task) = (k.kind, k.task) AND s.stage > k.stage WHERE s.account = %(account)s"""
"""Of these tasks, those of which more is known."""
ACCOUNTS = "SELECT DISTINCT account FROM suno_async.submission ORDER BY account"

# --- what happens to a request ----------------------------------------------------------------

CLAIM = f"""{_INSERT}) {_VALUES} {_EARLIER} {_UNLESS_LATER} {_OR}
    claim = EXCLUDED.claim, owner = EXCLUDED.owner,
    operation = EXCLUDED.operation, digest = EXCLUDED.digest, fields = EXCLUDED.fields,
    kind = EXCLUDED.kind, has_callback = EXCLUDED.has_callback
    WHERE submission.sent_at IS NULL AND (submission.claim = EXCLUDED.claim
        OR submission.owner = EXCLUDED.owner OR NOT EXISTS (SELECT FROM suno_async.client c
            WHERE c.id = submission.owner AND c.alive_until > clock_timestamp()))
    RETURNING attempt"""
"""Take an id whose attempt nobody has begun, or whose claim is a dead client's or our own."""
FREE = """DELETE FROM suno_async.submission s WHERE account = %(account)s AND id = %(id)s
    AND sent_at IS NULL AND (owner = %(me)s OR NOT EXISTS (SELECT FROM suno_async.client c
        WHERE c.id = s.owner AND c.alive_until > clock_timestamp()))"""
"""Take back what dead clients have claimed, of a further attempt, say, whose first is gone."""
SEND = f"""{_INSERT}, sent_at, until) {_VALUES}, clock_timestamp(),
    clock_timestamp() + %(patience)s * interval '1 s' {_EARLIER} {_UNLESS_LATER} {_OR}
    sent_at = EXCLUDED.sent_at, until = EXCLUDED.until WHERE submission.claim = EXCLUDED.claim
    RETURNING attempt"""
"""About to send: nothing is returned where another client has the id by now."""
TAKE_BACK = f"""WITH changed AS (DELETE FROM suno_async.submission WHERE account = %(account)s
    AND id = %(id)s AND claim = %(claim)s AND task IS NULL AND done_at IS NULL RETURNING account)
    {_NOTIFY}"""
IN_DOUBT = f"""WITH changed AS (UPDATE suno_async.submission SET until = clock_timestamp(),
    candidate = coalesce(%(candidate)s, candidate) WHERE account = %(account)s AND id = %(id)s
    AND claim = %(claim)s AND task IS NULL AND done_at IS NULL RETURNING account) {_NOTIFY}"""
ACCEPTED = f"""WITH changed AS ({_INSERT}, sent_at, until, task, accepted_at) {_VALUES},
    clock_timestamp(), clock_timestamp(), %(task)s, clock_timestamp() {_EARLIER} {_OR}
    task = EXCLUDED.task, accepted_at = coalesce(submission.accepted_at, EXCLUDED.accepted_at)
    WHERE submission.claim = EXCLUDED.claim RETURNING account) {_NOTIFY}"""
"""An upsert: a failover to a standby may have lost the row. The attempt is left out (null): it is
that of our claim, or a new one, should another client have begun the same meanwhile."""
ANSWERED = f"""WITH changed AS ({_INSERT}, sent_at, until, accepted_at, done_at, record, stage)
    {_VALUES}, clock_timestamp(), clock_timestamp(), clock_timestamp(), clock_timestamp(),
    %(record)s, %(over)s {_EARLIER} {_OR}
    accepted_at = EXCLUDED.accepted_at, done_at = EXCLUDED.done_at,
    record = EXCLUDED.record, stage = EXCLUDED.stage
    WHERE submission.claim = EXCLUDED.claim RETURNING account) {_NOTIFY}"""
RECOVERED = f"""WITH changed AS (UPDATE suno_async.submission s SET task = %(task)s,
    accepted_at = clock_timestamp() WHERE s.id = %(id)s AND s.task IS NULL AND s.done_at IS NULL
    AND {_LAST} AND NOT EXISTS (SELECT FROM suno_async.submission o WHERE o.task = %(task)s
    AND (o.account, o.kind) = (s.account, s.kind)) RETURNING account) {_NOTIFY}"""

# --- what happens to a task -------------------------------------------------------------------

REACHED = f"""WITH changed AS (UPDATE suno_async.submission SET record = %(record)s,
    stage = %(stage)s, has_failed = %(has_failed)s,
    done_at = CASE WHEN %(is_done)s THEN clock_timestamp() END
    WHERE account = %(account)s AND kind = %(kind)s AND task = %(task)s AND done_at IS NULL
    AND stage < %(stage)s RETURNING account) {_NOTIFY}"""
MAY_POLL = """WITH known AS (SELECT attempt, id, polled_at IS NULL
        OR polled_at < clock_timestamp() - %(fresh)s * interval '1 s' AS is_due
    FROM suno_async.submission WHERE account = %(account)s AND kind = %(kind)s AND task = %(task)s
    FOR UPDATE), polled AS (UPDATE suno_async.submission s SET polled_at = clock_timestamp()
    FROM known k WHERE k.is_due AND (s.account, s.id, s.attempt) = (%(account)s, k.id, k.attempt))
    SELECT is_due FROM known"""
"""Compare and set: one of many clients that ask at once may poll."""

# --- who lives --------------------------------------------------------------------------------

BEAT = """INSERT INTO suno_async.client
    VALUES (%(me)s, %(host)s, %(pid)s, clock_timestamp() + %(lease)s * interval '1 s')
    ON CONFLICT (id) DO UPDATE SET alive_until = EXCLUDED.alive_until"""
_LEFT = "'00000000-0000-0000-0000-000000000001'::uuid"
"""The owner of what its client has left when it was closed."""
LEAVE = f"""WITH given AS (UPDATE suno_async.submission SET owner = {_LEFT}
        WHERE owner = %(me)s AND done_at IS NULL)
    DELETE FROM suno_async.client WHERE id = %(me)s"""
"""What is not over is handed over by name: it may end before anybody looks for orphans."""
BURY = """DELETE FROM suno_async.client c WHERE c.alive_until < clock_timestamp() - interval '1 day'
    AND NOT EXISTS (SELECT FROM suno_async.submission s WHERE s.owner = c.id AND done_at IS NULL)"""
LISTEN = f"LISTEN {CHANNEL}"
ORPHANS = f"""WITH gone AS (
        SELECT id, alive_until - 2 * %(lease)s * interval '1 s' AS since FROM suno_async.client
            WHERE alive_until <= clock_timestamp()
        UNION ALL SELECT {_LEFT}, '-infinity'),
    open AS (SELECT account, id, attempt FROM suno_async.submission s
        WHERE {_LAST} AND s.done_at IS NULL AND s.owner <> %(me)s AND NOT {_ALIVE}
        ORDER BY number LIMIT %(most)s FOR UPDATE SKIP LOCKED),
    ended AS (SELECT s.account, s.id, s.attempt FROM gone
        JOIN suno_async.submission s ON s.owner = gone.id AND s.done_at > gone.since
        WHERE {_LAST} LIMIT %(most)s FOR UPDATE OF s SKIP LOCKED),
    taken AS (UPDATE suno_async.submission SET owner = %(me)s,
        until = least(until, clock_timestamp())
    WHERE (account, id, attempt) IN (TABLE open UNION ALL TABLE ended) RETURNING *)
    SELECT {_COLUMNS} FROM taken s ORDER BY number"""
"""What is not over of clients that are dead, doubts included: ours from now on, nobody else's.

And what ended, by a callback at another client, say, since one lease before the last sign of life
of a client that was killed, or since one was closed: nobody has kept what it brought."""

# --- the rate ---------------------------------------------------------------------------------

RATE = """SELECT coalesce((SELECT state FROM suno_async.rate WHERE account = %(account)s), '')
    AS state, extract(epoch FROM clock_timestamp())::float8 AS now"""
SET_RATE = """INSERT INTO suno_async.rate VALUES (%(account)s, %(state)s)
    ON CONFLICT (account) DO UPDATE SET state = EXCLUDED.state WHERE rate.state = %(before)s"""
"""Compare and set: nothing is changed where another client was faster."""

# --- its size ---------------------------------------------------------------------------------

EMPTY = """UPDATE suno_async.submission SET fields = NULL, record = NULL
    WHERE (account, id, attempt) IN (SELECT account, id, attempt FROM suno_async.submission
        WHERE account = %(account)s AND done_at <= %(before)s
        AND (fields IS NOT NULL OR record IS NOT NULL) LIMIT %(most)s)"""
FORGET = """WITH due AS (DELETE FROM suno_async.submission
    WHERE (account, id, attempt) IN (SELECT account, id, attempt FROM suno_async.submission s
        WHERE account = %(account)s AND done_at <= %(before)s AND NOT EXISTS (
            SELECT FROM suno_async.submission l WHERE (l.account, l.id) = (s.account, s.id)
            AND l.attempt > s.attempt) LIMIT %(most)s) RETURNING id),
    earlier AS (DELETE FROM suno_async.submission s USING due
        WHERE s.account = %(account)s AND s.id = due.id AND s.done_at IS NOT NULL)
    SELECT count(*) FROM due"""
"""All of an id goes with its last attempt: else an earlier one would be taken for it."""
ADD = """INSERT INTO suno_async.submission (account, id, attempt, number, claim, owner, operation,
        digest, kind, task, candidate, has_callback, has_failed, stage, sent_at, until,
        accepted_at, done_at, fields, record)
    SELECT %(account)s, %(id)s, %(attempt)s, nextval('suno_async.number'), %(claim)s, %(owner)s,
        %(operation)s, %(digest)s, %(kind)s, %(task)s, %(candidate)s, false, %(has_failed)s,
        %(stage)s, %(sent_at)s, %(sent_at)s, %(accepted_at)s, %(done_at)s, %(fields)s, %(record)s
    WHERE NOT EXISTS (SELECT FROM suno_async.submission WHERE account = %(account)s
        AND (id = %(id)s OR (kind = %(kind)s AND task = %(task)s))) ON CONFLICT DO NOTHING"""
"""Copy what another journal knows, unless the id, or the task, is known here."""
GIVE = "UPDATE suno_async.submission SET account = %(account)s WHERE account = %(before)s"

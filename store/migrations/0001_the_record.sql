-- The first schema: reports, cases, tasks, deadlines, events, rejects, clients.

CREATE TYPE source AS ENUM ('hotline', 'inspector', 'alarm');
CREATE TYPE urgency AS ENUM ('normal', 'urgent', 'critical');
CREATE TYPE case_state AS ENUM (
    'reported', 'not_accepted', 'pending_dispatch', 'pending_disposal', 'disposing', 'pending_check', 'closed'
);
CREATE TYPE task_part AS ENUM ('lead', 'assist');
CREATE TYPE task_state AS ENUM ('offered', 'accepted', 'done', 'sent_back');
CREATE TYPE stage_clock AS ENUM ('filing', 'dispatch', 'disposal', 'check');

-- Reports (诉求/上报), kept as they came. The unique key is the inbox: whatever door a report comes through and however
-- often, (origin, origin_key) lets it in once; the fingerprint tells a repeat from another report under the same key.
CREATE TABLE reports (
    id          uuid PRIMARY KEY,
    source      source NOT NULL,
    origin      text NOT NULL,
    origin_key  text NOT NULL,
    fingerprint bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    doc         json NOT NULL,
    contact     json,  -- personal data: never leaves by events, logs or rejects
    UNIQUE (origin, origin_key)
);

CREATE SEQUENCE case_serial;

-- Cases (案件). doc is the aggregate; the columns beside it serve lists and promises and are written with it.
CREATE TABLE cases (
    id            uuid PRIMARY KEY,
    no            text NOT NULL UNIQUE,
    version       integer NOT NULL CHECK (version > 0),
    state         case_state NOT NULL,
    source        source NOT NULL,
    urgency       urgency NOT NULL,
    category      text,
    area          text NOT NULL,  -- codes from the city down, joined by '/', closed by '/': a prefix is an area
    unit          text,           -- lead unit (主办)
    overdue       boolean NOT NULL,
    opened_at     timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    occurred_at   timestamptz,    -- as the first reporter says
    filed_at      timestamptz,
    dispatched_at timestamptz,
    ended_at      timestamptz,
    lon           double precision, -- WGS-84
    lat           double precision,
    cell_x        integer,          -- lattice cell of about 100 m, for finding the same incident
    cell_y        integer,
    doc           json NOT NULL,
    CHECK ((state IN ('not_accepted', 'closed')) = (ended_at IS NOT NULL)),
    CHECK (state IN ('reported', 'not_accepted') OR (filed_at IS NOT NULL AND category IS NOT NULL)),
    CHECK (state NOT IN ('pending_disposal', 'disposing', 'pending_check') OR unit IS NOT NULL)
) WITH (toast_tuple_target = 8160);  -- documents of 2 to 3 kB stay in the row: compressing each write costs more
CREATE INDEX cases_by_time ON cases (opened_at, id);
CREATE INDEX cases_by_area ON cases (area text_pattern_ops, opened_at, id);
CREATE INDEX cases_by_unit ON cases (unit, opened_at, id) WHERE unit IS NOT NULL;
CREATE INDEX cases_open_by_state ON cases (state, opened_at, id) WHERE ended_at IS NULL;
CREATE INDEX cases_open_near ON cases (category, cell_x, cell_y) WHERE ended_at IS NULL AND cell_x IS NOT NULL;

-- Which reports stand behind which case. A report opens at most one case; every reporter stays on it.
CREATE TABLE case_reports (
    report_id uuid NOT NULL REFERENCES reports,
    case_id   uuid NOT NULL REFERENCES cases,
    opened    boolean NOT NULL,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (report_id, case_id)
);
CREATE UNIQUE INDEX case_reports_one_opening ON case_reports (report_id) WHERE opened;
CREATE INDEX case_reports_of_case ON case_reports (case_id);

-- Tasks of units; the list a department works through.
CREATE TABLE tasks (
    id          uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES cases,
    unit        text NOT NULL,
    part        task_part NOT NULL,
    state       task_state NOT NULL,
    round       integer NOT NULL,
    offered_at  timestamptz NOT NULL,
    accepted_at timestamptz,
    ended_at    timestamptz,
    CHECK ((state IN ('offered', 'accepted')) = (ended_at IS NULL))
);
CREATE UNIQUE INDEX tasks_one_open_lead ON tasks (case_id) WHERE part = 'lead' AND ended_at IS NULL;
CREATE INDEX tasks_of_case ON tasks (case_id);
CREATE INDEX tasks_open_of_unit ON tasks (unit, offered_at, id) WHERE ended_at IS NULL;

-- The alarm clock: deadlines that run, one for each stage of a case. One that ends leaves this table and stays, frozen
-- as it was set, in the case's document. The sweep reads what is due by the database's clock.
CREATE TABLE deadlines (
    case_id uuid NOT NULL REFERENCES cases,
    clock   stage_clock NOT NULL,
    cycle   integer NOT NULL CHECK (cycle > 0),
    due_at  timestamptz NOT NULL,
    PRIMARY KEY (case_id, clock)
);
CREATE INDEX deadlines_due ON deadlines (due_at);

-- What has happened: history, outbox and stream in one. Read in commit order: below pg_snapshot_xmin, by (tx, seq).
CREATE TABLE events (
    subject uuid NOT NULL,  -- a case or a report
    version integer NOT NULL CHECK (version > 0),
    type    text NOT NULL,
    at      timestamptz NOT NULL,
    route   text NOT NULL,  -- what the reaction to it is partitioned by
    doc     json NOT NULL,
    tx      bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    seq     bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (subject, version)
);
CREATE UNIQUE INDEX events_in_commit_order ON events (tx, seq);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history is append-only';
END $$;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- How far each reader of the events has come.
CREATE TABLE positions (
    reader   text PRIMARY KEY,
    tx       bigint NOT NULL,
    seq      bigint NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now()
);

-- Commands answered before, so that a client that repeats one with its Idempotency-Key gets the same answer.
CREATE TABLE answers (
    client      text NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL,
    case_id     uuid NOT NULL REFERENCES cases,
    version     integer NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client, key)
);

-- What we could not use, kept with its address and its reason until somebody replays it.
CREATE TABLE rejects (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rejected_at   timestamptz NOT NULL DEFAULT now(),
    topic         text NOT NULL,
    partition     integer NOT NULL,
    record_offset bigint NOT NULL,
    item          integer NOT NULL,
    key           bytea,
    headers       json NOT NULL,
    value         bytea,
    digest        bytea NOT NULL,
    code          text NOT NULL,
    reason        text NOT NULL,
    traceback     text NOT NULL,
    replayed_at   timestamptz,
    UNIQUE (topic, partition, record_offset, item, digest)
);

-- Who may speak to us. The secret itself is never stored.
CREATE TABLE clients (
    id       text PRIMARY KEY,
    name     text NOT NULL,
    role     text NOT NULL,
    unit     text,
    areas    text[] NOT NULL,
    key_hash bytea UNIQUE,
    active   boolean NOT NULL DEFAULT true,
    CHECK ((role = 'unit') = (unit IS NOT NULL))
);

-- The memory of cityloop, readable top to bottom. Promises are constraints; states are enums.
-- store/migrations/ leads to exactly this (a test compares the two).

CREATE TYPE source AS ENUM ('hotline', 'inspector', 'alarm');
CREATE TYPE urgency AS ENUM ('normal', 'urgent', 'critical');
CREATE TYPE case_state AS ENUM (
    'reported', 'verifying', 'not_accepted', 'withdrawn', 'pending_filing', 'not_filed', 'pending_dispatch',
    'joint_decision', 'pending_disposal', 'disposing', 'suspended', 'disposed', 'pending_check', 'checking',
    'pending_close', 'closed', 'evaluated', 'force_closed', 'void', 'merged'
);
CREATE TYPE task_part AS ENUM ('lead', 'assist', 'verify', 'check', 'spot_check');
CREATE TYPE task_state AS ENUM ('offered', 'accepted', 'done', 'sent_back', 'cancelled');
CREATE TYPE ticket_state AS ENUM ('open', 'contacted', 'answered', 'ended', 'withdrawn');
CREATE TYPE ticket_tier AS ENUM ('emergency', 'urgent', 'general', 'hard');
CREATE TYPE message_kind AS ENUM ('supplement', 'urge', 'withdraw', 'satisfaction');
CREATE TYPE message_outcome AS ENUM ('done', 'partly', 'declined');
CREATE TYPE attachment_state AS ENUM ('uploading', 'ready', 'refused');
CREATE TYPE attachment_kind AS ENUM ('photo', 'video', 'voice', 'document');
CREATE TYPE import_state AS ENUM ('waiting', 'running', 'done', 'refused', 'cancelled');
CREATE TYPE stage_clock AS ENUM (
    'intake', 'verify', 'filing', 'dispatch', 'disposal', 'assist', 'milestone', 'suspension', 'check', 'on_site',
    'close', 'case', 'reply', 'call_back', 'spot_check'
);
CREATE TYPE duplicate_kind AS ENUM ('same', 'rework');
CREATE TYPE rulebook_state AS ENUM ('draft', 'approved', 'retired');
CREATE TYPE asset_state AS ENUM ('intact', 'damaged', 'missing', 'abandoned', 'removed');
CREATE TYPE accuracy AS ENUM ('A', 'B', 'C');

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
    asset       text,  -- the component it is about, as the sender says; also in doc
    UNIQUE (origin, origin_key)
);
CREATE INDEX reports_of_asset ON reports (asset) WHERE asset IS NOT NULL;

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
    petitioned    boolean NOT NULL,  -- somebody asked for something and waits
    warns         boolean NOT NULL DEFAULT false,  -- a public warning stands
    CHECK (
        (state IN ('not_accepted', 'withdrawn', 'not_filed', 'closed', 'evaluated', 'force_closed', 'void', 'merged'))
        = (ended_at IS NOT NULL)
    ),
    CHECK (
        state IN (
            'reported', 'verifying', 'not_accepted', 'withdrawn', 'pending_filing', 'not_filed', 'force_closed',
            'void', 'merged'
        ) OR (filed_at IS NOT NULL AND category IS NOT NULL)
    ),
    CHECK (
        state NOT IN (
            'pending_disposal', 'disposing', 'suspended', 'disposed', 'pending_check', 'checking', 'pending_close'
        ) OR unit IS NOT NULL
    )
) WITH (toast_tuple_target = 8160);  -- documents of 2 to 3 kB stay in the row: compressing each write costs more
CREATE INDEX cases_by_time ON cases (opened_at, id);
CREATE INDEX cases_by_area ON cases (area text_pattern_ops, opened_at, id);
CREATE INDEX cases_by_unit ON cases (unit, opened_at, id) WHERE unit IS NOT NULL;
CREATE INDEX cases_by_state ON cases (state, opened_at, id);
CREATE INDEX cases_by_category ON cases (category, opened_at, id) WHERE category IS NOT NULL;
CREATE INDEX cases_petitioned ON cases (opened_at, id) WHERE petitioned;
CREATE INDEX cases_warning ON cases (updated_at) WHERE warns;
CREATE INDEX cases_alike  -- for finding the same incident: by blocks of four by four cells
    ON cases (category, (cell_x >> 2), (cell_y >> 2), coalesce(occurred_at, opened_at)) WHERE cell_x IS NOT NULL;

-- Which reports stand behind which case, n to m. Every report has one home, the case it opened or joined when it came;
-- merging and the desk may put it behind others too. Every reporter stays.
CREATE TABLE case_reports (
    report_id uuid NOT NULL REFERENCES reports,
    case_id   uuid NOT NULL REFERENCES cases,
    opened    boolean NOT NULL,
    linked_at timestamptz NOT NULL,
    home      boolean NOT NULL,
    PRIMARY KEY (report_id, case_id),
    CHECK (home OR NOT opened)
);
CREATE UNIQUE INDEX case_reports_one_home ON case_reports (report_id) WHERE home;
CREATE INDEX case_reports_of_case ON case_reports (case_id);

-- Pairs of cases that may be one incident (疑似重复), as they were found when the later one came, and what people said of
-- them: a pair put aside until a day, or for ever (infinity), is not shown again.
CREATE TABLE duplicates (
    case_id     uuid NOT NULL REFERENCES cases,
    other_id    uuid NOT NULL REFERENCES cases,
    kind        duplicate_kind NOT NULL,
    score       double precision NOT NULL CHECK (score BETWEEN 0 AND 1),
    grounds     json NOT NULL,
    found_at    timestamptz NOT NULL,
    aside_until timestamptz,
    said_by     text,
    said_at     timestamptz,
    PRIMARY KEY (case_id, other_id),
    CHECK (case_id <> other_id),
    CHECK ((aside_until IS NULL) = (said_by IS NULL) AND (said_by IS NULL) = (said_at IS NULL))
);
CREATE INDEX duplicates_of_other ON duplicates (other_id);
CREATE INDEX duplicates_by_time ON duplicates (found_at, case_id);

-- Tasks of units, the list a department works through, and of inspectors.
CREATE TABLE tasks (
    id          uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES cases,
    unit        text,           -- null for an inspector's task
    part        task_part NOT NULL,
    state       task_state NOT NULL,
    round       integer NOT NULL,
    offered_at  timestamptz NOT NULL,
    accepted_at timestamptz,
    ended_at    timestamptz,
    worker      text,           -- who is sent: an inspector's client, or whom the unit assigned
    CHECK ((state IN ('offered', 'accepted')) = (ended_at IS NULL)),
    CHECK (unit IS NOT NULL OR worker IS NOT NULL)
);
CREATE UNIQUE INDEX tasks_one_open_lead ON tasks (case_id) WHERE part = 'lead' AND ended_at IS NULL;
CREATE INDEX tasks_of_case ON tasks (case_id);
CREATE INDEX tasks_of_unit ON tasks (unit, case_id) WHERE unit IS NOT NULL;
CREATE INDEX tasks_open_of_unit ON tasks (unit, offered_at, id) WHERE ended_at IS NULL;
CREATE INDEX tasks_open_of_worker ON tasks (worker, offered_at, id) WHERE ended_at IS NULL AND worker IS NOT NULL;

-- 12345 tickets (热线工单): what is owed to the caller of one report, whatever case it stands behind. doc is the
-- aggregate; the columns beside it serve lists and the alarm clock and are written with it.
CREATE TABLE tickets (
    report_id      uuid PRIMARY KEY REFERENCES reports,
    version        integer NOT NULL CHECK (version > 1),  -- version 1 of the subject is the report's acceptance
    state          ticket_state NOT NULL,
    tier           ticket_tier NOT NULL,
    overdue        boolean NOT NULL,
    contact_due_at timestamptz NOT NULL,
    answer_due_at  timestamptz NOT NULL,
    due_at         timestamptz NOT NULL,  -- the earliest date still owed, in time or late; what lists are ordered by
    next_due_at    timestamptz,           -- the next promise that still runs; what the sweep reads
    ended_at       timestamptz,
    doc            json NOT NULL,
    CHECK ((state IN ('ended', 'withdrawn')) = (ended_at IS NOT NULL)),
    CHECK (next_due_at IS NULL OR state IN ('open', 'contacted'))
);
CREATE INDEX tickets_by_due ON tickets (due_at, report_id);
CREATE INDEX tickets_owed ON tickets (due_at, report_id) WHERE state IN ('open', 'contacted');
CREATE INDEX tickets_due ON tickets (next_due_at) WHERE next_due_at IS NOT NULL;

-- What was said to and by the caller, each under the version of the step it belongs to; no answer replaces another.
-- Personal communication: never leaves by events, logs or rejects.
CREATE TABLE ticket_answers (
    report_id uuid NOT NULL REFERENCES tickets,
    version   integer NOT NULL,
    verb      text NOT NULL,
    at        timestamptz NOT NULL,
    words     text NOT NULL CHECK (words <> ''),
    PRIMARY KEY (report_id, version)
);

-- What a call centre sends about a ticket after it (补充, 催单, 撤单, 回访结果): each takes effect once for ever by
-- (client, key). While its ticket is not there it waits, and is tried again; afterwards only what became of it stays.
CREATE TABLE messages (
    client        text NOT NULL,       -- hotline:<centre>: the origin of the ticket's report
    key           text NOT NULL,       -- the message's own number
    fingerprint   bytea NOT NULL,
    kind          message_kind NOT NULL,
    ticket_no     text NOT NULL,       -- the origin_key of the ticket's report
    seq           bigint GENERATED ALWAYS AS IDENTITY,  -- order of arrival
    heard_at      timestamptz NOT NULL DEFAULT now(),
    doc           json,                -- while it waits; personal communication
    topic         text NOT NULL,       -- the record it came by
    partition     integer NOT NULL,
    record_offset bigint NOT NULL,
    next_try_at   timestamptz,
    outcome       message_outcome,
    refusal       text,                -- the first refusal of the law
    settled_at    timestamptz,
    PRIMARY KEY (client, key),
    CHECK ((outcome IS NULL) = (doc IS NOT NULL)),
    CHECK ((outcome IS NULL) = (next_try_at IS NOT NULL)),
    CHECK ((outcome IS NULL) = (settled_at IS NULL)),
    CHECK ((outcome IS NULL OR outcome = 'done') = (refusal IS NULL))
);
CREATE INDEX messages_due ON messages (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX messages_waiting ON messages (client, ticket_no, seq) WHERE outcome IS NULL;

-- The alarm clock: the next alarm of every deadline that still has one, with the share of its limit at which it rings
-- (below 1 warns, 1 is the breach, above 1 escalates). The deadlines themselves stay, frozen as they were set, in the
-- case's document. The sweep reads what is due by the database's clock.
CREATE TABLE alarms (
    case_id  uuid NOT NULL REFERENCES cases,
    clock    stage_clock NOT NULL,
    cycle    integer NOT NULL CHECK (cycle > 0),
    rings_at timestamptz NOT NULL,
    share    double precision NOT NULL,
    PRIMARY KEY (case_id, clock, cycle)
);
CREATE INDEX alarms_due ON alarms (rings_at);

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
    subject     uuid NOT NULL,  -- a case, or the report whose ticket it was about
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

-- Where inspectors are while they are on duty; one row each, renewed by their phones.
CREATE TABLE presences (
    client  text PRIMARY KEY REFERENCES clients,
    lon     double precision,
    lat     double precision,
    seen_at timestamptz NOT NULL,
    CHECK ((lon IS NULL) = (lat IS NULL))
);

-- Components of the city (部件), as its register names them (GB/T 47678.5-2026, table 2). Loaded in bulk, the later
-- date wins; lookups are by code, by the lattice cell of the position, and by area.
CREATE TABLE assets (
    code            text PRIMARY KEY CHECK (length(code) IN (16, 17)),
    name            text NOT NULL CHECK (name <> ''),
    category        text,              -- key of the event its defect is; null where the class is in no table
    state           asset_state NOT NULL,
    authority_code  text NOT NULL,     -- 主管部门
    authority_name  text NOT NULL,
    owner_code      text NOT NULL,     -- 权属单位
    owner_name      text NOT NULL,
    maintainer_code text NOT NULL,     -- 养护单位
    maintainer_name text NOT NULL,
    grid            text,              -- as registered, else as the position says
    grid_by_point   text,              -- where that is another one
    area            text NOT NULL,     -- as in cases
    first_on        date NOT NULL,     -- 初始日期
    changed_on      date,              -- 变更日期
    source          text NOT NULL,
    street_code     text NOT NULL,
    street_name     text NOT NULL,
    community_code  text NOT NULL,
    community_name  text NOT NULL,
    lon             double precision,  -- WGS-84
    lat             double precision,
    accuracy        accuracy,
    cell_x          integer,           -- lattice cell of about 100 m, as in cases
    cell_y          integer,
    note            text NOT NULL,
    doc             jsonb NOT NULL,    -- what else the city's table says, by its own column names
    CHECK ((lon IS NULL) = (lat IS NULL) AND (lon IS NULL) = (cell_x IS NULL) AND (lon IS NULL) = (cell_y IS NULL))
);
CREATE INDEX assets_near ON assets (cell_x, cell_y) WHERE cell_x IS NOT NULL;

-- One batch of a load on its way into the register; nothing here outlives its transaction.
CREATE UNLOGGED TABLE assets_staged (LIKE assets);

-- Attachments (附件): the row is the truth; the bytes lie in the file store under the row's id. An upload grows part by
-- part; what no report and no action has named within a day is swept.
CREATE TABLE attachments (
    id            uuid PRIMARY KEY,
    client        text NOT NULL,
    key           text NOT NULL,     -- its Idempotency-Key
    fingerprint   bytea NOT NULL,    -- of what was announced under it
    state         attachment_state NOT NULL,
    name          text NOT NULL,     -- to show; never a path
    length        bigint NOT NULL CHECK (length > 0),
    received      bigint NOT NULL CHECK (received BETWEEN 0 AND length),
    parts         integer NOT NULL,
    digest        bytea,             -- SHA-256 as announced
    created_at    timestamptz NOT NULL DEFAULT now(),
    changed_at    timestamptz NOT NULL DEFAULT now(),
    kind          attachment_kind,
    type          text,              -- of what is served, told by content
    sha256        bytea,             -- of what came
    served_sha256 bytea,
    served_size   bigint,            -- 0 where nothing can be served
    stripped      boolean NOT NULL DEFAULT false,  -- what is served is not what came
    thumbnail_size bigint NOT NULL DEFAULT 0,      -- 0 where there is none
    width         integer,
    height        integer,
    lon           double precision,  -- where the camera says it was, WGS-84: personal, never served
    lat           double precision,
    refusal       text,
    UNIQUE (client, key),
    CHECK ((lon IS NULL) = (lat IS NULL)),
    CHECK ((state = 'refused') = (refusal IS NOT NULL)),
    CHECK (state <> 'ready' OR (received = length AND num_nulls(kind, type, sha256, served_sha256, served_size) = 0))
);
CREATE INDEX attachments_of_client ON attachments (client, created_at);
CREATE INDEX attachments_by_change ON attachments (changed_at);

-- The pieces of uploads that are not finished: which files hold them, in which order.
CREATE TABLE attachment_parts (
    attachment_id uuid NOT NULL REFERENCES attachments ON DELETE CASCADE,
    start         bigint NOT NULL,
    size          bigint NOT NULL CHECK (size > 0),
    blob          text NOT NULL,
    PRIMARY KEY (attachment_id, start)
);

-- What names an attachment: a report, or an action on a case. Named once, it is kept.
CREATE TABLE attachment_links (
    attachment_id uuid NOT NULL REFERENCES attachments,
    report_id     uuid REFERENCES reports,
    case_id       uuid REFERENCES cases,
    linked_at     timestamptz NOT NULL DEFAULT now(),
    CHECK (num_nonnulls(report_id, case_id) = 1)
);
CREATE UNIQUE INDEX attachment_links_once ON attachment_links (attachment_id, report_id, case_id) NULLS NOT DISTINCT;
CREATE INDEX attachment_links_of_report ON attachment_links (report_id) WHERE report_id IS NOT NULL;
CREATE INDEX attachment_links_of_case ON attachment_links (case_id) WHERE case_id IS NOT NULL;

-- Files in (批量导入): a table handed over whole; the bytes lie in the file store under the row's id until its end. Whoever
-- works on it has a lease; read, accepted and the remarks move in the transaction that lets the rows in.
CREATE TABLE imports (
    id          uuid PRIMARY KEY,
    client      text NOT NULL,
    key         text NOT NULL,     -- its Idempotency-Key
    fingerprint bytea NOT NULL,    -- of the file and all that was asked of it
    state       import_state NOT NULL DEFAULT 'waiting',
    doc         json NOT NULL,     -- what was asked
    size        bigint NOT NULL CHECK (size > 0),
    rows        integer NOT NULL CHECK (rows >= 0),
    read        integer NOT NULL DEFAULT 0,
    accepted    integer NOT NULL DEFAULT 0,
    repeated    integer NOT NULL DEFAULT 0,
    refused     integer NOT NULL DEFAULT 0,
    attempt     integer NOT NULL DEFAULT 0,  -- who works on it; whoever has an older number has lost it
    tries       integer NOT NULL DEFAULT 0,  -- attempts since the last progress
    leased_to   timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    ended_at    timestamptz,
    failure     text NOT NULL DEFAULT '',    -- code of what kept all of it out
    UNIQUE (client, key),
    CHECK ((state IN ('done', 'refused', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK ((state = 'running') = (leased_to IS NOT NULL)),
    CHECK (read <= rows AND accepted + repeated + refused <= read)
);
CREATE INDEX imports_of_client ON imports (client, created_at, id);
CREATE INDEX imports_to_do ON imports (created_at) WHERE ended_at IS NULL;

-- What is to be said of an import's rows: refused, or known before. What a row says is not repeated.
CREATE TABLE import_remarks (
    import_id uuid NOT NULL REFERENCES imports ON DELETE CASCADE,
    line      integer NOT NULL,
    n         integer NOT NULL,
    outcome   text NOT NULL,
    pointer   text NOT NULL,  -- the column
    code      text NOT NULL,
    hint      text NOT NULL,
    PRIMARY KEY (import_id, line, n)
);

-- Rulebooks (派单目录) as documents: drafted by one person, approved by another, in force from a local day until a later
-- one is, or until it is retired. Rows never change: a correction is another draft.
CREATE TABLE rulebooks (
    id             uuid PRIMARY KEY,
    name           text NOT NULL,
    version        text NOT NULL UNIQUE,  -- the name and a digest of the rows
    state          rulebook_state NOT NULL DEFAULT 'draft',
    rows           json NOT NULL,
    rules          integer NOT NULL CHECK (rules > 0),
    note           text NOT NULL,
    author         text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    effective_from date NOT NULL,
    approved_by    text,
    approved_at    timestamptz,
    retired_by     text,
    retired_at     timestamptz,
    CHECK (approved_by <> author),  -- four eyes
    CHECK ((approved_by IS NULL) = (approved_at IS NULL) AND (retired_by IS NULL) = (retired_at IS NULL)),
    CHECK ((state = 'approved') = (approved_at IS NOT NULL AND retired_at IS NULL)),
    CHECK ((state = 'retired') = (retired_at IS NOT NULL))
);
CREATE INDEX rulebooks_by_time ON rulebooks (created_at, id);
CREATE INDEX rulebooks_in_force ON rulebooks (effective_from, approved_at) WHERE state = 'approved';

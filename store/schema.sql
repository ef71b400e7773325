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
CREATE TYPE unknown_reason AS ENUM ('unknown', 'gateway-mismatch');

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
-- merging and the desk may put it behind others too. Every reporter stays, also who took the report back. Known here
-- alone: a case's document holds no more than their number, for it is written with every step of the case.
CREATE TABLE case_reports (
    report_id uuid NOT NULL REFERENCES reports,
    case_id   uuid NOT NULL REFERENCES cases,
    opened    boolean NOT NULL,
    linked_at timestamptz NOT NULL,
    home      boolean NOT NULL,
    behind    boolean NOT NULL,  -- the case is about it now
    own       boolean NOT NULL,  -- it came by itself or was joined, not with a case merged into this one
    withdrawn boolean NOT NULL,  -- its caller took it back
    PRIMARY KEY (report_id, case_id),
    CHECK (home OR NOT opened),
    CHECK (behind OR withdrawn)
);
CREATE UNIQUE INDEX case_reports_one_home ON case_reports (report_id) WHERE home;
CREATE INDEX case_reports_of_case ON case_reports (case_id, opened DESC, linked_at, report_id);

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

-- First dispatches (首次派单) as they were made, one a case: who was to lead, by which rule, and when the unit sent it
-- back, if it did. Written with the events; category and area are those of that moment.
CREATE TABLE dispatches (
    case_id       uuid PRIMARY KEY REFERENCES cases,
    rule          text NOT NULL,       -- or @plan, @territory, and «by hand»
    unit          text NOT NULL,
    category      text NOT NULL,
    area          text NOT NULL,       -- as in cases
    dispatched_at timestamptz NOT NULL,
    sent_back_at  timestamptz,
    CHECK (sent_back_at >= dispatched_at)
);
CREATE INDEX dispatches_by_time ON dispatches (dispatched_at);

-- Who of the duty roster (值班表) is away for how long; whoever comes back early has no row.
CREATE TABLE absences (
    person  text PRIMARY KEY,
    since   timestamptz NOT NULL,
    until   timestamptz NOT NULL,
    deputy  text NOT NULL,           -- empty: the usual one
    said_by text NOT NULL,
    said_at timestamptz NOT NULL DEFAULT now(),
    CHECK (until > since)
);

-- Devices (感知设备) as registered: where they stand, by which gateway they speak, whose they are. Never deleted: what
-- they measured goes by their number, four bytes a reading instead of their name.
CREATE TABLE devices (
    id            text PRIMARY KEY CHECK (id <> ''),
    no            integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    kind          text NOT NULL CHECK (kind <> ''),
    gateway       text NOT NULL CHECK (gateway <> ''),  -- its own id where it speaks for itself
    name          text NOT NULL,
    lon           double precision,  -- WGS-84
    lat           double precision,
    crs           text,              -- the system the position was given in
    grid          text,              -- as registered, else as the position says
    area          text NOT NULL,     -- as in cases
    network       text,              -- what it belongs to: a pipe, a feeder, a street's lamps
    unit          text,              -- whose it is (责任单位)
    component     text,              -- identifier of the component (部件) it sits on
    accuracy      double precision,  -- of a value, in the measure of its kind
    limits        jsonb NOT NULL,    -- its own values of (raise, clear) by rule
    active        boolean NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    tx            xid8 NOT NULL DEFAULT pg_current_xact_id(),  -- who asks for changes asks by it, and misses none
    CHECK ((lon IS NULL) = (lat IS NULL) AND (lon IS NULL) = (crs IS NULL))
);
CREATE INDEX devices_by_kind ON devices (kind, id);
CREATE INDEX devices_by_gateway ON devices (gateway, id);
CREATE INDEX devices_by_area ON devices (area text_pattern_ops, id);
CREATE INDEX devices_by_network ON devices (network, id) WHERE network IS NOT NULL;
CREATE INDEX devices_by_unit ON devices (unit, id) WHERE unit IS NOT NULL;
CREATE INDEX devices_by_change ON devices (tx);

-- One batch of a load on its way into the register of devices; nothing here outlives its transaction.
CREATE UNLOGGED TABLE devices_staged (
    id text, kind text, gateway text, name text, lon double precision, lat double precision, crs text, grid text,
    area text, network text, unit text, component text, accuracy double precision, limits jsonb, active boolean
);

-- Devices that speak and that nobody registered, or that speak by another gateway than registered.
CREATE TABLE unknown_devices (
    id         text NOT NULL,
    gateway    text NOT NULL,
    reason     unknown_reason NOT NULL,
    first_at   timestamptz NOT NULL,  -- when we heard of it, by our clock
    last_at    timestamptz NOT NULL,
    readings   bigint NOT NULL CHECK (readings > 0),
    last_value double precision NOT NULL,
    PRIMARY KEY (id, gateway)
);
CREATE INDEX unknown_devices_by_time ON unknown_devices (last_at, id, gateway);

-- Raw readings, a partition a day of event time (UTC), made ahead and dropped by the sweep. What comes for a day that
-- has none waits in readings_waiting until there is one.
CREATE TABLE readings (
    at     timestamptz NOT NULL,
    value  double precision NOT NULL,
    device integer NOT NULL,           -- devices.no
    flags  smallint NOT NULL           -- bits of domain.device.ReadingFlag
) PARTITION BY RANGE (at);
CREATE TABLE readings_waiting PARTITION OF readings DEFAULT;
CREATE INDEX readings_of_device ON readings (device, at);

-- Make a day's partition of readings, with what came for it before there was one; false where there is one.
CREATE FUNCTION make_reading_day(day date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    name  text := 'readings_' || to_char(day, 'YYYYMMDD');
    since timestamptz := day::timestamp AT TIME ZONE 'UTC';
    until timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE readings INCLUDING ALL)', name);
    -- whoever writes to the day waits here and then finds the partition; all other days are written meanwhile
    LOCK TABLE readings_waiting IN ACCESS EXCLUSIVE MODE;
    EXECUTE format(
        'WITH moved AS (DELETE FROM readings_waiting WHERE at >= $1 AND at < $2 RETURNING *)
         INSERT INTO %I SELECT * FROM moved', name
    ) USING since, until;
    EXECUTE format('ALTER TABLE readings ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, since, until);
    RETURN true;
END $$;

-- Drop the partitions of all days before one; how many there were.
CREATE FUNCTION drop_reading_days(before date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    gone    integer := 0;
    found   text;
BEGIN
    FOR found IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'readings'::regclass AND c.relname ~ '^readings_[0-9]{8}$'
          AND c.relname < 'readings_' || to_char(before, 'YYYYMMDD')
        ORDER BY c.relname
    LOOP
        EXECUTE format('DROP TABLE %I', found);
        gone := gone + 1;
    END LOOP;
    RETURN gone;
END $$;

-- Readings dated outside the days that are kept: clocks that stand at 1970 or run ahead. Dropped by when they came.
CREATE TABLE readings_odd (
    at      timestamptz NOT NULL,
    value   double precision NOT NULL,
    device  integer NOT NULL,
    flags   smallint NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX readings_odd_by_time ON readings_odd USING brin (kept_at);

-- How far the readings of each partition of a topic have been kept; moved in the transaction that keeps them.
CREATE TABLE reading_marks (
    topic       text NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint NOT NULL CHECK (next_offset >= 0),
    PRIMARY KEY (topic, partition)
);

-- Files that raw readings are written to instead, where the city keeps them so: what of each is committed. Bytes behind
-- that were never promised and are cut off.
CREATE TABLE reading_files (
    name   text PRIMARY KEY,
    day    date NOT NULL,              -- on which they came (UTC)
    length bigint NOT NULL CHECK (length > 0)
);

-- What the readings of devices came to: alarms of single devices, and the incidents several of them are witnesses of.

-- One cause at one place and time (a cloudburst over many drains): one report, and so one case, with many witnesses.
CREATE TABLE sensor_incidents (
    id           uuid PRIMARY KEY,
    name         text NOT NULL UNIQUE,  -- its first alarm: the same however often the readings are judged
    cause        text NOT NULL,
    level        smallint NOT NULL CHECK (level BETWEEN 1 AND 3),  -- the gravest it reached, 一级 is 1
    opened_at    timestamptz NOT NULL,  -- event time of the first breach
    changed_at   timestamptz NOT NULL,  -- event time of what was last heard of it
    recovered_at timestamptz,           -- event time at which its last witness was well again
    absorbed_by  uuid REFERENCES sensor_incidents,  -- turned out to be part of that one, and goes on in it
    report       uuid NOT NULL,         -- the report the city was told by
    noted        boolean NOT NULL DEFAULT false  -- its case knows of the recovery
);
CREATE INDEX sensor_incidents_open ON sensor_incidents (cause) WHERE recovered_at IS NULL AND absorbed_by IS NULL;
CREATE INDEX sensor_incidents_to_note ON sensor_incidents (opened_at) WHERE NOT noted;
CREATE INDEX sensor_incidents_by_time ON sensor_incidents (opened_at, id);
CREATE INDEX sensor_incidents_absorbed ON sensor_incidents (absorbed_by) WHERE absorbed_by IS NOT NULL;

-- One alarm of one device by one rule, from raising (报警) to clearing (恢复). The key is the same under replay.
CREATE TABLE sensor_alarms (
    device     text NOT NULL,
    rule       text NOT NULL,
    since      timestamptz NOT NULL,    -- event time at which the breach began
    alarm      text NOT NULL,           -- what the rules of its levels have in common
    level      smallint NOT NULL CHECK (level BETWEEN 1 AND 3),
    raised_at  timestamptz NOT NULL,
    cleared_at timestamptz,
    value      double precision NOT NULL,
    reason     text NOT NULL,
    flapping   boolean NOT NULL,
    lon        double precision,        -- WGS-84, where the device stood
    lat        double precision,
    links      text[] NOT NULL,         -- what joins it to others at any distance: its network, its gateway
    incident   uuid NOT NULL REFERENCES sensor_incidents,
    PRIMARY KEY (device, rule, since)
);
CREATE INDEX sensor_alarms_of_incident ON sensor_alarms (incident);
CREATE INDEX sensor_alarms_standing ON sensor_alarms (device) WHERE cleared_at IS NULL;

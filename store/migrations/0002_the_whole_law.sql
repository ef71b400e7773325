-- The whole law: every state, tasks of inspectors, alarms instead of bare dates, and reports that support several cases.

ALTER TABLE cases DROP CONSTRAINT cases_check, DROP CONSTRAINT cases_check1, DROP CONSTRAINT cases_check2;
ALTER TYPE case_state RENAME TO case_state_before;
CREATE TYPE case_state AS ENUM (
    'reported', 'verifying', 'not_accepted', 'withdrawn', 'pending_filing', 'not_filed', 'pending_dispatch',
    'joint_decision', 'pending_disposal', 'disposing', 'suspended', 'disposed', 'pending_check', 'checking',
    'pending_close', 'closed', 'evaluated', 'force_closed', 'void', 'merged'
);
ALTER TABLE cases ALTER COLUMN state TYPE case_state USING state::text::case_state;
DROP TYPE case_state_before;
ALTER TABLE cases
    ADD CHECK (
        (state IN ('not_accepted', 'withdrawn', 'not_filed', 'closed', 'evaluated', 'force_closed', 'void', 'merged'))
        = (ended_at IS NOT NULL)
    ),
    ADD CHECK (
        state IN (
            'reported', 'verifying', 'not_accepted', 'withdrawn', 'pending_filing', 'not_filed', 'force_closed',
            'void', 'merged'
        ) OR (filed_at IS NOT NULL AND category IS NOT NULL)
    ),
    ADD CHECK (
        state NOT IN (
            'pending_disposal', 'disposing', 'suspended', 'disposed', 'pending_check', 'checking', 'pending_close'
        ) OR unit IS NOT NULL
    );

ALTER TABLE cases ADD COLUMN petitioned boolean NOT NULL DEFAULT false;
ALTER TABLE cases ALTER COLUMN petitioned DROP DEFAULT;
ALTER TABLE cases ADD COLUMN warns boolean NOT NULL DEFAULT false;
CREATE INDEX cases_warning ON cases (updated_at) WHERE warns;
CREATE INDEX cases_petitioned ON cases (opened_at, id) WHERE petitioned;
DROP INDEX cases_open_by_state;
CREATE INDEX cases_by_state ON cases (state, opened_at, id);
CREATE INDEX cases_by_category ON cases (category, opened_at, id) WHERE category IS NOT NULL;

-- A deadline now carries its limit and its alarms; both can be told from what was frozen on the case.
UPDATE cases SET doc = jsonb_set(doc::jsonb, '{deadlines}', (
    SELECT coalesce(jsonb_agg(d || jsonb_build_object(
        'clock', CASE d ->> 'clock' WHEN 'filing' THEN 'intake' ELSE d ->> 'clock' END,
        'limit', jsonb_build_object(
            'value', split_part(split_part(d ->> 'origin', ': ', 2), ' ', 1)::float8,
            'unit', split_part(split_part(d ->> 'origin', ': ', 2), ' ', 2)
        ),
        'alarms', CASE d ->> 'state' WHEN 'running' THEN '[1.0]'::jsonb ELSE '[]'::jsonb END,
        'alarm_at', CASE d ->> 'state' WHEN 'running' THEN d -> 'due_at' ELSE 'null'::jsonb END
    )), '[]') FROM jsonb_array_elements(doc::jsonb -> 'deadlines') AS d
))::json;

CREATE TYPE stage_clock_now AS ENUM (
    'intake', 'verify', 'filing', 'dispatch', 'disposal', 'assist', 'milestone', 'suspension', 'check', 'on_site',
    'close', 'case', 'reply', 'call_back', 'spot_check'
);
CREATE TABLE alarms (
    case_id  uuid NOT NULL REFERENCES cases,
    clock    stage_clock_now NOT NULL,
    cycle    integer NOT NULL CHECK (cycle > 0),
    rings_at timestamptz NOT NULL,
    share    double precision NOT NULL,
    PRIMARY KEY (case_id, clock, cycle)
);
INSERT INTO alarms
SELECT case_id, (CASE clock WHEN 'filing' THEN 'intake' ELSE clock::text END)::stage_clock_now, cycle, due_at, 1
FROM deadlines;
CREATE INDEX alarms_due ON alarms (rings_at);
DROP TABLE deadlines;
DROP TYPE stage_clock;
ALTER TYPE stage_clock_now RENAME TO stage_clock;

DROP INDEX tasks_one_open_lead;
ALTER TABLE tasks DROP CONSTRAINT tasks_check;
ALTER TYPE task_part RENAME TO task_part_before;
CREATE TYPE task_part AS ENUM ('lead', 'assist', 'verify', 'check', 'spot_check');
ALTER TABLE tasks ALTER COLUMN part TYPE task_part USING part::text::task_part;
DROP TYPE task_part_before;
ALTER TYPE task_state RENAME TO task_state_before;
CREATE TYPE task_state AS ENUM ('offered', 'accepted', 'done', 'sent_back', 'cancelled');
ALTER TABLE tasks ALTER COLUMN state TYPE task_state USING state::text::task_state;
DROP TYPE task_state_before;
ALTER TABLE tasks
    ALTER COLUMN unit DROP NOT NULL,
    ADD COLUMN worker text,
    ADD CHECK ((state IN ('offered', 'accepted')) = (ended_at IS NULL)),
    ADD CHECK (unit IS NOT NULL OR worker IS NOT NULL);
CREATE UNIQUE INDEX tasks_one_open_lead ON tasks (case_id) WHERE part = 'lead' AND ended_at IS NULL;
CREATE INDEX tasks_of_unit ON tasks (unit, case_id) WHERE unit IS NOT NULL;
CREATE INDEX tasks_open_of_worker ON tasks (worker, offered_at, id) WHERE ended_at IS NULL AND worker IS NOT NULL;

ALTER TABLE case_reports ADD COLUMN home boolean NOT NULL DEFAULT true;
ALTER TABLE case_reports ALTER COLUMN home DROP DEFAULT;
DROP INDEX case_reports_one_opening;
CREATE UNIQUE INDEX case_reports_one_home ON case_reports (report_id) WHERE home;
ALTER TABLE case_reports ADD CHECK (home OR NOT opened);

-- Where inspectors are while they are on duty; one row each, renewed by their phones.
CREATE TABLE presences (
    client  text PRIMARY KEY REFERENCES clients,
    lon     double precision,
    lat     double precision,
    seen_at timestamptz NOT NULL,
    CHECK ((lon IS NULL) = (lat IS NULL))
);
CREATE TYPE ticket_state AS ENUM ('open', 'contacted', 'answered', 'ended', 'withdrawn');
CREATE TYPE ticket_tier AS ENUM ('emergency', 'urgent', 'general', 'hard');

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

-- A remembered command may be one on a ticket: its subject is then the report.
ALTER TABLE answers DROP CONSTRAINT answers_case_id_fkey;
ALTER TABLE answers RENAME COLUMN case_id TO subject;
ALTER TABLE answers RENAME CONSTRAINT answers_case_id_not_null TO answers_subject_not_null;

-- Photos, videos, recordings and papers beside reports and actions.

CREATE TYPE attachment_state AS ENUM ('uploading', 'ready', 'refused');
CREATE TYPE attachment_kind AS ENUM ('photo', 'video', 'voice', 'document');

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

-- Rulebooks that a city drafts, checks and approves itself, beside the one of its pack.

CREATE TYPE rulebook_state AS ENUM ('draft', 'approved', 'retired');

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

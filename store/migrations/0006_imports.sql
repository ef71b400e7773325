-- Tables handed over whole, and what became of their rows.

CREATE TYPE import_state AS ENUM ('waiting', 'running', 'done', 'refused', 'cancelled');

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

-- What call centres send about their tickets.

CREATE TYPE message_kind AS ENUM ('supplement', 'urge', 'withdraw', 'satisfaction');
CREATE TYPE message_outcome AS ENUM ('done', 'partly', 'declined');

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

-- How well cases are dispatched the first time, and who is away from duty.

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

-- What was dispatched before, by the category and area the case has now and the rule of its first dispatch.
INSERT INTO dispatches (case_id, rule, unit, category, area, dispatched_at, sent_back_at)
SELECT t.case_id,
       coalesce(nullif(e.doc -> 'verdict' ->> 'rule', ''), CASE e.type WHEN 'case.activated' THEN '@plan' END,
                '@territory'),
       t.unit, c.category, c.area, t.offered_at, CASE t.state WHEN 'sent_back' THEN t.ended_at END
FROM (
    SELECT DISTINCT ON (case_id) case_id, unit, state, offered_at, ended_at
    FROM tasks WHERE part = 'lead' AND unit IS NOT NULL ORDER BY case_id, offered_at, id
) AS t
JOIN cases c ON c.id = t.case_id AND c.category IS NOT NULL
LEFT JOIN LATERAL (
    SELECT type, doc FROM events
    WHERE subject = t.case_id AND type IN ('case.dispatched', 'case.activated') ORDER BY version LIMIT 1
) AS e ON true;

-- Write changed tickets back; every column that can change, in one statement for the batch.
UPDATE tickets t
SET version = g.version, state = g.state, tier = g.tier, overdue = g.overdue, contact_due_at = g.contact_due_at,
    answer_due_at = g.answer_due_at, due_at = g.due_at, next_due_at = g.next_due_at, ended_at = g.ended_at, doc = g.doc
FROM unnest(
    $1::uuid[], $2::integer[], $3::ticket_state[], $4::ticket_tier[], $5::boolean[], $6::timestamptz[],
    $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::json[]
) AS g (
    report_id, version, state, tier, overdue, contact_due_at, answer_due_at, due_at, next_due_at, ended_at, doc
)
WHERE t.report_id = g.report_id

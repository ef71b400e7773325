-- Write changed aggregates back; every column that can change, in one statement for the batch.
UPDATE cases c
SET version = g.version, state = g.state, urgency = g.urgency, category = g.category, area = g.area, unit = g.unit,
    overdue = g.overdue, updated_at = g.updated_at, filed_at = g.filed_at, dispatched_at = g.dispatched_at,
    ended_at = g.ended_at, cell_x = g.cell_x, cell_y = g.cell_y, doc = g.doc
FROM unnest(
    $1::uuid[], $2::text[], $3::integer[], $4::case_state[], $5::source[], $6::urgency[], $7::text[], $8::text[],
    $9::text[], $10::boolean[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[],
    $15::timestamptz[], $16::integer[], $17::integer[], $18::jsonb[]
) AS g (
    id, no, version, state, source, urgency, category, area, unit, overdue, opened_at, updated_at, filed_at,
    dispatched_at, ended_at, cell_x, cell_y, doc
)
WHERE c.id = g.id

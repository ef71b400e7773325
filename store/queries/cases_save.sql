-- Write changed aggregates back; every column that can change, in one statement for the batch.
UPDATE cases c
SET version = g.version, state = g.state, category = g.category, area = g.area, unit = g.unit, overdue = g.overdue,
    updated_at = g.updated_at, filed_at = g.filed_at, dispatched_at = g.dispatched_at, ended_at = g.ended_at,
    petitioned = g.petitioned, warns = g.warns, doc = g.doc
FROM unnest(
    $1::uuid[], $2::integer[], $3::case_state[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::timestamptz[],
    $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::boolean[], $13::boolean[], $14::json[]
) AS g (
    id, version, state, category, area, unit, overdue, updated_at, filed_at, dispatched_at, ended_at, petitioned,
    warns, doc
)
WHERE c.id = g.id

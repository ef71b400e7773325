-- Insert new tasks, update changed ones.
INSERT INTO tasks (id, case_id, unit, part, state, round, offered_at, accepted_at, ended_at)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::task_part[], $5::task_state[], $6::integer[], $7::timestamptz[],
    $8::timestamptz[], $9::timestamptz[]
)
ON CONFLICT (id) DO UPDATE
SET state = excluded.state, accepted_at = excluded.accepted_at, ended_at = excluded.ended_at

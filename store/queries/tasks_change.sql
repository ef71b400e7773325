-- Write changed tasks back.
UPDATE tasks t
SET state = g.state, accepted_at = g.accepted_at, ended_at = g.ended_at
FROM unnest($1::uuid[], $2::task_state[], $3::timestamptz[], $4::timestamptz[]) AS g (id, state, accepted_at, ended_at)
WHERE t.id = g.id

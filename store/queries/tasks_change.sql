-- Write changed tasks back.
UPDATE tasks t
SET part = g.part, state = g.state, accepted_at = g.accepted_at, ended_at = g.ended_at, worker = g.worker
FROM unnest($1::uuid[], $2::task_part[], $3::task_state[], $4::timestamptz[], $5::timestamptz[], $6::text[])
    AS g (id, part, state, accepted_at, ended_at, worker)
WHERE t.id = g.id

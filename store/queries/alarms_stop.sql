-- Alarms that rang, moved or are needed no more leave the alarm clock.
DELETE FROM alarms a USING unnest($1::uuid[], $2::stage_clock[], $3::integer[]) AS g (case_id, clock, cycle)
WHERE (a.case_id, a.clock, a.cycle) = (g.case_id, g.clock, g.cycle)

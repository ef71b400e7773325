-- Deadlines that ended leave the alarm clock.
DELETE FROM deadlines d USING unnest($1::uuid[], $2::stage_clock[], $3::integer[]) AS g (case_id, clock, cycle)
WHERE (d.case_id, d.clock, d.cycle) = (g.case_id, g.clock, g.cycle)

-- Insert new deadlines, end running ones; a deadline's due time never changes once set.
INSERT INTO deadlines (case_id, clock, cycle, due_at, state)
SELECT * FROM unnest($1::uuid[], $2::stage_clock[], $3::integer[], $4::timestamptz[], $5::deadline_state[])
ON CONFLICT (case_id, clock, cycle) DO UPDATE SET state = excluded.state

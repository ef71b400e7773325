-- A draft is approved by somebody from a day on.
UPDATE rulebooks SET state = 'approved', approved_by = $2, approved_at = now(), effective_from = $3 WHERE id = $1

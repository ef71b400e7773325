-- A rulebook is out of use from now on; a draft is put away.
UPDATE rulebooks SET state = 'retired', retired_by = $2, retired_at = now() WHERE id = $1

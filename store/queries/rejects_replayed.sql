-- Note that rejects were put back through their door.
UPDATE rejects SET replayed_at = now() WHERE id = ANY ($1::bigint[])

-- An import has come to its end; nothing is returned where it was cancelled or taken over.
UPDATE imports SET
    state = $3::import_state, failure = $4, leased_to = NULL, ended_at = clock_timestamp(),
    rows = CASE $3::import_state WHEN 'done' THEN read ELSE rows END  -- rows were counted without looking at each
WHERE id = $1 AND attempt = $2 AND state = 'running'
RETURNING id

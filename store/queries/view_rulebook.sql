-- One rulebook with its rows.
SELECT id, name, version, state, author, created_at, effective_from, note, rules, approved_by, approved_at,
    retired_by, retired_at, rows
FROM rulebooks WHERE id = $1

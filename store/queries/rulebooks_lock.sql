-- One rulebook with its rows, kept from others until the transaction ends.
SELECT id, name, version, state, author, created_at, effective_from, note, rules, approved_by, approved_at,
    retired_by, retired_at, rows
FROM rulebooks WHERE id = $1 FOR UPDATE

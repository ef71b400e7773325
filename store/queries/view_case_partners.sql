-- The numbers of the cases that a case was merged with.
SELECT id, no FROM cases WHERE id = ANY ($1::uuid[])

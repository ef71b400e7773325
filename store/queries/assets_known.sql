-- The components with these codes; unknown codes are absent.
SELECT * FROM assets WHERE code = ANY ($1::text[])

-- The state of attachments and the files that unfinished ones consist of, for telling files that belong to nobody.
SELECT a.id, a.state::text AS state, coalesce(array_agg(p.blob) FILTER (WHERE p.blob IS NOT NULL), '{}') AS blobs
FROM attachments a LEFT JOIN attachment_parts p ON p.attachment_id = a.id
WHERE a.id = ANY ($1::uuid[])
GROUP BY a.id

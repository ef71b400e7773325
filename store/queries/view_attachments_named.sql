-- What stands under the ids somebody names, and whether something has named it before.
SELECT a.id, a.client, a.state::text AS state, a.length, a.changed_at,
       EXISTS (SELECT FROM attachment_links l WHERE l.attachment_id = a.id) AS linked, now() AS at
FROM attachments a WHERE a.id = ANY ($1::uuid[])

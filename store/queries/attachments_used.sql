-- What a client has announced within a day: how many, and how many bytes.
SELECT count(*) AS files, coalesce(sum(length), 0)::bigint AS bytes
FROM attachments WHERE client = $1::text AND created_at > now() - interval '24 hours'

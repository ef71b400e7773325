-- Let new reports in and announce each; a known (origin, origin_key) is skipped and not returned.
WITH given AS (
    SELECT * FROM unnest(
        $1::uuid[], $2::source[], $3::text[], $4::text[], $5::bytea[], $6::json[], $7::json[], $8::text[], $9::text[]
    ) WITH ORDINALITY AS g (id, source, origin, origin_key, fingerprint, doc, contact, route, asset, n)
), fresh AS (
    INSERT INTO reports (id, source, origin, origin_key, fingerprint, doc, contact, asset)
    SELECT id, source, origin, origin_key, fingerprint, doc, contact, asset FROM given
    ORDER BY origin, origin_key, n  -- two batches that hold the same keys wait for each other in one order
    ON CONFLICT (origin, origin_key) DO NOTHING
    RETURNING id, source, origin, received_at
), named AS (
    INSERT INTO attachment_links (attachment_id, report_id, linked_at)
    SELECT a.id, fresh.id, fresh.received_at
    FROM unnest($10::uuid[], $11::uuid[]) AS a (id, report_id) JOIN fresh ON fresh.id = a.report_id
)
INSERT INTO events (subject, version, type, at, route, doc)
SELECT fresh.id, 1, 'report.accepted', fresh.received_at, given.route,
       json_build_object('report', fresh.id, 'source', fresh.source, 'origin', fresh.origin, 'at', fresh.received_at)
FROM fresh JOIN given USING (id)
ORDER BY given.n
RETURNING subject AS id

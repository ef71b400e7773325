-- First dispatches since a time and how many came back, by rule, unit or category, whatever comes back most first; the
-- windows over the groups count what the limit cuts off.
SELECT CASE $1::text WHEN 'rule' THEN d.rule WHEN 'unit' THEN d.unit ELSE d.category END AS name,
       count(*) AS dispatched,
       count(d.sent_back_at) AS sent_back,
       coalesce(sum(extract(epoch FROM d.sent_back_at - d.dispatched_at)), 0)::float8 AS seconds_lost,
       (count(*) OVER ())::bigint AS names,
       (sum(count(*)) OVER ())::bigint AS all_dispatched,
       (sum(count(d.sent_back_at)) OVER ())::bigint AS all_sent_back
FROM dispatches d
WHERE d.dispatched_at >= $2::timestamptz
  AND ($3::text[] = '{}' OR EXISTS (SELECT FROM unnest($3::text[]) AS a (key) WHERE starts_with(d.area, a.key)))
GROUP BY 1
ORDER BY sent_back DESC, seconds_lost DESC, name
LIMIT $4::integer

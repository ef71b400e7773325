-- As quality_tally, by area: the codes handed in are those of one level, of which no two hold one place.
SELECT part.code AS name,
       count(*) AS dispatched,
       count(d.sent_back_at) AS sent_back,
       coalesce(sum(extract(epoch FROM d.sent_back_at - d.dispatched_at)), 0)::float8 AS seconds_lost,
       (count(*) OVER ())::bigint AS names,
       (sum(count(*)) OVER ())::bigint AS all_dispatched,
       (sum(count(d.sent_back_at)) OVER ())::bigint AS all_sent_back
FROM dispatches d
CROSS JOIN LATERAL unnest(string_to_array(d.area, '/')) AS part (code)
WHERE d.dispatched_at >= $1::timestamptz
  AND part.code = ANY ($2::text[])
  AND ($3::text[] = '{}' OR EXISTS (SELECT FROM unnest($3::text[]) AS a (key) WHERE starts_with(d.area, a.key)))
GROUP BY 1
ORDER BY sent_back DESC, seconds_lost DESC, name
LIMIT $4::integer

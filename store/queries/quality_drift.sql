-- This week's first dispatches and those of the time before, by rule or unit, as they stood at the last full hour. The
-- bounds are reckoned once, not once a row.
SELECT CASE $1::text WHEN 'rule' THEN d.rule ELSE d.unit END AS name,
       count(*) FILTER (WHERE d.dispatched_at >= b.week) AS week,
       count(*) FILTER (WHERE d.dispatched_at >= b.week AND d.sent_back_at < b.hour) AS week_back,
       count(*) FILTER (WHERE d.dispatched_at < b.week) AS past,
       count(*) FILTER (WHERE d.dispatched_at < b.week AND d.sent_back_at < b.hour) AS past_back
FROM (
    SELECT hour, hour - $2::interval AS week, hour - $2::interval - $3::interval AS past
    FROM date_trunc('hour', now()) AS hour
    OFFSET 0
) AS b
JOIN dispatches d ON d.dispatched_at >= b.past AND d.dispatched_at < b.hour
WHERE ($4::text[] = '{}' OR EXISTS (SELECT FROM unnest($4::text[]) AS a (key) WHERE starts_with(d.area, a.key)))
GROUP BY 1

-- A page of incidents of sensors as far as the caller may see one of their devices, the latest first, with their case and
-- how many devices are witnesses, how many of them still.
SELECT i.id, i.cause, i.level, i.opened_at, i.changed_at, i.recovered_at, i.report, c.no AS case_no,
       w.witnesses, w.standing
FROM sensor_incidents i
LEFT JOIN case_reports l ON l.report_id = i.report
LEFT JOIN cases c ON c.id = l.case_id
CROSS JOIN LATERAL (
    SELECT count(DISTINCT a.device) AS witnesses, count(DISTINCT a.device) FILTER (WHERE a.cleared_at IS NULL) AS standing
    FROM sensor_alarms a WHERE a.incident = i.id
) AS w
WHERE i.absorbed_by IS NULL
  AND ($1::boolean IS NULL OR (i.recovered_at IS NULL) = $1::boolean)
  AND ($2::timestamptz IS NULL OR (i.opened_at, i.id) < ($2::timestamptz, $3::uuid))
  AND (($4::text[] = '{}' AND $5::text IS NULL) OR EXISTS (
        SELECT FROM sensor_alarms a JOIN devices d ON d.id = a.device
        WHERE a.incident = i.id AND ($5::text IS NULL OR d.unit = $5::text)
          AND ($4::text[] = '{}' OR EXISTS (SELECT FROM unnest($4::text[]) AS k (key) WHERE starts_with(d.area, k.key)))
      ))
ORDER BY i.opened_at DESC, i.id DESC
LIMIT $6::integer

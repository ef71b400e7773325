-- Who led past cases to a result and who sent them back, the oldest first: one row a case, unit and outcome.
SELECT c.category, c.area, t.unit, t.state = 'sent_back' AS sent_back, min(t.offered_at) AS offered_at
FROM tasks t
JOIN cases c ON c.id = t.case_id
WHERE t.part = 'lead'
    AND t.unit IS NOT NULL
    AND t.state IN ('done', 'sent_back')
    AND t.offered_at >= $1::timestamptz
    AND c.category IS NOT NULL
    AND c.state NOT IN ('void', 'not_filed', 'not_accepted', 'withdrawn', 'merged')
GROUP BY c.id, t.unit, t.state
ORDER BY min(t.offered_at), c.id, t.unit, t.state

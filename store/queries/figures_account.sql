-- Where every report is; the parts add up to the whole.
SELECT count(*) AS received,
       count(*) FILTER (WHERE l.opened AND c.filed_at IS NOT NULL) AS filed,
       count(*) FILTER (WHERE NOT l.opened) AS joined,
       count(*) FILTER (WHERE l.opened AND c.state = 'reported') AS at_desk,
       count(*) FILTER (WHERE l.opened AND c.state = 'not_accepted') AS not_accepted,
       count(*) FILTER (WHERE l.report_id IS NULL) AS not_filed_yet
FROM reports r
LEFT JOIN case_reports l ON l.report_id = r.id
LEFT JOIN cases c ON c.id = l.case_id

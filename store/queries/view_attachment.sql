-- One attachment: for the client that uploaded it, and for whoever may see a case it stands behind (by an action, or by
-- a report) or the report that names it.
WITH links AS (
    SELECT l.report_id, l.case_id FROM attachment_links l WHERE l.attachment_id = $1::uuid
), behind AS (
    SELECT case_id FROM links WHERE case_id IS NOT NULL
    UNION SELECT r.case_id FROM links l JOIN case_reports r ON r.report_id = l.report_id
)
SELECT a.* FROM attachments a
WHERE a.id = $1::uuid AND (
  a.client = $2::text
  OR EXISTS (
    SELECT FROM links l JOIN reports r ON r.id = l.report_id
    WHERE r.origin = $6::text OR ($6::text IS NULL AND $4::text IS NULL AND $3::text[] = '{}')
  )
  OR EXISTS (
    SELECT FROM behind b JOIN cases c ON c.id = b.case_id
    WHERE (
        $3::text[] = '{}' OR EXISTS (SELECT FROM unnest($3::text[]) AS k (key) WHERE starts_with(c.area, k.key))
        OR EXISTS (SELECT FROM tasks t WHERE t.case_id = c.id AND t.worker = $5::text AND t.unit IS NULL)
        OR EXISTS (
          SELECT FROM case_reports x JOIN reports r ON r.id = x.report_id
          WHERE x.case_id = c.id AND r.origin = $6::text
        )
      )
      AND ($4::text IS NULL OR EXISTS (SELECT FROM tasks t WHERE t.case_id = c.id AND t.unit = $4::text))
      AND ($7::text IS NULL OR EXISTS (
        SELECT FROM case_reports x JOIN reports r ON r.id = x.report_id WHERE x.case_id = c.id AND r.origin = $7::text
      ))
  )
)

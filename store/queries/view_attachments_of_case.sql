-- What stands behind a case: what its actions name, and what the reports behind it name.
SELECT a.* FROM attachments a
WHERE a.id IN (
    SELECT l.attachment_id FROM attachment_links l WHERE l.case_id = $1::uuid
    UNION
    SELECT l.attachment_id FROM attachment_links l JOIN case_reports r ON r.report_id = l.report_id
    WHERE r.case_id = $1::uuid
)
ORDER BY a.created_at, a.id
LIMIT $2::integer

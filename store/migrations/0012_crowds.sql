-- Who stands behind a case moves from the case's document, written with every step, to rows written once.

ALTER TABLE case_reports
    ADD COLUMN behind boolean NOT NULL DEFAULT true,
    ADD COLUMN own boolean NOT NULL DEFAULT true,
    ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;
UPDATE case_reports l SET
    behind = c.doc::jsonb -> 'reports' ? l.report_id::text,
    own = NOT EXISTS (
        SELECT FROM jsonb_array_elements(c.doc::jsonb -> 'absorbed') AS a WHERE a -> 'reports' ? l.report_id::text
    ),
    withdrawn = c.doc::jsonb -> 'withdrawn' ? l.report_id::text
FROM cases c
WHERE c.id = l.case_id AND (c.doc ->> 'withdrawn' <> '[]' OR c.doc ->> 'absorbed' <> '[]');
ALTER TABLE case_reports
    ALTER COLUMN behind DROP DEFAULT,
    ALTER COLUMN own DROP DEFAULT,
    ALTER COLUMN withdrawn DROP DEFAULT,
    ADD CHECK (behind OR withdrawn);

UPDATE cases SET doc = (doc::jsonb - 'reports' - 'withdrawn' || jsonb_build_object(
    'behind', json_array_length(doc -> 'reports'),
    'absorbed', coalesce((
        SELECT jsonb_agg(a -> 'case' ORDER BY n)
        FROM jsonb_array_elements(doc::jsonb -> 'absorbed') WITH ORDINALITY AS t (a, n)
    ), '[]')
))::json;

DROP INDEX case_reports_of_case;
CREATE INDEX case_reports_of_case ON case_reports (case_id, opened DESC, linked_at, report_id);

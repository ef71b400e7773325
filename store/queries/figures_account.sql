-- Where every report is, by its home; the parts add up to the whole. A report of a merged case is where that case went:
-- joined. Every home has a report and every opened home a case, so that counts can be taken from each other; only the
-- cases that were not filed or were merged are looked at, which their states tell.
WITH homes AS (
    SELECT count(*) AS found, count(*) FILTER (WHERE opened) AS opened FROM case_reports WHERE home
), aside AS (
    SELECT count(*) AS cases,
           count(*) FILTER (WHERE c.ended_at IS NULL) AS at_desk,
           count(*) FILTER (WHERE c.state = 'merged') AS merged
    FROM cases c JOIN case_reports l ON l.case_id = c.id AND l.home AND l.opened
    WHERE (c.filed_at IS NULL OR c.state = 'merged')
      AND c.state IN (
          'reported', 'verifying', 'not_accepted', 'withdrawn', 'pending_filing', 'not_filed', 'force_closed', 'void',
          'merged'
      )
)
SELECT r.received,
       h.opened - a.cases AS filed,
       h.found - h.opened + a.merged AS joined,
       a.at_desk,
       a.cases - a.at_desk - a.merged AS not_accepted,
       r.received - h.found AS not_filed_yet
FROM (SELECT count(*) AS received FROM reports) AS r, homes AS h, aside AS a

-- Every message that a case has sent, from its events, in order.
SELECT e.doc -> 'alert' AS alert FROM cases c JOIN events e ON e.subject = c.id
WHERE c.no = $1::text AND e.doc ->> 'alert' IS NOT NULL
ORDER BY e.version

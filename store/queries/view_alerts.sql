-- What the public is warned of now: the last message of every open case that has one standing, the newest first.
SELECT c.doc -> 'alert' AS alert FROM cases c
WHERE c.warns
  AND (c.doc -> 'alert' ->> 'expires')::timestamptz > now()
ORDER BY (c.doc -> 'alert' ->> 'at')::timestamptz DESC, c.id DESC

-- First dispatches, and how many of all dispatches came back.
SELECT count(*) FILTER (WHERE round = 0) AS dispatched, count(*) FILTER (WHERE state = 'sent_back') AS sent_back
FROM tasks WHERE part = 'lead'

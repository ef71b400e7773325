-- First dispatches of all time, and how many of them came back.
SELECT count(*) AS dispatched, count(sent_back_at) AS sent_back FROM dispatches

-- Everybody who is away, or was or will be within the time that is looked at: one row a person of the roster.
SELECT person, since, until, deputy FROM absences ORDER BY person

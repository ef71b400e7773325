-- How many attachments the actions on a case have named.
SELECT count(*) AS files FROM attachment_links WHERE case_id = $1::uuid

-- Move the marks of partitions on; a mark never goes back.
UPDATE reading_marks m
SET next_offset = moved.next_offset
FROM unnest($2::integer[], $3::bigint[]) AS moved (partition, next_offset)
WHERE m.topic = $1::text AND m.partition = moved.partition AND m.next_offset < moved.next_offset

-- How far these partitions have been kept; locked until the transaction ends, in one order, and begun where they are new.
INSERT INTO reading_marks (topic, partition, next_offset)
SELECT $1::text, taken, 0 FROM unnest($2::integer[]) AS wanted (taken) ORDER BY taken
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = reading_marks.next_offset
RETURNING partition, next_offset

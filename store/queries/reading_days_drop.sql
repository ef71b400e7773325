-- Drop the partitions of all days before this one; how many there were.
SELECT drop_reading_days($1::date)

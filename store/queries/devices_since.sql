-- Devices registered or changed by this transaction or a later one; 0 asks for all of them.
SELECT * FROM devices WHERE tx >= $1::bigint::text::xid8

-- Alarms that stand and that nothing will ever clear: their device is out of use, or their rule is none of the city's any
-- more. Silence and others that a known rule judges are found by it.
SELECT a.device, a.rule, a.since
FROM sensor_alarms a LEFT JOIN devices d ON d.id = a.device
WHERE a.cleared_at IS NULL AND (d.active IS NOT TRUE OR a.rule <> ALL ($1::text[]))

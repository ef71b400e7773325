-- Devices (感知设备), what they measured, and how far the stream of their readings has been kept.

CREATE TYPE unknown_reason AS ENUM ('unknown', 'gateway-mismatch');

-- Devices (感知设备) as registered: where they stand, by which gateway they speak, whose they are. Never deleted: what
-- they measured goes by their number, four bytes a reading instead of their name.
CREATE TABLE devices (
    id            text PRIMARY KEY CHECK (id <> ''),
    no            integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    kind          text NOT NULL CHECK (kind <> ''),
    gateway       text NOT NULL CHECK (gateway <> ''),  -- its own id where it speaks for itself
    name          text NOT NULL,
    lon           double precision,  -- WGS-84
    lat           double precision,
    crs           text,              -- the system the position was given in
    grid          text,              -- as registered, else as the position says
    area          text NOT NULL,     -- as in cases
    network       text,              -- what it belongs to: a pipe, a feeder, a street's lamps
    unit          text,              -- whose it is (责任单位)
    component     text,              -- identifier of the component (部件) it sits on
    accuracy      double precision,  -- of a value, in the measure of its kind
    limits        jsonb NOT NULL,    -- its own values of (raise, clear) by rule
    active        boolean NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    tx            xid8 NOT NULL DEFAULT pg_current_xact_id(),  -- who asks for changes asks by it, and misses none
    CHECK ((lon IS NULL) = (lat IS NULL) AND (lon IS NULL) = (crs IS NULL))
);
CREATE INDEX devices_by_kind ON devices (kind, id);
CREATE INDEX devices_by_gateway ON devices (gateway, id);
CREATE INDEX devices_by_area ON devices (area text_pattern_ops, id);
CREATE INDEX devices_by_network ON devices (network, id) WHERE network IS NOT NULL;
CREATE INDEX devices_by_unit ON devices (unit, id) WHERE unit IS NOT NULL;
CREATE INDEX devices_by_change ON devices (tx);

-- One batch of a load on its way into the register of devices; nothing here outlives its transaction.
CREATE UNLOGGED TABLE devices_staged (
    id text, kind text, gateway text, name text, lon double precision, lat double precision, crs text, grid text,
    area text, network text, unit text, component text, accuracy double precision, limits jsonb, active boolean
);

-- Devices that speak and that nobody registered, or that speak by another gateway than registered.
CREATE TABLE unknown_devices (
    id         text NOT NULL,
    gateway    text NOT NULL,
    reason     unknown_reason NOT NULL,
    first_at   timestamptz NOT NULL,  -- when we heard of it, by our clock
    last_at    timestamptz NOT NULL,
    readings   bigint NOT NULL CHECK (readings > 0),
    last_value double precision NOT NULL,
    PRIMARY KEY (id, gateway)
);
CREATE INDEX unknown_devices_by_time ON unknown_devices (last_at, id, gateway);

-- Raw readings, a partition a day of event time (UTC), made ahead and dropped by the sweep. What comes for a day that
-- has none waits in readings_waiting until there is one.
CREATE TABLE readings (
    at     timestamptz NOT NULL,
    value  double precision NOT NULL,
    device integer NOT NULL,           -- devices.no
    flags  smallint NOT NULL           -- bits of domain.device.ReadingFlag
) PARTITION BY RANGE (at);
CREATE TABLE readings_waiting PARTITION OF readings DEFAULT;
CREATE INDEX readings_of_device ON readings (device, at);

-- Make a day's partition of readings, with what came for it before there was one; false where there is one.
CREATE FUNCTION make_reading_day(day date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    name  text := 'readings_' || to_char(day, 'YYYYMMDD');
    since timestamptz := day::timestamp AT TIME ZONE 'UTC';
    until timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE readings INCLUDING ALL)', name);
    -- whoever writes to the day waits here and then finds the partition; all other days are written meanwhile
    LOCK TABLE readings_waiting IN ACCESS EXCLUSIVE MODE;
    EXECUTE format(
        'WITH moved AS (DELETE FROM readings_waiting WHERE at >= $1 AND at < $2 RETURNING *)
         INSERT INTO %I SELECT * FROM moved', name
    ) USING since, until;
    EXECUTE format('ALTER TABLE readings ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, since, until);
    RETURN true;
END $$;

-- Drop the partitions of all days before one; how many there were.
CREATE FUNCTION drop_reading_days(before date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    gone    integer := 0;
    found   text;
BEGIN
    FOR found IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'readings'::regclass AND c.relname ~ '^readings_[0-9]{8}$'
          AND c.relname < 'readings_' || to_char(before, 'YYYYMMDD')
        ORDER BY c.relname
    LOOP
        EXECUTE format('DROP TABLE %I', found);
        gone := gone + 1;
    END LOOP;
    RETURN gone;
END $$;

-- Readings dated outside the days that are kept: clocks that stand at 1970 or run ahead. Dropped by when they came.
CREATE TABLE readings_odd (
    at      timestamptz NOT NULL,
    value   double precision NOT NULL,
    device  integer NOT NULL,
    flags   smallint NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX readings_odd_by_time ON readings_odd USING brin (kept_at);

-- How far the readings of each partition of a topic have been kept; moved in the transaction that keeps them.
CREATE TABLE reading_marks (
    topic       text NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint NOT NULL CHECK (next_offset >= 0),
    PRIMARY KEY (topic, partition)
);

-- Files that raw readings are written to instead, where the city keeps them so: what of each is committed. Bytes behind
-- that were never promised and are cut off.
CREATE TABLE reading_files (
    name   text PRIMARY KEY,
    day    date NOT NULL,              -- on which they came (UTC)
    length bigint NOT NULL CHECK (length > 0)
);

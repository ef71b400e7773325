-- What the readings of devices came to: alarms of single devices, and the incidents several of them are witnesses of.

-- One cause at one place and time (a cloudburst over many drains): one report, and so one case, with many witnesses.
CREATE TABLE sensor_incidents (
    id           uuid PRIMARY KEY,
    name         text NOT NULL UNIQUE,  -- its first alarm: the same however often the readings are judged
    cause        text NOT NULL,
    level        smallint NOT NULL CHECK (level BETWEEN 1 AND 3),  -- the gravest it reached, 一级 is 1
    opened_at    timestamptz NOT NULL,  -- event time of the first breach
    changed_at   timestamptz NOT NULL,  -- event time of what was last heard of it
    recovered_at timestamptz,           -- event time at which its last witness was well again
    absorbed_by  uuid REFERENCES sensor_incidents,  -- turned out to be part of that one, and goes on in it
    report       uuid NOT NULL,         -- the report the city was told by
    noted        boolean NOT NULL DEFAULT false  -- its case knows of the recovery
);
CREATE INDEX sensor_incidents_open ON sensor_incidents (cause) WHERE recovered_at IS NULL AND absorbed_by IS NULL;
CREATE INDEX sensor_incidents_to_note ON sensor_incidents (opened_at) WHERE NOT noted;
CREATE INDEX sensor_incidents_by_time ON sensor_incidents (opened_at, id);
CREATE INDEX sensor_incidents_absorbed ON sensor_incidents (absorbed_by) WHERE absorbed_by IS NOT NULL;

-- One alarm of one device by one rule, from raising (报警) to clearing (恢复). The key is the same under replay.
CREATE TABLE sensor_alarms (
    device     text NOT NULL,
    rule       text NOT NULL,
    since      timestamptz NOT NULL,    -- event time at which the breach began
    alarm      text NOT NULL,           -- what the rules of its levels have in common
    level      smallint NOT NULL CHECK (level BETWEEN 1 AND 3),
    raised_at  timestamptz NOT NULL,
    cleared_at timestamptz,
    value      double precision NOT NULL,
    reason     text NOT NULL,
    flapping   boolean NOT NULL,
    lon        double precision,        -- WGS-84, where the device stood
    lat        double precision,
    links      text[] NOT NULL,         -- what joins it to others at any distance: its network, its gateway
    incident   uuid NOT NULL REFERENCES sensor_incidents,
    PRIMARY KEY (device, rule, since)
);
CREATE INDEX sensor_alarms_of_incident ON sensor_alarms (incident);
CREATE INDEX sensor_alarms_standing ON sensor_alarms (device) WHERE cleared_at IS NULL;

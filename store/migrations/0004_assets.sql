-- The register of components, and which component a report is about.

CREATE TYPE asset_state AS ENUM ('intact', 'damaged', 'missing', 'abandoned', 'removed');
CREATE TYPE accuracy AS ENUM ('A', 'B', 'C');

-- Components of the city (部件), as its register names them (GB/T 47678.5-2026, table 2). Loaded in bulk, the later
-- date wins; lookups are by code, by the lattice cell of the position, and by area.
CREATE TABLE assets (
    code            text PRIMARY KEY CHECK (length(code) IN (16, 17)),
    name            text NOT NULL CHECK (name <> ''),
    category        text,              -- key of the event its defect is; null where the class is in no table
    state           asset_state NOT NULL,
    authority_code  text NOT NULL,     -- 主管部门
    authority_name  text NOT NULL,
    owner_code      text NOT NULL,     -- 权属单位
    owner_name      text NOT NULL,
    maintainer_code text NOT NULL,     -- 养护单位
    maintainer_name text NOT NULL,
    grid            text,              -- as registered, else as the position says
    grid_by_point   text,              -- where that is another one
    area            text NOT NULL,     -- as in cases
    first_on        date NOT NULL,     -- 初始日期
    changed_on      date,              -- 变更日期
    source          text NOT NULL,
    street_code     text NOT NULL,
    street_name     text NOT NULL,
    community_code  text NOT NULL,
    community_name  text NOT NULL,
    lon             double precision,  -- WGS-84
    lat             double precision,
    accuracy        accuracy,
    cell_x          integer,           -- lattice cell of about 100 m, as in cases
    cell_y          integer,
    note            text NOT NULL,
    doc             jsonb NOT NULL,    -- what else the city's table says, by its own column names
    CHECK ((lon IS NULL) = (lat IS NULL) AND (lon IS NULL) = (cell_x IS NULL) AND (lon IS NULL) = (cell_y IS NULL))
);
CREATE INDEX assets_near ON assets (cell_x, cell_y) WHERE cell_x IS NOT NULL;

-- One batch of a load on its way into the register; nothing here outlives its transaction.
CREATE UNLOGGED TABLE assets_staged (LIKE assets);

ALTER TABLE reports ADD COLUMN asset text;  -- the component it is about, as the sender says; also in doc
CREATE INDEX reports_of_asset ON reports (asset) WHERE asset IS NOT NULL;

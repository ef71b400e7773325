-- Candidates for «the same incident» are found by blocks of the lattice, open or ended; pairs the desk should compare.

CREATE INDEX cases_alike
    ON cases (category, (cell_x >> 2), (cell_y >> 2), coalesce(occurred_at, opened_at)) WHERE cell_x IS NOT NULL;
DROP INDEX cases_open_near;

CREATE TYPE duplicate_kind AS ENUM ('same', 'rework');

-- Pairs of cases that may be one incident (疑似重复), as they were found when the later one came, and what people said of
-- them: a pair put aside until a day, or for ever (infinity), is not shown again.
CREATE TABLE duplicates (
    case_id     uuid NOT NULL REFERENCES cases,
    other_id    uuid NOT NULL REFERENCES cases,
    kind        duplicate_kind NOT NULL,
    score       double precision NOT NULL CHECK (score BETWEEN 0 AND 1),
    grounds     json NOT NULL,
    found_at    timestamptz NOT NULL,
    aside_until timestamptz,
    said_by     text,
    said_at     timestamptz,
    PRIMARY KEY (case_id, other_id),
    CHECK (case_id <> other_id),
    CHECK ((aside_until IS NULL) = (said_by IS NULL) AND (said_by IS NULL) = (said_at IS NULL))
);
CREATE INDEX duplicates_of_other ON duplicates (other_id);
CREATE INDEX duplicates_by_time ON duplicates (found_at, case_id);

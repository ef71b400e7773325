-- Bring the staged batch into the register and count what became of it. A row older than what is known changes nothing;
-- one that says no change date keeps the one that is known. Rows that change nothing are not written.
WITH judged AS MATERIALIZED (
    SELECT s.code, s.name, s.category, s.state, s.authority_code, s.authority_name, s.owner_code, s.owner_name,
           s.maintainer_code, s.maintainer_name, s.grid, s.grid_by_point, s.area, s.first_on,
           coalesce(s.changed_on, a.changed_on) AS changed_on, s.source, s.street_code, s.street_name,
           s.community_code, s.community_name, s.lon, s.lat, s.accuracy, s.cell_x, s.cell_y, s.note, s.doc,
           CASE
               WHEN a.code IS NULL THEN 'added'
               WHEN coalesce(s.changed_on, s.first_on) < coalesce(a.changed_on, a.first_on) THEN 'older'
               WHEN (s.name, s.category, s.state, s.authority_code, s.authority_name, s.owner_code, s.owner_name,
                     s.maintainer_code, s.maintainer_name, s.grid, s.grid_by_point, s.area, s.first_on,
                     coalesce(s.changed_on, a.changed_on), s.source, s.street_code, s.street_name, s.community_code,
                     s.community_name, s.lon, s.lat, s.accuracy, s.note, s.doc)
                    IS NOT DISTINCT FROM
                    (a.name, a.category, a.state, a.authority_code, a.authority_name, a.owner_code, a.owner_name,
                     a.maintainer_code, a.maintainer_name, a.grid, a.grid_by_point, a.area, a.first_on,
                     a.changed_on, a.source, a.street_code, a.street_name, a.community_code,
                     a.community_name, a.lon, a.lat, a.accuracy, a.note, a.doc) THEN 'unchanged'
               ELSE 'changed'
           END AS fate
    FROM assets_staged s LEFT JOIN assets a ON a.code = s.code
), added AS (
    INSERT INTO assets (
        code, name, category, state, authority_code, authority_name, owner_code, owner_name, maintainer_code,
        maintainer_name, grid, grid_by_point, area, first_on, changed_on, source, street_code, street_name,
        community_code, community_name, lon, lat, accuracy, cell_x, cell_y, note, doc
    )
    SELECT code, name, category, state, authority_code, authority_name, owner_code, owner_name, maintainer_code,
           maintainer_name, grid, grid_by_point, area, first_on, changed_on, source, street_code, street_name,
           community_code, community_name, lon, lat, accuracy, cell_x, cell_y, note, doc
    FROM judged WHERE fate = 'added'
), changed AS (
    UPDATE assets a
    SET (name, category, state, authority_code, authority_name, owner_code, owner_name, maintainer_code,
         maintainer_name, grid, grid_by_point, area, first_on, changed_on, source, street_code, street_name,
         community_code, community_name, lon, lat, accuracy, cell_x, cell_y, note, doc)
      = (j.name, j.category, j.state, j.authority_code, j.authority_name, j.owner_code, j.owner_name,
         j.maintainer_code, j.maintainer_name, j.grid, j.grid_by_point, j.area, j.first_on, j.changed_on, j.source,
         j.street_code, j.street_name, j.community_code, j.community_name, j.lon, j.lat, j.accuracy, j.cell_x,
         j.cell_y, j.note, j.doc)
    FROM judged j WHERE j.fate = 'changed' AND a.code = j.code
)
SELECT fate, count(*) AS number FROM judged GROUP BY fate

-- Fresh running numbers for printed case numbers.
SELECT nextval('case_serial') AS serial FROM generate_series(1, $1::integer)

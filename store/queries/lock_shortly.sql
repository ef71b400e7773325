-- Give up rather than hold others up for long: whoever waits for a lock that waits behind us waits too.
SELECT set_config('lock_timeout', '3s', true)

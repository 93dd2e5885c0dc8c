-- How many deposits of a person are pending is asked before another one is named.
create index contribution_pending on core.contribution (funder_id) where state = 'pending';

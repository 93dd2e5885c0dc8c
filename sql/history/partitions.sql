-- many: the partitions of the history, oldest first
-- in   keep    interval     older ones are due
-- out  n       int8
-- out  jobs    int8?        null until it is known
-- out  newest  timestamptz? the last job made, or run ended
-- out  live    int8         jobs that may run again
-- out  state   text         filling live kept due detaching detached
-- role operator auditor owner
select n, jobs, newest, live, state from q.history_partitions($1)

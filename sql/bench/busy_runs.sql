-- one: how far a range of jobs is, and by how many connections
-- role worker
-- in   first       int8
-- in   last        int8
-- out  done        int8
-- out  at          timestamptz
-- out  connections int8         of this program, this one among them
select (select count(*) from q.run where job_id between $1 and $2 and state = 'done') as done, clock_timestamp() as at,
	(select count(*) from pg_stat_activity where datname = current_database() and usename = current_user
		and application_name = current_setting('application_name')) as connections

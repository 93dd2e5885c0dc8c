-- Asking GitHub: what each account may still ask, whose turn it is, and what GitHub answered before.

-- One row per account and resource. Times are the database's: what GitHub tells comes in as spans.
create table ingest.rate_budget (
	credential text not null check (length(credential) between 1 and 64),
	resource text not null check (resource in ('core', 'search', 'graphql')),
	per_window int not null default 5000,
	remaining int not null default 5000,
	reset_at timestamptz not null default now() + interval '1 hour',
	blocked_until timestamptz,                   -- GitHub said: nothing before
	strikes int not null default 0,              -- limits in a row that named no end
	per_minute int not null default 900 check (per_minute > 0), -- points of GitHub's secondary limit
	points numeric not null default 0,           -- spent of them as of points_at; they come back evenly
	points_at timestamptz not null default now(),
	written_at timestamptz,                      -- content was made
	written_from timestamptz,                    -- writes are counted since
	writes int not null default 0,
	turn_at timestamptz,                         -- those who wait come one after the other
	turn_span interval not null default '100 milliseconds', -- how long a turn takes, on average
	updated_at timestamptz not null default now(),
	primary key (credential, resource)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- Who asks at this moment. A hold ends with its run, however that ends.
create table ingest.rate_hold (
	credential text not null,
	job_id bigint not null,
	attempt int not null,
	taken_at timestamptz not null,
	until timestamptz not null,
	primary key (credential, job_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- The last answer to each GET, by what a conditional request names. subject is the path, four segments of it at most.
create table ingest.fetch_cache (
	credential text not null,                    -- GitHub's answers differ by who asks
	url_sha256 bytea not null check (length(url_sha256) = 32),
	subject text not null,
	url text not null,
	etag text,
	last_modified text,
	next_url text,
	moved_url text,                              -- where it is now, for ever
	evidence_sha256 bytea references ingest.evidence,
	fetched_at timestamptz not null default now(),
	primary key (credential, url_sha256)
);
create index fetch_cache_subject on ingest.fetch_cache (credential, subject);

-- A turn to ask, or why not and how long to wait. p_rank: 0 verify, 1 command, 2 sync, 3 backfill: what lies below a rank's
-- floor is left to those before it. Locks the account's rows, so that any number of workers agree.
create function ingest.rate_take(p_credential text, p_job bigint, p_attempt int, p_core int, p_graphql int, p_rank int,
	p_writes bool, p_span interval, p_slots int, out granted bool, out wait interval, out reason text, out core int,
	out graphql int, out strikes int)
language plpgsql as $$
#variable_conflict use_column
declare
	v_now timestamptz;
	v_row ingest.rate_budget;
	v_need int;
	v_free int;
	v_points numeric;
	v_busy int;
begin
	granted := false;
	strikes := 0;
	insert into ingest.rate_budget (credential, resource) values (p_credential, 'core'), (p_credential, 'graphql')
	on conflict do nothing;
	perform from ingest.rate_budget b where b.credential = p_credential order by b.resource for update;
	v_now := clock_timestamp();
	for v_row in select * from ingest.rate_budget b where b.credential = p_credential and b.resource in ('core', 'graphql')
			order by b.resource loop
		if v_row.reset_at <= v_now then
			v_row.remaining := v_row.per_window;
			update ingest.rate_budget b set remaining = b.per_window, reset_at = v_now + interval '1 hour'
			where b.credential = p_credential and b.resource = v_row.resource;
		end if;
		v_need := case v_row.resource when 'core' then p_core else p_graphql end;
		v_free := v_row.remaining - ceil(v_row.per_window * (array[0, 0.20, 0.25, 0.50])[p_rank + 1])::int;
		if v_row.resource = 'core' then
			core := least(v_free, 300);
			v_points := greatest(v_row.points - v_row.per_minute / 60.0 * extract(epoch from v_now - v_row.points_at), 0);
		else
			graphql := least(v_free, 300);
		end if;
		strikes := greatest(strikes, v_row.strikes);
		if v_row.blocked_until > v_now then
			wait := greatest(wait, v_row.blocked_until - v_now);
			reason := 'github.blocked';
		elsif v_need > 0 and v_free < v_need then
			wait := greatest(wait, least(v_row.reset_at - v_now, interval '1 hour'));
			reason := coalesce(reason, 'github.budget');
		end if;
	end loop;
	if wait is not null then
		wait := wait + random() * interval '50 milliseconds';
		return;
	end if;
	select * into v_row from ingest.rate_budget b where b.credential = p_credential and b.resource = 'core';
	if v_points + p_core + p_graphql > v_row.per_minute then
		wait := (v_points + p_core + p_graphql - v_row.per_minute) * 60 / v_row.per_minute * interval '1 second';
		reason := 'github.pace';
		return;
	end if;
	if p_writes and (v_row.written_at > v_now - interval '1 second'
			or (v_row.written_from > v_now - interval '1 hour' and v_row.writes >= 450)) then
		wait := case when v_row.written_at > v_now - interval '1 second' then v_row.written_at + interval '1 second' - v_now
			else v_row.written_from + interval '1 hour' - v_now end;
		reason := 'github.pace';
		return;
	end if;
	delete from ingest.rate_hold h where h.credential = p_credential
		and (h.until <= v_now or h.job_id = p_job
			or exists (select from q.run r where r.job_id = h.job_id and r.attempt = h.attempt));
	select count(*) into v_busy from ingest.rate_hold h where h.credential = p_credential;
	if v_busy >= p_slots then
		reason := 'github.turn';
		if p_rank = 0 then
			wait := least(v_row.turn_span, interval '1 second');
		else
			update ingest.rate_budget b
			set turn_at = least(greatest(b.turn_at, v_now) + b.turn_span / p_slots, v_now + interval '30 seconds')
			where b.credential = p_credential and b.resource = 'core'
			returning b.turn_at - v_now into wait;
		end if;
		return;
	end if;
	insert into ingest.rate_hold (credential, job_id, attempt, taken_at, until)
	values (p_credential, p_job, p_attempt, v_now, v_now + p_span);
	granted := true;
	wait := interval '0';
end $$;

-- What the turn taught; ends it. p_wait 0: nothing is refused. p_named: GitHub said how long.
create function ingest.rate_report(p_credential text, p_job bigint, p_attempt int, p_resource text[], p_sent int[], p_told bool[],
	p_limit int[], p_remaining int[], p_resets_in interval[], p_wait interval[], p_points int, p_wrote bool) returns void
language plpgsql as $$
#variable_conflict use_column
declare
	v_now timestamptz;
	v_taken timestamptz;
begin
	perform from ingest.rate_budget b where b.credential = p_credential order by b.resource for update;
	v_now := clock_timestamp();
	insert into ingest.rate_budget (credential, resource)
	select p_credential, r from unnest(p_resource) r
	on conflict do nothing;
	update ingest.rate_budget b
	set per_window = case when n.told then n.most else b.per_window end,
		-- several turns at once may report in another order than GitHub answered: the lower number of one window counts
		remaining = case when not n.told then greatest(b.remaining - n.sent, 0)
			when b.per_window = n.most and abs(extract(epoch from b.reset_at - (v_now + n.resets_in))) < 2 then least(b.remaining, n.remaining)
			else n.remaining end,
		reset_at = case when n.told then v_now + n.resets_in else b.reset_at end,
		blocked_until = case when n.wait > interval '0' then greatest(b.blocked_until, v_now + n.wait) else b.blocked_until end,
		strikes = case when n.wait > interval '0' then b.strikes + 1 when n.sent > 0 then 0 else b.strikes end,
		updated_at = v_now
	from unnest(p_resource, p_sent, p_told, p_limit, p_remaining, p_resets_in, p_wait)
		as n (resource, sent, told, most, remaining, resets_in, wait)
	where b.credential = p_credential and b.resource = n.resource and (n.sent > 0 or n.told or n.wait > interval '0');
	delete from ingest.rate_hold h where h.credential = p_credential and h.job_id = p_job and h.attempt = p_attempt
	returning h.taken_at into v_taken;
	update ingest.rate_budget b
	set points = greatest(b.points - b.per_minute / 60.0 * extract(epoch from v_now - b.points_at), 0) + p_points, points_at = v_now,
		written_at = case when p_wrote then v_now else b.written_at end,
		written_from = case when p_wrote and (b.written_from is null or b.written_from <= v_now - interval '1 hour')
			then v_now else b.written_from end,
		writes = case when not p_wrote then b.writes
			when b.written_from is null or b.written_from <= v_now - interval '1 hour' then 1 else b.writes + 1 end,
		turn_span = case when v_taken is null then b.turn_span
			else greatest((b.turn_span * 7 + least(v_now - v_taken, interval '10 seconds')) / 8, interval '5 milliseconds') end,
		updated_at = v_now
	where b.credential = p_credential and b.resource = 'core';
end $$;

grant select, insert on ingest.rate_budget to patchwork_worker;
grant update on ingest.rate_budget to patchwork_worker;
grant select, insert, delete on ingest.rate_hold to patchwork_worker;
grant select, insert, update on ingest.fetch_cache to patchwork_worker;
grant select on ingest.rate_budget, ingest.rate_hold, ingest.fetch_cache to patchwork_auditor;

-- An issue that is no longer there: its bounty follows it (columns below), stands still, or goes back.
insert into core.bounty_state_rule (from_state, event, to_state) values
	('open', 'issue_transferred', 'frozen'),
	('in_progress', 'issue_transferred', 'frozen'),
	('draft', 'issue_deleted', 'cancelled'),
	('open', 'issue_deleted', 'refunding'),
	('in_progress', 'issue_deleted', 'refunding');
grant update (project_id, issue_id) on core.bounty to patchwork_worker;

-- Looking for what no delivery told, and the first reading of a repository: both are sweeps, page by page, in the order of changes.
create table ingest.sync_cursor (
	project_id uuid not null references core.project,
	resource text not null check (resource in ('issues')),
	serial int not null default 0,               -- sweeps that were finished
	page int not null default 0,                 -- of the sweep under way
	since timestamptz,                           -- all that GitHub changed before is known; null: nothing is
	next_url text,                               -- more of one second than a page holds
	seen bigint not null default 0,              -- issues and pull requests read, repetitions too
	last_ok_at timestamptz,
	primary key (project_id, resource)
);

-- What a sweep found that no delivery had told.
create table ingest.missed (
	project_id uuid not null references core.project,
	number int not null,
	source_updated_at timestamptz not null,
	is_pull bool not null,
	found_at timestamptz not null default now(),
	job_id bigint,
	primary key (project_id, number, source_updated_at)
);

grant select, insert, update on ingest.sync_cursor to patchwork_worker;
grant select, insert on ingest.missed to patchwork_worker;
grant select on ingest.sync_cursor, ingest.missed to patchwork_auditor;

-- one: the next page of a sweep, or its end; only from where it was read
-- in   project_id  uuid
-- in   serial      int4
-- in   page        int4
-- in   since       timestamptz?
-- in   next        text?
-- in   seen        int4
-- in   done        bool
-- in   job         int8
-- in   trace       text?
-- out  advanced    bool
-- role worker
with moved as (
	update ingest.sync_cursor
	set since = coalesce($4, since), next_url = $5, seen = seen + $6, page = case when $7 then 0 else page + 1 end,
		serial = case when $7 then serial + 1 else serial end, last_ok_at = case when $7 then now() else last_ok_at end
	where project_id = $1 and resource = 'issues' and serial = $2 and page = $3
	returning project_id, serial, page
), queued as (
	select q.enqueue('sync', 'sync.sweep', 'sweep:' || project_id || ':' || serial || ':' || page,
		jsonb_build_object('project_id', project_id), $8, priority => 1::smallint, trace => $9, project_id => project_id)
	from moved where not $7
)
select exists (select from moved) and (select count(*) from queued) >= 0 as advanced;

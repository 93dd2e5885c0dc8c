-- one: has what stands under issues written anew; nothing where the project wants none of it
-- in   project_id  uuid
-- in   numbers     int4[]
-- in   job         int8
-- in   trace       text?
-- out  jobs        int8
-- role worker
with place as (
	insert into core.status_comment (project_id, number)
	select p.id, n from core.project p, unnest($2) n where p.id = $1 and p.comments
	on conflict (project_id, number) do update set number = excluded.number
	returning number
)
select count(core.status_ask($1, number, $3, $4)) as jobs from place;

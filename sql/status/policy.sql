-- maybe: that a project's policy file as it stands is none
-- in   project_id  uuid
-- out  commit_sha  text
-- out  code        text
-- role worker operator
select l.commit_sha, l.code from (select v.commit_sha, v.code from core.policy_reading r join core.policy_version v on v.id = r.version_id
	where r.project_id = $1 order by r.since desc, r.id desc limit 1) l
where l.code is not null;

-- many: commands that were refused lately, newest first
-- in   project_id  uuid
-- in   number      int4
-- out  login       text
-- out  verb        text
-- out  code        text
-- role worker operator
select actor_login as login, verb, code from core.command
where project_id = $1 and number = $2 and code is not null and at > now() - interval '7 days' order by at desc, ordinal limit 5;

-- many: by which keys users' tokens are sealed
-- out  key_id  text
-- out  tokens  int8
-- role worker auditor
select key_id, count(*) as tokens from core.account_token group by key_id order by key_id

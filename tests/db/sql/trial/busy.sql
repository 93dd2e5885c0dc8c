-- none: locks a row of the table trial or gives up at once
-- in   id  int8
select from trial where id = $1 for update nowait

-- none: a row of the table twin, once; name is unique, too
-- in   id    int8
-- in   name  text
insert into twin (id, name) values ($1, $2) on conflict (held_once(id)) do nothing

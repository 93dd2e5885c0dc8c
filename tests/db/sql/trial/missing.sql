-- none: a table that is not there
delete from nowhere

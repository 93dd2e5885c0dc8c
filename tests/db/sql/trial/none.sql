-- none: nothing
select 1

-- one: what is among the jobs that were made lately, for searches to come
-- role worker
-- out  looked int4   spans that were looked at
select q.spans_ahead() as looked

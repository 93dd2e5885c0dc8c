-- one: what a worker has to know about a queue before it claims
-- role worker
-- in   queue    text
-- out  epoch    int8    of these rules
-- out  stopped  bool    the queue is paused
-- out  ruled    bool    a kind or a project is paused, or there is a limit: some jobs may have to stand aside
select (select epoch from q.control) as epoch, exists (select from q.pause where scope = 'stage' and name = $1) as stopped,
	exists (select from q.pause where scope <> 'stage') or exists (select from q.limits where queue is null or queue = $1) as ruled

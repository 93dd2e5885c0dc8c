-- one: a moment and a span from their text
-- in   at    text
-- in   span  text
-- out  at    timestamptz
-- out  span  interval
select $1::timestamptz as at, $2::interval as span

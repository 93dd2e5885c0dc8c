#include "queue/watermark.h"

#include <stdlib.h>

static bool next_u64(str *rest, char separator, uint64_t *out)
{
	str piece;

	return str_next(rest, separator, &piece) && str_u64(piece, out);
}

bool snapshot_read(str text, struct snapshot *out)
{
	str xips;

	out->n = 0;
	out->cut = false;
	if (!next_u64(&text, ':', &out->xmin) || !next_u64(&text, ':', &out->xmax))
		return false;
	for (xips = text; xips.n > 0;) {
		uint64_t xid;

		if (!next_u64(&xips, ',', &xid))
			return false;
		if (out->n == WATERMARK_XIPS)
			out->cut = true;
		else
			out->xip[out->n++] = xid;
	}
	return true;
}

bool snapshot_running(const struct snapshot *s, uint64_t xid)
{
	if (xid < s->xmin || xid >= s->xmax)
		return xid >= s->xmax;
	for (int i = 0; i < s->n; i++)
		if (s->xip[i] == xid)
			return true;
	return s->cut && (s->n == 0 || xid > s->xip[s->n - 1]);
}

void watermark_live(struct watermark *m, uint64_t life)
{
	if (life > m->life)
		*m = (struct watermark){ .life = life };
}

void watermark_look(struct watermark *m, usec now, struct watermark_look *out)
{
	out->safe = !m->backlog || now - m->probed >= WATERMARK_PROBE;
	if (out->safe)
		m->probed = now;
	memcpy(out->from, out->safe ? m->safe : m->fast, sizeof(out->from));
	out->head = m->head;
	out->generation = m->generation;
	out->life = m->life;
}

static bool tracked(const struct watermark *m, uint64_t xid)
{
	for (int i = 0; i < m->lates; i++)
		if (m->late[i].xid == xid)
			return true;
	return false;
}

/* Transactions we passed by that have ended: what they wrote lies at or above where safe was then. */
static void go_back(struct watermark *m, const struct snapshot *s)
{
	for (int i = 0; i < m->lates;) {
		if (snapshot_running(s, m->late[i].xid)) {
			i++;
			continue;
		}
		for (int p = 0; p < WATERMARK_PRIOS; p++)
			if (m->late[i].from[p] < m->safe[p])
				m->safe[p] = m->late[i].from[p];
		m->late[i] = m->late[--m->lates];
		m->generation++;
		m->probed = 0; /* also with a backlog, the next claim starts there */
	}
}

/* How many transactions below bound run in s and are not yet remembered; they are put into out. */
static int untracked(const struct watermark *m, const struct snapshot *s, uint64_t bound, uint64_t out[WATERMARK_LATE])
{
	int n = 0;

	if (s->cut || bound > s->xmax)
		return WATERMARK_LATE + 1;
	for (int i = 0; i < s->n && s->xip[i] < bound; i++) {
		if (tracked(m, s->xip[i]))
			continue;
		if (n == WATERMARK_LATE)
			return WATERMARK_LATE + 1;
		out[n++] = s->xip[i];
	}
	return n;
}

static void remember(struct watermark *m, const uint64_t *xids, int n)
{
	for (int i = 0; i < n; i++) {
		m->late[m->lates].xid = xids[i];
		memcpy(m->late[m->lates].from, m->safe, sizeof(m->safe));
		m->lates++;
	}
}

/* The highest head of which s shows all that will ever be; 0 = none. Points that it settles are forgotten. */
static int64_t settled_head(struct watermark *m, usec now, const struct snapshot *s)
{
	uint64_t xids[WATERMARK_LATE] = { 0 };

	for (int i = m->points - 1; i >= 0; i--) {
		int n = untracked(m, s, m->point[i].bound, xids);
		int64_t head = m->point[i].head;

		if (n > 0 && (now - m->point[i].at < WATERMARK_PATIENCE || m->lates + n > WATERMARK_LATE))
			continue;
		remember(m, xids, n);
		/* the newest settled point stays: it holds for every later snapshot */
		memmove(m->point, m->point + i, (size_t)(m->points - i) * sizeof(m->point[0]));
		m->points -= i;
		return head;
	}
	return 0;
}

/* Points are SPACING apart, so that they reach back further than PATIENCE; the newest moves until it is that far away. */
static void add_point(struct watermark *m, usec now, int64_t head, uint64_t bound)
{
	int last = m->points - 1;

	if (last >= 0 && m->point[last].head >= head)
		return;
	if (last > 0 && (now - m->point[last - 1].at < WATERMARK_SPACING || m->points == WATERMARK_POINTS))
		m->points--;
	m->point[m->points].head = head;
	m->point[m->points].bound = bound;
	m->point[m->points++].at = now;
}

static void advance(struct watermark *m, usec now, const struct watermark_look *look, const struct watermark_seen *seen)
{
	int64_t head;

	if (look->generation != m->generation)
		return; /* sent before safe went back */
	for (int p = 0; p < WATERMARK_PRIOS; p++)
		if (look->from[p] > m->safe[p])
			return; /* did not look from safe on */
	head = settled_head(m, now, seen->snapshot);
	for (int p = 0; p < WATERMARK_PRIOS && head > 0; p++) {
		int64_t to = seen->first[p] <= head ? seen->first[p] : head + 1;

		if (to > m->safe[p])
			m->safe[p] = to;
	}
}

void watermark_saw(struct watermark *m, usec now, const struct watermark_look *look, const struct watermark_seen *seen)
{
	if (look->life != m->life)
		return;
	advance(m, now, look, seen);
	go_back(m, seen->snapshot);
	add_point(m, now, look->head, seen->bound);
	if (seen->head > m->head)
		m->head = seen->head;
	m->backlog = seen->full;
	for (int p = 0; p < WATERMARK_PRIOS; p++) {
		if (seen->last[p] >= m->fast[p])
			m->fast[p] = seen->last[p] + 1;
		if (m->fast[p] < m->safe[p])
			m->fast[p] = m->safe[p];
	}
}

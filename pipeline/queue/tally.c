#include "base/metric.h"
#include "runner.h"

#define HEAD_SPAN (250 * USEC_MS)

static struct metric_label stages = { 1, RUNNER_LANES + 1, { "stage=\"other\"" } };
static struct metric_label kinds = { 1, METRIC_VALUES, { "stage=\"other\",kind=\"other\"" } };
#define RETURNED 5
static const char *const states[RETURNED + 1] = { "done", "failed", "parked", "snoozed", "cancelled", "returned" };
static struct metric_label outcomes = { 6, 6,
	{ "outcome=\"done\"", "outcome=\"failed\"", "outcome=\"parked\"", "outcome=\"snoozed\"",
		"outcome=\"cancelled\"", "outcome=\"returned\"" } };

static struct metric claimed = { .name = "patchwork_jobs_claimed_total", .help = "Jobs taken.", .by = { &stages } };
static struct metric ended = {
	.name = "patchwork_jobs_total", .help = "Runs by how they ended.", .by = { &kinds, &outcomes }
};
static struct metric durations = {
	.name = "patchwork_job_duration_seconds",
	.help = "Time of a run; of a batch in one transaction, its share.",
	.type = METRIC_HISTOGRAM,
	.by = { &kinds },
	.edges = &metric_slow,
};
static struct metric waits = {
	.name = "patchwork_job_wait_seconds",
	.help = "Time from a job's readiness to its claim, at most.",
	.type = METRIC_HISTOGRAM,
	.by = { &stages },
	.edges = &metric_slow,
};
static struct metric in_hand = {
	.name = "patchwork_jobs_in_hand", .help = "Jobs that run.", .type = METRIC_GAUGE, .by = { &stages }
};
static struct metric stale = {
	.name = "patchwork_jobs_stale_total", .help = "Ends that came after another had the job.", .by = { &stages }
};
static struct metric rescued = { .name = "patchwork_jobs_rescued_total",
	.help = "Jobs taken back from workers that were lost." };

void tally_lane(struct lane *lane)
{
	struct metric *const all[] = { &claimed, &ended, &durations, &waits, &in_hand, &stale, &rescued };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		metric_register(all[i]);
	lane->tally = metric_label_add(&stages, "stage=\"%s\"", lane->queue);
	for (int i = 0; i < lane->kinds; i++)
		lane->kind_tally[i] =
			metric_label_add(&kinds, "stage=\"%s\",kind=\"%s\"", lane->queue, lane->kind[i]->kind);
}

usec tally_wait(const struct lane *lane, usec now, int64_t seq, usec age)
{
	for (int i = 0; i < LANE_HEADS; i++) {
		const struct lane_head *h = &lane->head[(lane->heads + LANE_HEADS - i) % LANE_HEADS];

		if (h->asked == 0)
			break;
		if (h->head < seq)
			return now - h->asked < age ? now - h->asked : age;
	}
	return age > 0 ? age : 0;
}

void tally_head(struct lane *lane, usec asked, int64_t head)
{
	if (asked - lane->head[lane->heads].asked < HEAD_SPAN)
		return;
	lane->heads = (lane->heads + 1) % LANE_HEADS;
	lane->head[lane->heads] = (struct lane_head){ asked, head };
}

void tally_claimed(const struct batch *b)
{
	metric_count(&claimed, b->lane->tally, 0, b->n);
	for (int i = 0; i < b->n; i++)
		metric_observe(&waits, b->lane->tally, 0, b->at[i].waited, 1);
}

void tally_hand(const struct job *j, int n)
{
	metric_count(&in_hand, j->batch->lane->tally, 0, n);
}

/* What goes back unrun has no duration. */
void tally_ended(const struct job *j, const char *state, usec took)
{
	int outcome = 0;

	while (outcome < RETURNED && strcmp(states[outcome], state) != 0)
		outcome++;
	metric_count(&ended, j->tally, outcome, 1);
	if (outcome != RETURNED)
		metric_observe(&durations, j->tally, 0, took, 1);
}

void tally_stale(const struct job *j)
{
	metric_count(&stale, j->batch->lane->tally, 0, 1);
}

void tally_rescued(int64_t jobs)
{
	metric_count(&rescued, 0, 0, jobs);
}

#include "base/metric.h"
#include "base/str.h"
#include "stages/stages.h"
#include "sync.h"

static const char *const reasons[] = { "event.unsubscribed", "action.unsubscribed", "delivery.malformed",
	"delivery.no_repository", "project.unknown", "project.unresolved", "comment.not_human", "comment.no_command",
	"command.edited_by_other", "other" };
#define REASONS (int)(sizeof(reasons) / sizeof(reasons[0]))

static struct metric_label labels = { 0, REASONS, { NULL } };
static struct metric ignored = {
	.name = "patchwork_deliveries_ignored_total",
	.help = "Deliveries that concern nothing here, by reason.",
	.by = { &labels },
};

void sync_count(void)
{
	metric_register(&ignored);
	for (int i = 0; i < REASONS; i++)
		metric_label_add(&labels, "reason=\"%s\"", reasons[i]);
}

void delivery_count_ignored(const char *reason)
{
	int i = 0;

	while (i < REASONS - 1 && strcmp(reasons[i], reason) != 0)
		i++;
	metric_count(&ignored, i, 0, 1);
}

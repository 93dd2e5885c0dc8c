/* pay: quote, send, confirm, refund. The signed bytes are stored before anything is sent, so what may have happened can be looked for. */
#include "pay.h"
#include "stages/stages.h"

static const struct signer *signer;

void pay_use_signer(const struct signer *s)
{
	signer = s;
}

const struct signer *pay_signer(void)
{
	return signer;
}

static const struct field quote_fields[] = {
	FIELD(FIELD_UUID, struct quote_task, payout_id),
};
const struct stage pay_quote = {
	.name = "pay",
	.kind = "pay.quote",
	.task = FIELDS(struct quote_task, quote_fields),
	.lease_s = 20,
	.attempts = 30,
	.retry_base = USEC_S,
	.retry_cap = 300 * USEC_S,
	.next = "pay",
	.decided = offsetof(struct quote_task, decided),
	.plan = quote_plan,
	.effect = quote_effect,
	.settle = quote_settle,
};

static const struct field send_fields[] = {
	FIELD(FIELD_UUID, struct send_task, payout_id),
	FIELD(FIELD_U256, struct send_task, max_fee, .from = "quote.max_fee"),
	FIELD(FIELD_U256, struct send_task, max_priority_fee, .from = "quote.max_priority_fee"),
	FIELD(FIELD_I64, struct send_task, gas, .from = "quote.gas", .min = 21000, .max = INT64_C(1) << 40),
};
const struct stage pay_send = {
	.name = "pay",
	.kind = "pay.send",
	.task = FIELDS(struct send_task, send_fields),
	.lease_s = 20,
	.attempts = 100,
	.retry_base = USEC_S,
	.retry_cap = 60 * USEC_S,
	.next = "pay",
	.decided = offsetof(struct send_task, decided),
	.peek = send_peek,
	.plan = send_plan,
	.probe = send_probe,
	.effect = send_effect,
	.settle = send_settle,
};

static const struct field confirm_fields[] = {
	FIELD(FIELD_UUID, struct confirm_task, payout_id),
};
const struct stage pay_confirm = {
	.name = "pay",
	.kind = "pay.confirm",
	.task = FIELDS(struct confirm_task, confirm_fields),
	.lease_s = 20,
	.attempts = 100,
	.retry_base = USEC_S,
	.retry_cap = 60 * USEC_S,
	.next = "score",
	.decided = offsetof(struct confirm_task, decided),
	.plan = confirm_plan,
	.effect = confirm_effect,
	.settle = confirm_settle,
};

static const struct field refund_fields[] = {
	FIELD(FIELD_UUID, struct refund_task, refund_id),
};
const struct stage pay_refund = {
	.name = "pay",
	.kind = "pay.refund",
	.task = FIELDS(struct refund_task, refund_fields),
	.lease_s = 20,
	.attempts = 100,
	.retry_base = USEC_S,
	.retry_cap = 300 * USEC_S,
	.next = "pay",
	.decided = offsetof(struct refund_task, decided),
	.plan = refund_plan,
	.probe = refund_probe,
	.effect = refund_effect,
	.settle = refund_settle,
};

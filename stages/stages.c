#include "stages.h"

const struct stage *const all_stages[] = {
	&sync_delivery,
	&sync_project,
	&sync_issue,
	&sync_reconcile,
	&sync_sweep,
	&sync_pull,
	&sync_command,
	&sync_status,
	&verify_fund,
	&verify_wallet,
	&verify_merge,
	&verify_recheck,
	&verify_deadline,
	&prove_proof,
	&pay_quote,
	&pay_send,
	&pay_confirm,
	&score_payout,
	NULL,
};

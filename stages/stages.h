/* The stages of the pipeline, one table per kind of job, and the keys that some of them hold. */
#pragma once

#include "crypto/seal.h"
#include "crypto/secret.h"
#include "outside/signer.h"
#include "queue/stage.h"

extern const struct stage *const all_stages[]; /* NULL at the end */

extern const struct stage sync_delivery, sync_project, sync_issue, sync_reconcile, sync_sweep, sync_pull, sync_command,
	sync_status, sync_attempt, sync_check, sync_reverify, sync_policy, sync_hook, sync_rotate, sync_hooks,
	sync_health, sync_redeliver, sync_link, sync_account, sync_accounts, sync_unlink, sync_renew;
extern const struct stage verify_fund, verify_wallet, verify_merge, verify_recheck, verify_deadline;
extern const struct stage prove_proof;
extern const struct stage pay_quote, pay_send, pay_confirm, pay_refund;
extern const struct stage score_payout;

/* Before the stage runs; the caller keeps what it gave until the stage has ended. */
void pay_use_signer(const struct signer *signer);
void sync_use_seal(const struct seal *seal);           /* for users' tokens; NULL: no account can be linked */
str sync_hook_about(struct work *w, uuid hook_id);     /* what the secrets of a webhook are sealed about */
str sync_token_about(struct work *w, uuid token_id);   /* what a user's token is sealed about, */
str sync_refresh_about(struct work *w, uuid token_id); /* and the one for its renewal */
void sync_use_hooks(
	const struct seal *seal, str url); /* where GitHub delivers to; { NULL, 0 } = no webhooks are made */
void prove_use_key(const struct secret *ed25519_seed);
void sync_count(void); /* before the stage runs: its counters are printed */

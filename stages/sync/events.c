/* Every event that GitHub documents examples of, and what becomes of it; docs/stages.md shows the same table. An event that is
 * not here, and an action that its row does not name, is ignored as unsubscribed. */
#include "sync.h"

#define IGNORED(EVENT, WHY)                                                                                            \
	{                                                                                                              \
		EVENT, NULL, DELIVERY_IGNORED, WHY                                                                     \
	}

static const struct event_rule rules[] = {
	IGNORED("branch_protection_rule", "rules of branches decide nothing here"),
	IGNORED("check_run", "checks are read at the merge"),
	IGNORED("check_suite", "checks are read at the merge"),
	IGNORED("code_scanning_alert", "not about issues or pull requests"),
	IGNORED("commit_comment", "commands are taken from issues and pull requests"),
	IGNORED("create", "branches and tags decide nothing here"),
	IGNORED("delete", "branches and tags decide nothing here"),
	IGNORED("dependabot_alert", "not about issues or pull requests"),
	IGNORED("deploy_key", "not about issues or pull requests"),
	IGNORED("deployment", "not about issues or pull requests"),
	IGNORED("deployment_review", "not about issues or pull requests"),
	IGNORED("deployment_status", "not about issues or pull requests"),
	IGNORED("discussion", "discussions carry no bounties"),
	IGNORED("discussion_comment", "discussions carry no bounties"),
	IGNORED("fork", "a fork is another repository"),
	IGNORED("github_app_authorization", "a person's link is looked at when it is used"),
	IGNORED("gollum", "not about issues or pull requests"),
	{ "installation", "created|deleted|suspend|unsuspend|new_permissions_accepted", DELIVERY_INSTALLATION,
		"its projects are looked at again" },
	{ "installation_repositories", "added|removed", DELIVERY_INSTALLATION, "its projects are looked at again" },
	{ "issue_comment", "created|edited", DELIVERY_COMMENT, "commands" },
	{ "issues", "opened|edited|closed|reopened|deleted|transferred", DELIVERY_ISSUE, "the issue" },
	IGNORED("label", "labels decide nothing here"),
	IGNORED("marketplace_purchase", "not sold there"),
	{ "member", "added|edited|removed", DELIVERY_REPOSITORY, "who owns it is looked at again" },
	IGNORED("membership", "permissions are read when they are needed"),
	IGNORED("merge_group", "the merge itself is a pull request's event"),
	IGNORED("meta", "a hook that is gone sends nothing more: deliveries are looked for"),
	IGNORED("milestone", "milestones of GitHub decide nothing here"),
	IGNORED("organization", "permissions are read when they are needed"),
	IGNORED("org_block", "permissions are read when they are needed"),
	IGNORED("package", "not about issues or pull requests"),
	IGNORED("page_build", "not about issues or pull requests"),
	{ "ping", "", DELIVERY_PING, "the hook is alive" },
	IGNORED("project", "boards decide nothing here"),
	IGNORED("project_card", "boards decide nothing here"),
	IGNORED("project_column", "boards decide nothing here"),
	IGNORED("projects_v2_item", "boards decide nothing here"),
	{ "public", "", DELIVERY_REPOSITORY, "the repository is read again" },
	{ "pull_request", "opened|edited|synchronize|reopened|closed|ready_for_review|converted_to_draft",
		DELIVERY_PULL, "the pull request, fetched anew" },
	IGNORED("pull_request_review", "reviews are read at the merge"),
	IGNORED("pull_request_review_comment", "commands are taken from the conversation alone"),
	IGNORED("pull_request_review_thread", "reviews are read at the merge"),
	{ "push", "", DELIVERY_PUSH, "the project's policy is read again when the push changes it" },
	IGNORED("release", "not about issues or pull requests"),
	{ "repository", "renamed|transferred|privatized|publicized|archived|unarchived|deleted|edited",
		DELIVERY_REPOSITORY, "the repository is read again" },
	IGNORED("repository_dispatch", "not about issues or pull requests"),
	IGNORED("repository_import", "the repository is read when it is registered"),
	IGNORED("repository_vulnerability_alert", "not about issues or pull requests"),
	IGNORED("security_advisory", "not about issues or pull requests"),
	IGNORED("sponsorship", "money moves on chain alone"),
	IGNORED("star", "stars decide nothing here"),
	IGNORED("status", "checks are read at the merge"),
	IGNORED("team", "permissions are read when they are needed"),
	IGNORED("team_add", "permissions are read when they are needed"),
	IGNORED("watch", "stars decide nothing here"),
	IGNORED("workflow_dispatch", "not about issues or pull requests"),
	IGNORED("workflow_job", "checks are read at the merge"),
	IGNORED("workflow_run", "checks are read at the merge"),
};

const struct event_rule *event_rule(str event)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (str_eq(event, str_c(rules[i].event)))
			return &rules[i];
	return NULL;
}

bool event_takes(const struct event_rule *rule, str action)
{
	return rule != NULL && rule->actions != NULL && (rule->actions[0] == '\0' || str_one_of(action, rule->actions));
}

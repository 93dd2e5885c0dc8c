# docs/ and conf/*.conf against the sources: codes, topics, keys, log events, links.

.PHONY: lint-docs docs-write docs-manual
lint: lint-docs
lint-docs: ## compare docs/ and conf/*.conf with the sources
	@node tests/lint/docs.mjs
docs-manual: $(BUILD)/patchwork ## make the man page and the completion out of the table of commands
	@mkdir -p conf/completion
	@$(BUILD)/patchwork --config /dev/null manual > docs/patchwork.1
	@$(BUILD)/patchwork --config /dev/null completion > conf/completion/patchwork
docs-write: ## make conf/*.conf and the key tables of docs/operating.md out of the configuration tables
	@node tests/lint/docs.mjs --write

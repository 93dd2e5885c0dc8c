# docs/ and conf/*.conf against the sources: codes, topics, keys, log events, links.

.PHONY: lint-docs docs-write
lint: lint-docs
lint-docs: ## compare docs/ and conf/*.conf with the sources
	@node tests/lint/docs.mjs
docs-write: ## make conf/*.conf and the key tables of docs/operating.md out of the configuration tables
	@node tests/lint/docs.mjs --write

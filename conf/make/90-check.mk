# make check: what must pass before anything lands; fast things first. One suite: make check ONLY=unit

ONLY :=
JS_TESTS := $(sort $(wildcard tests/api/*.test.mjs tests/api/*/*.test.mjs tests/replay/*.test.mjs tests/demo/*.test.mjs tests/metrics/*.test.mjs))

SUITES = \
	"lint/layers=make -s lint-layers && echo '1 passed, 0 failed'" \
	"lint/format=make -s lint-format && echo '1 passed, 0 failed'" \
	"lint/docs=make -s lint-docs" \
	$(foreach t,$(UNIT),"unit/$(notdir $(t))=$(t)") \
	"vectors=make -s vectors" \
	"db=make -s check-db" \
	"metrics/rules=make -s check-rules && echo '1 passed, 0 failed'" \
	"metrics/dashboard=node tests/metrics/dashboard.mjs" \
	$(foreach t,$(JS_TESTS),"$(t:tests/%.test.mjs=%)=node --test --test-reporter=tap $(t)") \
	"lint/cppcheck=make -s lint-cppcheck && echo '1 passed, 0 failed'" \
	"lint/tidy=make -s -j2 lint-tidy && echo '1 passed, 0 failed'"

# The alerts, by Prometheus' own test runner.
.PHONY: check-rules
check-rules: ## test the alert rules
	promtool check rules conf/prometheus/patchwork.rules.yml
	promtool test rules tests/metrics/rules.test.yml

.PHONY: check check-install check-build check-run
check: check-install ## install what is missing, build, run every test, or ONLY=api/auth
	@$(MAKE) --no-print-directory -j$$(nproc) check-build
	@$(MAKE) --no-print-directory check-run
check-install: ## that alone: Debian packages and the npm trees of the tests
	@tests/stack/install.sh check
check-build: $(BUILD)/tests/upgrade/check_sql programs programs-san contract $(UNIT) $(BUILD)/tests/vectors $(BUILD)/tests/db/check_sql $(DB_TESTS) ## build every program and test
check-run: ## run what is built: every test, or ONLY=api/auth
	@node tests/check.mjs --only "$(ONLY)" $(SUITES)

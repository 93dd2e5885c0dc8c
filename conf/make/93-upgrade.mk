# The release before this one beside this one, on one database. tests/upgrade/previous.sql holds what it relies on: recorded with
# `make upgrade-record RELEASE=...` when a release is made. check-upgrade builds it and runs both.

PREVIOUS := tests/upgrade/previous.sql
PREVIOUS_GEN := $(BUILD)/upgrade/previous
RELEASE := $(shell sed -n '1s/^-- release: \([0-9a-f]*\).*/\1/p' $(PREVIOUS))

# Its statements go through the same check as ours (tests/db/check_sql.c), under another name.
$(PREVIOUS_GEN).h $(PREVIOUS_GEN).c &: $(PREVIOUS) sql/embed.awk
	@rm -rf $(PREVIOUS_GEN) && mkdir -p $(PREVIOUS_GEN)
	@gawk -v to=$(PREVIOUS_GEN)/ '/^-- statement: /{ close(f); f = to $$3; d = f; sub("/[^/]*$$", "", d); if (!(d in made)) { system("mkdir -p " d); made[d] } next } f { print >f }' $<
	@gawk -v header=$(PREVIOUS_GEN).h -v source=$(PREVIOUS_GEN).c -v all=sql_previous -f sql/embed.awk $$(find $(PREVIOUS_GEN)/sql -name '*.sql' | sort)
$(BUILD)/san/upgrade/previous.o: $(PREVIOUS_GEN).c | $(GEN)
	@mkdir -p $(@D)
	$(call run,$@)$(CC) $(BASE_CFLAGS) $(CFLAGS_san) -I$(dir $(PREVIOUS_GEN)) -c $< -o $@
$(BUILD)/san/upgrade/check_sql.o: tests/db/check_sql.c | $(TRIAL).h
	@mkdir -p $(@D)
	$(call run,$@)$(CC) $(BASE_CFLAGS) -I$(BUILD)/tests/gen $(CFLAGS_san) -Dsql_all=sql_previous -c $< -o $@
$(BUILD)/tests/upgrade/check_sql: $(BUILD)/san/upgrade/check_sql.o $(BUILD)/san/upgrade/previous.o \
		$(BUILD)/san/tests/db/db_test.o $(BUILD)/san/libpatchwork.a
	@mkdir -p $(@D)
	$(call run,$@)$(CC) $(CFLAGS_san) $(LDFLAGS_san) -o $@ $^ -lcmocka $(LIBS)

# The program itself, built of the repository's history. Not in `make check`: it takes as long as two builds.
OLD := $(BUILD)/previous
$(OLD)/.release: $(PREVIOUS)
	@rm -rf $(OLD) && mkdir -p $(OLD)
	git archive $(RELEASE) | tar -x -C $(OLD)
	$(MAKE) -C $(OLD) BUILD=build programs
	@echo $(RELEASE) >$@

.PHONY: check-upgrade upgrade-record
check-upgrade: $(OLD)/.release programs contract ## build the release before, and run both on one database
	PATCHWORK_PREVIOUS=$(abspath $(OLD))/build node --test tests/upgrade/upgrade.test.mjs
upgrade-record: ## when a release is made: RELEASE=COMMIT is the one that the next is held against
	tests/upgrade/record.sh $(RELEASE) >$(BUILD)/previous.sql
	mv $(BUILD)/previous.sql $(PREVIOUS)

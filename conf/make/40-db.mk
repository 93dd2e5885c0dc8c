# Tests on a real PostgreSQL: check-sql compares each statement's head with the server, check-db also runs every
# tests/db/NAME_test.c (cmocka), all inside one throw-away cluster. The tests' own statements are in tests/db/sql/.

DB_TEST_SRC := $(filter-out tests/db/db_test.c,$(sort $(wildcard tests/db/*_test.c)))
DB_TESTS := $(DB_TEST_SRC:tests/db/%.c=$(BUILD)/tests/db/%)
DB_OBJ := $(patsubst %.c,$(BUILD)/san/%.o,$(DB_TEST_SRC) tests/db/db_test.c tests/db/check_sql.c)
TRIAL := $(BUILD)/tests/gen/trial
TRIAL_SQL := $(sort $(wildcard tests/db/sql/*/*.sql))

$(BUILD)/gen/trial.list: NAMES = $(TRIAL_SQL)
$(TRIAL).h $(TRIAL).c &: $(TRIAL_SQL) $(BUILD)/gen/trial.list sql/embed.awk
	@mkdir -p $(@D)
	gawk -v header=$(TRIAL).h -v source=$(TRIAL).c -v all=sql_trial -f sql/embed.awk $(TRIAL_SQL)
$(DB_OBJ): BASE_CFLAGS += -I$(BUILD)/tests/gen
$(DB_OBJ): | $(TRIAL).h
$(BUILD)/san/tests/gen/trial.o: $(TRIAL).c | $(GEN)
	@mkdir -p $(@D)
	$(call run,$@)$(CC) $(BASE_CFLAGS) $(CFLAGS_san) -c $< -o $@

$(BUILD)/tests/db/%: $(BUILD)/san/tests/db/%.o $(BUILD)/san/tests/db/db_test.o $(BUILD)/san/tests/gen/trial.o \
		$(BUILD)/san/libpatchwork.a
	@mkdir -p $(@D)
	$(call run,$@)$(CC) $(CFLAGS_san) $(LDFLAGS_san) -o $@ $^ -lcmocka $(LIBS)
-include $(DB_OBJ:.o=.d)

.PHONY: check-sql check-db
check-sql: $(BUILD)/tests/db/check_sql ## compare each statement's head with what PostgreSQL reports
	tests/db/embed.sh
	tests/db/cluster.sh $<
check-db: $(BUILD)/tests/db/check_sql $(DB_TESTS) ## that, and every test that needs a database
	tests/db/embed.sh
	tests/db/cluster.sh bash -c 'rc=0; for t in "$$@"; do "$$t" || { echo "FAILED $$t"; rc=1; }; done; exit $$rc' _ $^

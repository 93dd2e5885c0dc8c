# make bench: what Patchwork does per second on this machine, beside its floors and peers; docs/performance.md says how.
#   ROUNDS   how often each measurement is repeated, all in turn (5)
#   SECONDS  of each load (8)                  JOBS  drained per round of the queue (200000)
#   ONLY     webhook, webhook-mix, login, queue, strain, contribution or backfill alone
#   LOGINS   of each round of login (1000)         ISSUES, KILLS  of backfill (50000, 5)
#   KEEPUP   seconds of keeping up under an old snapshot (600)    HISTORY  jobs that have ended before (5000000)

ROUNDS ?= 5
JOBS ?= 200000
KEEPUP ?= 600
HISTORY ?= 5000000
BENCH_SECONDS = $(if $(filter command line environment,$(origin SECONDS)),$(SECONDS),8)

LOAD := $(BUILD)/tests/bench/load
LOAD_OBJ := $(patsubst %.c,$(BUILD)/rel/%.o,$(sort $(wildcard tests/bench/*.c)))
$(LOAD): $(LOAD_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_rel) $(LDFLAGS_rel) -o $@ $^
-include $(LOAD_OBJ:.o=.d)

.PHONY: bench
bench: ## measure: JSON lines on stdout, a table on stderr
	@tests/stack/install.sh bench >&2
	@$(MAKE) --no-print-directory programs contract $(LOAD) >&2
	@ROUNDS=$(ROUNDS) SECONDS_EACH=$(BENCH_SECONDS) JOBS=$(JOBS) KEEPUP=$(KEEPUP) HISTORY=$(HISTORY) node tests/bench/bench.mjs $(ONLY)

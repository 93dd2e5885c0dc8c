# build/tests/scarce.so: preloaded by tests into programs that are to run out of memory or disk, or to have a wrong clock.

SCARCE := $(BUILD)/tests/scarce.so
$(SCARCE): tests/replay/scarce.c
	@mkdir -p $(@D)
	$(call run,$@)$(CC) -std=gnu17 -g -O2 -fPIC -shared $(WARN) -Wno-missing-prototypes -o $@ $< -ldl

check-build: $(SCARCE)

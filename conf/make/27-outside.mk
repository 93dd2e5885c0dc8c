# tests/outside/probe: asks what a stage may ask of the world, for tests that run real servers beside it; turns: many threads that
# ask GitHub in turns.

OUTSIDE_PROBE := $(BUILD)/tests/outside/probe $(BUILD)/tests/outside/turns
$(OUTSIDE_PROBE): $(BUILD)/tests/outside/%: $(BUILD)/san/tests/outside/%.o $(BUILD)/san/libpatchwork.a
	@mkdir -p $(@D)
	$(call run,$@)$(CC) $(CFLAGS_san) $(LDFLAGS_san) -o $@ $^ $(LIBS)
-include $(BUILD)/san/tests/outside/probe.d $(BUILD)/san/tests/outside/turns.d

check-build: $(OUTSIDE_PROBE)

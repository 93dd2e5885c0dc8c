# tests/outside/probe: asks what a stage may ask of the world, for tests that run real servers beside it.

OUTSIDE_PROBE := $(BUILD)/tests/outside/probe
$(OUTSIDE_PROBE): $(BUILD)/san/tests/outside/probe.o $(BUILD)/san/libpatchwork.a
	@mkdir -p $(@D)
	$(call run,$@)$(CC) $(CFLAGS_san) $(LDFLAGS_san) -o $@ $^ $(LIBS)
-include $(BUILD)/san/tests/outside/probe.d

check-build: $(OUTSIDE_PROBE)

# make check-fault ROW=F8 [SEED=n]: one row of the table of faults (or of features: ROW=I7); without ROW: which tests prove which row.

ROW :=
.PHONY: check-fault
check-fault: $(if $(ROW),check-build) ## run the tests of one row: ROW=F8 [SEED=n]; without ROW: list them
	@BUILD=$(BUILD) $(if $(SEED),PATCHWORK_SEED=$(SEED)) $(NODE) tests/fault.mjs $(ROW)

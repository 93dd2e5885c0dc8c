# What Patchwork runs against on one machine: npm trees, the contract, and the stack of tests/stack/stack.mjs.

STACK_MODULES := tests/stack/node_modules/.installed
PEERS_MODULES := tests/peers/node_modules/.installed
CONTRACT := $(BUILD)/contract/Escrow.json

tests/%/node_modules/.installed: tests/%/package-lock.json tests/%/package.json
	tests/stack/install.sh npm $*

$(CONTRACT): stages/pay/escrow/Escrow.sol tests/stack/Token.sol tests/stack/compile.mjs $(STACK_MODULES)
	node tests/stack/compile.mjs $(@D) $(filter %.sol,$^)

.PHONY: contract
contract: $(CONTRACT) ## compile the escrow contract and the test token

// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.20;

/// Not deployed: its creation code and arguments are the data of one eth_call (ERC-6492). Asks the wallet; when it does not agree, or
/// is not there yet, lets the factory make or prepare it within this call, and asks again. Answers one byte, 1 or 0.
contract Signature {
	constructor(address wallet, bytes32 hash, address factory, bytes memory preparation, bytes memory signature) {
		bool agrees = ask(wallet, hash, signature);

		if (!agrees) {
			(bool made, ) = factory.call(preparation);
			agrees = made && ask(wallet, hash, signature);
		}
		assembly {
			mstore(0, agrees)
			return(31, 1)
		}
	}

	function ask(address wallet, bytes32 hash, bytes memory signature) private view returns (bool) {
		(bool done, bytes memory answer) = wallet.staticcall(abi.encodeWithSelector(0x1626ba7e, hash, signature));

		return done && answer.length == 32 && bytes32(answer) == bytes32(bytes4(0x1626ba7e));
	}
}

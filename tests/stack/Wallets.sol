// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.20;

// Wallets that are contracts: one as it should be, a factory that makes it where it was foreseen, and some that answer otherwise.

contract Wallet {
	address private immutable owner;

	constructor(address owner_) {
		owner = owner_;
	}

	function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
		if (signature.length != 65) return 0xffffffff;
		bytes32 r = bytes32(signature[:32]);
		bytes32 s = bytes32(signature[32:64]);
		return ecrecover(hash, uint8(signature[64]), r, s) == owner ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
	}
}

contract WalletFactory {
	function make(address owner, bytes32 salt) external returns (address) {
		return address(new Wallet{salt: salt}(owner));
	}

	function foreseen(address owner, bytes32 salt) external view returns (address) {
		bytes32 code = keccak256(abi.encodePacked(type(Wallet).creationCode, abi.encode(owner)));
		return address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), address(this), salt, code)))));
	}
}

/// Answers what it was told to, whatever it is asked.
contract OddWallet {
	bytes private answer;
	bool private immutable reverts;

	constructor(bytes memory answer_, bool reverts_) {
		answer = answer_;
		reverts = reverts_;
	}

	fallback(bytes calldata) external returns (bytes memory) {
		require(!reverts, "no");
		return answer;
	}
}

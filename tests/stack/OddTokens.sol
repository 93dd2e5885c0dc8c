// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.20;

// Tokens as they are found, not as the standard wants them; each is a way to cheat the escrow.

contract Ledger {
	mapping(address => uint256) public balanceOf;

	function mint(address to, uint256 value) external {
		balanceOf[to] += value;
	}

	function move(address from, address to, uint256 sent, uint256 got) internal {
		require(balanceOf[from] >= sent, "balance");
		balanceOf[from] -= sent;
		balanceOf[to] += got;
	}
}

/// Moves the money and answers nothing at all.
contract SilentToken is Ledger {
	function transfer(address to, uint256 value) external {
		move(msg.sender, to, value, value);
	}

	function transferFrom(address from, address to, uint256 value) external {
		move(from, to, value, value);
	}
}

/// Takes money in, and answers false when it should go out.
contract FalseToken is Ledger {
	function transfer(address, uint256) external pure returns (bool) {
		return false;
	}

	function transferFrom(address from, address to, uint256 value) external returns (bool) {
		move(from, to, value, value);
		return true;
	}
}

/// Says true and moves nothing.
contract LyingToken is Ledger {
	function transferFrom(address, address, uint256) external pure returns (bool) {
		return true;
	}
}

/// Keeps a hundredth.
contract TaxedToken is Ledger {
	function transferFrom(address from, address to, uint256 value) external returns (bool) {
		move(from, to, value, value - value / 100);
		return true;
	}
}

/// Calls whoever it was told to, with what it was told, while it moves.
contract CallbackToken is Ledger {
	address private target;
	bytes private data;
	bool public came;
	bytes public answer;

	function aim(address target_, bytes calldata data_) external {
		target = target_;
		data = data_;
	}

	function transfer(address to, uint256 value) external returns (bool) {
		if (target != address(0)) (came, answer) = target.call(data);
		move(msg.sender, to, value, value);
		return true;
	}

	function transferFrom(address from, address to, uint256 value) external returns (bool) {
		if (target != address(0)) (came, answer) = target.call(data);
		move(from, to, value, value);
		return true;
	}
}

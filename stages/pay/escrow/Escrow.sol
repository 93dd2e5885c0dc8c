// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.20;

interface Erc20 {
	function balanceOf(address owner) external view returns (uint256);
	function transfer(address to, uint256 amount) external returns (bool);
	function transferFrom(address from, address to, uint256 amount) external returns (bool);
}

interface Erc3009 {
	function receiveWithAuthorization(
		address from,
		address to,
		uint256 value,
		uint256 validAfter,
		uint256 validBefore,
		bytes32 nonce,
		uint8 v,
		bytes32 r,
		bytes32 s
	) external;
}

/// Holds the money of bounties: the funder locks it, the operator releases it to contributors, and after the
/// deadline whatever is left goes back to the funder and to nobody else.
///
/// A payout id is paid at most once, whatever the caller believes about earlier attempts: this is the last guard
/// against paying twice. Amounts are in the token's smallest unit, deadlines in seconds since 1970.
/// The operator is fixed for the life of the contract; another operator needs another escrow.
contract Escrow {
	struct Lock {
		address funder;
		address token;
		uint256 balance;
		uint64 deadline;
	}

	event Locked(bytes32 indexed bountyId, address indexed funder, address token, uint256 amount, uint64 deadline);
	event Released(bytes32 indexed bountyId, bytes32 indexed payoutId, address indexed to, uint256 amount);
	event Refunded(bytes32 indexed bountyId, address indexed to, uint256 amount);

	error NotOperator();
	error NotFunder();
	error AlreadyPaid(bytes32 payoutId);
	error Insufficient(uint256 held, uint256 asked);
	error ZeroAmount();
	error BadPayee();
	error BadToken();
	error BadDeadline();
	error TooEarly(uint64 deadline);
	error TransferFailed();
	error Reentered();

	address public immutable operator;
	mapping(bytes32 => Lock) public locks;
	mapping(bytes32 => bool) public paid;
	bool private busy;

	constructor(address operator_) {
		if (operator_ == address(0)) revert NotOperator();
		operator = operator_;
	}

	/// A token may call back while it moves; nothing here can be entered then.
	modifier alone() {
		if (busy) revert Reentered();
		busy = true;
		_;
		busy = false;
	}

	/// The caller pays from an allowance. The first to lock a bounty id is its funder; only the funder may add to it,
	/// in the same token, with the same deadline or a later one.
	function lock(bytes32 bountyId, address token, uint256 amount, uint64 deadline) external alone {
		enter(bountyId, msg.sender, token, amount, deadline);
		uint256 before = held(token);
		call(token, abi.encodeCall(Erc20.transferFrom, (msg.sender, address(this), amount)));
		arrived(token, before, amount);
	}

	/// Anyone may hand in what the funder signed (EIP-3009); the nonce ties the signature to this chain, contract,
	/// bounty and deadline.
	function lockWithAuthorization(
		bytes32 bountyId,
		address funder,
		address token,
		uint256 amount,
		uint64 deadline,
		uint256 validAfter,
		uint256 validBefore,
		uint8 v,
		bytes32 r,
		bytes32 s
	) external alone {
		enter(bountyId, funder, token, amount, deadline);
		uint256 before = held(token);
		Erc3009(token).receiveWithAuthorization(
			funder, address(this), amount, validAfter, validBefore, lockNonce(bountyId, deadline), v, r, s
		);
		arrived(token, before, amount);
	}

	/// Possible until the funder has taken the rest back, also after the deadline.
	function release(bytes32 bountyId, bytes32 payoutId, address to, uint256 amount) external alone {
		if (msg.sender != operator) revert NotOperator();
		if (paid[payoutId]) revert AlreadyPaid(payoutId);
		if (amount == 0) revert ZeroAmount();
		if (to == address(0) || to == address(this)) revert BadPayee();
		Lock storage l = locks[bountyId];
		if (l.balance < amount) revert Insufficient(l.balance, amount);
		paid[payoutId] = true;
		l.balance -= amount;
		emit Released(bountyId, payoutId, to, amount);
		call(l.token, abi.encodeCall(Erc20.transfer, (to, amount)));
	}

	/// Anyone may ask once the deadline has passed; only the funder is paid.
	function refund(bytes32 bountyId) external alone {
		Lock storage l = locks[bountyId];
		if (block.timestamp <= l.deadline) revert TooEarly(l.deadline);
		uint256 amount = l.balance;
		if (amount == 0) revert ZeroAmount();
		l.balance = 0;
		emit Refunded(bountyId, l.funder, amount);
		call(l.token, abi.encodeCall(Erc20.transfer, (l.funder, amount)));
	}

	function lockNonce(bytes32 bountyId, uint64 deadline) public view returns (bytes32) {
		return keccak256(abi.encode(block.chainid, address(this), bountyId, deadline));
	}

	function enter(bytes32 bountyId, address funder, address token, uint256 amount, uint64 deadline) private {
		if (amount == 0) revert ZeroAmount();
		if (token.code.length == 0) revert BadToken();
		Lock storage l = locks[bountyId];
		if (deadline <= block.timestamp || deadline < l.deadline) revert BadDeadline();
		if (l.funder == address(0)) {
			if (funder == address(0)) revert NotFunder();
			l.funder = funder;
			l.token = token;
		} else if (l.funder != funder) {
			revert NotFunder();
		} else if (l.token != token) {
			revert BadToken();
		}
		l.deadline = deadline;
		l.balance += amount;
		emit Locked(bountyId, funder, token, amount, deadline);
	}

	function held(address token) private view returns (uint256) {
		return Erc20(token).balanceOf(address(this));
	}

	/// A token that keeps a fee, or moves nothing and says true, would leave another bounty's money to pay for this one.
	function arrived(address token, uint256 before, uint256 amount) private view {
		uint256 now_ = held(token);
		if (now_ < before || now_ - before != amount) revert TransferFailed();
	}

	/// Tokens answer true, false or nothing at all: no answer counts as yes, for `enter` saw that there is code.
	function call(address token, bytes memory data) private {
		(bool ok, bytes memory answer) = token.call(data);
		if (!ok || (answer.length != 0 && (answer.length < 32 || uint256(bytes32(answer)) != 1))) revert TransferFailed();
	}
}

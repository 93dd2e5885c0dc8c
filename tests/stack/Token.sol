// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.20;

/// A dollar of six decimals for the local chain. Anyone may mint; it knows EIP-3009's receiveWithAuthorization.
contract Token {
	string public constant name = "Patchwork Test Dollar";
	string public constant symbol = "PTD";
	string public constant version = "1";
	uint8 public constant decimals = 6;
	bytes32 public constant RECEIVE_WITH_AUTHORIZATION_TYPEHASH = keccak256(
		"ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
	);
	bytes32 private constant DOMAIN_TYPEHASH =
		keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
	uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

	uint256 public totalSupply;
	mapping(address => uint256) public balanceOf;
	mapping(address => mapping(address => uint256)) public allowance;
	mapping(address => mapping(bytes32 => bool)) public authorizationState;

	event Transfer(address indexed from, address indexed to, uint256 value);
	event Approval(address indexed owner, address indexed spender, uint256 value);
	event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce);

	function DOMAIN_SEPARATOR() public view returns (bytes32) {
		return keccak256(
			abi.encode(DOMAIN_TYPEHASH, keccak256(bytes(name)), keccak256(bytes(version)), block.chainid, address(this))
		);
	}

	function mint(address to, uint256 value) external {
		totalSupply += value;
		balanceOf[to] += value;
		emit Transfer(address(0), to, value);
	}

	function approve(address spender, uint256 value) external returns (bool) {
		allowance[msg.sender][spender] = value;
		emit Approval(msg.sender, spender, value);
		return true;
	}

	function transfer(address to, uint256 value) external returns (bool) {
		move(msg.sender, to, value);
		return true;
	}

	function transferFrom(address from, address to, uint256 value) external returns (bool) {
		uint256 allowed = allowance[from][msg.sender];
		require(allowed >= value, "transfer exceeds the allowance");
		if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - value;
		move(from, to, value);
		return true;
	}

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
	) external {
		require(to == msg.sender, "caller must be the payee");
		require(block.timestamp > validAfter, "authorization is not yet valid");
		require(block.timestamp < validBefore, "authorization is expired");
		require(!authorizationState[from][nonce], "authorization is used");
		bytes32 message = keccak256(
			abi.encode(RECEIVE_WITH_AUTHORIZATION_TYPEHASH, from, to, value, validAfter, validBefore, nonce)
		);
		require(uint256(s) <= HALF_ORDER, "invalid signature");
		address signer = ecrecover(keccak256(abi.encodePacked("\x19\x01", DOMAIN_SEPARATOR(), message)), v, r, s);
		require(signer != address(0) && signer == from, "invalid signature");
		authorizationState[from][nonce] = true;
		emit AuthorizationUsed(from, nonce);
		move(from, to, value);
	}

	function move(address from, address to, uint256 value) private {
		require(to != address(0), "transfer to the zero address");
		require(balanceOf[from] >= value, "transfer exceeds the balance");
		balanceOf[from] -= value;
		balanceOf[to] += value;
		emit Transfer(from, to, value);
	}
}

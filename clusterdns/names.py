"""Names and addresses: what follows from an address alone."""

import ipaddress

import dns.reversename


def reverse_name(address: str) -> str:
    """The name whose PTR record leads back from an address (RFC 1035 3.5, RFC 3596 2.5)."""
    return dns.reversename.from_address(address).to_text()


def address_type(address: str) -> str:
    """The type of record that holds an address: A or AAAA."""
    return "A" if ipaddress.ip_address(address).version == 4 else "AAAA"

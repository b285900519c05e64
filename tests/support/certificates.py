"""Certificates of servers on this machine, from a certificate authority that the test makes.

`requests` trusts the authority if `REQUESTS_CA_BUNDLE` names its file. `cryptography` makes the
certificates; it is in the environment of `tests/beside`.
"""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey


def certificates(folder: Path) -> tuple[Path, Path]:
    """Make an authority: its file for clients, and the file of a server on 127.0.0.1."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    root, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = x509.SubjectKeyIdentifier.from_public_key(root.public_key())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(name)
    here = (x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost"))
    authority = (
        _begun("authority", root)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(name, critical=False)
        .sign(root, hashes.SHA256())
    )
    leaf = (
        _begun("127.0.0.1", own)
        .add_extension(x509.SubjectAlternativeName(here), critical=False)
        .add_extension(issuer, critical=False)
        .sign(root, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    key = own.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    trusted, served = folder / "authority.pem", folder / "server.pem"
    trusted.write_bytes(authority.public_bytes(pem))
    served.write_bytes(key + leaf.public_bytes(pem))
    return trusted, served


def _begun(subject: str, key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    """A certificate that is valid for two days, still without extensions."""
    from cryptography import x509

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    return (
        x509.CertificateBuilder(name("authority"), name(subject), key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
    )

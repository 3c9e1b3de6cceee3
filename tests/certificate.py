"""A certificate that a server on this machine has signed for itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.needs import need


def self_signed(folder: Path) -> tuple[Path, Path]:
    """The certificate and its key, for 127.0.0.1 and localhost."""
    need("OpenSSL", shutil.which("openssl") is not None, "openssl is missing")
    certificate, key = folder / "fullchain.pem", folder / "key.pem"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    more = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*words.split(), *more], check=True, capture_output=True, timeout=30)
    return certificate, key

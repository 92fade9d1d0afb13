//! Digests as text. The only user of SHA-256.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// SHA-256 of bytes (FIPS 180-4), in 64 lower-case hexadecimal digits.
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(bytes) {
        // writing to a string cannot fail
        _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// SHA-256 of bytes, as it is.
pub fn sha256_bytes(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_nothing_is_the_published_one() {
        let known = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(""), known);
    }
}

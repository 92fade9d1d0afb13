//! What a stream is, by its first bytes; names never decide.

use super::limits::Packing;
use super::tar::is_header;

/// How many bytes decide: one tar header.
pub(super) const HEAD: usize = 512;

/// What the first bytes promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing that holds other files.
    Plain,
    /// A compressed stream.
    Packed(Packing),
    /// A tar archive.
    Tar,
    /// A zip archive.
    Zip,
    /// Something known that cannot be read: what it is and what to do.
    Foreign(&'static str, &'static str),
}

/// Magic bytes, what they stand for, and what to do about it.
const FOREIGN: &[(&[u8], &str, &str)] = &[
    (
        b"\x04\x22\x4d\x18",
        "an lz4 stream",
        "unpack it first (lz4 -d)",
    ),
    (
        b"\x1f\x9d\x90",
        "a compress stream (.Z)",
        "unpack it first (gzip -d)",
    ),
    (b"LZIP\x01", "an lzip stream", "unpack it first (lzip -d)"),
    (
        b"7z\xbc\xaf\x27\x1c",
        "a 7z archive",
        "unpack it first (7z x)",
    ),
    (
        b"Rar!\x1a\x07",
        "a rar archive",
        "unpack it first (unrar x)",
    ),
    (
        b"MSCF\0\0\0\0",
        "a cabinet archive",
        "unpack it first (cabextract)",
    ),
    (
        b"!<arch>\ndebian-binary",
        "a Debian package",
        "unpack it first (dpkg -x)",
    ),
    (b"Salted__", "encrypted by OpenSSL", "decrypt it first"),
    (
        b"age-encryption.org/v1\n",
        "encrypted by age",
        "decrypt it first",
    ),
    (
        b"-----BEGIN PGP MESSAGE-----",
        "encrypted by PGP",
        "decrypt it first",
    ),
];

/// Judges the first [`HEAD`] bytes (fewer if there are no more).
pub(super) fn kind(head: &[u8]) -> Kind {
    if let Some(packing) = Packing::of(head) {
        return Kind::Packed(packing);
    }
    if is_zip(head) {
        return Kind::Zip;
    }
    if is_tar(head) {
        return Kind::Tar;
    }
    if is_cpio(head) {
        return Kind::Foreign("a cpio archive", "unpack it first (cpio -i)");
    }
    FOREIGN
        .iter()
        .find(|(magic, ..)| head.starts_with(magic))
        .map_or(Kind::Plain, |(_, what, advice)| Kind::Foreign(what, advice))
}

/// A member, the end of an empty archive, or the mark of an archive in several volumes.
fn is_zip(head: &[u8]) -> bool {
    [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"]
        .iter()
        .any(|magic| head.starts_with(*magic))
}

/// A header with a true checksum, with or without the magic of later formats; or the magic
/// with a damaged checksum, among bytes that no text has.
fn is_tar(head: &[u8]) -> bool {
    let magic = head.get(257..262) == Some(b"ustar");
    is_header(head) || (magic && head.contains(&0))
}

/// The text formats demand digits all through their header, as a log may start with a number.
fn is_cpio(head: &[u8]) -> bool {
    let digits = |length: usize, radix: u32| {
        head.get(6..length)
            .is_some_and(|rest| rest.iter().all(|byte| char::from(*byte).is_digit(radix)))
    };
    let new = head.starts_with(b"070701") || head.starts_with(b"070702");
    let binary = head.starts_with(b"\xc7\x71") || head.starts_with(b"\x71\xc7");
    (new && digits(110, 16))
        || (head.starts_with(b"070707") && digits(76, 8))
        || (binary && head.contains(&0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(head: &[u8]) -> &'static str {
        match kind(head) {
            Kind::Foreign(what, _) => what,
            Kind::Plain => "plain",
            _ => "container",
        }
    }

    #[test]
    fn foreign_containers_are_known_by_content() {
        assert_eq!(what(b"7z\xbc\xaf\x27\x1c\0\x04"), "a 7z archive");
        assert_eq!(what(b"Rar!\x1a\x07\x01\0"), "a rar archive");
        assert_eq!(what(b"\x04\x22\x4d\x18\x64"), "an lz4 stream");
        let cpio = format!("070701{}name", "0".repeat(104));
        assert_eq!(what(cpio.as_bytes()), "a cpio archive");
        assert_eq!(what(b"Salted__12345678"), "encrypted by OpenSSL");
    }

    #[test]
    fn compressed_streams_are_known_by_content() {
        let heads: [(&[u8], Packing); 6] = [
            (b"\x1f\x8b\x08\0", Packing::Gzip),
            (b"BZh91AY&SY\0\0", Packing::Bzip2),
            (b"BZh1\x17\x72\x45\x38\x50\x90\0", Packing::Bzip2),
            (b"\xfd7zXZ\0\0\x04", Packing::Xz),
            (b"\x28\xb5\x2f\xfd\x04", Packing::Zstd),
            (b"\x5f\x2a\x4d\x18\x04\0\0\0", Packing::Zstd),
        ];
        for (head, packing) in heads {
            assert_eq!(kind(head), Kind::Packed(packing));
        }
    }

    #[test]
    fn text_is_never_misjudged() {
        for text in [
            "",
            "BZh9 is a magic number\n",
            "070701 is a magic number as well\n",
            "PK\n",
            "\u{1f}\n",
            "Rar!\n",
            "\u{fffd}7zXZ\n",
            "P*M",
        ] {
            assert_eq!(kind(text.as_bytes()), Kind::Plain, "{text}");
        }
        let mut line = "x".repeat(257);
        line.push_str("ustar  ");
        line.push_str(&"y".repeat(300));
        assert_eq!(kind(line.as_bytes()), Kind::Plain);
        assert_eq!(kind(&[0; 512]), Kind::Plain);
    }
}

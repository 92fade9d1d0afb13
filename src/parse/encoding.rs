//! Text that is not UTF-8, or without proper ends of lines: told by its first bytes, mended before
//! anything else reads it.
//!
//! ```text
//! FF FE 4D 00 61 00 72 00        "Mar" as a Windows editor saves it
//! B4 BA 20 C0 FA C0 E5           Korean notes around pasted records, in CP949
//! ```
//!
//! The only user of encoding_rs. Bytes that fit no encoding stay as they are: later stages replace
//! them where they print text, and a log in UTF-8 with a few damaged bytes is not re-read.

use encoding_rs::{CoderResult, EUC_KR, Encoding, UTF_16BE, UTF_16LE};

/// Bytes by which an encoding is judged.
const SURVEY: usize = 64 * 1024;
/// Code units that are needed to tell UTF-16 without its mark.
const MIN_UNITS: usize = 8;
/// Characters of Hangul that are needed to tell CP949.
const MIN_HANGUL: usize = 3;

/// Turns a text into UTF-8 block by block. Memory does not grow with the text.
pub struct Decoder {
    decoder: encoding_rs::Decoder,
    name: &'static str,
}

impl Decoder {
    /// A decoder for a text that begins with these bytes; `None` when they are UTF-8 or nobody can
    /// tell.
    pub fn detect(head: &[u8]) -> Option<Self> {
        let head = head.get(..SURVEY).unwrap_or(head);
        let encoding = utf16(head).or_else(|| korean(head))?;
        Some(Self {
            decoder: encoding.new_decoder_with_bom_removal(),
            name: encoding.name(),
        })
    }

    /// Name of the encoding, such as `UTF-16LE`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Decodes the next bytes and appends them to `out`; a character may begin in one block and
    /// end in the next. What is no character becomes U+FFFD.
    pub fn push(&mut self, block: &[u8], out: &mut Vec<u8>) {
        self.decode(block, false, out);
    }

    /// Appends what is left of a character at the end of the text.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.decode(b"", true, out);
    }

    fn decode(&mut self, block: &[u8], last: bool, out: &mut Vec<u8>) {
        let mut rest = block;
        loop {
            // never zero: the decoder needs room for at least one character
            let room = self
                .decoder
                .max_utf8_buffer_length(rest.len())
                .unwrap_or(0)
                .max(16);
            let begin = out.len();
            out.resize(begin + room, 0);
            let slot = out.get_mut(begin..).unwrap_or_default();
            let (result, read, written, _) = self.decoder.decode_to_utf8(rest, slot, last);
            out.truncate(begin + written);
            rest = rest.get(read..).unwrap_or_default();
            if result == CoderResult::InputEmpty {
                return;
            }
        }
    }
}

/// Mends what tools do to the lines of a plain text: returns alone end them, zero bytes pad them.
///
/// Zero bytes at the end of a line go; inside of one they end it, for what stands before them was
/// cut off. A text without either is handed on as it is.
#[derive(Debug)]
pub struct Mender {
    /// Lines end in a return and nothing else.
    returns: bool,
    /// The last byte that was no zero.
    last: u8,
    /// Zero bytes stood behind it.
    padded: bool,
}

impl Mender {
    /// For a text that begins with these bytes; `None` when they are no text.
    pub fn detect(head: &[u8]) -> Option<Self> {
        let text = |byte: &u8| *byte >= b' ' || matches!(byte, 0 | 8..=13 | 0x1b);
        // nothing but zero bytes is no text either
        let lines = head.is_empty() || memchr::memchr2(b'\n', b'\r', head).is_some();
        let zeros = memchr::memchr(0, head).is_some();
        (head.iter().all(text) && (lines || !zeros)).then(|| Self {
            returns: memchr::memchr(b'\n', head).is_none() && memchr::memchr(b'\r', head).is_some(),
            last: b'\n',
            padded: false,
        })
    }

    /// The next bytes; `out` holds them where something had to be mended.
    pub fn push<'t>(&mut self, block: &'t [u8], out: &'t mut Vec<u8>) -> &'t [u8] {
        if !self.returns && !self.padded && memchr::memchr(0, block).is_none() {
            self.last = block.last().copied().unwrap_or(self.last);
            return block;
        }
        out.clear();
        for byte in block {
            match byte {
                0 => {
                    self.padded = true;
                    continue;
                }
                _ if self.padded && self.last != b'\n' => out.push(b'\n'),
                _ => {}
            }
            self.padded = false;
            self.last = match byte {
                b'\r' if self.returns => b'\n',
                byte => *byte,
            };
            out.push(self.last);
        }
        out
    }
}

/// UTF-16 by its mark, or by the zero bytes that half of plain text is then made of.
fn utf16(head: &[u8]) -> Option<&'static Encoding> {
    if head.starts_with(&[0xFF, 0xFE]) && !head.starts_with(&[0xFF, 0xFE, 0, 0]) {
        return Some(UTF_16LE);
    }
    if head.starts_with(&[0xFE, 0xFF]) {
        return Some(UTF_16BE);
    }
    memchr::memchr(0, head)?;
    let units: Vec<[u8; 2]> = head
        .chunks_exact(2)
        .filter_map(|unit| unit.try_into().ok())
        .collect();
    if units.len() < MIN_UNITS {
        return None;
    }
    // printable ASCII in every unit but a few
    let plain = |byte: u8| (b' '..0x7f).contains(&byte) || matches!(byte, b'\t' | b'\n' | b'\r');
    let mostly = |count: usize| count * 10 >= units.len() * 9;
    let little = units.iter().filter(|u| u[1] == 0 && plain(u[0])).count();
    let big = units.iter().filter(|u| u[0] == 0 && plain(u[1])).count();
    match (mostly(little), mostly(big)) {
        (true, _) => Some(UTF_16LE),
        (_, true) => Some(UTF_16BE),
        _ => None,
    }
}

/// CP949, and EUC-KR with it: pairs of bytes that are Hangul, and nothing that is UTF-8.
fn korean(head: &[u8]) -> Option<&'static Encoding> {
    if head.is_ascii() || memchr::memchr(0, head).is_some() {
        return None;
    }
    // a character may be torn at the end of the head, or damaged on the way
    let as_utf8 = String::from_utf8_lossy(head);
    let (bad, good) = as_utf8.chars().filter(|c| !c.is_ascii()).fold(
        (0_usize, 0_usize),
        |(bad, good), c| match c {
            char::REPLACEMENT_CHARACTER => (bad + 1, good),
            _ => (bad, good + 1),
        },
    );
    if bad <= good {
        return None;
    }
    let mut text = String::with_capacity(head.len() * 2);
    let mut decoder = EUC_KR.new_decoder_without_bom_handling();
    text.reserve(decoder.max_utf8_buffer_length(head.len())?);
    let (_, _, damaged) = decoder.decode_to_string(head, &mut text, false);
    let foreign = text.chars().filter(|c| !c.is_ascii()).count();
    let hangul = text.chars().filter(|c| ('가'..='힣').contains(c)).count();
    // other pairs are signs and Chinese characters, which notes hold too, but fewer of them
    (!damaged && hangul >= MIN_HANGUL && hangul * 10 >= foreign * 7).then_some(EUC_KR)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KOREAN: &str = "장애 기록입니다. 아래 로그를 확인해 주세요.\n";
    const RECORD: &str =
        "Mar 30 11:22:45 user.info acanosrv05 schema_builder:  Schema upgrade complete\r\n";

    fn decoded(bytes: &[u8], block: usize) -> Option<(String, &'static str)> {
        let mut decoder = Decoder::detect(bytes)?;
        let mut out = Vec::new();
        for block in bytes.chunks(block.max(1)) {
            decoder.push(block, &mut out);
        }
        decoder.finish(&mut out);
        Some((String::from_utf8(out).expect("UTF-8"), decoder.name()))
    }

    fn utf16_bytes(text: &str, big: bool, mark: bool) -> Vec<u8> {
        let mark = if mark { "\u{feff}" } else { "" };
        let units = mark.encode_utf16().chain(text.encode_utf16());
        units
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    }

    #[test]
    fn utf16_is_told_with_and_without_its_mark() {
        for big in [false, true] {
            let name = if big { "UTF-16BE" } else { "UTF-16LE" };
            let text = format!("{RECORD}{KOREAN}{RECORD}");
            let bytes = utf16_bytes(&text, big, true);
            assert_eq!(decoded(&bytes, 7), Some((text, name)));
            let bytes = utf16_bytes(RECORD, big, false);
            assert_eq!(decoded(&bytes, 1), Some((RECORD.to_owned(), name)));
        }
    }

    #[test]
    fn korean_text_is_told_by_its_characters() {
        let text = format!("{RECORD}{KOREAN}똠방각하 뷁\n{RECORD}");
        let (bytes, _, _) = EUC_KR.encode(&text);
        assert_eq!(decoded(&bytes, 3), Some((text, "EUC-KR")));
    }

    #[test]
    fn other_bytes_are_left_alone() {
        let latin = RECORD.replace("complete", "completo n\u{e3}o");
        let latin: Vec<u8> = latin.chars().map(|c| c as u8).collect();
        let damaged = [KOREAN.as_bytes(), &[0xFF, 0x80], RECORD.as_bytes()].concat();
        let binary: Vec<u8> = (0..4096_u32).map(|n| (n * 7 % 251) as u8).collect();
        for bytes in [
            RECORD.as_bytes(),
            KOREAN.as_bytes(),
            KOREAN
                .as_bytes()
                .get(..KOREAN.len() - 3)
                .unwrap_or_default(),
            b"",
            b"\0\0\0\0",
            &[0; 64],
            &latin,
            &damaged,
            &binary,
            &[0xFF, 0xFE, 0, 0, b'M', 0, 0, 0],
        ] {
            assert!(Decoder::detect(bytes).is_none(), "{bytes:?}");
        }
    }

    fn mended(bytes: &[u8], block: usize) -> Vec<u8> {
        let mut mender = Mender::detect(bytes).expect("a text");
        let (mut all, mut out) = (Vec::new(), Vec::new());
        for block in bytes.chunks(block) {
            all.extend_from_slice(mender.push(block, &mut out));
        }
        all
    }

    #[test]
    fn padding_goes_and_returns_end_lines() {
        for (text, expected) in [
            ("a\nb\n", "a\nb\n"),
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            ("a\rb\r", "a\nb\n"),
            ("\0\0a\nb\n\0\0\0c\n\0", "a\nb\nc\n"),
            ("a\nb\0\0c\n", "a\nb\nc\n"),
        ] {
            for block in 1..12 {
                assert_eq!(
                    mended(text.as_bytes(), block),
                    expected.as_bytes(),
                    "{text:?}"
                );
            }
        }
        assert!(Mender::detect(&[0; 64]).is_none());
        assert!(Mender::detect(&[0x0a, 0x0d, 0x0d, 0x0a, 1, 0, 0]).is_none());
    }

    #[test]
    fn a_torn_end_is_marked() {
        let mut bytes = utf16_bytes(RECORD, false, true);
        bytes.push(b'x');
        let (text, _) = decoded(&bytes, 64).unwrap_or_default();
        assert_eq!(text, format!("{RECORD}\u{fffd}"));
    }

    proptest! {
        #[test]
        fn blocks_make_no_difference(bytes in prop::collection::vec(any::<u8>(), 0..400), block in 1..40_usize) {
            let marked = [&[0xFF, 0xFE][..], &bytes].concat();
            prop_assert_eq!(decoded(&marked, block), decoded(&marked, 1000));
        }
    }
}

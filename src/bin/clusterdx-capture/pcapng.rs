//! The blocks of pcapng that the helper writes (draft-ietf-opsawg-pcapng): one section, one
//! interface, packets, and statistics from time to time. Little-endian, times in microseconds.

/// Numbers of block types.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;

/// What became of the packets so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Packets that passed the filter, the lost ones among them.
    pub(crate) accepted: u64,
    /// Packets that the kernel had no room for.
    pub(crate) dropped: u64,
    /// Packets that the interface or its driver lost.
    pub(crate) lost_by_interface: u64,
    /// Packets that were written.
    pub(crate) written: u64,
}

/// Appends a section header block.
pub(crate) fn section(out: &mut Vec<u8>, program: &str) {
    block(out, SECTION, |body| {
        body.extend(0x1a2b_3c4d_u32.to_le_bytes());
        body.extend(1_u16.to_le_bytes());
        body.extend(0_u16.to_le_bytes());
        // the length of the section is not known
        body.extend(u64::MAX.to_le_bytes());
        option(body, 4, program.as_bytes());
        end_of_options(body);
    });
}

/// Appends the description of the interface.
pub(crate) fn interface(out: &mut Vec<u8>, link: u16, snaplen: u32, name: &str, filter: &str) {
    block(out, INTERFACE, |body| {
        body.extend(link.to_le_bytes());
        body.extend(0_u16.to_le_bytes());
        body.extend(snaplen.to_le_bytes());
        option(body, 2, name.as_bytes());
        // times in units of 10^-6 s
        option(body, 9, &[6]);
        if !filter.is_empty() {
            // 0: written as libpcap reads it
            option(body, 11, &[&[0], filter.as_bytes()].concat());
        }
        end_of_options(body);
    });
}

/// Appends a packet; `at` in microseconds since 1970, `length` as it had on the wire.
pub(crate) fn packet(out: &mut Vec<u8>, at: u64, length: u32, data: &[u8]) {
    block(out, PACKET, |body| {
        body.extend(0_u32.to_le_bytes());
        time(body, at);
        body.extend(size(data.len()).to_le_bytes());
        body.extend(length.to_le_bytes());
        body.extend(data);
        pad(body);
    });
}

/// Appends statistics as of `at`.
pub(crate) fn statistics(out: &mut Vec<u8>, began: u64, at: u64, counts: Counts) {
    block(out, STATISTICS, |body| {
        body.extend(0_u32.to_le_bytes());
        time(body, at);
        for (code, moment) in [(2, began), (3, at)] {
            let mut value = Vec::with_capacity(8);
            time(&mut value, moment);
            option(body, code, &value);
        }
        let numbers = [
            (5, counts.lost_by_interface),
            (6, counts.accepted),
            (7, counts.dropped),
            (8, counts.written),
        ];
        for (code, number) in numbers {
            option(body, code, &number.to_le_bytes());
        }
        end_of_options(body);
    });
}

/// Appends a block with what `fill` writes as its body, a multiple of four bytes.
fn block(out: &mut Vec<u8>, kind: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend(kind.to_le_bytes());
    out.extend([0; 4]);
    fill(out);
    let total = size(out.len() - start + 4).to_le_bytes();
    out.extend(total);
    if let Some(place) = out.get_mut(start + 4..start + 8) {
        place.copy_from_slice(&total);
    }
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    let value = value.get(..usize::from(length)).unwrap_or(value);
    body.extend(code.to_le_bytes());
    body.extend(length.to_le_bytes());
    body.extend(value);
    pad(body);
}

fn end_of_options(body: &mut Vec<u8>) {
    body.extend([0; 4]);
}

/// Blocks and their parts begin at multiples of four bytes, as `out` itself does.
fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

/// A time is two words, the high one first.
fn time(out: &mut Vec<u8>, micros: u64) {
    out.extend(high(micros).to_le_bytes());
    out.extend(low(micros).to_le_bytes());
}

fn high(value: u64) -> u32 {
    u32::try_from(value >> 32).unwrap_or(u32::MAX)
}

fn low(value: u64) -> u32 {
    u32::try_from(value & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

fn size(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]
mod tests {
    use super::*;

    /// Types and bodies of blocks whose two lengths agree.
    fn blocks(mut bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
        let word = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().unwrap());
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let total = word(&bytes[4..]) as usize;
            assert_eq!(total % 4, 0);
            assert_eq!(word(&bytes[total - 4..]) as usize, total);
            found.push((word(bytes), bytes[8..total - 4].to_vec()));
            bytes = &bytes[total..];
        }
        found
    }

    #[test]
    fn blocks_are_whole_and_aligned_whatever_they_hold() {
        for length in 0..9 {
            let data = vec![7; length];
            let mut out = Vec::new();
            section(&mut out, &"p".repeat(length));
            interface(&mut out, 1, 65535, &"i".repeat(length), &"f".repeat(length));
            packet(&mut out, 0x0001_0002_0000_0003, 1500, &data);
            statistics(&mut out, 1, 2, Counts::default());
            let kinds: Vec<u32> = blocks(&out).iter().map(|(kind, _)| *kind).collect();
            assert_eq!(kinds, [SECTION, INTERFACE, PACKET, STATISTICS]);
        }
    }

    #[test]
    fn a_packet_carries_time_lengths_and_bytes() {
        let mut out = Vec::new();
        packet(&mut out, 0x0001_0002_0000_0003, 1500, b"abcde");
        let (_, body) = blocks(&out).remove(0);
        let mut expected = Vec::new();
        for word in [0_u32, 0x0001_0002, 3, 5, 1500] {
            expected.extend(word.to_le_bytes());
        }
        expected.extend(b"abcde\0\0\0");
        assert_eq!(body, expected);
    }

    #[test]
    fn statistics_tell_where_packets_were_lost() {
        let mut out = Vec::new();
        let counts = Counts {
            accepted: 10,
            dropped: 3,
            lost_by_interface: 2,
            written: 7,
        };
        statistics(&mut out, 5, 6, counts);
        let (_, body) = blocks(&out).remove(0);
        for (code, number) in [(5_u16, 2_u64), (6, 10), (7, 3), (8, 7)] {
            let option = [
                code.to_le_bytes().as_slice(),
                &8_u16.to_le_bytes(),
                &number.to_le_bytes(),
            ]
            .concat();
            assert!(
                body.windows(option.len()).any(|bytes| bytes == option),
                "{code}"
            );
        }
    }

    #[test]
    fn a_text_longer_than_an_option_is_cut() {
        let mut out = Vec::new();
        interface(&mut out, 1, 65535, "eth0", &"x".repeat(70_000));
        assert_eq!(blocks(&out).len(), 1);
    }
}

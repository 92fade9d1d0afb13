//! The new format, pcapng: blocks that say twice how long they are, in sections that each have
//! their own byte order and interfaces (draft-ietf-opsawg-pcapng).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::buffer::Buffer;
use super::{Found, LONGEST_FRAME, MAGIC, broke_off, note};
use crate::model::frame::CaptureStats;

const SECTION: u32 = 0x0a0d_0d0a;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const NAMES: u32 = 4;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
/// Blocks that are no frames but are numbered as such by Wireshark: journals and two kinds of
/// custom blocks.
const JOURNAL: u32 = 9;
const CUSTOM: u32 = 0x0000_0bad;
const CUSTOM_KEPT: u32 = 0x4000_0bad;

/// The shortest block: its type and its length before and behind nothing.
const SHORTEST: usize = 12;
/// The longest block that is looked into: a frame and what is said about it.
const LONGEST_BLOCK: usize = LONGEST_FRAME + (64 << 10);
/// Interfaces, and names of addresses, that are kept of a capture.
const MOST_INTERFACES: usize = 4096;
const MOST_NAMES: usize = 10_000;
/// The longest name of a host (RFC 1035 2.3.4).
const LONGEST_NAME: usize = 255;

/// The order of bytes in a section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    #[default]
    Little,
    Big,
}

impl Order {
    /// That of the section whose header these bytes begin.
    pub(super) fn of_section(head: &[u8]) -> Option<Self> {
        let [kind, _, order, ..] = head.as_chunks::<4>().0 else {
            return None;
        };
        if u32::from_le_bytes(*kind) != SECTION {
            return None;
        }
        [Self::Little, Self::Big]
            .into_iter()
            .find(|candidate| candidate.u32(*order) == BYTE_ORDER)
    }

    #[inline]
    fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    #[inline]
    fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }

    /// Two numbers of 16 bits that stand where one of 32 would.
    fn halves(self, bytes: [u8; 4]) -> (u16, u16) {
        let [a, b, c, d] = bytes;
        (self.u16([a, b]), self.u16([c, d]))
    }
}

/// What one unit of an interface's clock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    /// So many microseconds.
    Longer(u64),
    /// So many of them are a microsecond.
    Shorter(u64),
    /// A second has two to the power of so many.
    Binary(u8),
}

impl Clock {
    /// By the option `if_tsresol`: a negative power of ten, or with the highest bit of two.
    fn of(resolution: u8) -> Self {
        let power = resolution & 0x7f;
        match (resolution & 0x80 != 0, power) {
            (true, _) => Self::Binary(power),
            (_, 0..=6) => Self::Longer(10_u64.pow(6 - u32::from(power))),
            // so fine that 64 bits are less than a microsecond
            _ => Self::Shorter(10_u64.checked_pow(u32::from(power) - 6).unwrap_or(u64::MAX)),
        }
    }

    /// Microseconds; `None` when they are more than any date has.
    fn microseconds(self, units: u64) -> Option<i64> {
        let all = match self {
            Self::Longer(each) => units.checked_mul(each)?,
            Self::Shorter(many) => units / many,
            Self::Binary(power) => {
                let shifted = (u128::from(units) * 1_000_000).checked_shr(u32::from(power));
                u64::try_from(shifted.unwrap_or(0)).ok()?
            }
        };
        i64::try_from(all).ok()
    }
}

/// An interface as its block describes it.
#[derive(Debug)]
struct Interface {
    link: u16,
    /// Bytes that are captured of a frame; `u32::MAX` when all are.
    snaplen: u32,
    clock: Clock,
    /// Microseconds that are added to its times.
    offset: i64,
    /// Packets that it lost, by its latest statistics.
    dropped: u64,
}

/// A capture whose blocks are read one after the other.
#[derive(Debug, Default)]
pub(super) struct PcapNg {
    order: Order,
    interfaces: Vec<Interface>,
    /// Interfaces of earlier sections.
    earlier: u32,
    /// Packets lost by the statistics of earlier sections.
    dropped_before: u64,
    /// Statistics were there.
    statistics: bool,
    /// Packets lost by what stands beside single packets.
    lost: u64,
    /// Blocks that have numbers of frames though they are none.
    numbered: u64,
}

impl PcapNg {
    /// The next frame.
    #[inline]
    pub(super) fn next(
        &mut self,
        buffer: &mut Buffer<'_>,
        stats: &mut CaptureStats,
    ) -> Option<Found> {
        loop {
            let (kind, total) = self.block(buffer, stats)?;
            let found = match kind {
                ENHANCED_PACKET | OBSOLETE_PACKET | SIMPLE_PACKET => {
                    let at = buffer.offset();
                    let place = self.whole(total, buffer, stats)?;
                    let found = place.and_then(|place| {
                        let number = stats.frames + self.numbered + 1;
                        self.packet(kind, number, &place, buffer)
                    });
                    if found.is_none() {
                        note(stats, || {
                            format!(
                                "the packet block at byte {at} contradicts itself or what was said before it; it was left out"
                            )
                        });
                    } else if self.lost > 0 {
                        self.count(stats);
                    }
                    found
                }
                INTERFACE | NAMES | STATISTICS => {
                    let place = self.whole(total, buffer, stats)?;
                    let block = place.map(|place| buffer.get(place)).unwrap_or_default();
                    self.describe(kind, block, stats);
                    None
                }
                _ => {
                    self.pass(total, buffer, stats)?;
                    let numbered = matches!(kind, JOURNAL | CUSTOM | CUSTOM_KEPT);
                    self.numbered += u64::from(numbered);
                    None
                }
            };
            if found.is_some() {
                return found;
            }
        }
    }

    /// Type and length of the block at the window; `None` when there is none, or none that could
    /// be followed by another.
    #[inline]
    fn block(&mut self, buffer: &mut Buffer<'_>, stats: &mut CaptureStats) -> Option<(u32, usize)> {
        if !buffer.ensure(SHORTEST) {
            broke_off(buffer, stats, &"a block");
            return None;
        }
        let [kind, total, ..] = *buffer.held().as_chunks::<4>().0 else {
            return None;
        };
        if u32::from_le_bytes(kind) == SECTION {
            self.section(buffer, stats)?;
        }
        let length = self.order.u32(total);
        let total = usize::try_from(length).unwrap_or(usize::MAX);
        if total < SHORTEST || total % 4 != 0 {
            let at = buffer.offset();
            note(stats, || {
                format!(
                    "the block at byte {at} says that it is {length} bytes long, which cannot be; \
                     what follows cannot be read"
                )
            });
            return None;
        }
        Some((self.order.u32(kind), total))
    }

    /// A new section: the order of its bytes counts from its own header on.
    #[cold]
    fn section(&mut self, buffer: &mut Buffer<'_>, stats: &mut CaptureStats) -> Option<()> {
        const WITH_VERSION: usize = MAGIC + 4;
        let at = buffer.offset();
        let Some(order) = Order::of_section(buffer.held()) else {
            note(stats, || {
                format!("the section at byte {at} has no byte order; what follows cannot be read")
            });
            return None;
        };
        if !buffer.ensure(WITH_VERSION) {
            broke_off(buffer, stats, &"the header of a section");
            return None;
        }
        let [_, _, _, version, ..] = *buffer.held().as_chunks::<4>().0 else {
            return None;
        };
        let (major, minor) = order.halves(version);
        if major != 1 {
            note(stats, || {
                format!(
                    "the section at byte {at} says to be of pcapng version {major}.{minor}; only \
                     version 1 can be read"
                )
            });
            return None;
        }
        self.order = order;
        self.dropped_before = self.dropped_by_statistics();
        let interfaces = u32::try_from(self.interfaces.len()).unwrap_or_default();
        self.earlier = self.earlier.saturating_add(interfaces);
        self.interfaces.clear();
        Some(())
    }

    /// A block that is looked into, brought into the buffer; `Some(None)` when it is too long and
    /// was passed over.
    #[inline]
    #[allow(
        clippy::option_option,
        reason = "the end of everything, nothing here, a place"
    )]
    fn whole(
        &self,
        total: usize,
        buffer: &mut Buffer<'_>,
        stats: &mut CaptureStats,
    ) -> Option<Option<std::ops::Range<usize>>> {
        if total > LONGEST_BLOCK {
            self.pass(total, buffer, stats)?;
            return Some(None);
        }
        if !buffer.ensure(total) {
            broke_off(buffer, stats, &"a block");
            return None;
        }
        let at = buffer.offset();
        let place = buffer.take(total);
        let trailer = buffer.get(place.clone()).last_chunk().copied();
        self.agree(total, trailer, at, stats)?;
        Some(Some(place))
    }

    /// Passes over a block.
    fn pass(&self, total: usize, buffer: &mut Buffer<'_>, stats: &mut CaptureStats) -> Option<()> {
        let at = buffer.offset();
        if !(buffer.skip(total as u64 - 4) && buffer.ensure(4)) {
            let why = buffer
                .error()
                .map_or("it ends".to_owned(), |error| format!("{error};"));
            note(stats, || {
                format!(
                    "{why} in the middle of the block at byte {at}, which says that it is {total} bytes long"
                )
            });
            return None;
        }
        let place = buffer.take(4);
        let trailer = buffer.get(place).last_chunk().copied();
        self.agree(total, trailer, at, stats)
    }

    /// The length behind a block is that before it; else nobody knows where the next one is.
    #[inline]
    fn agree(
        &self,
        total: usize,
        trailer: Option<[u8; 4]>,
        at: u64,
        stats: &mut CaptureStats,
    ) -> Option<()> {
        let trailer = self.order.u32(trailer?);
        if trailer as usize == total {
            return Some(());
        }
        note(stats, || {
            format!(
                "the block at byte {at} says at its begin that it is {total} bytes long and at its \
                 end {trailer}; what follows cannot be read"
            )
        });
        None
    }

    /// The frame in a packet block of any of the three kinds.
    #[inline]
    fn packet(
        &mut self,
        kind: u32,
        number: u64,
        place: &std::ops::Range<usize>,
        buffer: &Buffer<'_>,
    ) -> Option<Found> {
        let block = buffer.get(place.clone());
        let order = self.order;
        let words = block.as_chunks::<4>().0;
        if kind == SIMPLE_PACKET {
            return self.simple(number, words, place);
        }
        let [_, _, interface, high, low, captured, length, ..] = *words else {
            return None;
        };
        let id = match kind {
            ENHANCED_PACKET => order.u32(interface),
            _ => u32::from(order.halves(interface).0),
        };
        let captured = usize::try_from(order.u32(captured)).ok()?;
        let data = inside(place, 28, captured)?;
        let from = self.interfaces.get(id as usize)?;
        let units = u64::from(order.u32(high)) << 32 | u64::from(order.u32(low));
        let at = from.clock.microseconds(units);
        let found = Found {
            number,
            at: at.and_then(|at| at.checked_add(from.offset)),
            link: from.link,
            interface: self.earlier.saturating_add(id),
            data,
            length: order.u32(length),
        };
        if kind == OBSOLETE_PACKET {
            let lost = order.halves(interface).1;
            let lost = u64::from(if lost == u16::MAX { 0 } else { lost });
            self.lost = self.lost.saturating_add(lost);
        } else if block.len() > 28 + captured.next_multiple_of(4) + 4 {
            let options = block.get(28 + captured.next_multiple_of(4)..block.len() - 4);
            let lost = options
                .and_then(|options| self.options(options).find(|(code, _)| *code == 4))
                .and_then(|(_, value)| value.first_chunk().copied());
            let lost = lost.map_or(0, |lost| order.u64(lost));
            self.lost = self.lost.saturating_add(lost);
        }
        Some(found)
    }

    /// A simple packet is of the first interface, has no time, and its captured length is what
    /// the interface allows.
    fn simple(
        &self,
        number: u64,
        words: &[[u8; 4]],
        place: &std::ops::Range<usize>,
    ) -> Option<Found> {
        let [_, _, length, ..] = *words else {
            return None;
        };
        let length = self.order.u32(length);
        let from = self.interfaces.first()?;
        let captured = usize::try_from(length.min(from.snaplen)).ok()?;
        Some(Found {
            number,
            at: None,
            link: from.link,
            interface: self.earlier,
            data: inside(place, 12, captured)?,
            length,
        })
    }

    /// A block that says something about the capture.
    #[cold]
    fn describe(&mut self, kind: u32, block: &[u8], stats: &mut CaptureStats) {
        let body = block
            .get(8..block.len().saturating_sub(4))
            .unwrap_or_default();
        match kind {
            INTERFACE => self.interface(body, stats),
            NAMES => self.names(body, stats),
            _ => {
                self.statistics(body);
                self.count(stats);
            }
        }
    }

    fn interface(&mut self, body: &[u8], stats: &mut CaptureStats) {
        let [link, snaplen, ..] = *body.as_chunks::<4>().0 else {
            note(stats, || {
                "an interface is not described; its packets were left out".to_owned()
            });
            return;
        };
        if self.interfaces.len() == MOST_INTERFACES {
            note(stats, || {
                format!("packets of more than {MOST_INTERFACES} interfaces were left out")
            });
            return;
        }
        let mut interface = Interface {
            link: self.order.halves(link).0,
            snaplen: match self.order.u32(snaplen) {
                0 => u32::MAX,
                snaplen => snaplen,
            },
            clock: Clock::of(6),
            offset: 0,
            dropped: 0,
        };
        for (code, value) in self.options(body.get(8..).unwrap_or_default()) {
            match (code, value) {
                (9, [resolution, ..]) => interface.clock = Clock::of(*resolution),
                (14, value) => {
                    let seconds = value
                        .first_chunk()
                        .map_or(0, |bytes| self.order.u64(*bytes));
                    interface.offset = seconds.cast_signed().saturating_mul(1_000_000);
                }
                _ => {}
            }
        }
        self.interfaces.push(interface);
    }

    /// Names of addresses: each record has an address and names that end with a zero.
    fn names(&self, body: &[u8], stats: &mut CaptureStats) {
        for (kind, value) in self.options(body) {
            let (address, names) = match kind {
                1 => split(value, |address: [u8; 4]| {
                    IpAddr::V4(Ipv4Addr::from(address))
                }),
                2 => split(value, |address: [u8; 16]| {
                    IpAddr::V6(Ipv6Addr::from(address))
                }),
                _ => continue,
            };
            let names = names.split(|byte| *byte == 0);
            for name in names.filter(|name| (1..=LONGEST_NAME).contains(&name.len())) {
                if let (Some(address), true) = (address, stats.names.len() < MOST_NAMES) {
                    let name = String::from_utf8_lossy(name).into_owned();
                    stats.names.push((address, name));
                }
            }
        }
    }

    fn statistics(&mut self, body: &[u8]) {
        let Some(id) = body.first_chunk().map(|id| self.order.u32(*id)) else {
            return;
        };
        let options = body.get(12..).unwrap_or_default();
        let told = self
            .options(options)
            .filter(|(code, _)| matches!(code, 5 | 7))
            .filter_map(|(_, value)| value.first_chunk())
            .map(|bytes| self.order.u64(*bytes))
            .reduce(u64::saturating_add);
        if let (Some(interface), Some(told)) = (self.interfaces.get_mut(id as usize), told) {
            interface.dropped = told;
            self.statistics = true;
        }
    }

    /// What is lost in all. Statistics count the same losses that stand beside packets.
    fn count(&self, stats: &mut CaptureStats) {
        if self.statistics || self.lost > 0 {
            stats.dropped = Some(self.dropped_by_statistics().max(self.lost));
        }
    }

    fn dropped_by_statistics(&self) -> u64 {
        let told = self.interfaces.iter().map(|interface| interface.dropped);
        told.fold(self.dropped_before, u64::saturating_add)
    }

    /// Options, or records of names, which have the same form: code, length, value, padding.
    fn options<'b>(&self, bytes: &'b [u8]) -> impl Iterator<Item = (u16, &'b [u8])> + use<'b> {
        let order = self.order;
        let mut rest = bytes;
        std::iter::from_fn(move || {
            let (head, behind) = rest.split_first_chunk()?;
            let (code, length) = order.halves(*head);
            let value = behind.get(..usize::from(length)).filter(|_| code != 0)?;
            let next = usize::from(length).next_multiple_of(4);
            rest = behind.get(next..).unwrap_or_default();
            Some((code, value))
        })
    }
}

/// The place of `captured` bytes behind the first `header` ones of a block, before its trailer.
#[inline]
fn inside(
    block: &std::ops::Range<usize>,
    header: usize,
    captured: usize,
) -> Option<std::ops::Range<usize>> {
    let room = block.len().checked_sub(header + 4)?;
    let from = block.start + header;
    (captured <= room.min(LONGEST_FRAME)).then(|| from..from + captured)
}

/// An address and what stands behind it.
fn split<const N: usize>(
    value: &[u8],
    address: impl Fn([u8; N]) -> IpAddr,
) -> (Option<IpAddr>, &[u8]) {
    match value.split_first_chunk() {
        Some((bytes, rest)) => (Some(address(*bytes)), rest),
        None => (None, &[]),
    }
}

//! A part of a frame: what was captured of it, and how long it was.

/// Bytes as far as they were captured, and how many they were on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bytes<'p> {
    /// What was captured; never more than there was.
    pub(super) held: &'p [u8],
    /// How many there were.
    pub(super) wire: usize,
}

impl<'p> Bytes<'p> {
    #[inline]
    pub(super) fn new(held: &'p [u8], wire: usize) -> Self {
        Self {
            held: held.get(..wire).unwrap_or(held),
            wire,
        }
    }

    /// What stands behind a header that was captured.
    #[inline]
    pub(super) fn skip(self, header: usize) -> Option<Self> {
        Some(Self {
            held: self.held.get(header..)?,
            wire: self.wire - header,
        })
    }

    /// What stands behind a header that may have been cut off.
    #[inline]
    pub(super) fn behind(self, header: usize) -> Self {
        Self {
            held: self.held.get(header..).unwrap_or_default(),
            wire: self.wire.saturating_sub(header),
        }
    }

    /// The two bytes at a place as a number.
    #[inline]
    pub(super) fn u16(self, at: usize) -> Option<u16> {
        let bytes = self.held.get(at..)?.first_chunk()?;
        Some(u16::from_be_bytes(*bytes))
    }

    /// The four bytes at a place as a number.
    #[inline]
    pub(super) fn u32(self, at: usize) -> Option<u32> {
        let bytes = self.held.get(at..)?.first_chunk()?;
        Some(u32::from_be_bytes(*bytes))
    }
}

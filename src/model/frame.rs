//! Captured frames: what a capture file or a live capture hands to the parsers.

/// A frame as it was captured. It borrows the reader's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'b> {
    /// Its number in the file, from 1, as Wireshark counts: custom blocks of pcapng have numbers
    /// of their own between those of frames.
    pub number: u64,
    /// Microseconds since 1970, UTC, where the capture tells (simple packet blocks do not).
    pub at: Option<i64>,
    /// What the bytes begin with: a LINKTYPE number of tcpdump.org.
    pub link: u16,
    /// The interface it was captured on, as numbered in the file from 0; in a file of several
    /// sections every section's interfaces have numbers of their own.
    pub interface: u32,
    /// The bytes that were captured.
    pub data: &'b [u8],
    /// How many bytes the frame had on the wire.
    pub length: u32,
}

/// What a capture tells about itself when it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureStats {
    /// Frames handed out.
    pub frames: u64,
    /// Frames of which not all bytes were captured.
    pub snapped: u64,
    /// Packets that the capturing program says it lost, where it says so.
    pub dropped: Option<u64>,
    /// Why reading ended before the end of the file, or what in it could not be read.
    pub damage: Vec<String>,
    /// Names of addresses that the capturing program wrote down (pcapng name resolution blocks).
    pub names: Vec<(std::net::IpAddr, String)>,
}

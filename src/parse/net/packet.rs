//! IP packets as frames carry them, taken apart as far as connections need it.

use std::net::IpAddr;

use super::flow::Barrier;

/// An IP packet; of tunnels the innermost one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'p> {
    /// Who sent it.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// Time to live or hop limit.
    pub hops: u8,
    /// The identification of an IPv4 packet: two frames with the same one are the same packet,
    /// captured twice. 0 where there is none.
    pub identification: u16,
    /// The interface inside the capture; for Linux "any" captures the kernel's number.
    pub interface: u32,
    /// What it carries.
    pub body: Body<'p>,
}

/// What an IP packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'p> {
    /// A TCP segment.
    Tcp(Tcp<'p>),
    /// A UDP datagram.
    Udp(Udp<'p>),
    /// An ICMP or ICMPv6 error.
    Icmp(IcmpQuote),
    /// A fragment that does not complete its packet, another protocol, or a header that is cut off.
    Other,
}

/// A TCP segment (RFC 9293 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp<'p> {
    /// Source and destination port.
    pub ports: (u16, u16),
    /// Number of the first byte.
    pub sequence: u32,
    /// The next byte that is expected from the other side.
    pub acknowledgment: u32,
    /// SYN.
    pub syn: bool,
    /// The acknowledgment means something.
    pub ack: bool,
    /// FIN.
    pub fin: bool,
    /// RST.
    pub rst: bool,
    /// The window as it stands in the header, not scaled.
    pub window: u16,
    /// Largest segment that the sender of a SYN takes.
    pub mss: Option<u16>,
    /// The payload as far as it was captured.
    pub payload: &'p [u8],
    /// Its length on the wire.
    pub length: u32,
}

/// A UDP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udp<'p> {
    /// Source and destination port.
    pub ports: (u16, u16),
    /// The payload as far as it was captured.
    pub payload: &'p [u8],
    /// Its length on the wire.
    pub length: u32,
}

/// Transport of a quoted packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// Another IP protocol.
    Other(u8),
}

/// An ICMP error and the packet that it quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpQuote {
    /// What it says.
    pub barrier: Barrier,
    /// The largest packet that passes, where the error is about size.
    pub mtu: Option<u32>,
    /// Whose packet it is about.
    pub source: IpAddr,
    /// Whom the packet was for.
    pub destination: IpAddr,
    /// The quoted packet's transport.
    pub transport: Transport,
    /// Its ports, if they are quoted.
    pub ports: Option<(u16, u16)>,
}

//! Captures as files: headers and frames, without comments, names of machines or secrets.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::model::frame::{CaptureStats, Frame};

/// The form of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The old format, of one kind of link.
    Pcap,
    /// The new format.
    PcapNg,
}

impl Form {
    /// That of a capture which begins with these bytes.
    pub fn of(head: &[u8]) -> Self {
        match head.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
            true => Self::PcapNg,
            false => Self::Pcap,
        }
    }
}

/// Longest frame that the header of a file announces.
const SNAP: u32 = 1 << 20;

/// Writes a capture into a buffer that is emptied by who calls.
#[derive(Debug)]
pub struct CaptureWriter {
    form: Form,
    /// Kinds of links of interfaces, by their number.
    links: BTreeMap<u32, u16>,
    /// Interfaces that were described.
    interfaces: u32,
    begun: bool,
    /// The number of the last frame.
    number: u64,
}

impl CaptureWriter {
    /// Nothing was written yet; `links` has the kind of every interface that a frame is of.
    pub fn new(form: Form, links: BTreeMap<u32, u16>) -> Self {
        Self {
            form,
            links,
            interfaces: 0,
            begun: false,
            number: 0,
        }
    }

    /// Begins the file; without a frame the kind of its link is Ethernet.
    fn begin(&mut self, link: u16, out: &mut Vec<u8>) {
        if self.begun {
            return;
        }
        self.begun = true;
        match self.form {
            Form::Pcap => {
                out.extend_from_slice(&0xa1b2_c3d4_u32.to_le_bytes());
                out.extend_from_slice(&2_u16.to_le_bytes());
                out.extend_from_slice(&4_u16.to_le_bytes());
                out.extend_from_slice(&[0; 8]);
                out.extend_from_slice(&SNAP.to_le_bytes());
                out.extend_from_slice(&u32::from(link).to_le_bytes());
            }
            Form::PcapNg => {
                let mut body = Vec::new();
                body.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
                body.extend_from_slice(&1_u16.to_le_bytes());
                body.extend_from_slice(&0_u16.to_le_bytes());
                body.extend_from_slice(&[0xff; 8]);
                block(0x0a0d_0d0a, &body, out);
            }
        }
    }

    /// One more frame with these bytes.
    pub fn frame(&mut self, frame: &Frame<'_>, bytes: &[u8], out: &mut Vec<u8>) {
        self.begin(frame.link, out);
        let captured = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let length = frame.length.max(captured);
        match self.form {
            Form::Pcap => {
                let at = frame.at.unwrap_or(0).max(0);
                let seconds = u32::try_from(at / 1_000_000).unwrap_or(u32::MAX);
                let fraction = u32::try_from(at % 1_000_000).unwrap_or(0);
                for number in [seconds, fraction, captured, length] {
                    out.extend_from_slice(&number.to_le_bytes());
                }
                out.extend_from_slice(bytes);
            }
            Form::PcapNg => {
                self.skipped(frame.number, out);
                self.interface(frame, out);
                let mut body = Vec::with_capacity(bytes.len() + 24);
                // without a time there is no other form than the simple one, of the first interface
                if let Some(at) = frame.at {
                    let at = u64::try_from(at).unwrap_or(0);
                    let (high, low) = (at >> 32, at & 0xffff_ffff);
                    body.extend_from_slice(&frame.interface.to_le_bytes());
                    for half in [high, low] {
                        body.extend_from_slice(&u32::try_from(half).unwrap_or(0).to_le_bytes());
                    }
                    body.extend_from_slice(&captured.to_le_bytes());
                    body.extend_from_slice(&length.to_le_bytes());
                    body.extend_from_slice(bytes);
                    block(6, &body, out);
                } else {
                    body.extend_from_slice(&length.to_le_bytes());
                    body.extend_from_slice(bytes);
                    block(3, &body, out);
                }
            }
        }
        self.number = frame.number;
    }

    /// Blocks that have a number among frames and say nothing.
    fn skipped(&mut self, number: u64, out: &mut Vec<u8>) {
        while self.number + 1 < number {
            block(0x0000_0bad, &[0; 4], out);
            self.number += 1;
        }
    }

    /// Describes every interface up to that of the frame.
    fn interface(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>) {
        while self.interfaces <= frame.interface {
            let mut body = Vec::new();
            let link = self.links.get(&self.interfaces).copied();
            body.extend_from_slice(&link.unwrap_or(frame.link).to_le_bytes());
            body.extend_from_slice(&[0; 2]);
            body.extend_from_slice(&SNAP.to_le_bytes());
            block(1, &body, out);
            self.interfaces += 1;
        }
    }

    /// What the capture says about itself, with names as they are now.
    pub fn finish(&mut self, stats: &CaptureStats, names: &[(IpAddr, String)], out: &mut Vec<u8>) {
        self.begin(1, out);
        if self.form == Form::Pcap {
            return;
        }
        if !names.is_empty() {
            let mut body = Vec::new();
            for (address, name) in names {
                let (kind, mut record) = match address {
                    IpAddr::V4(address) => (1_u16, address.octets().to_vec()),
                    IpAddr::V6(address) => (2_u16, address.octets().to_vec()),
                };
                record.extend_from_slice(name.as_bytes());
                record.push(0);
                let length = u16::try_from(record.len()).unwrap_or(u16::MAX);
                body.extend_from_slice(&kind.to_le_bytes());
                body.extend_from_slice(&length.to_le_bytes());
                body.extend_from_slice(&record);
                body.resize(body.len().next_multiple_of(4), 0);
            }
            body.extend_from_slice(&[0; 4]);
            block(4, &body, out);
        }
        if let Some(dropped) = stats.dropped.filter(|_| self.interfaces > 0) {
            let mut body = vec![0; 12];
            body.extend_from_slice(&5_u16.to_le_bytes());
            body.extend_from_slice(&8_u16.to_le_bytes());
            body.extend_from_slice(&dropped.to_le_bytes());
            body.extend_from_slice(&[0; 4]);
            block(5, &body, out);
        }
    }
}

/// A block with its lengths.
fn block(kind: u32, body: &[u8], out: &mut Vec<u8>) {
    let padded = body.len().next_multiple_of(4);
    let length = u32::try_from(padded + 12).unwrap_or(u32::MAX);
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(body);
    out.resize(out.len() + padded - body.len(), 0);
    out.extend_from_slice(&length.to_le_bytes());
}

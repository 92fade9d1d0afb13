//! The only user of libpcap: opens an interface and copies packets to standard output.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clusterdx::model::helper::HelperTrouble as Trouble;
use pcap::{Active, Capture, Device, Error, Packet, Stat};

use crate::pcapng::{self, Counts};
use crate::{Failed, rights, watch};

/// What the kernel may hold while nobody reads, in bytes: at 200,000 small packets a second that
/// is more than half a second.
const KERNEL_BUFFER: i32 = 64 << 20;
/// How long the kernel gathers packets before it hands them over, in milliseconds.
const GATHER: i32 = 50;
/// A write of this size is worth its call.
const WRITE: usize = 256 << 10;
/// How often statistics are written.
const STATISTICS: Duration = Duration::from_secs(1);
/// Ticks after a stop in which the packets that the kernel still holds are fetched.
const LAST_TICKS: u32 = 2;

/// What is to be captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Name of the interface.
    pub(crate) interface: String,
    /// BPF expression; empty takes everything.
    pub(crate) filter: String,
    /// Most bytes of a packet.
    pub(crate) snaplen: u32,
    /// End when standard input ends.
    pub(crate) stop_at_eof: bool,
}

/// One interface a line: name, addresses separated by commas, and `up` or `down`.
///
/// # Errors
/// When the system does not tell its interfaces.
pub(crate) fn list(out: &mut dyn Write) -> Result<(), Failed> {
    for device in devices()? {
        let addresses: Vec<String> = device
            .addresses
            .iter()
            .map(|address| address.addr.to_string())
            .collect();
        let state = if device.flags.is_up() { "up" } else { "down" };
        let line = format!("{}\t{}\t{state}\n", device.name, addresses.join(","));
        match out.write_all(line.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.map_err(|error| Failed(Trouble::Other, error.to_string()))?,
        }
    }
    Ok(())
}

/// Interfaces that packets cross; libpcap also lists sources that are none.
fn devices() -> Result<Vec<Device>, Failed> {
    let none = ["bluetooth", "dbus-", "nflog", "nfqueue", "usbmon"];
    let mut devices = Device::list().map_err(|error| failed(Trouble::Other, &error))?;
    devices.retain(|device| !none.iter().any(|name| device.name.starts_with(name)));
    Ok(devices)
}

/// Captures until somebody ends it.
///
/// # Errors
/// Why it could not begin or had to end.
pub(crate) fn run(wanted: &Wanted) -> Result<(), Failed> {
    let mut capture = open(wanted)?;
    rights::drop_all().map_err(|text| Failed(Trouble::KeepsRights, text))?;
    let waiting = capture.breakloop_handle();
    let stop = watch::start(move || waiting.breakloop(), wanted.stop_at_eof)
        .map_err(|error| Failed(Trouble::Other, error.to_string()))?;
    let mut copy = Copy::new(io::stdout().lock(), wanted, link_type(&capture));
    let ended = copy.packets(&mut capture, &stop);
    let last = ended.and_then(|end| copy.finish(&mut capture).map(|()| end));
    match last {
        Ok(None) => Ok(()),
        Ok(Some(failed)) => Err(failed),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failed(
            Trouble::Other,
            format!("cannot write packets: {error}"),
        )),
    }
}

fn open(wanted: &Wanted) -> Result<Capture<Active>, Failed> {
    let snaplen = i32::try_from(wanted.snaplen).unwrap_or(i32::MAX);
    let mut capture = Capture::from_device(wanted.interface.as_str())
        .map(|capture| {
            capture
                .promisc(false)
                .snaplen(snaplen)
                .buffer_size(KERNEL_BUFFER)
                .timeout(GATHER)
        })
        .and_then(Capture::open)
        .map_err(|error| failed(why_not_open(&wanted.interface, &error), &error))?;
    capture
        .filter(&wanted.filter, true)
        .map_err(|error| failed(Trouble::BadFilter, &error))?;
    Ok(capture)
}

/// libpcap tells these apart by number; its Rust face keeps the text only.
fn why_not_open(interface: &str, error: &Error) -> Trouble {
    let text = error.to_string();
    let denied = ["not permitted", "ermission", "CAP_NET_RAW"];
    if denied.iter().any(|words| text.contains(words)) {
        return Trouble::NoPrivilege;
    }
    let Ok(devices) = devices() else {
        return Trouble::Other;
    };
    match devices.iter().find(|device| device.name == interface) {
        None => Trouble::NoInterface,
        Some(device) if !device.flags.is_up() => Trouble::InterfaceDown,
        Some(_) => Trouble::Other,
    }
}

fn failed(trouble: Trouble, error: &Error) -> Failed {
    let text = match error {
        Error::PcapError(text) => text.clone(),
        other => other.to_string(),
    };
    Failed(trouble, text)
}

/// The number that files use for the interface's kind of frames; libpcap's own differ for bare IP.
fn link_type(capture: &Capture<Active>) -> u16 {
    const RAW: u16 = 101;
    match u16::try_from(capture.get_datalink().0) {
        Ok(12 | 14) => RAW,
        Ok(link) => link,
        Err(_) => u16::MAX,
    }
}

/// Packets on their way to a writer.
struct Copy<W> {
    out: W,
    waiting: Vec<u8>,
    began: u64,
    counts: Counts,
    /// The counters as libpcap has them: they have 32 bits and begin anew.
    last: [u32; 3],
    told: Instant,
}

impl<W: Write> Copy<W> {
    fn new(out: W, wanted: &Wanted, link: u16) -> Self {
        let mut waiting = Vec::with_capacity(WRITE + (128 << 10));
        let program = concat!("clusterdx-capture ", env!("CARGO_PKG_VERSION"));
        pcapng::section(&mut waiting, program);
        pcapng::interface(
            &mut waiting,
            link,
            wanted.snaplen,
            &wanted.interface,
            &wanted.filter,
        );
        Self {
            out,
            waiting,
            began: now(),
            counts: Counts::default(),
            last: [0; 3],
            told: Instant::now(),
        }
    }

    /// Copies until `stop`, or until the interface ends it, whose words are returned.
    fn packets(
        &mut self,
        capture: &mut Capture<Active>,
        stop: &Arc<AtomicBool>,
    ) -> io::Result<Option<Failed>> {
        let mut ticks = 0;
        self.flush()?;
        loop {
            match capture.next_packet() {
                Ok(packet) => self.packet(&packet)?,
                Err(Error::TimeoutExpired) => self.flush()?,
                // the watch has woken us
                Err(Error::NoMorePackets) => {
                    self.flush()?;
                    if self.told.elapsed() >= STATISTICS {
                        self.statistics(capture)?;
                    }
                    ticks += u32::from(stop.load(Ordering::Relaxed));
                    if ticks > LAST_TICKS {
                        return Ok(None);
                    }
                }
                Err(error) => {
                    let text = error.to_string();
                    let gone = ["disappeared", "went down", "is down"];
                    let gone = gone.iter().any(|words| text.contains(words));
                    let trouble = if gone {
                        Trouble::InterfaceGone
                    } else {
                        Trouble::Other
                    };
                    return Ok(Some(failed(trouble, &error)));
                }
            }
        }
    }

    fn packet(&mut self, packet: &Packet<'_>) -> io::Result<()> {
        let at = packet.header.ts;
        let seconds = u64::try_from(at.tv_sec).unwrap_or(0);
        let micros = u64::try_from(at.tv_usec).unwrap_or(0);
        let at = seconds.saturating_mul(1_000_000).saturating_add(micros);
        pcapng::packet(&mut self.waiting, at, packet.header.len, packet.data);
        self.counts.written += 1;
        if self.waiting.len() >= WRITE {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.waiting)?;
        self.waiting.clear();
        self.out.flush()
    }

    fn statistics(&mut self, capture: &mut Capture<Active>) -> io::Result<()> {
        self.told = Instant::now();
        if let Ok(stat) = capture.stats() {
            self.count(stat);
        }
        pcapng::statistics(&mut self.waiting, self.began, now(), self.counts);
        self.flush()
    }

    fn count(&mut self, stat: Stat) {
        let now = [stat.received, stat.dropped, stat.if_dropped];
        let totals = [
            &mut self.counts.accepted,
            &mut self.counts.dropped,
            &mut self.counts.lost_by_interface,
        ];
        for ((total, now), last) in totals.into_iter().zip(now).zip(&mut self.last) {
            *total += u64::from(now.wrapping_sub(*last));
            *last = now;
        }
    }

    fn finish(&mut self, capture: &mut Capture<Active>) -> io::Result<()> {
        self.statistics(capture)
    }
}

#[expect(clippy::disallowed_methods, reason = "a capture is about now")]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.map_or(0, |since| since.as_micros())).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_go_on_where_those_of_the_library_begin_anew() {
        let wanted = Wanted {
            interface: "eth0".to_owned(),
            filter: String::new(),
            snaplen: 100,
            stop_at_eof: false,
        };
        let mut copy = Copy::new(Vec::new(), &wanted, 1);
        let stat = |received, dropped, if_dropped| Stat {
            received,
            dropped,
            if_dropped,
        };
        copy.count(stat(u32::MAX, 5, 0));
        copy.count(stat(9, 5, 1));
        let expected = Counts {
            accepted: u64::from(u32::MAX) + 10,
            dropped: 5,
            lost_by_interface: 1,
            written: 0,
        };
        assert_eq!(copy.counts, expected);
    }
}

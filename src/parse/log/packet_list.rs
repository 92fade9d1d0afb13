//! Packet lists as text: the table of Wireshark and tshark, and the lines of tcpdump.
//!
//! A list is judged as a whole: its packets become connections, and each connection is one event.
//! Lines of others may stand between its packets, as headings and page breaks do, as long as they
//! are few (at most a KiB). A list longer than a chunk may be is judged in pieces: what a piece does not
//! show stays open, so that a cut never makes an attempt look unanswered.

use std::borrow::Cow;
use std::collections::HashSet;

use super::super::chunk::Chunk;
use super::super::net::flow::{Flow, IcmpError, LIVE, Moment, Tracker};
use super::super::net::tell::{flow_fields, kind};
use super::super::scan::{is_blank, line_at, line_end, lines};
use super::super::{LogParser, ParseStats, Probe, RecordHead, picked, probe_lines};
use crate::model::event::Event;
use crate::model::time::{RawTime, SECOND};

mod line;

use line::{Body, Packet, Time};

/// Bytes of other lines that may stand between two packets of one list.
const GAP: usize = 1024;
/// By how much times of one list may step back, as packets of several interfaces do.
const JITTER: i64 = SECOND / 10;
/// Half a day: a time of day that steps back further has passed midnight.
const HALF_DAY: i64 = 43_200 * SECOND;

/// The format.
#[derive(Debug)]
pub struct PacketList;

impl LogParser for PacketList {
    fn id(&self) -> &'static str {
        "packet.list"
    }

    fn probe(&self, head: &[u8]) -> Probe {
        probe_lines(self, head)
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        line::packet(line).is_some()
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        let mut end = before.len();
        let mut gap = 0;
        while end > 0 && gap <= GAP {
            let start = before
                .get(..end - 1)
                .and_then(|body| memchr::memrchr(b'\n', body))
                .map_or(0, |at| at + 1);
            if is_list_line(before.get(start..end).unwrap_or_default()) {
                break;
            }
            gap += end - start;
            end = start;
        }
        if end == 0 || gap > GAP {
            return false;
        }
        let mut start = 0;
        while start < after.len() && gap <= GAP {
            let next = line_end(after, start);
            if is_list_line(after.get(start..next).unwrap_or_default()) {
                return true;
            }
            gap += next - start;
            start = next;
        }
        false
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        let packet = line::packet(line)?;
        Some(RecordHead {
            time: packet.time.raw(),
            host: None,
        })
    }

    fn parse<'c>(
        &self,
        chunk: &'c Chunk,
        picks: Option<&[usize]>,
        out: &mut dyn FnMut(Event<'c>),
    ) -> ParseStats {
        let mut stats = ParseStats::default();
        for list in lists(chunk) {
            let end = list.end;
            let start = list.rows.first().map_or(end, |row| row.start);
            if picked(picks, start, end) {
                judge(list, chunk, &mut stats, out);
            }
        }
        stats
    }
}

/// A packet's first line, or a line that goes on with one.
fn is_list_line(line: &[u8]) -> bool {
    !is_blank(line) && (line::packet(line).is_some() || line::follows(line))
}

/// A packet, the place of its line in the chunk and its number in the file.
#[derive(Debug)]
struct Row {
    start: usize,
    line: u64,
    packet: Packet,
}

/// Packets that were captured together.
#[derive(Debug, Default)]
struct List {
    rows: Vec<Row>,
    /// Behind its last line.
    end: usize,
    frames: HashSet<u64>,
}

/// The lists of a text, in its order.
fn lists(chunk: &Chunk) -> Vec<List> {
    let bytes = &chunk.bytes;
    let mut counter = chunk.line_counter();
    let mut done: Vec<List> = Vec::new();
    let mut list = List::default();
    let mut gap = 0;
    let mut ended = false;
    for (start, content) in lines(bytes) {
        let end = line_end(bytes, start);
        let torn = end == bytes.len() && !bytes.ends_with(b"\n");
        let packet = line::packet(content).map(|packet| packet.unless_torn(torn, content));
        if packet.is_none() && (is_blank(content) || !line::follows(content)) {
            gap += end - start;
            ended |= line::begins_list(content);
            continue;
        }
        ended |= gap > GAP;
        gap = 0;
        let Some(packet) = packet else {
            if let Some(last) = list.rows.last_mut().filter(|_| !ended) {
                complete(&mut last.packet, content);
                list.end = end;
            }
            continue;
        };
        // a frame's number stands once in a list
        let again = packet.frame.is_some_and(|frame| !list.frames.insert(frame));
        if (ended || again) && !list.rows.is_empty() {
            done.push(std::mem::take(&mut list));
            list.frames.extend(packet.frame);
        }
        ended = false;
        let line = counter.line_at(start);
        list.rows.push(Row {
            start,
            line,
            packet,
        });
        list.end = end;
    }
    done.push(list);
    done.retain(|list| !list.rows.is_empty());
    done
}

/// Adds what the next line of a packet tells: its other half, or the packet that an ICMP error
/// quotes.
fn complete(packet: &mut Packet, content: &[u8]) {
    let Some(rest) = line::rest(content) else {
        return;
    };
    match (&mut packet.body, rest) {
        (body @ Body::Torn, rest) => *body = rest,
        (Body::Icmp(error), Body::Tcp(quoted)) if error.port.is_none() => {
            error.responder = Some(quoted.destination.host);
            error.port = Some(quoted.destination.port);
        }
        _ => {}
    }
}

/// The packets' times on one clock; none where their column counts something else, such as the
/// time since the packet before.
fn clock(rows: &[Row]) -> Vec<Option<i64>> {
    let unknown = || vec![None; rows.len()];
    let mut clock = Vec::with_capacity(rows.len());
    let mut kind = None;
    let (mut last, mut days) = (i64::MIN, 0);
    for row in rows {
        let time = row.packet.time;
        if *kind.get_or_insert_with(|| std::mem::discriminant(&time))
            != std::mem::discriminant(&time)
        {
            return unknown();
        }
        let mut at = match time {
            Time::None => return unknown(),
            Time::Wall(at) | Time::Utc(at) | Time::Elapsed(at) => at,
            Time::OfDay(at) => at + days,
        };
        if matches!(time, Time::OfDay(_)) && at < last.saturating_sub(HALF_DAY) {
            days += 2 * HALF_DAY;
            at += 2 * HALF_DAY;
        }
        if at < last.saturating_sub(JITTER) {
            return unknown();
        }
        last = at.max(last);
        clock.push(Some(at));
    }
    clock
}

/// Makes events of a list.
fn judge<'c>(
    mut list: List,
    chunk: &'c Chunk,
    stats: &mut ParseStats,
    out: &mut dyn FnMut(Event<'c>),
) {
    // a table may be sorted by any of its columns
    if list.rows.iter().all(|row| row.packet.frame.is_some()) {
        list.rows.sort_by_key(|row| row.packet.frame);
    }
    let times = clock(&list.rows);
    let mut tracker = Tracker::new(LIVE);
    let mut flows: Vec<Flow> = Vec::new();
    let mut errors: Vec<(usize, IcmpError)> = Vec::new();
    for (at, row) in list.rows.iter().enumerate() {
        let moment = Moment {
            number: at as u64,
            at: times.get(at).copied().flatten(),
        };
        match &row.packet.body {
            Body::Tcp(segment) => tracker.segment(moment, segment, &mut |flow| flows.push(flow)),
            Body::Words(from, to, words) => tracker.words(moment, from, to, *words),
            Body::Icmp(error) => errors.push((at, tracker.icmp(moment, error.clone()))),
            Body::Passes(from, to) => tracker.pass(moment, from, to),
            Body::Foreign => {}
            Body::Torn | Body::Unread => {
                stats.skipped += 1;
                let line = row.line;
                stats.first_skipped =
                    Some(stats.first_skipped.map_or(line, |first| first.min(line)));
            }
        }
    }
    stats.skipped += tracker.evicted();
    tracker.finish(&mut |flow| flows.push(flow));
    let teller = Teller { list: &list, chunk };
    let mut events: Vec<Event<'c>> = flows.iter().map(|flow| teller.flow(flow)).collect();
    events.extend(errors.iter().map(|(at, error)| teller.error(*at, error)));
    events.sort_by_key(|event| event.line);
    stats.records += events.len() as u64;
    events.into_iter().for_each(out);
}

/// Turns what was seen in a list into events.
struct Teller<'l, 'c> {
    list: &'l List,
    chunk: &'c Chunk,
}

impl<'c> Teller<'_, 'c> {
    fn row(&self, moment: Moment) -> Option<&Row> {
        self.list.rows.get(usize::try_from(moment.number).ok()?)
    }

    /// An event with the lines of the packets that decide, the first of them for its place.
    fn event(&self, format: &'static str, moments: &[Moment]) -> Event<'c> {
        let mut rows: Vec<&Row> = moments.iter().filter_map(|at| self.row(*at)).collect();
        rows.dedup_by_key(|row| row.start);
        let first = rows.first();
        let words: Vec<Cow<'c, str>> = rows
            .iter()
            .map(|row| String::from_utf8_lossy(line_at(&self.chunk.bytes, row.start).0))
            .collect();
        let mut event = Event {
            format,
            time: first.map_or(RawTime::None, |row| row.packet.time.raw()),
            line: first.map_or(1, |row| row.line),
            fields: Vec::new(),
            text: words.join("\n").into(),
        };
        if let Some(frame) = first.and_then(|row| row.packet.frame) {
            event.push("frame", frame.to_string());
        }
        event
    }

    fn flow(&self, flow: &Flow) -> Event<'c> {
        let icmp = flow.icmp.map(|(_, moment)| moment);
        let mut moments = vec![flow.syn.unwrap_or(flow.first)];
        let mut later: Vec<Moment> = [flow.answer, icmp, flow.end]
            .into_iter()
            .flatten()
            .collect();
        later.sort_unstable();
        moments.extend(later);
        let mut event = self.event("net.flow", &moments);
        let frame = |moment: Moment| self.row(moment)?.packet.frame;
        flow_fields(&mut event, flow, &frame);
        event
    }

    fn error(&self, at: usize, error: &IcmpError) -> Event<'c> {
        let moment = Moment {
            number: at as u64,
            at: None,
        };
        let mut event = self.event("net.icmp", &[moment]);
        event.push("kind", kind(error.barrier));
        event.push("from", error.from.to_string());
        event.push("originator", error.to.to_string());
        if let Some(host) = &error.responder {
            event.push("responder", host.to_string());
        }
        if let Some(port) = error.port {
            event.push("transport", "tcp");
            event.push("responder_port", port.to_string());
        }
        event
    }
}

#[cfg(test)]
mod tests;

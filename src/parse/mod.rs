//! Bytes to events. Parsing never fails: what cannot be understood is counted.
//!
//! A file is probed by content ([`choose`]); its bytes become [`chunk::Chunk`]s that are cut
//! only where no record is torn; a parser turns the records of a chunk into events. What stands
//! around the lines ([`margin`]) or dresses them (`markup`) is taken off first; pasted and
//! printed text goes through [`repair`] before it is cut.

use crate::model::event::Event;
use crate::model::time::RawTime;

mod body;
pub mod chunk;
pub mod encoding;
pub mod log;
pub mod margin;
mod markup;
pub mod net;
pub mod repair;
pub(crate) mod scan;
#[cfg(test)]
mod testing;

use chunk::Chunk;

/// How sure a parser is that a text is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Probe {
    /// It is not.
    NotForUs,
    /// It holds records of this format among other text.
    Unsure,
    /// It is this format.
    Certain,
}

/// The cheap part of a record: when and by whom it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHead<'l> {
    /// Time as the record states it.
    pub time: RawTime,
    /// Host in the header.
    pub host: Option<&'l str>,
}

/// What a parser could not use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParseStats {
    /// Records turned into events.
    pub records: u64,
    /// Records that could not be understood.
    pub skipped: u64,
    /// Line of the first of them.
    pub first_skipped: Option<u64>,
    /// Values beyond a limit of the format.
    pub dropped: u64,
}

/// A log format.
pub trait LogParser: Sync {
    /// Its id, as named in a report's coverage, such as `cms.syslog`.
    fn id(&self) -> &'static str;

    /// Judges the first 64 KiB of a text.
    fn probe(&self, head: &[u8]) -> Probe;

    /// True when a record begins with this line.
    fn is_record_start(&self, line: &[u8]) -> bool;

    /// True when a record that starts in `before` goes on in `after` although other records
    /// start between its parts; a chunk is not cut there. Both are windows of whole lines that
    /// reach [`chunk::JOIN_WINDOW`] bytes from the place of the cut, and to the end of the line
    /// that stands there.
    fn joined(&self, _before: &[u8], _after: &[u8]) -> bool {
        false
    }

    /// Time and host of the record that begins with this line.
    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>>;

    /// Parses the records of a chunk in line order: those that hold one of the byte positions
    /// `picks` (ascending), or every record when there are none. Which records are picked never
    /// changes the event that a record gives.
    fn parse<'c>(
        &self,
        chunk: &'c Chunk,
        picks: Option<&[usize]>,
        out: &mut dyn FnMut(Event<'c>),
    ) -> ParseStats;
}

/// Judges a text of which nearly every line is a record, if it is this format at all.
fn probe_lines(parser: &dyn LogParser, head: &[u8]) -> Probe {
    let lines = scan::lines(head).filter(|(_, line)| !scan::is_blank(line));
    let (ours, others): (Vec<_>, Vec<_>) =
        lines.partition(|(_, line)| parser.is_record_start(line));
    match ours.len() {
        0 => Probe::NotForUs,
        // the first and the last line of the head may be torn
        ours if ours + 2 > others.len() => Probe::Certain,
        _ => Probe::Unsure,
    }
}

/// True when a record from `start` to `end` is wanted: it holds one of the ascending `picks`, or
/// there are none.
fn picked(picks: Option<&[usize]>, start: usize, end: usize) -> bool {
    picks.is_none_or(|picks| {
        let first = picks.partition_point(|pick| *pick < start);
        picks.get(first).is_some_and(|pick| *pick < end)
    })
}

/// Every log format, in the order in which they are asked.
pub const LOG_PARSERS: &[&dyn LogParser] = &[
    &log::expressway::Expressway,
    &log::cms_syslog::CmsSyslog,
    &log::cms_status::CmsStatus,
    &log::expressway_dump::ExpresswayDump,
    &log::cms_api::CmsApi,
    &log::cms_pki::CmsPki,
    &log::cms_events::CmsEvents,
    &log::certificate::Certificates,
    &log::imp_cli::ImpCli,
    &log::imp_soap::ImpSoap,
    &log::imp_page::ImpPage,
    &log::packet_list::PacketList,
    &log::imp_ciscolog::CiscoLog,
    &log::imp_log4j::ImpLog,
    &log::imp_xcp::ImpXcp,
    &log::postgres::PostgresLog,
    &log::libpq::LibpqText,
    &log::erlang::ErlangLog,
];

/// The parsers that read a text, and whether it has to be repaired first.
#[derive(Clone)]
pub struct Choice {
    /// The parsers; several for a document that mixes formats.
    pub parsers: Vec<&'static dyn LogParser>,
    /// The text has soft wraps, split words or joined records.
    pub repair: bool,
}

/// Chooses parsers for a text by its first bytes; `None` when no format is recognised.
pub fn choose(head: &[u8]) -> Option<Choice> {
    let mut parsers: Vec<&'static dyn LogParser> = Vec::new();
    // what bodies of messages quote makes no format
    let mut bare = None;
    for parser in LOG_PARSERS {
        let text = bare.as_deref().unwrap_or(head);
        if parser.probe(text) > Probe::NotForUs {
            parsers.push(*parser);
            if bare.is_none() {
                bare = body::Kind::of(parser.id()).and_then(|kind| body::without(head, kind));
            }
        }
    }
    if parsers.is_empty() {
        return None;
    }
    let repair = repair::needed(head, &parsers);
    Some(Choice { parsers, repair })
}

#[cfg(test)]
mod tests;

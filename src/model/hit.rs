//! What rules saw in records, folded into runs, and what was read on the way.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::origin::Origin;
use crate::model::report::ReadStatus;
use crate::model::time::RawTime;

/// Index of a signal in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignalId(pub u32);

/// Named raw values that a signal took from a record, in the order of its `bind` list; a value
/// the record did not have is `None`.
pub type Values = Arc<[Option<Arc<str>>]>;

/// Where a record stands among packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// Number of the frame, where the source numbers them.
    pub frame: Option<u64>,
    /// The connection: `10.0.0.1:40000 > 10.0.0.2:5432`.
    pub flow: Option<String>,
}

/// One record that holds what one or several signals ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The first of the signals that ask for the same.
    pub signal: SignalId,
    /// Time as the record states it.
    pub time: RawTime,
    /// Line of the record's first part.
    pub line: u64,
    /// Where it is among packets; records of logs have none.
    pub wire: Option<Arc<Wire>>,
    /// Hash of the record's text: equal records of overlapping bundles count once.
    pub hash: u64,
    /// Raw names and other values.
    pub values: Values,
    /// Bounded copy of the record.
    pub excerpt: Arc<str>,
}

/// One hit inside a [`Run`]; the excerpt is absent where the memory budget asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunHit {
    /// Time as the record states it.
    pub time: RawTime,
    /// Line of the record's first part.
    pub line: u64,
    /// Where it is among packets; records of logs have none.
    pub wire: Option<Arc<Wire>>,
    /// Hash of the record's text.
    pub hash: u64,
    /// Bounded copy of the record.
    pub excerpt: Option<Arc<str>>,
}

/// The hits of one signal with the same raw values in one file, in line order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Index into [`Collected::files`].
    pub file: u32,
    /// The signal.
    pub signal: SignalId,
    /// Raw values, in the order of the signal's `bind` list.
    pub values: Values,
    /// The kept hits in line order.
    pub hits: Vec<RunHit>,
    /// Hits beyond the budget, known by number only.
    pub dropped: u64,
}

/// A sampled record head: proof that a node was writing at that time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Id of the parser whose record it is.
    pub parser: &'static str,
    /// Time as the record states it.
    pub time: RawTime,
    /// Line of the record.
    pub line: u64,
    /// Host in the record's header.
    pub host: Option<Arc<str>>,
}

/// What the memory budget took from what rules saw in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Signals of which matches are missing that may decide: from their silence nothing follows.
    pub signals: BTreeSet<SignalId>,
    /// Matched records that are not there at all.
    pub records: u64,
    /// Matches, known by number only, that may have ended an incident or forbidden a conclusion.
    pub answers: u64,
    /// Matched records of which place and time are there, but not the text.
    pub texts: u64,
}

impl Lost {
    /// True when a verdict could be another one had nothing been taken.
    pub fn matters(&self) -> bool {
        self.records > 0 || self.answers > 0
    }
}

/// How long packets need between two hosts and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundTrip {
    /// Who opened the connection.
    pub from: String,
    /// Whom it was opened to.
    pub to: String,
    /// To which port.
    pub port: u16,
    /// The longest of the handshakes, microseconds.
    pub micros: i64,
    /// The frame with which it began, and when that was, microseconds since 1970.
    pub frame: u64,
    /// When.
    pub at: Option<i64>,
}

/// One file as the reader met it.
#[derive(Clone, Debug)]
pub struct FileSeen {
    /// Where it stands.
    pub origin: Origin,
    /// Ids of the parsers that read it; empty when nothing recognised it.
    pub parsers: Vec<&'static str>,
    /// How far it was read.
    pub status: ReadStatus,
    /// Bytes read.
    pub bytes: u64,
    /// Lines read.
    pub lines: u64,
    /// Packets read, of a capture.
    pub packets: u64,
    /// Round trips of a capture that are longer than those of a local network.
    pub round_trips: Vec<RoundTrip>,
    /// Records that could not be understood.
    pub skipped: u64,
    /// When the file was last changed, seconds since 1970, if its container or the disk tells.
    pub modified: Option<i64>,
    /// Sampled record heads in line order: the first of every stretch of lines, and the last.
    pub samples: Vec<Sample>,
    /// What a reader of the report should know.
    pub notes: Vec<String>,
    /// What the memory budget took from it.
    pub lost: Lost,
}

/// Everything the matching half hands to the judging half.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// Files in the order of their origins.
    pub files: Vec<FileSeen>,
    /// Runs in the order of (file, signal, values).
    pub runs: Vec<Run>,
}

impl Collected {
    /// Two collections as if everything had been read at once.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let shift = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.extend(other.files);
        self.runs.extend(other.runs.into_iter().map(|run| Run {
            file: run.file.saturating_add(shift),
            ..run
        }));
        self.in_order()
    }

    /// Files in the order of their origins, runs in that of (file, signal, values).
    #[must_use]
    pub fn in_order(mut self) -> Self {
        let mut order: Vec<u32> = (0u32..).take(self.files.len()).collect();
        let origin = |at: &u32| self.files.get(*at as usize).map(|file| &file.origin);
        order.sort_by(|a, b| origin(a).cmp(&origin(b)));
        let mut places = vec![0u32; self.files.len()];
        for (new, old) in (0u32..).zip(&order) {
            let slot = places.get_mut(*old as usize);
            slot.into_iter().for_each(|slot| *slot = new);
        }
        for run in &mut self.runs {
            run.file = places.get(run.file as usize).copied().unwrap_or(run.file);
        }
        let key = |run: &Run| (run.file, run.signal, run.values.clone());
        self.runs.sort_by_cached_key(key);
        self.files.sort_by(|a, b| a.origin.cmp(&b.origin));
        self
    }
}
